"""Services for long commands: signals, progress, workers, and folders written as a whole."""
