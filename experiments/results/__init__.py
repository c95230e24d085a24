"""Results on disk: run folders, names, ranking, intervals, and tables as text."""
