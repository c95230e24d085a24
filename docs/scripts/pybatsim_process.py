"""pybatsim's schedulers as processes of their own. `PYBATSIM_PYTHON` names the Python that has pybatsim."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_FIND = (
    "import importlib.metadata as m, sys; d = m.distribution('pybatsim');"
    "print(next(d.locate_file(f) for f in d.files if str(f) == 'schedulers/' + sys.argv[1] + '.py'))"
)


def python_of_pybatsim() -> str:
    """The Python that has pybatsim: that of the environment variable, else this one."""
    return os.environ.get("PYBATSIM_PYTHON", sys.executable)


def scheduler_file(name: str) -> Path | None:
    """The file of one of pybatsim's own schedulers, such as easyBackfill; None where there is none."""
    found = subprocess.run(
        [python_of_pybatsim(), "-c", _FIND, name], capture_output=True, text=True, cwd="/", check=False
    )
    return Path(found.stdout.strip()) if found.returncode == 0 else None


@contextlib.contextmanager
def pybatsim(scheduler: Path, endpoint: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A scheduler that listens at an endpoint; it is killed at the end if it still runs.

    folder : where its output goes (pybatsim.log). It must not see RARE's packages: pybatsim installs one
    called `schedulers`, too.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [python_of_pybatsim(), "-m", "batsim.cmds.launcher", str(scheduler), "-s", endpoint]
    with (folder / "pybatsim.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-t", "600000", "-v", "warning"],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment | {"PYTHONHASHSEED": "0"},
        )
        try:
            yield process
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
