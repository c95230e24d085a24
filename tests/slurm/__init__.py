"""A real Slurm on this machine, and the tests that run sweeps through it (`make slurm`)."""
