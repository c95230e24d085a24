"""The windows of a scenario as episodes of one case (rare.episodes)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from rare.episodes import Episode, Episodes, Randomise, counted, episodes_of_case
from rare.model import Case
from rare.scenario.case_builder import Built, build
from rare.scenario.inputs.run_clock import midnight_after_s
from rare.scenario.load import ALL, Loaded, Overrides, load_scenario
from rare.scenario.variants import variant_of
from rare.scenario.windows import DAY_S, Window, windows_of
from rare.world import build_jobs
from traces.errors import InputError
from traces.jobs.workload import NO_DEADLINE_S


@lru_cache(maxsize=4)
def episodes_of(
    scenario: str, settings: tuple[str, ...] = (), seed: int = 0, randomise: Randomise | None = None
) -> Episodes:
    """Every window of the scenario's own site; a scenario without windows is one episode.

    With `randomise` as many cases as it has variants, with these windows each.
    """
    loaded = load_scenario(scenario, Overrides(settings=settings))
    if loaded.scenario.windows is not None:
        loaded = load_scenario(scenario, Overrides(settings=settings, window=ALL))
    if randomise is None:
        return _of_variants([loaded], seed)
    return _of_variants([variant_of(loaded, randomise, index) for index in range(randomise.variants)], seed)


def episodes_of_all(
    scenarios: Sequence[str],
    settings: tuple[str, ...] = (),
    seed: int = 0,
    randomise: Randomise | None = None,
) -> Episodes:
    """The windows of several scenarios side by side; of more than one they are named SCENARIO/WINDOW.

    InputError if their clusters have different numbers of partitions: environments of one batch cannot.
    """
    parts = [episodes_of(scenario, settings, seed, randomise) for scenario in scenarios]
    if len(parts) == 1:
        return parts[0]
    for scenario, part in zip(scenarios, parts, strict=True):
        if len(part.case.cluster.partitions) != len(parts[0].case.cluster.partitions):
            raise InputError(
                f"scenarios {scenarios[0]} and {scenario}: their clusters have different numbers of "
                "partitions",
                remedy="learn on each by itself",
            )
    episodes, first_case = [], 0
    for part in parts:
        for window in part.episodes:
            name, index = f"{part.scenario}/{window.name}", window.case_index + first_case
            episodes.append(dataclasses.replace(window, name=name, case_index=index))
        first_case += len(part.cases)
    cases = tuple(case for part in parts for case in part.cases)
    return Episodes("+".join(part.scenario for part in parts), cases, tuple(episodes))


def episodes_of_windows(loaded: Loaded, windows: Sequence[Window], seed: int = 0) -> Episodes:
    """These windows of a scenario's case, whatever its own are. InputError if it has no calendar, or no
    window holds a job."""
    built = build(loaded, seed=seed)
    if built.join is None:
        raise InputError("nothing in it goes by the calendar, so it has no windows", where=loaded.label)
    episodes = _cut(built, list(windows), loaded)
    if not episodes:
        raise InputError("no window holds a job of the workload", where=loaded.label)
    return Episodes(loaded.scenario.name, (built.case,), tuple(episodes))


def _of_variants(variants: list[Loaded], seed: int) -> Episodes:
    parts = [_of_one(loaded, seed) for loaded in variants]
    episodes = [
        dataclasses.replace(episode, case_index=index)
        for index, part in enumerate(parts)
        for episode in part.episodes
    ]
    cases = tuple(part.case for part in parts)
    return Episodes(parts[0].scenario, cases, tuple(episodes))


def _of_one(loaded: Loaded, seed: int) -> Episodes:
    built = build(loaded, seed=seed)
    if loaded.scenario.windows is None:
        return episodes_of_case(built.case, loaded.scenario.name)
    if built.join is None:
        raise InputError("has windows, but nothing in it goes by the calendar", where=loaded.label)
    windows = [window for window in windows_of(loaded) if window.site is None]
    episodes = _cut(built, windows, loaded)
    if not episodes:
        raise InputError("no window holds a job of the workload", where=loaded.label)
    return Episodes(loaded.scenario.name, (built.case,), tuple(episodes))


def _cut(built: Built, windows: list[Window], loaded: Loaded) -> list[Episode]:
    assert built.join is not None
    jobs, most = built.case.workload, loaded.scenario.windows.jobs if loaded.scenario.windows else None
    midnight_s = built.join.shift_s + midnight_after_s(
        built.join.supply_start_utc(built.case.first_instant_s), built.join.site_zone
    )
    placed = build_jobs(built.case)
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
        offered = counted(placed[first:last])
        episodes.append(Episode(window.name, window.split, first, last, begin_s, end_s, *offered))
    return episodes


def load_episodes(
    scenario: Any,
    settings: Sequence[str] = (),
    seed: int = 0,
    randomise: Randomise | Mapping[str, Any] | None = None,
) -> Episodes:
    """The episodes of a scenario by name or file, of a Case, or Episodes as they are."""
    if isinstance(settings, str) or not all(isinstance(setting, str) for setting in settings):
        raise InputError(f"settings must be a list of texts, such as ['battery.hours=4'], got {settings!r}")
    if settings and isinstance(scenario, Episodes | Case):
        raise InputError("settings: need a scenario by name or file, not one that is put together already")
    randomise = Randomise.of(randomise)
    if randomise is not None and isinstance(scenario, Episodes | Case):
        raise InputError("randomise: needs a scenario by name or file, not one that is put together already")
    if isinstance(scenario, Episodes):
        return scenario
    if isinstance(scenario, Case):
        return episodes_of_case(scenario)
    return episodes_of(str(scenario), tuple(settings), seed, randomise)
