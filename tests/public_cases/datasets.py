"""Logged decisions, as Minari and d3rlpy read them; folders that lie."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from experiments.data.log_dataset import dataset_run
from rare.dataset import load
from tests.public_cases.files import place
from tests.public_cases.registry import case, refusal

AREA = "datasets"
SIZES = {"queue_slots": 16, "running_slots": 6, "forecast_hours": 2}


@lru_cache(maxsize=1)
def logged() -> Path:
    """A folder with two episodes."""
    folder = place("easy-v0")
    dataset_run(["easy"], folder, scenario="tiny", episodes=2, epsilon=0.1, **SIZES)
    return folder


def damaged(change: Callable[[Path], None]) -> Path:
    """A copy of the folder with one thing changed."""
    folder = place("easy-v0")
    shutil.copytree(logged(), folder)
    change(folder)
    return folder


def array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """Another content for one array of the first episode."""

    def damage(folder: Path) -> None:
        for path in sorted((folder / "data").glob("*.hdf5")):
            with h5py.File(path, "r+") as file:
                for group in file.values():
                    if isinstance(group, h5py.Group) and isinstance(group.get(name), h5py.Dataset):
                        values = change(np.array(group[name]))
                        del group[name]
                        group[name] = values
                        return

    return damage


def sheet(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "datasheet.json"
        table = json.loads(path.read_text("utf-8"))
        change(table)
        path.write_text(json.dumps(table), "utf-8")

    return damage


def read_whole(folder: Path) -> Any:
    """All episodes, as a learner reads them."""
    return [episode.rewards.sum() for episode in load(folder)]


def with_value(index: int, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        values[index] = value
        return values

    return change


@case(
    AREA,
    [True, True, True],
    "one more observation than actions, the end marked once",
    "d3rlpy #18, Minari PR 96",
)
def episodes_keep_their_last_observation() -> Any:
    episode = load(logged())[0]
    steps = len(episode.actions)
    ends = episode.terminations | episode.truncations
    return [
        len(episode.observations) == steps + 1,
        bool(ends[-1]) and int(ends.sum()) == 1,
        not bool((episode.terminations & episode.truncations).any()),
    ]


@case(AREA, [True, True], "a whole window is an end and no cut", "Minari PR 146, D4RL #85")
def a_whole_window_ends_by_termination() -> Any:
    episodes = list(load(logged()))
    return [
        all(bool(e.terminations[-1]) for e in episodes),
        not any(bool(e.truncations.any()) for e in episodes),
    ]


@case(AREA, True, "all actions are valid in their masks", "sb3-contrib #166: masks and actions out of step")
def actions_and_masks_are_in_step() -> Any:
    return all(bool(e.action_mask[np.arange(len(e.actions)), e.actions].all()) for e in load(logged()))


@case(AREA, [2, True], "Minari reads what was written", "Minari #204: misconfigured datasets")
def minari_reads_the_episodes() -> Any:
    import minari

    data = minari.MinariDataset(logged() / "data")
    episodes = list(data.iterate_episodes())
    own = load(logged())
    return [
        len(episodes),
        all(np.array_equal(a.rewards, b.rewards) for a, b in zip(episodes, own, strict=True)),
    ]


@case(
    AREA, ["mixed-v0"], "an id has a version, and one folder must not break the list", "Minari #220, PR 217"
)
def minari_lists_a_dataset_without_a_version() -> Any:
    import minari

    root = place("minari")
    root.mkdir()
    before = os.environ.get("MINARI_DATASETS_PATH")
    os.environ["MINARI_DATASETS_PATH"] = str(root)
    try:
        dataset_run(["easy"], root / "mixed", scenario="tiny", episodes=1, **SIZES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(minari.list_local_datasets())
    finally:
        os.environ.pop("MINARI_DATASETS_PATH")
        if before is not None:
            os.environ["MINARI_DATASETS_PATH"] = before


@case(
    AREA, "refused", "NaN is no reward, and training would go on", "stable-baselines PR 453: entropy of NaN"
)
def a_reward_that_is_no_number() -> Any:
    folder = damaged(array("rewards", with_value(0, np.nan)))
    return refusal(lambda: read_whole(folder), "rewards")


@case(AREA, "refused", "there are 23 actions", "sb3-contrib PR 25: masks and actions of other sizes")
def an_action_out_of_range() -> Any:
    folder = damaged(array("actions", with_value(0, 10**6)))
    return refusal(lambda: read_whole(folder), "actions")


@case(AREA, "refused", "as many rewards as actions", "d3rlpy #127: lengths that disagree")
def lengths_that_disagree() -> Any:
    folder = damaged(array("rewards", lambda values: values[:-1]))
    return refusal(lambda: read_whole(folder), "rewards")


@case(AREA, "refused", "an end in the middle is none", "MineRL #549: episodes that go on after their end")
def an_episode_that_goes_on_after_its_end() -> Any:
    folder = damaged(array("terminations", with_value(0, True)))
    return refusal(lambda: read_whole(folder), "terminations")


@case(AREA, "refused", "the layout says what the numbers mean", "mindtrace #443: manifests that are trusted")
def a_sheet_without_its_layout() -> Any:
    folder = damaged(sheet(lambda table: table.pop("layout", None)))
    return refusal(lambda: read_whole(folder), "datasheet.json")
