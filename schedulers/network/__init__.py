"""Inference of trained networks without torch: checkpoints, compiled forward pass, packaged networks."""
