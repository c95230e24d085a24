"""Schedulers and policies that act in an environment, and behaviour policies for logging."""
