"""Limits of what users, accounts, QOS and partitions run and submit (RULES §15)."""
