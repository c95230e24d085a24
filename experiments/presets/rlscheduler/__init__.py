"""The published case of RLScheduler, run on files that the user fetched."""
