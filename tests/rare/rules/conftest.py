"""Tests that call single rules run uncompiled: compiled, each such call makes an entry of its own, in seconds."""

import os

UNCOMPILED_ONLY = [
    "test_invariants.py",
    "test_orders.py",
    "test_outlook_steps.py",
    "test_power_log.py",
    "test_running_sums.py",
]
collect_ignore = [] if os.environ.get("NUMBA_DISABLE_JIT") == "1" else UNCOMPILED_ONLY
