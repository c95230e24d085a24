"""Read a dataset back: episodes as arrays, or as episodes of d3rlpy.

Ours, or any that Minari wrote from observations of ours. Nothing in it is trusted: sheet, tables and headers
are checked when it is opened, the arrays of an episode when that is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, overload

import numpy as np

from rare.dataset.checked.episode_places import Reader, listed, with_steps
from rare.dataset.checked.hdf5 import REMEDY
from rare.dataset.checked.sheet_check import check_sheet
from rare.dataset.data_sheet import content_hash
from rare.dataset.dataset_folder import MAIN, METADATA, PLAN, SHEET, existing
from rare.dataset.logged_episode import LoggedEpisode
from rare.dataset.minari.minari_read import files_hash, layout_of, read_metadata, sheet_of
from rare.dataset.shards import Shard, group_name, read_shards
from rare.env.observation.layout import Layout
from traces.errors import InputError
from traces.files.json_file import read_object

_LOOKED_AT = 200  # observations by which a layout is told


class Dataset(Sequence[LoggedEpisode]):
    """The episodes of a dataset, each read from its file and checked on access.

    sheet: the data sheet; of a dataset that Minari wrote what its metadata tell. layout: what the numbers of
    an observation mean. steps: decisions of each episode. notes: what had to be assumed, a line each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: tuple[str, ...] = ()
        self._facts: list[dict[str, Any]] = []
        data, main = folder / "data", folder / "data" / MAIN
        self.is_ours = _is_ours(folder)
        if self.is_ours:
            self.sheet = read_object(folder / SHEET, REMEDY)
            self.layout: Layout = check_sheet(folder / SHEET, self.sheet)
            width, actions, counted_in = self.layout.size, self.layout.actions, folder / SHEET
            self._facts = _facts_of(folder, self.sheet, read_shards(data))
            _check_metadata(folder, self.sheet)
        else:
            metadata = read_metadata(data)
            width, actions, counted_in = metadata.width, metadata.actions, metadata.path
            self.sheet = {"episodes": metadata.episodes}
        places = listed(main, int(self.sheet["episodes"]), counted_in)
        with Reader(None, width, actions, self.is_ours) as reader:
            self._places = list(with_steps(reader, places))
            if not self.is_ours:
                self.layout = layout_of(metadata, reader.observations(self._places[0], _LOOKED_AT))
                self.sheet = sheet_of(metadata, self.layout)
                self.notes = _notes(folder, reader, self._places[0], self.layout)
        self.steps = [place.steps for place in self._places]
        self._check_counts(counted_in)

    def _check_counts(self, counted_in: Path) -> None:
        key = "transitions" if self.is_ours else "total_steps"
        if sum(self.steps) != self.sheet["transitions"]:
            raise InputError(
                f"{counted_in}: {key!r} is {self.sheet['transitions']:,}, and the episodes hold "
                f"{sum(self.steps):,}; {REMEDY}"
            )
        for index, facts in enumerate(self._facts):
            place = self._places[index]
            path = self.folder / "data" / facts["file"]
            if (place.path, place.group) != (path, f"/{group_name(facts['number'])}"):
                raise InputError(
                    f"{self.folder / 'data' / MAIN}: episode_{index} is {place.path.name}{place.group}, not "
                    f"{facts['file']}/{group_name(facts['number'])}; {REMEDY}"
                )
            if place.steps != facts["decisions"]:
                raise InputError(
                    f"{path}: {place.group} holds {place.steps:,} decisions, and the table says "
                    f"{facts['decisions']:,}; {REMEDY}"
                )

    def content_sha256(self) -> str:
        """sha256 of the episodes, in hex; of a dataset that Minari wrote, of its files."""
        if self.is_ours:
            return str(self.sheet["content_sha256"])
        return files_hash(sorted({place.path for place in self._places}))

    def __len__(self) -> int:
        return len(self._places)

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
        with Reader(self.layout, self.layout.size, self.layout.actions, self.is_ours) as reader:
            for index in indices:
                yield self._checked(reader, index)

    def _checked(self, reader: Reader, index: int) -> LoggedEpisode:
        """An episode, checked against the hash and facts of the dataset."""
        place = self._places[index]
        if not self.is_ours:
            return reader.read(place, {})
        facts = {key: value for key, value in self._facts[index].items() if key != "file"}
        episode = reader.read(place, facts)
        ends = bool(episode.terminations[-1]), bool(episode.truncations[-1])
        if ends != (facts["terminated"], not facts["terminated"]):
            raise InputError(
                f"{place.path}: {place.group}/terminations and truncations end with {ends}, and the table "
                f"says terminated: {facts['terminated']}; {REMEDY}"
            )
        if episode.content_hash() != facts["sha256"]:
            raise InputError(
                f"{place.path}: {place.group} holds other numbers than were logged (sha256); {REMEDY}"
            )
        return episode


def load(folder: str | Path) -> Dataset:
    """The dataset in a folder that `rare dataset` or Minari wrote, or of an id under MINARI_DATASETS_PATH.

    InputError if there is none, or something in it is not what it should be.
    """
    if "\0" in str(folder) or not str(folder):
        raise InputError(f"dataset {str(folder)[:60]!r}: is no name of a folder; give the dataset's")
    try:
        return Dataset(existing(folder))
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(folder)[:200]}: cannot be read ({reason}); name another folder") from None


def _is_ours(folder: Path) -> bool:
    """Whether the folder has a data sheet. InputError if it has no dataset."""
    if (folder / SHEET).exists():
        return True
    if (folder / PLAN).is_file():
        raise InputError(
            f"{folder}: holds an unfinished dataset; give the same `rare dataset` command again to finish it"
        )
    if (folder / "data" / METADATA).exists():
        return False
    raise InputError(f"{folder}: holds no dataset; name another folder")


def _facts_of(folder: Path, sheet: dict[str, Any], shards: list[Shard]) -> list[dict[str, Any]]:
    """Facts of each episode, and its file's name, by the shards' tables: they must give the sheet's hash."""
    named_rows = [
        (shard.path.name, row)
        for shard in shards
        for row in shard.rows
        if row.get("why_not") is None and row["number"] < sheet["episodes_played"]
    ]
    path = folder / SHEET
    if len(named_rows) != sheet["episodes"]:
        raise InputError(
            f"{path}: 'episodes' is {sheet['episodes']:,}, and the files hold {len(named_rows):,}; {REMEDY}"
        )
    if content_hash(sheet["layout"], [row for _, row in named_rows]) != sheet["content_sha256"]:
        raise InputError(
            f"{path}: 'content_sha256' is of other episodes than those in {folder / 'data'}; {REMEDY}"
        )
    names = set(sheet["schedulers"])
    for name, row in named_rows:
        if row["scheduler"] not in names:
            raise InputError(
                f"{folder / 'data' / name}: number {row['number']} is of scheduler "
                f"{row['scheduler'][:60]!r}, which {path} does not name; {REMEDY}"
            )
    return [{**row, "file": name} for name, row in named_rows]


def _check_metadata(folder: Path, sheet: dict[str, Any]) -> None:
    """Minari's file must count as many; more while a dataset is added to."""
    metadata = read_metadata(folder / "data")
    same = metadata.episodes == sheet["episodes"]
    for key, claimed, counted in (
        ("total_episodes", metadata.episodes, sheet["episodes"]),
        ("total_steps", metadata.steps, sheet["transitions"]),
    ):
        if claimed < counted or (same and claimed != counted):
            raise InputError(
                f"{metadata.path}: {key!r} is {claimed:,}, and {folder / SHEET} counts {counted:,}; {REMEDY}"
            )


def _notes(folder: Path, reader: Reader, place: Any, layout: Layout) -> tuple[str, ...]:
    """Notes on the assumptions about a dataset written by Minari's tools."""
    arrays = reader.arrays(place)
    if "time_s" in arrays or "elapsed_s" in arrays:
        return ()
    time_left = reader.observations(place, place.steps + 1)[:, layout.index("cluster", "time_left")]
    if (time_left < 1).all():
        return (
            f"{folder}: infos hold no elapsed_s, so hours between decisions are those by which the "
            "observation's time left goes down",
        )
    return (
        f"{folder}: infos hold no elapsed_s and windows have no end, so rewards are not discounted; collect "
        "with record_infos=True",
    )


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
        with suppress(ImportError):  # gym prints a banner on import unless this is empty
            import gym_notices.notices

            gym_notices.notices.notices.clear()
        import d3rlpy.dataset
    except ImportError as error:
        raise InputError(f"d3rlpy is needed ({error}); install the extra: rare-datacenter[learn]") from error
    return d3rlpy.dataset
