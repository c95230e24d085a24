"""Schedulers and policies in files of the user's."""
