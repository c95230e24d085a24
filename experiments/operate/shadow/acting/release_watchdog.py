"""The watchdog's own program: gives everything back when the shadow is gone, or says nothing for too long.

Standard library only, so that it is up within a tenth of a second and needs nothing that may break. It is
started before the first action, in a session of its own, and reads heartbeats on its standard input. The end
of the input means that the shadow is gone, however it went.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from experiments.operate.shadow.acting.held_jobs import Journal, release_all
from experiments.operate.shadow.acting.slurm_answers import ControllerLost, Refused, SlurmCommands

READY, BEAT, DONE = b"ready\n", b".", b"q"
RETRY_S, LOCK_WITHIN_S = 5.0, 1.0
TRY_FOR_S = 24 * 3600.0
"""How long it goes on while the controller does not answer; then the next start of a shadow releases."""


def main(text: str) -> None:
    """Watch over a shadow. text: a JSON object with journal, folder, squeue, scontrol and silent_s."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # meant for the shadow, whose end is seen
        signal.signal(number, signal.SIG_IGN)
    request = json.loads(text)
    commands = SlurmCommands(tuple(request["squeue"]), tuple(request["scontrol"]))
    os.write(1, READY)
    if wait(0, float(request["silent_s"])):
        return
    shadow = Shadow(Journal(request["journal"]), commands, request["folder"], int(request["parent"]))
    give_back(shadow, time.monotonic() + TRY_FOR_S)


def wait(fd: int, silent_s: float) -> bool:
    """Read heartbeats until the shadow is gone or silent. True: it has said that everything is given back."""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while selector.select(silent_s):
            data = os.read(fd, 4096)
            if DONE in data:
                return True
            if not data:
                return False
    return False


@dataclass(frozen=True)
class Shadow:
    """Whom the watchdog watches over: its journal and folder, and its process number."""

    journal: Journal
    commands: SlurmCommands
    folder: str
    process: int


def give_back(shadow: Shadow, until_s: float) -> None:
    """Release everything, again and again until nothing is left, or time is up."""
    while time.monotonic() < until_s:
        with suppress(ControllerLost, Refused, OSError):
            if not once(shadow):
                return
        time.sleep(RETRY_S)


def once(shadow: Shadow) -> bool:
    """Try once; whether something is left to do. The folder is locked meanwhile.

    A shadow that was started anew holds the lock: then there may be something left when that one is gone.
    One that is alive and silent holds it too: then this goes on without the lock, for that one does not act
    without a watchdog.
    """
    fd = os.open(shadow.folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not locked(fd) and os.getppid() != shadow.process:
            return True
        return bool(release_all(shadow.journal, shadow.commands))
    finally:
        os.close(fd)


def locked(fd: int) -> bool:
    """Take the lock of the folder, within a moment.

    The lock of a shadow that was killed is let go some time after its end of the pipe.
    """
    until_s = time.monotonic() + LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until_s:
                return False
            time.sleep(0.02)
        else:
            return True


if __name__ == "__main__":
    main(sys.argv[1])
