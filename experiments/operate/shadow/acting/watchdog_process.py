"""The shadow's end of its watchdog: starts it, tells it that all is well, and sends it home."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from pathlib import Path

import experiments
from experiments.operate.shadow.acting import release_watchdog
from experiments.operate.shadow.acting.held_jobs import Journal
from experiments.operate.shadow.acting.slurm_answers import SlurmCommands
from traces.errors import InputError

READY_WITHIN_S = 15.0
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    f"from {release_watchdog.__name__} import main; main(sys.argv[1])"
)


class WatchdogGone(Exception):
    """The watchdog has ended; nothing may be held without one."""


class Watchdog:
    """A small process that gives everything back when this one is gone, or silent for `silent_s` seconds.

    InputError where it does not come up.
    """

    def __init__(self, journal: Journal, folder: Path, commands: SlurmCommands, silent_s: float) -> None:
        root = str(Path(experiments.__file__).resolve().parents[1])
        request = json.dumps(
            {
                "journal": os.path.abspath(journal.path),
                "folder": str(folder.resolve()),
                "squeue": list(commands.squeue),
                "scontrol": list(commands.scontrol),
                "silent_s": silent_s,
                "parent": os.getpid(),
            }
        )
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM, root, request],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        os.set_blocking(self.process.stdin.fileno(), False)  # one that is stopped must not stop us
        if self._first_words() != release_watchdog.READY:
            self.process.kill()
            self.process.wait()
            raise InputError("the watchdog process does not start; nothing is held without it")

    def _first_words(self) -> bytes:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            return os.read(self.process.stdout.fileno(), 64) if selector.select(READY_WITHIN_S) else b""

    def beat(self) -> None:
        """Tell it that this process is well. WatchdogGone if nobody is there to hear it."""
        self._say(release_watchdog.BEAT)
        if self.process.poll() is not None:
            raise WatchdogGone

    def send_home(self) -> None:
        """Tell it that nothing is held any more, and wait for its end."""
        try:
            self._say(release_watchdog.DONE)
            self.process.wait(READY_WITHIN_S)
        except (WatchdogGone, subprocess.TimeoutExpired):
            return

    def _say(self, word: bytes) -> None:
        assert self.process.stdin is not None
        try:
            os.write(self.process.stdin.fileno(), word)
        except OSError:
            raise WatchdogGone from None
