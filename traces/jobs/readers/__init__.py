"""Readers of job traces, one module a format: SWF, CSV and Parquet."""
