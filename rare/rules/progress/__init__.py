"""Rules of progress: work left, rates, checkpoints, changes of level. RULES.md §5 and §11, compiled."""
