"""Workers as Slurm jobs: the file that describes them, how they are started, replaced and accounted for."""
