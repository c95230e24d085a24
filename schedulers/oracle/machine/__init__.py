"""Limits of the machine in the upper bound: speed levels, event limits, nodes in service, first starts."""
