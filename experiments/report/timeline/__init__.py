"""The interactive timeline of a report: its data, its linked plots, and what fits into the page."""
