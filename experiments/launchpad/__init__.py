"""`rare launchpad`: runs the stages of an experiment file and tests published claims on their results."""
