"""Speed of the simulator, always beside something else measured in the same run: what `rare bench` prints."""

PARTS = ("env", "replay", "network", "growth", "startup", "learn")
"""What `rare bench` measures; the command line names them without importing what measures."""
