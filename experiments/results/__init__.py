"""Results on disk and what is made of them: run folders, names, ranking, intervals, tables as text."""
