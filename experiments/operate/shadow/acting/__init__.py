"""Holds and suspensions on a live cluster: allow-list, journal and release."""
