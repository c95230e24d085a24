"""Schedulers and policies in users' files."""
