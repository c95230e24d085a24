"""A network that a heuristic relieves where simulated futures show it to do better."""
