"""Rows that sacct prints, or slurm2sql keeps, as columns of numbers."""
