"""Evaluates schedulers on fixed windows: paired comparisons with confidence intervals."""
