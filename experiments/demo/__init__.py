"""The demo: heuristics on one week, a scheduler that learns, and both on that week."""
