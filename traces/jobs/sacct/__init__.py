"""Slurm's accounting: what sacct prints, and slurm2sql's database of it, as jobs."""
