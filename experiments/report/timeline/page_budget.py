"""Which details of the runs fit into a page of limited size.

Every run has its power, battery and queue at least as means over bins. Then come, best run first and as far as
they fit, the single jobs of each run; then finer steps of its power. Equal columns of several runs, such as the
submit times, are stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.report.timeline.job_details import pack_jobs
from experiments.report.timeline.packed_columns import Packed, packed_bytes
from experiments.report.timeline.power_details import PowerSteps, binned, pack_steps, power_steps
from experiments.report.timeline.run_rows import RunRows
from experiments.results.run_folder import Run

FINER_BINS = (80_000, 30_000)
COARSE_BINS, FEWEST_BINS = 12_000, 1_500  # for one run, and for each of many


@dataclass
class Columns:
    """Packed columns of all runs, equal ones once. `room` is what is left of the page, in bytes."""

    room: int
    packed: list[Packed] = field(default_factory=list)
    _places: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def fits(self, columns: dict[str, Packed]) -> bool:
        """Whether there is room for the columns that are not stored yet."""
        new = {_key(packed): packed for packed in columns.values() if _key(packed) not in self._places}
        return sum(packed_bytes(packed) for packed in new.values()) <= self.room

    def add(self, columns: dict[str, Packed]) -> dict[str, int]:
        """Store the columns and return the place of each."""
        places = {}
        for name, packed in columns.items():
            key = _key(packed)
            if key not in self._places:
                self._places[key] = len(self.packed)
                self.packed.append(packed)
                self.room -= packed_bytes(packed)
            places[name] = self._places[key]
        return places


@dataclass(frozen=True)
class RunDetails:
    """What the page holds of a run: places of its columns.

    bin_s: width of the bins of power and queue, None where every step is kept. jobs: None where left out.
    """

    run: Run
    power: dict[str, int]
    jobs: dict[str, int] | None
    bin_s: float | None


def choose_details(
    runs: Sequence[Run], ranked: Sequence[int], room: int
) -> tuple[list[RunDetails | None], Columns]:
    """The details of each run that fit in `room` bytes, and their columns; None for a run without time.

    ranked: places of the runs, the most interesting first.
    """
    columns = Columns(room)
    details: list[RunDetails | None] = [None] * len(runs)
    rows = {place: RunRows(runs[place]) for place in ranked}
    exact: dict[int, PowerSteps] = {}
    for place in ranked:
        steps = power_steps(rows[place])
        if steps is None:
            continue
        shown = binned(steps, max(COARSE_BINS // len(runs), FEWEST_BINS))
        packed = pack_steps(shown)
        if columns.fits(packed):
            details[place] = RunDetails(runs[place], columns.add(packed), None, shown.width_s)
            exact[place] = steps
    fewest = float("inf")  # jobs of a run that did not fit: those of a run with as many are not tried
    for place in exact:
        if len(runs[place].jobs) < fewest:
            packed = pack_jobs(rows[place])
            if columns.fits(packed):
                details[place] = replace(_present(details[place]), jobs=columns.add(packed))
            else:
                fewest = len(runs[place].jobs)
        del rows[place]
    for place, steps in exact.items():
        details[place] = _refined(_present(details[place]), steps, columns)
    return details, columns


def _refined(details: RunDetails, exact: PowerSteps, columns: Columns) -> RunDetails:
    """The run with the finest steps of power that fit in place of its bins, whose room is not given back."""
    if details.bin_s is None:
        return details
    finer = (FINER_BINS[0], *(bins for bins in FINER_BINS if bins < len(exact.edges_s) - 1))
    for number, bins in enumerate(finer):
        steps = exact if number == 0 else binned(exact, bins)
        packed = pack_steps(steps)
        if columns.fits(packed):
            return replace(details, power=columns.add(packed), bin_s=steps.width_s)
    return details


def _present(details: RunDetails | None) -> RunDetails:
    assert details is not None
    return details


def _key(packed: Packed) -> tuple[Any, ...]:
    return tuple(packed.items())
