"""The published case of RLScheduler, on files supplied by the user."""
