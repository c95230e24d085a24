"""The tests of single rules pass, in a process that does not compile (conftest.py says why)."""

import os
import subprocess
import sys
from pathlib import Path

from tests.rare.rules.conftest import UNCOMPILED_ONLY

HERE = Path(__file__).parent


def test_single_rules_are_right():
    paths = [str(HERE / name) for name in UNCOMPILED_ONLY]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *paths],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
