"""Speed of the simulator, each figure with a baseline of the same run: the output of `rare bench`."""

PARTS = ("env", "replay", "orders", "network", "growth", "startup", "learn")
"""The parts of `rare bench`, here so that the command line can list them without importing them."""
