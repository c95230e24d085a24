"""Runs one of pybatsim's schedulers: `python -m docs.scripts.pybatsim_process fillerSched tcp://127.0.0.1:28000`.

It is a process of its own. `PYBATSIM_PYTHON` names the Python that has pybatsim. Else it is that of the
folder `pybatsim` in this virtual environment, where the Makefile installs it, or this one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FIND = (
    "import importlib.metadata as m, sys; d = m.distribution('pybatsim');"
    "print(next(d.locate_file(f) for f in d.files if str(f) == 'schedulers/' + sys.argv[1] + '.py'))"
)


def python_of_pybatsim() -> str:
    """The Python that has pybatsim: of the environment variable, else of the Makefile, else this one."""
    installed = Path(sys.prefix) / "pybatsim" / "bin" / "python"
    return os.environ.get("PYBATSIM_PYTHON", str(installed) if installed.exists() else sys.executable)


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


def main() -> None:
    """Run a scheduler until its simulation is over, and print what it said last."""
    name, endpoint = sys.argv[1:]
    path = scheduler_file(name)
    if path is None:
        raise SystemExit(
            f"pybatsim has no scheduler {name}, or is not in the Python that PYBATSIM_PYTHON names"
        )
    with tempfile.TemporaryDirectory() as folder:
        with pybatsim(path, endpoint, Path(folder)) as process:
            process.wait()
        print(Path(folder, "pybatsim.log").read_text().splitlines()[-1])


if __name__ == "__main__":
    main()
