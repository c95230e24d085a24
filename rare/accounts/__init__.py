"""Accounts of a finished run: what each job drew, cost and emitted, and how grid events were met."""
