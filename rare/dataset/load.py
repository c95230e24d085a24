"""Read a dataset back: episodes as arrays, or as episodes of d3rlpy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, overload

import h5py
import numpy as np

from rare.dataset.episode import LoggedEpisode, read_episode
from rare.dataset.minari_form import MAIN
from rare.dataset.write import SHEET
from rare.layout import Layout
from traces.errors import InputError


class Dataset(Sequence[LoggedEpisode]):
    """The episodes of a dataset, each read from its file when it is asked for.

    sheet: the data sheet. layout: what the numbers of an observation mean.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sheet: dict[str, Any] = _read_sheet(folder)
        self.layout = Layout.from_json(json.dumps(self.sheet["layout"]))

    def __len__(self) -> int:
        return int(self.sheet["episodes"])

    @overload
    def __getitem__(self, index: int) -> LoggedEpisode: ...
    @overload
    def __getitem__(self, index: slice) -> list[LoggedEpisode]: ...
    def __getitem__(self, index: int | slice) -> LoggedEpisode | list[LoggedEpisode]:
        """One episode, or a list of them."""
        wanted = range(len(self))[index]
        if isinstance(wanted, int):
            return next(self._read([wanted]))
        return list(self._read(wanted))

    def __iter__(self) -> Iterator[LoggedEpisode]:
        return self._read(range(len(self)))

    def _read(self, indices: Sequence[int]) -> Iterator[LoggedEpisode]:
        path = self.folder / "data" / MAIN
        try:
            with h5py.File(path, "r") as main:
                for index in indices:
                    yield read_episode(main[f"episode_{index}"])
        except (OSError, KeyError) as error:
            raise InputError(f"{path}: is damaged ({error}); make the dataset again") from None


def load(folder: str | Path) -> Dataset:
    """The dataset in a folder that `rare dataset` wrote. InputError if there is none, or it is not whole."""
    return Dataset(Path(folder))


def _read_sheet(folder: Path) -> dict[str, Any]:
    try:
        sheet = json.loads((folder / SHEET).read_text("utf-8"))
        if not isinstance(sheet, dict) or "layout" not in sheet:
            raise ValueError("not a data sheet")
    except FileNotFoundError:
        begun = (folder / "plan.json").is_file()
        remedy = "give the same `rare dataset` command again to finish it" if begun else "name another folder"
        raise InputError(f"{folder}: holds {'an unfinished' if begun else 'no'} dataset; {remedy}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / SHEET}: cannot be read ({error}); make the dataset again") from None
    return sheet


def to_d3rlpy(folder: str | Path) -> list[Any]:
    """The episodes as `d3rlpy.dataset.Episode`s, with every transition of every episode.

    d3rlpy takes the observation after the last action of a terminated episode for zeros, and in any other
    episode has no transition for its last row. So an episode that was cut off gets one row more: the true
    last observation, with action and reward 0 that are never used.
    """
    d3rlpy_dataset = _d3rlpy()
    return [_converted(d3rlpy_dataset, episode) for episode in load(folder)]


def _converted(d3rlpy_dataset: Any, episode: LoggedEpisode) -> Any:
    terminated = bool(episode.terminations[-1])
    rows = len(episode) if terminated else len(episode) + 1
    actions, rewards = np.zeros((rows, 1), np.int32), np.zeros((rows, 1), np.float32)
    actions[: len(episode), 0], rewards[: len(episode), 0] = episode.actions, episode.rewards
    return d3rlpy_dataset.Episode(episode.observations[:rows], actions, rewards, terminated)


def _d3rlpy() -> Any:
    try:
        with suppress(ImportError):  # gym prints a banner when d3rlpy imports it, unless this is empty
            import gym_notices.notices

            gym_notices.notices.notices.clear()
        import d3rlpy.dataset
    except ImportError as error:
        raise InputError(f"d3rlpy is needed ({error}); install the extra: rare-datacenter[learn]") from error
    return d3rlpy.dataset
