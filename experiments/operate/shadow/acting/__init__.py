"""Holds and suspensions on a live cluster: who may be touched, the journal, and how everything is given back."""
