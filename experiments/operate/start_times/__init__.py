"""When each waiting job will start, as a range: simulated futures of a snapshot, and how good the ranges are."""
