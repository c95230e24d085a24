"""Logged decisions of schedulers, for offline learning: `load(folder)`, `to_d3rlpy(folder)`."""

from rare.dataset.load_dataset import Dataset, load, to_d3rlpy
from rare.dataset.logged_episode import LoggedEpisode

__all__ = ["Dataset", "LoggedEpisode", "load", "to_d3rlpy"]
