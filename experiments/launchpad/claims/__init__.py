"""Verdicts on the papers' claims, from the results of an experiment."""
