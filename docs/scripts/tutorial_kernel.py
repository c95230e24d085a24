"""The kernel in which the tutorials run while the site is built.

Each tutorial starts in an empty temporary folder with a copy of examples/. `!COMMAND` in a cell shows what the command
prints, and a command that fails fails the build: IPython's own `!` would go on.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STARTUP = (
    "from docs.scripts.tutorial_kernel import prepare as _prepare\n_prepare(get_ipython())\ndel _prepare\n"
)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def provide(root: Path) -> None:
    """Set this process's environment so that each kernel it starts calls `prepare` first."""
    profile = Path(tempfile.mkdtemp(prefix="rare-site-"))
    atexit.register(shutil.rmtree, profile, ignore_errors=True)
    startup = profile / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-prepare.py").write_text(STARTUP, encoding="utf-8")
    programs = str(Path(sys.executable).parent)
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ.update(ONE_THREAD)
    os.environ["IPYTHONDIR"] = str(profile)
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ.pop("MPLBACKEND", None)  # so that the kernel shows figures


def prepare(shell: Any) -> None:
    """In a new kernel: copy examples/ into the working folder and let `!` check exit codes."""
    shutil.copytree(ROOT / "examples", "examples", dirs_exist_ok=True)
    shell.system = run_checked


def run_checked(command: str) -> None:
    """Run a command line of a cell and print its output and errors. CalledProcessError where it fails."""
    environment = os.environ | {"MPLBACKEND": "Agg"}
    done = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        check=False,
    )
    print(done.stdout.replace(f"{os.getcwd()}/", ""), end="")  # the folder has another name at each build
    done.check_returncode()
