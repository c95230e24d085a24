"""Logged decisions of schedulers, for offline learning: `load(folder)`, `to_d3rlpy(folder)`."""

from rare.dataset.episode import LoggedEpisode
from rare.dataset.load import Dataset, load, to_d3rlpy

__all__ = ["Dataset", "LoggedEpisode", "load", "to_d3rlpy"]
