"""Benchmarks for airspeed velocity: costs relative to a baseline of the same run, between two commits."""
