"""Slurm's multifactor priority, by hand, by its properties, and beside what a real Slurm printed."""
