"""A network guarded by a heuristic, which takes over where simulated futures show it to do better."""
