"""Beside a running cluster: when jobs will start, a second opinion, and schedulers of other programs."""
