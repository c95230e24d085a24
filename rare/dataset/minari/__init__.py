"""Minari's form of a dataset, written and read."""
