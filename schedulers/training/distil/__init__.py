"""Imitation of teachers in the states that the student itself visits."""
