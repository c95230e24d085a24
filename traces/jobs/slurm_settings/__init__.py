"""Settings of a Slurm cluster: slurm.conf, and the tables that sacctmgr shows."""
