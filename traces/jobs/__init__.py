"""Workloads: the jobs of a trace as columns, how they are checked and repaired, and their files."""
