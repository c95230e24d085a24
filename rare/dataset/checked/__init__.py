"""Datasets read with suspicion: every header, sheet and array is checked before its use."""
