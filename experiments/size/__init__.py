"""`rare size`: which sun, wind, battery and grid line to buy, by cost, carbon and service."""
