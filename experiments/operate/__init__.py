"""Use beside a running cluster: predicted start times, the shadow, and schedulers of other programs."""
