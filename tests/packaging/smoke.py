"""Install a built distribution into a clean environment, outside the source tree, and use what a user uses.

    python -m tests.packaging.smoke dist/NAME.whl [dist/NAME.tar.gz ...] [--python python3.12] [--learn]

Each file is installed into a virtual environment of its own and has to pass tests/packaging/smoke_checks.py. The core
is tried without torch; --learn installs the extra `learn` as well and trains for a moment (CPython 3.11).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CHECKS = Path(__file__).with_name("smoke_checks.py")
TORCH = "torch==2.13.0"  # first and by itself, as in the Makefile


def smoke(distribution: Path, python: str, learn: bool, keep: Path | None = None) -> None:
    """Install one file and run the checks. CalledProcessError or AssertionError if anything is wrong."""
    with tempfile.TemporaryDirectory(prefix="rare-smoke-") as made:
        folder = keep or Path(made)
        environment = clean_environment()
        run([python, "-m", "venv", "--clear", str(folder / "venv")], folder, environment)
        inside = str(folder / "venv" / "bin" / "python")
        if learn:
            run([inside, "-m", "pip", "install", "--quiet", TORCH], folder, environment)
        target = f"{distribution.resolve()}[learn]" if learn else str(distribution.resolve())
        run([inside, "-m", "pip", "install", "--quiet", target], folder, environment)
        run([inside, "-m", "pip", "check"], folder, environment)
        work = folder / "work"
        work.mkdir()
        shutil.copy(CHECKS, work)
        run([inside, CHECKS.name, *(["--learn"] if learn else [])], work, environment)


def clean_environment() -> dict[str, str]:
    """The environment without what would lead to another installation or to the source tree."""
    names = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    kept = {key: value for key, value in os.environ.items() if key not in names}
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}


def run(words: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command, which has to end with 0."""
    subprocess.run(words, cwd=folder, env=environment, check=True)


def main() -> int:
    """The command; exit code 0, or 1 after the first thing that is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("distribution", nargs="+", type=Path, help="a wheel or a source distribution")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to install it for")
    parser.add_argument("--learn", action="store_true", help="with the extra `learn`")
    options = parser.parse_args()
    for distribution in options.distribution:
        print(f"{distribution.name} on {options.python}", flush=True)
        try:
            smoke(distribution, options.python, options.learn)
        except (subprocess.CalledProcessError, AssertionError) as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
