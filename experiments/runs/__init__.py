"""Simulate one, compare many; run folders, provenance, progress and interruption."""
