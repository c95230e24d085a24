"""Snapshots of a cluster: its nodes, and its jobs that wait and run, as they are at one instant."""
