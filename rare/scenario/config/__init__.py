"""What a scenario file may say: its tables, keys, units and defaults."""
