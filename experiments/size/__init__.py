"""`rare size`: the best wind, sun, battery and grid line by cost, carbon and service."""
