"""Schedulers and policies in an environment: who is asked, what it sees, and what a behaviour policy adds."""
