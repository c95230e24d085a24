"""Exact numbers: integer arithmetic, decimals in text, units of power and rates, constants."""
