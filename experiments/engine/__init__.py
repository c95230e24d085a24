"""Runs cells of work in this process, on a local Dask cluster or on a remote one; results go to disk."""
