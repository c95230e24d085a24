"""Holds and suspensions on a live cluster: whom they may touch, their journal, how they are given back."""
