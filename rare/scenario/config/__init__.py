"""Tables, keys, units and defaults of a scenario file."""
