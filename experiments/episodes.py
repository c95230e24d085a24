"""The windows of a scenario as episodes of one case (rare.episodes)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from experiments.build import Built, build
from experiments.power_inputs import midnight_after_s, standard_offset_s
from experiments.scenario import ALL, Loaded, Wishes, load_scenario
from experiments.windows import DAY_S, Window, windows_of
from rare.build import build_jobs
from rare.episodes import Episode, Episodes, episodes_of_case
from traces.errors import InputError
from traces.workload import NO_DEADLINE_S


@lru_cache(maxsize=4)
def episodes_of(scenario: str, settings: tuple[str, ...] = (), seed: int = 0) -> Episodes:
    """Every window of the scenario's own site; a scenario without windows is one episode."""
    loaded = load_scenario(scenario, Wishes(settings=settings))
    if loaded.scenario.windows is None:
        return episodes_of_case(build(loaded, seed=seed).case, loaded.scenario.name)
    built = build(load_scenario(scenario, Wishes(settings=settings, window=ALL)), seed=seed)
    if built.join is None:
        raise InputError(f"{loaded.label}: has windows, but nothing in it goes by the calendar")
    windows = [window for window in windows_of(loaded) if window.site is None]
    found = _cut(built, windows, loaded)
    if not found:
        raise InputError(f"{loaded.label}: no window holds a job of the workload")
    start_utc = _start_utc(built)
    offset_s = int(start_utc.timestamp()) + standard_offset_s(start_utc, built.join.site_zone)
    return Episodes(loaded.scenario.name, (built.case,), tuple(found), offset_s - built.join.shift_s)


def _start_utc(built: Built) -> datetime:
    """Instant of the supply's second 0."""
    assert built.join is not None
    after_s = built.case.first_instant_s - built.join.shift_s
    return datetime.fromisoformat(built.join.begin_utc) - timedelta(seconds=after_s)


def _cut(built: Built, windows: list[Window], loaded: Loaded) -> list[Episode]:
    assert built.join is not None
    jobs, most = built.case.workload, loaded.scenario.windows.jobs if loaded.scenario.windows else None
    midnight_s = built.join.shift_s + midnight_after_s(_start_utc(built), built.join.site_zone)
    placed = build_jobs(built.case)
    worth_u = np.where((placed.part >= 0) & (placed.value_u > 0), placed.value_u, 0)
    episodes = []
    for window in windows:
        begin_s = midnight_s + window.first_day * DAY_S
        first, last = np.searchsorted(jobs.submit_s, [begin_s, begin_s + window.days * DAY_S]).tolist()
        last = last if most is None else min(last, first + most)
        if first == last or begin_s < int(built.case.inputs.change_s[0]):
            continue
        deadline_s, submit_s = jobs.deadline_s[first:last], jobs.submit_s[first:last]
        end_s = None
        if (deadline_s < NO_DEADLINE_S).all():  # every submit and two allowances have passed (DESIGN §4)
            end_s = int((deadline_s + np.maximum(deadline_s - submit_s, 600)).max())
        offered_u = int(worth_u[first:last].sum())
        episodes.append(Episode(window.name, window.split, first, last, begin_s, end_s, offered_u))
    return episodes
