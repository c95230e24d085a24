"""Heuristics by name: order, backfill, power gate and victim rule as one row for a compiled chooser."""
