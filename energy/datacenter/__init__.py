"""What stands in the datacenter: servers by their published power, and its power usage effectiveness."""
