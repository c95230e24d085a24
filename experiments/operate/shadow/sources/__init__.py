"""What a shadow reads: Slurm's commands or its REST daemon, and the power that there is."""
