"""A command imports what it has no use for, and its user waits; or what was put off never comes."""

import subprocess
import sys
from pathlib import Path

import pytest

from rare.state.compile import cache_folder

ROOT = Path(__file__).resolve().parents[3]
#: Each takes 0.05 to 0.5 s of a start.
HEAVY = (
    "gymnasium", "h5py", "jinja2", "matplotlib", "pandas", "pvlib", "pyarrow", "requests", "rich",
    "scipy.integrate", "scipy.linalg", "scipy.optimize", "scipy.special", "torch", "windpowerlib",
)  # fmt: skip
#: Rules that a simulation under a heuristic does not run: to set one up for compilation takes 0.4 ms.
UNUSED = ("rare.env.stepping", "rare.env.observation.features", "schedulers.lookahead.rollout")


def _python(code: str) -> str:
    """What a Python process of its own prints last."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()[-1]


class TestImports:
    def test_a_simulation_imports_no_library_that_it_does_not_use(self):
        if cache_folder() is None:
            pytest.skip("no folder on this machine is private, so nothing is kept from run to run")
        code = (
            "import sys; from experiments.cli.root import main;"
            "main(['simulate', '--scenario', 'tiny', '--json']);"
            f"print([name for name in {HEAVY + UNUSED} if name in sys.modules])"
        )
        first = _python(code)  # may have to compute the plants' power
        assert first == "[]" or _python(code) == "[]"

    def test_environments_are_registered_when_gymnasium_is_imported(self):
        code = (
            "import sys, rare; early = 'gymnasium' in sys.modules; import gymnasium;"
            "print(early, gymnasium.spec('rare/GreenCluster-v0').entry_point)"
        )
        assert _python(code) == "False rare.env.environment:GreenClusterEnv"

    def test_a_policy_brings_the_environment(self):
        code = (
            "import sys; from rare.scheduler import as_scheduler\n"
            "early = 'rare.env.policies.policy' in sys.modules\n"
            "class Mine:\n    def act(self, observation, mask): return 0\n"
            "print(early, type(as_scheduler(Mine())).__name__)"
        )
        assert _python(code) == "False PolicyScheduler"

    def test_numba_knows_that_scipy_is_there_without_importing_it(self):
        code = (
            "import sys, numpy, rare.run; early = 'scipy.linalg' in sys.modules\n"
            "from numba.np import arraymath, linalg\n"
            "same = arraymath.ensure_blas is linalg.ensure_blas\n"
            "print(early, arraymath._HAVE_BLAS, same, linalg.ensure_blas())"
        )
        assert _python(code) == "False True True None"
