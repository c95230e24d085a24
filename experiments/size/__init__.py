"""`rare size`: how much wind, sun, battery and grid line to buy for a workload, by cost, carbon and service."""
