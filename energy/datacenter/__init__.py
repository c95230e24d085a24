"""The datacenter: servers with published power figures, and power usage effectiveness (PUE)."""
