"""Shared parts of figures: style, axes, and step functions of time."""
