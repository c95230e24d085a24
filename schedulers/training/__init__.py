"""Learned schedulers: one network, offline and online training, checkpoints. Needs the extra `learn`."""
