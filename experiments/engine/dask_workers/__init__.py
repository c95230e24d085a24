"""Bundles on Dask workers: those of this machine, or of a scheduler that is there."""
