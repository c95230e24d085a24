"""The decisions that lookahead tries: valid ones, pruned by simple rankings. Compiled, and ranked in NumPy.

With speed levels a job may start at the fastest level at which it fits, or at the lowest; running jobs may be
made faster, and in a shortage slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.rules.decide import fastest_level, why_not_suspend
from rare.rules.events.waiting_timers import latest_start_of
from rare.rules.job_life import HUGE
from rare.rules.limits.start_reasons import OK
from rare.rules.orders import worth_at
from rare.rules.progress.level_changes import saving_mw, why_not_raise, why_not_slow
from rare.rules.progress.pace import expected_run_at_s, levels_of, power_at_mw
from rare.state.arrays import DECIDE_SHED, FINISH, QUEUE, WAIT, ends_of, entry_of, env_of, job_of, live_of
from rare.state.compile import rule
from rare.state.decisions import FULL, RAISE, SLOT_MASK, SLOW, decision
from schedulers.heuristics.speeds import loss_of_slowing

CANDIDATE = np.dtype(
    [
        ("code", "i8"),
        ("kind", "i8"),
        ("worth", "f8"),
        ("per_joule", "f8"),
        ("slack_s", "f8"),
        ("since_s", "f8"),
        ("loss", "f8"),
    ],
    align=True,
)
"""A valid decision and what it is pruned by: value still attainable, the same per joule left, time to the
latest start, last start or resume; value lost per watt, of a job that is slowed."""
KINDS = START, SLOWEST, STOP, SLOWER, FASTER = range(5)
"""A start at the fastest level that fits, or at the lowest; giving a job up; a change of level."""


@rule
def note(w, row, kind, code, slot, left_s, power_mw):
    """Fill in what a decision is pruned by; left_s: of the estimate, at this power."""
    s = env_of(w)
    live = live_of(w, slot)
    row.code = code
    row.kind = kind
    row.worth = float(worth_at(job_of(w, live.job), s.now_s + left_s))
    row.per_joule = row.worth / (max(left_s, 1) * max(float(power_mw), 1.0))
    row.slack_s = float(min(latest_start_of(w, slot) - s.now_s, HUGE))
    row.since_s = float(live.resumed_s)
    row.loss = 0.0


@rule
def note_start(w, row, kind, slot, level):
    """Note a start, or resume, at a level."""
    left_s = expected_run_at_s(w, slot, level)
    note(w, row, kind, decision(slot, level), slot, left_s, power_at_mw(w, slot, level))


@rule
def note_running(w, row, kind, slot, what):
    """Note what is done with a running job."""
    live = live_of(w, slot)
    left_s = max(live.expected_s - env_of(w).now_s, 0)
    note(w, row, kind, decision(slot, what), slot, left_s, live.power_mw)


@rule
def note_waiting(w, rows, at_levels):
    """Note the starts that are possible, in queue order; those at the lowest level behind the others."""
    count = 0
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        if count == len(rows):
            return count
        level = fastest_level(w, slot)
        if level == 0 or (at_levels and level != WAIT):
            note_start(w, rows[count], START, slot, level)
            count += 1
    if not at_levels:
        return count
    for i in range(ends_of(w, QUEUE).first, ends_of(w, QUEUE).last):
        slot = entry_of(w, QUEUE, i).slot
        level = fastest_level(w, slot)
        if count < len(rows) and level != WAIT and level + 1 < levels_of(w, slot):
            note_start(w, rows[count], SLOWEST, slot, levels_of(w, slot) - 1)
            count += 1
    return count


@rule
def note_level_changes(w, rows, count):
    """Note who may be made faster, or slower. Returns the number of rows in use."""
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        slot = entry_of(w, FINISH, i).slot
        if count < len(rows) and why_not_raise(w, slot) == OK:
            note_running(w, rows[count], FASTER, slot, RAISE)
            count += 1
        if count < len(rows) and why_not_slow(w, slot) == OK and saving_mw(w, slot) > 0:
            note_running(w, rows[count], SLOWER, slot, SLOW)
            rows[count].loss = loss_of_slowing(w, slot)
            count += 1
    return count


@rule
def note_starts(w, rows, at_levels):
    """Note what may be done where starts are decided; at_levels: speed levels too. Returns the number of rows
    in use: no more than there are."""
    count = note_waiting(w, rows, at_levels)
    if env_of(w).voluntary:
        for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
            slot = entry_of(w, FINISH, i).slot
            if count < len(rows) and why_not_suspend(w, slot) == OK:
                note_running(w, rows[count], STOP, slot, FULL)
                count += 1
    return note_level_changes(w, rows, count) if at_levels else count


@rule
def note_shortage(w, rows, at_levels):
    """Note whom a shortage may hit; at_levels: who may be slowed too. Returns the number of rows in use."""
    count = 0
    for i in range(ends_of(w, FINISH).first, ends_of(w, FINISH).last):
        if count < len(rows):
            note_running(w, rows[count], STOP, entry_of(w, FINISH, i).slot, FULL)
            count += 1
    return note_level_changes(w, rows, count) if at_levels else count


def promising_codes(handle: Any, rows: Any, status: int, usual: int, most: int, at_levels: bool) -> list[int]:
    """At most so many decisions: the base's choice, WAIT, then those that the rankings name in turn."""
    if status == DECIDE_SHED:
        noted = rows[: note_shortage(handle, rows, at_levels)]
        rankings = _of_a_shortage(noted)
    else:
        noted = rows[: note_starts(handle, rows, at_levels)]
        rankings = _of_starts(noted, usual)
    return _in_turn(most, [usual, WAIT], noted["code"], rankings)


def _ranked(noted: Any, kind: int, *keys: Any) -> np.ndarray:
    """Places of a kind's rows by a key, then by code; without a key as they were noted."""
    places = np.flatnonzero(noted["kind"] == kind)
    if not keys:
        return places
    return places[np.lexsort((noted["code"][places], keys[0][places]))]


def _of_a_shortage(noted: Any) -> list[np.ndarray]:
    return [
        _ranked(noted, SLOWER, noted["loss"]),
        _ranked(noted, STOP, noted["worth"]),
        _ranked(noted, STOP, noted["per_joule"]),
        _ranked(noted, STOP, -noted["slack_s"]),
        _ranked(noted, STOP, -noted["since_s"]),
    ]


def _of_starts(noted: Any, usual: int) -> list[np.ndarray]:
    same = (noted["code"] & SLOT_MASK) == (usual & SLOT_MASK)
    return [
        np.flatnonzero(same & (noted["kind"] == SLOWEST)),  # the base's job at its lowest level
        _ranked(noted, START),
        _ranked(noted, FASTER, noted["slack_s"]),
        _ranked(noted, START, -noted["per_joule"]),
        _ranked(noted, SLOWEST, -noted["per_joule"]),
        _ranked(noted, START, noted["slack_s"]),
        _ranked(noted, START, -noted["worth"]),
        _ranked(noted, STOP, noted["per_joule"]),
        _ranked(noted, SLOWER, noted["loss"]),
    ]


def _in_turn(most: int, first: list[int], codes: np.ndarray, rankings: list[np.ndarray]) -> list[int]:
    """`first`, then the best of each ranking, the second of each, and so on; nobody twice."""
    candidates = list(dict.fromkeys(first))
    for depth in range(max(len(ranking) for ranking in rankings)):
        for ranking in rankings:
            if depth < len(ranking) and len(candidates) < most:
                code = int(codes[ranking[depth]])
                if code not in candidates:
                    candidates.append(code)
    return candidates
