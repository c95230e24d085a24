"""The file and group of each episode of a dataset, and checked reading of its arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from rare.dataset.checked.episode_check import Place, check_episode
from rare.dataset.checked.hdf5 import REMEDY, array_at, attribute, check_memory, member, opened_hdf5, reading
from rare.dataset.logged_episode import PLACES, LoggedEpisode
from rare.dataset.minari.minari_read import UNKNOWN, seconds_by_steps, seconds_by_time_left
from rare.env.observation.layout import Layout
from traces.errors import InputError

_SHARD = re.compile(r"episodes-\d{6,20}-\d{6,20}\.hdf5")
_GROUP = re.compile(r"/number_\d{1,20}")
_KINDS = {
    "observations": "f", "actions": "iu", "rewards": "fiu", "terminations": "b", "truncations": "b",
    "action_mask": "biu", "probability": "f", "time_s": "iu",
}  # fmt: skip
_OPTIONAL = ("action_mask", "probability", "time_s")  # where Minari wrote the dataset
_BEFORE_AND_AFTER = ("observations", "action_mask", "time_s")  # one row more than there are decisions


@dataclass(frozen=True, slots=True)
class EpisodePlace:
    """The file and group of an episode, and its number of decisions."""

    path: Path
    group: str
    steps: int = 0


def listed(main: Path, episodes: int, counted_in: Path) -> list[EpisodePlace]:
    """Where episodes 0 to `episodes` - 1 lie: in the main file, or in a shard beside it.

    InputError if one is missing, lies anywhere else, or two are the same.
    """
    places: list[EpisodePlace] = []
    index_of: dict[object, int] = {}
    with opened_hdf5(main) as file:
        for index in range(episodes):
            name = f"episode_{index}"
            with reading(main, name):
                link = file.get(name, getlink=True)
                if link is None:
                    raise InputError(f"{main}: lacks {name}, and {counted_in} counts {episodes:,}; {REMEDY}")
                place = _place(main, name, link)
                key: object = (place.path, place.group)
                if place.path == main:
                    key = h5py.h5o.get_info(file[name].id).addr
            if key in index_of:
                raise InputError(f"{main}: {name} is the same as episode_{index_of[key]}; {REMEDY}")
            index_of[key] = index
            places.append(place)
    return places


def _place(main: Path, name: str, link: Any) -> EpisodePlace:
    if isinstance(link, h5py.HardLink):
        return EpisodePlace(main, f"/{name}")
    if isinstance(link, h5py.ExternalLink):
        file, group = str(link.filename), str(link.path)
        if _SHARD.fullmatch(file) and _GROUP.fullmatch(group):
            return EpisodePlace(main.parent / file, group)
        raise InputError(f"{main}: {name} is a link to {file[:60]!r}, which is not followed; {REMEDY}")
    raise InputError(f"{main}: {name} is a link to somewhere else, which is not followed; {REMEDY}")


class Reader:
    """Reads episodes; one file is open at a time, as they follow each other.

    layout: None while it is still to be told; width: of an observation. whole: the dataset is ours, so
    that nothing may be missing.
    """

    def __init__(self, layout: Layout | None, width: int, actions: int, whole: bool) -> None:
        self.layout, self.width, self.actions, self.whole = layout, width, actions, whole
        self._path: Path | None = None
        self._file: h5py.File | None = None
        self._manager: Any = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._manager is not None:
            self._manager.__exit__(None, None, None)
        self._path = self._file = self._manager = None

    def group(self, place: EpisodePlace) -> h5py.Group:
        """The group of an episode."""
        if place.path != self._path:
            self._close()
            self._manager = opened_hdf5(place.path)
            self._file, self._path = self._manager.__enter__(), place.path
        assert self._file is not None
        group = member(self._file, place.group.lstrip("/"), place.path)
        if not isinstance(group, h5py.Group):
            raise InputError(f"{place.path}: lacks the group {place.group}; {REMEDY}")
        return group

    def arrays(self, place: EpisodePlace) -> dict[str, h5py.Dataset]:
        """The arrays of an episode by name, with checked headers and unread contents."""
        group = self.group(place)
        widths = {"observations": self.width, "action_mask": self.actions}
        arrays = {}
        for key, where in PLACES.items():
            if key in _OPTIONAL and not self.whole and member(group, where, place.path) is None:
                continue
            arrays[key] = array_at(group, where, place.path, _KINDS[key], widths.get(key))
        if "time_s" not in arrays and member(group, "infos/elapsed_s", place.path) is not None:
            arrays["elapsed_s"] = array_at(group, "infos/elapsed_s", place.path, "fiu")
        self._check_rows(arrays, place)
        return arrays

    def _check_rows(self, arrays: dict[str, h5py.Dataset], place: EpisodePlace) -> None:
        steps = arrays["rewards"].shape[0]
        for key, array in arrays.items():
            rows = steps + (key in _BEFORE_AND_AFTER)
            length = array.shape[0]
            if length == rows or (not self.whole and key == "action_mask" and length == steps):
                continue
            if key == "elapsed_s" and length == steps + 1:
                continue
            where = PLACES.get(key, "infos/elapsed_s")
            raise Place(place.path, place.group).refuse(
                where, f"has {length:,} rows, and {steps:,} rewards need {rows:,}"
            )

    def steps(self, place: EpisodePlace) -> int:
        """Number of decisions of an episode, by its headers. InputError if they disagree."""
        arrays = self.arrays(place)
        steps = int(arrays["rewards"].shape[0])
        total = attribute(self.group(place), "total_steps", place.path)
        if total is not None and total != steps:
            raise InputError(
                f"{place.path}: {place.group}, attribute total_steps is {str(total)[:40]}, and there are "
                f"{steps:,} rewards; {REMEDY}"
            )
        return steps

    def observations(self, place: EpisodePlace, rows: int) -> np.ndarray:
        """The first observations of an episode."""
        array = self.arrays(place)["observations"]
        with reading(place.path, f"{place.group}/observations"):
            return np.asarray(array[:rows], np.float32)

    def read(self, place: EpisodePlace, facts: dict[str, Any]) -> LoggedEpisode:
        """A whole episode, checked. facts: of a dataset of ours; of others what the group says."""
        assert self.layout is not None
        arrays = self.arrays(place)
        bytes_needed = 3 * sum(array.size * array.dtype.itemsize for array in arrays.values())
        check_memory(
            bytes_needed, place.path, f"the arrays of {place.group}", "make it again with fewer slots"
        )
        values: dict[str, np.ndarray] = {}
        for key, array in arrays.items():
            with reading(place.path, f"{place.group}/{PLACES.get(key, 'infos/elapsed_s')}"):
                values[key] = array[()]
        with np.errstate(all="ignore"):
            episode = self._episode(values, place, facts or self._facts(place))
            check_episode(episode, self.layout, Place(place.path, place.group))
        return episode

    def _episode(
        self, values: dict[str, np.ndarray], place: EpisodePlace, facts: dict[str, Any]
    ) -> LoggedEpisode:
        assert self.layout is not None
        obs, steps = values["observations"].astype(np.float32), len(values["rewards"])
        mask = values.get("action_mask")
        if mask is not None and mask.dtype != np.bool_:
            if not ((mask == 0) | (mask == 1)).all():
                odd = mask[(mask != 0) & (mask != 1)][0]
                raise Place(place.path, place.group).refuse(
                    "infos/action_mask", f"holds {odd}, which is neither 0 nor 1"
                )
            mask = mask.astype(np.bool_)
        observed = obs[:, self.layout.slices["mask"]] == 1.0
        if mask is None:
            mask = observed
        elif len(mask) == steps:
            mask = np.concatenate([mask, observed[-1:]])
        actions = values["actions"]
        if actions.dtype == np.uint64:
            actions = np.minimum(actions, np.uint64(2**62))
        return LoggedEpisode(
            observations=obs,
            actions=actions.astype(np.int64),
            rewards=values["rewards"].astype(np.float64),
            terminations=values["terminations"],
            truncations=values["truncations"],
            action_mask=mask,
            probability=values.get("probability", np.full(steps, np.nan)).astype(np.float64),
            time_s=self._times(values, obs, steps, place),
            facts=facts,
        )

    def _times(
        self, values: dict[str, np.ndarray], obs: np.ndarray, steps: int, place: EpisodePlace
    ) -> np.ndarray:
        """Seconds since the begin, (steps + 1,); zeros where nothing tells them."""
        assert self.layout is not None
        if "time_s" in values:
            return values["time_s"].astype(np.int64)
        if "elapsed_s" in values:
            seconds = seconds_by_steps(values["elapsed_s"], steps)
            if seconds is None:
                raise Place(place.path, place.group).refuse(
                    "infos/elapsed_s", "holds values that are no seconds"
                )
            return seconds
        seconds = seconds_by_time_left(obs, self.layout)
        return np.zeros(steps + 1, np.int64) if seconds is None else seconds

    def _facts(self, place: EpisodePlace) -> dict[str, Any]:
        group = self.group(place)
        window = attribute(group, "options/window", place.path)
        scheduler = attribute(group, "scheduler", place.path)
        return {
            "window": UNKNOWN if window is None else str(window),
            "scheduler": UNKNOWN if scheduler is None else str(scheduler),
        }


def with_steps(reader: Reader, places: list[EpisodePlace]) -> Iterator[EpisodePlace]:
    """The same places with their numbers of decisions."""
    for place in places:
        yield EpisodePlace(place.path, place.group, reader.steps(place))
