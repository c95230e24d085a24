"""Lookahead: candidates tried on copies of the state, under sampled forecasts and estimates."""
