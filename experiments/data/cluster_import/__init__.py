"""Import of the user's own cluster: accounting records and settings, to jobs and a scenario."""
