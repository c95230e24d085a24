"""Checks against numbers that nobody in this project wrote, and against the theory of queues."""
