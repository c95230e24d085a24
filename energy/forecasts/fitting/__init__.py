"""Fitting of forecast errors to real forecasts, and evaluation on held-out data."""
