"""Schedulers on fixed windows: paired, with intervals."""
