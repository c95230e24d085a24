"""Rows of sacct or slurm2sql as columns of numbers."""
