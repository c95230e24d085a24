"""A cluster of the user's own: its accounts and its settings, to jobs and a scenario."""
