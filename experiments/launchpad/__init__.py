"""`rare launchpad`: an experiment file, its stages, what they measured, and what the claims make of it."""
