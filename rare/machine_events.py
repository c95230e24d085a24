"""What changes a machine as it runs: speed levels, grid events, outages; validated where they are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from traces.errors import InputError

MOST_LEVELS = 8
"""Speeds of a partition, the full one included."""
PER_MILLE = 1000
NO_LIMIT_MW = -1
"""Of a grid event whose limit is a share of the draw."""
PLANNED = -1
"""In place of a draw: the outage was announced, and unused nodes go first (RULES §12.3)."""
DRAW_BITS = 30
"""A draw is a whole number from 0 to 2^DRAW_BITS - 1."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(message)


@dataclass(frozen=True, slots=True)
class Speed:
    """A speed level below the full one: the rate of a job of sensitivity 1, and its share of active power.

    Both in per mille of the full speed (RULES §11.1).
    """

    rate_per_mille: int
    power_per_mille: int

    def __post_init__(self) -> None:
        _require(
            1 <= self.rate_per_mille < PER_MILLE,
            f"speed: rate must be at least 0.001 and below 1, got {self.rate_per_mille / PER_MILLE:g}",
        )
        _require(
            0 <= self.power_per_mille < PER_MILLE,
            f"speed: power must be at least 0 and below 1, got {self.power_per_mille / PER_MILLE:g}",
        )


def check_speeds(where: str, speeds: tuple[Speed, ...]) -> None:
    """InputError unless the levels become slower and draw less from one to the next, and are not too many."""
    _require(
        len(speeds) < MOST_LEVELS,
        f"{where}: at most {MOST_LEVELS - 1} speeds beside the full one, got {len(speeds)}",
    )
    for before, after in zip(speeds, speeds[1:], strict=False):
        _require(
            after.rate_per_mille < before.rate_per_mille and after.power_per_mille < before.power_per_mille,
            f"{where}: give speeds fastest first, each slower and of less power than the one before, "
            f"got rate {before.rate_per_mille / PER_MILLE:g} and then {after.rate_per_mille / PER_MILLE:g}, "
            f"power {before.power_per_mille / PER_MILLE:g} and then {after.power_per_mille / PER_MILLE:g}",
        )


def _column(values: np.ndarray) -> np.ndarray:
    column = np.asarray(values, dtype=np.int64).copy()
    column.flags.writeable = False
    return column


@dataclass(frozen=True, slots=True)
class GridEvents:
    """Times at which less may be drawn (RULES §12.1), by start. All arrays are (K,) int64.

    notice_s : from when on it is known; start_s : from when on nothing starts above the limit;
    comply_s : from when on the draw itself is at the limit; end_s : when it is over
    limit_mw : what the facility may draw, or NO_LIMIT_MW
    depth_per_mille : without a limit: the share of the draw at the notice that is given up; else 0
    """

    notice_s: np.ndarray
    start_s: np.ndarray
    comply_s: np.ndarray
    end_s: np.ndarray
    limit_mw: np.ndarray
    depth_per_mille: np.ndarray

    def __post_init__(self) -> None:
        for name in ("notice_s", "start_s", "comply_s", "end_s", "limit_mw", "depth_per_mille"):
            object.__setattr__(self, name, _column(getattr(self, name)))
            _require(len(getattr(self, name)) == len(self.start_s), f"grid events: {name} differs in length")
        _require(bool((np.diff(self.start_s) >= 0).all()), "grid events: must be ordered by start")
        ordered = (
            (self.notice_s <= self.start_s) & (self.start_s <= self.comply_s) & (self.comply_s < self.end_s)
        )
        for k in np.flatnonzero(~ordered):
            raise InputError(
                f"grid event at {self.start_s[k]} s: notice ({self.notice_s[k]}), start, time to comply "
                f"({self.comply_s[k]}) and end ({self.end_s[k]}) must follow one another"
            )
        limited = self.limit_mw != NO_LIMIT_MW
        wrong = np.where(
            limited,
            (self.limit_mw < 0) | (self.depth_per_mille != 0),
            (self.depth_per_mille < 1) | (self.depth_per_mille > PER_MILLE),
        )
        for k in np.flatnonzero(wrong):
            raise InputError(
                f"grid event at {self.start_s[k]} s: needs a limit that is not negative, or a depth above 0 "
                f"and at most 1, got {self.limit_mw[k]} mW and {self.depth_per_mille[k] / PER_MILLE:g}"
            )

    def __len__(self) -> int:
        return len(self.start_s)


@dataclass(frozen=True, slots=True)
class Outages:
    """Nodes that are away for a time (RULES §12.3), by begin. All arrays are (K,) int64.

    partition : index of the partition; nodes : how many nodes; from_s, to_s : from when until when
    draw : PLANNED, or a number below 2^DRAW_BITS that says which node of the partition breaks (then one
    node a row)
    """

    partition: np.ndarray
    nodes: np.ndarray
    from_s: np.ndarray
    to_s: np.ndarray
    draw: np.ndarray

    def __post_init__(self) -> None:
        for name in ("partition", "nodes", "from_s", "to_s", "draw"):
            object.__setattr__(self, name, _column(getattr(self, name)))
            _require(len(getattr(self, name)) == len(self.from_s), f"outages: {name} differs in length")
        _require(bool((np.diff(self.from_s) >= 0).all()), "outages: must be ordered by begin")
        for k in np.flatnonzero(self.from_s >= self.to_s):
            raise InputError(f"outage at {self.from_s[k]} s: ends at {self.to_s[k]} s, which is not later")
        for k in np.flatnonzero((self.nodes < 1) | ((self.draw != PLANNED) & (self.nodes != 1))):
            raise InputError(
                f"outage at {self.from_s[k]} s: nodes must be at least 1, and 1 a row where it is not "
                f"planned, got {self.nodes[k]}"
            )
        for k in np.flatnonzero((self.draw < PLANNED) | (self.draw >= 1 << DRAW_BITS)):
            raise InputError(f"outage at {self.from_s[k]} s: draw must be below 2^30, got {self.draw[k]}")

    def __len__(self) -> int:
        return len(self.from_s)
