"""Speed of the simulator, always beside something else measured in the same run: what `rare bench` prints."""
