"""Inputs of the shadow: Slurm's commands or its REST daemon, and power feeds."""
