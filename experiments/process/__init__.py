"""What every command of minutes needs: signals, progress, workers, and folders that appear whole."""
