"""When each waiting job will start, as a range from simulated futures, and how good such ranges are."""
