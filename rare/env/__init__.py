"""The gymnasium environments: one simulation, or thousands, a decision at a time."""
