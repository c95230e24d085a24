"""One logged episode: its arrays, its place in an HDF5 file as Minari lays it out, and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

CHUNK_ROWS = 256
_PACKED = {"compression": "gzip", "compression_opts": 1}  # as fast as lzf here, a third smaller, and standard


@dataclass(frozen=True, slots=True)
class LoggedEpisode:
    """An episode of T decisions.

    observations : (T + 1, D) float32, the last one true: what was seen after the last step
    actions      : (T,) int64
    rewards      : (T,) float64
    terminations, truncations : (T,) bool, at most one of the two at the end
    action_mask  : (T + 1, A) bool, valid actions
    probability  : (T,) float64, with which the behaviour policy took the action
    time_s       : (T + 1,) int64, simulated seconds since the episode's begin
    facts        : window, scheduler, seed, objective, return ...
    """

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    action_mask: np.ndarray
    probability: np.ndarray
    time_s: np.ndarray
    facts: dict[str, Any]

    def __len__(self) -> int:
        return len(self.rewards)

    def content_hash(self) -> str:
        """sha256 of the arrays, in hex."""
        digest = hashlib.sha256()
        for name in ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.data)
        return digest.hexdigest()


ARRAYS = (
    "observations", "actions", "rewards", "terminations", "truncations", "action_mask", "probability",
    "time_s",
)  # fmt: skip
# Where each array lies in the group of an episode: Minari's names, and what is ours among its infos.
PLACES = {
    name: f"infos/{name}" if name in ("action_mask", "probability", "time_s") else name for name in ARRAYS
}
_LARGE = ("observations", "action_mask")


def write_episode(file: h5py.File, name: str, episode: LoggedEpisode) -> None:
    """Write an episode into the group `name`, with its facts as attributes."""
    group = file.create_group(name)
    for key, place in PLACES.items():
        array = getattr(episode, key)
        packed: dict[str, Any] = {}
        if key in _LARGE:
            packed = {"chunks": (min(CHUNK_ROWS, len(array)), array.shape[1]), **_PACKED}
        group.create_dataset(place, data=array, **packed)
    _write_facts(group, episode.facts)


def copy_episode(source: h5py.Group, file: h5py.File, name: str, facts: dict[str, Any]) -> None:
    """Write what `write_episode` would, byte for byte, from a group that it wrote.

    Compressed chunks are copied as they are: to compress them takes most of the time of `write_episode`.
    """
    group = file.create_group(name)
    for key, place in PLACES.items():
        array = source[place]
        if key not in _LARGE:
            group.create_dataset(place, data=array[()])
            continue
        copy = group.create_dataset(
            place, shape=array.shape, dtype=array.dtype, chunks=array.chunks, **_PACKED
        )
        for number in range(array.id.get_num_chunks()):
            corner = array.id.get_chunk_info(number).chunk_offset
            filters_left_out, chunk = array.id.read_direct_chunk(corner)
            copy.id.write_direct_chunk(corner, chunk, filters_left_out)
    _write_facts(group, facts)


def _write_facts(group: h5py.Group, facts: dict[str, Any]) -> None:
    for key, value in minari_attributes(facts).items():
        group.attrs[key] = value


def minari_attributes(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as attributes: the window where Minari keeps the options of `reset`; unknown values left out."""
    attributes = {key: value for key, value in facts.items() if value is not None and key != "window"}
    return {**attributes, "options/window": facts["window"], "total_steps": facts["decisions"]}


def identity(facts: dict[str, Any]) -> bytes:
    """Facts as bytes, independent of their order, for the hash of a dataset."""
    return json.dumps(facts, sort_keys=True).encode() + b"\n"
