"""Datasets written by Minari's tools from this environment: their layout, scenario and times."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rare.dataset.checked.hdf5 import REMEDY
from rare.dataset.checked.sheet_check import Keys
from rare.dataset.dataset_folder import METADATA
from rare.env.observation.layout import Layout
from traces.errors import InputError
from traces.files.json_file import MOST_BYTES, parsed_object, read_object
from traces.numbers.constants import DAY_S

UNKNOWN = "unknown"
BLOCKS = tuple(
    {"levels": levels, "events": events, "prices": prices}
    for prices in (False, True)
    for levels in (False, True)
    for events in (False, True)
)
"""Which optional blocks a layout may have; those without any come first."""


@dataclass(frozen=True)
class Metadata:
    """Content of metadata.json. width, actions: of the spaces. options: of the environment, {} if unknown."""

    path: Path
    episodes: int
    steps: int
    width: int
    actions: int
    options: dict[str, Any]
    algorithm: str


def read_metadata(folder: Path) -> Metadata:
    """metadata.json of a dataset's data folder. InputError names the key that is wrong."""
    path = folder / METADATA
    table = read_object(path, REMEDY)
    keys = Keys(path, table)
    if table.get("data_format", "hdf5") != "hdf5":
        raise InputError(
            f"{path}: 'data_format' is {str(table['data_format'])[:40]!r}, and only hdf5 is read; collect it "
            "with data_format='hdf5'"
        )
    return Metadata(
        path=path,
        episodes=keys.count("total_episodes", 1),
        steps=keys.count("total_steps", 1),
        width=_box_width(keys),
        actions=_actions(keys),
        options=_options(keys),
        algorithm=keys.text("algorithm_name", 200) if table.get("algorithm_name") else UNKNOWN,
    )


def _parsed(keys: Keys, key: str) -> dict[str, Any]:
    """The JSON object that Minari stores as text under a key."""
    return parsed_object(keys.text(key, MOST_BYTES), f"{keys.path}: {key!r}", REMEDY)


def _box_width(keys: Keys) -> int:
    space = _parsed(keys, "observation_space")
    shape = space.get("shape")
    if (
        space.get("type") != "Box"
        or not isinstance(shape, list)
        or len(shape) != 1
        or isinstance(shape[0], bool)
        or not isinstance(shape[0], int)
        or not 1 <= shape[0] <= 10**6
    ):
        raise keys.refuse("observation_space", "a Box of one dimension, as rare/GreenCluster-v0 has")
    return int(shape[0])


def _actions(keys: Keys) -> int:
    space = _parsed(keys, "action_space")
    number = space.get("n")
    is_valid = isinstance(number, int) and not isinstance(number, bool) and 2 <= number <= 10**5
    if space.get("type") != "Discrete" or not is_valid or space.get("start", 0) != 0:
        raise keys.refuse("action_space", "Discrete from 0 on, as rare/GreenCluster-v0 has")
    assert isinstance(number, int)
    return number


def _options(keys: Keys) -> dict[str, Any]:
    """The arguments of the environment of the dataset."""
    if keys.table.get("env_spec") is None:
        return {}
    spec = _parsed(keys, "env_spec")
    options = spec.get("kwargs")
    return options if isinstance(options, dict) else {}


def sheet_of(metadata: Metadata, layout: Layout) -> dict[str, Any]:
    """A data sheet for the dataset, with None for unknown values."""
    options = metadata.options
    scenario, settings, seed = (options.get(key) for key in ("scenario", "settings", "scenario_seed"))
    if not isinstance(settings, list) or not all(isinstance(setting, str) for setting in settings):
        settings = []
    return {
        "scenario": scenario if isinstance(scenario, str) else None,
        "settings": settings,
        "scenario_seed": seed if isinstance(seed, int) and 0 <= seed < 2**63 else 0,
        "algorithm": metadata.algorithm,
        "layout": json.loads(layout.to_json()),
        "episodes": metadata.episodes,
        "transitions": metadata.steps,
        "episodes_left_out": {},
        "origin": "minari",
    }


def layout_of(metadata: Metadata, rows: np.ndarray) -> Layout:
    """The layout of the observations. InputError if they are of another environment.

    The environment's arguments say it. Where a dataset does not name its environment, the layouts of this
    width and number of actions are tried on `rows` (N, width), observations of an episode.
    """
    from_options = _named_layout(metadata)
    if from_options is not None:
        return from_options
    fitting: list[Layout] = []
    for blocks in BLOCKS:
        possible = _possible(metadata.width, metadata.actions, blocks)
        fitting = fitting or [layout for layout in possible if _fits(rows, layout)]
    if len(fitting) == 1:
        return fitting[0]
    problem = (
        "observations of this width and these actions are none of rare/GreenCluster-v0's"
        if not fitting
        else "several layouts fit"
    )
    raise InputError(
        f"{metadata.path}: {problem} ({metadata.width} numbers, {metadata.actions} actions), and 'env_spec' "
        "names no environment of ours; collect from gymnasium.make('rare/GreenCluster-v0', ...)"
    )


def _named_layout(metadata: Metadata) -> Layout | None:
    sizes = ("queue_slots", "running_slots", "forecast_hours")
    if not metadata.options:
        return None
    known_sizes = {key: metadata.options[key] for key in sizes if key in metadata.options}
    try:
        plain = Layout(**known_sizes, reservations=metadata.options.get("reservations") is True)
    except InputError as error:
        raise error.within(f"{metadata.path}: 'env_spec'").also(REMEDY) from None
    # the arguments need not say whether the scenario has levels and events
    for blocks in BLOCKS:
        layout = dataclasses.replace(plain, **blocks)
        if (layout.size, layout.actions) == (metadata.width, metadata.actions):
            return layout
    return None


def _possible(width: int, actions: int, blocks: dict[str, bool]) -> list[Layout]:
    """All layouts with these optional blocks and these numbers of features and actions."""
    few, one_running, one_hour = (Layout(1, *sizes, **blocks) for sizes in ((0, 0), (1, 0), (0, 1)))
    by_running, by_hour = one_running.size - few.size, one_hour.size - few.size
    per_running = one_running.actions - few.actions
    layouts = []
    for queue_slots in range(1, min(actions - 1, 4096) + 1):
        running_slots, left_over = divmod(actions - 1 - queue_slots, per_running)
        if left_over or running_slots > 4096:
            continue
        fixed = Layout(queue_slots, 0, 0, **blocks).size + running_slots * by_running
        hours, over = divmod(width - fixed, by_hour)
        if over == 0 and 0 <= hours <= 168:
            layouts.append(Layout(queue_slots, running_slots, hours, **blocks))
    return layouts


def _fits(rows: np.ndarray, layout: Layout) -> bool:
    """Whether observations (N, width) read by this layout make sense: flags are 0 or 1, hours are angles.

    The last observation of an episode may be empty, so rows without a valid action do not count.
    """
    rows = rows[rows[:, layout.slices["mask"]].any(axis=1)]
    if not len(rows):
        return False
    for block, flags in (("queue", ("present", "preemptible", "suspended", "startable")),
                         ("running", ("present", "preemptible", "may_stop"))):  # fmt: skip
        names = [feature.name for feature in layout.features(block)]
        slots = rows[:, layout.slices[block]].reshape(len(rows), layout.shapes[block][0], len(names))
        values = slots[:, :, [names.index(flag) for flag in flags]]
        if not np.isin(values, (0.0, 1.0)).all():
            return False
    sine, cosine = (rows[:, layout.index("cluster", name)] for name in ("hour_sin", "hour_cos"))
    return bool((np.abs(sine**2 + cosine**2 - 1.0) < 1e-3).all())


def seconds_by_time_left(obs: np.ndarray, layout: Layout) -> np.ndarray | None:
    """(N,) int64 seconds since the first of the observations (N, D), by the time left that they show.

    Within a second for a window of weeks. None where a window has no end.
    """
    share = obs[:, layout.index("cluster", "time_left")].astype(np.float64)
    if not ((share >= 0) & (share < 1)).all():
        return None
    left_s = DAY_S * share / (1.0 - share)
    return np.maximum.accumulate(np.rint(left_s[0] - left_s)).astype(np.int64)


def files_hash(paths: list[Path]) -> str:
    """sha256 of files, in hex."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(f"{path.name}\n".encode())
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def seconds_by_steps(elapsed_s: np.ndarray, steps: int) -> np.ndarray | None:
    """(steps + 1,) int64 seconds since the begin, of seconds that passed in each step; None if they are none.

    elapsed_s: (steps,), or (steps + 1,) with the reset's first.
    """
    passed = elapsed_s[-steps:].astype(np.float64)
    if not (np.isfinite(passed).all() and (passed >= 0).all() and passed.sum() < math.ldexp(1, 40)):
        return None
    return np.concatenate([[0], np.rint(np.cumsum(passed))]).astype(np.int64)
