"""Writing and reading of Minari's dataset format."""
