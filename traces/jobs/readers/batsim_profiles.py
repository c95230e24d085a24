"""Run times of Batsim's jobs by their profiles: a delay, or an amount of computing at the speed of a host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from traces.errors import InputError, quoted
from traces.files.text import place
from traces.jobs.workload import LARGEST_S

#: A key of the file that is RARE's own: flop/s of a host, for profiles that say how much they compute.
SPEED_KEY = "rare_speed_flops"
_SPREAD = "DefinedAmountsSpreadUniformly"

Job = dict[str, Any]


def wrong_job(path: Path | str, row: int, problem: str, remedy: str) -> InputError:
    """The error about a job by its row, from 0."""
    return InputError(problem, where=f"{place(path)} job {row + 1}", remedy=remedy)


def bounded_number(path: Path | str, row: int, label: str, value: object, most: float) -> float:
    """A number of JSON of at most this size; text of digits is none. InputError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        shown = "missing" if value is None else quoted(value)
        raise wrong_job(path, row, f"{label} is {shown}", f"write a number, at most {most:g}")
    return float(value)


class RunTimes:
    """Run times by profile. left_out : (J,) bool, jobs whose communication takes no time."""

    def __init__(self, path: Path | str, document: dict[str, Any]) -> None:
        self._path, self._profiles = path, document["profiles"]
        self._speed = document.get(SPEED_KEY)
        self.left_out = np.zeros(len(document["jobs"]), dtype=bool)

    def of(self, row: int, job: Job, cores: int) -> float:
        """The run time of a job [s]. InputError, with the job and its profile, where it says none."""
        name = job.get("profile")
        profile = self._profiles.get(name) if isinstance(name, str) else None
        if not isinstance(profile, dict):
            problem = f"its profile {quoted(name)} is none of the file's"
            raise wrong_job(self._path, row, problem, "name one of profiles")
        kind = profile.get("type")
        reader = _KINDS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            problem = f"its profile {quoted(name)} is of type {quoted(kind)}, whose run time RARE cannot tell"
            raise wrong_job(self._path, row, problem, f"known are {', '.join(_KINDS)}")
        seconds = reader(self, row, profile, cores)
        if not 0 <= seconds <= LARGEST_S:
            problem = f"its profile {quoted(name)} takes {seconds:g} s"
            raise wrong_job(self._path, row, problem, f"give one of 0 to {LARGEST_S} s")
        return seconds

    def delay(self, row: int, profile: Job, cores: int) -> float:
        """A fixed time."""
        return bounded_number(self._path, row, "delay of its profile", profile.get("delay"), LARGEST_S)

    def of_each(self, row: int, profile: Job, cores: int) -> float:
        """Flop of each host by its speed; of all together where the profile says so."""
        shared = profile.get("generation_strategy") == _SPREAD
        return self._computing_s(row, profile) / (cores if shared else 1)

    def of_all(self, row: int, profile: Job, cores: int) -> float:
        """Flop of all hosts together by their speeds."""
        return self._computing_s(row, profile) / cores

    def _computing_s(self, row: int, profile: Job) -> float:
        flop, com = (
            bounded_number(self._path, row, f"{key} of its profile", profile.get(key, 0), 1e30)
            for key in ("cpu", "com")
        )
        self.left_out[row] = com > 0
        if flop == 0:
            return 0.0
        speed = self._speed
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 < speed < 1e30:
            problem = f"{SPEED_KEY} is {'missing' if speed is None else quoted(speed)}"
            remedy = f'add "{SPEED_KEY}": FLOPS to the file, the speed of a host'
            raise wrong_job(self._path, row, f"its profile computes {flop:g} flop, and {problem}", remedy)
        return flop / speed


_KINDS: dict[str, Callable[[RunTimes, int, Job, int], float]] = {
    "delay": RunTimes.delay,
    "parallel_homogeneous": RunTimes.of_each,
    "parallel_homogeneous_total": RunTimes.of_all,
    "DelayProfile": RunTimes.delay,
    "ParallelTaskHomogeneousProfile": RunTimes.of_each,
}
