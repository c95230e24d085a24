"""Slurm's multifactor priority: usage with its half-life, fair share, the order of the queue (RULES §14)."""
