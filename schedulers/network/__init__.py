"""Trained networks at work, without torch: checkpoints, the compiled forward pass, and what ships."""
