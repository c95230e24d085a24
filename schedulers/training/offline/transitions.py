"""Logged transitions as tensors in memory, so that a batch only gathers rows.

d3rlpy's own sampler builds every batch from Python objects, and its datasets lose the last transition of a
truncated episode; here an episode of T transitions has T + 1 observations, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rare.dataset.checked.hdf5 import check_memory
from rare.dataset.load_dataset import Dataset, load
from rare.dataset.logged_episode import LoggedEpisode
from rare.env.observation.layout import Layout
from schedulers.training.discount import GAMMA_PER_HOUR, REWARD_SCALE, discounts
from traces.errors import InputError
from traces.numbers.constants import HOUR_S


@dataclass(frozen=True)
class Transitions:
    """N transitions of one layout.

    obs: (R, D) float32, each episode's observations with its last one. at: (N,) row of each transition's
    observation; the next row is the next observation. action: (N,) int64. reward: (N,) float32, multiplied by
    REWARD_SCALE. hours: (N,) simulated hours to the next decision. terminal: (N,) float32, 1 where the
    episode ended by itself (not where it was cut). probability: (N,) of the action under the behaviour
    policy. to_go: (N,) return of the rest of the episode, discounted by gamma ** hours. sources: the
    datasets read, for a checkpoint's facts. notes: assumptions made in reading, a line each.
    """

    layout: Layout
    obs: Tensor
    at: Tensor
    action: Tensor
    reward: Tensor
    hours: Tensor
    terminal: Tensor
    probability: Tensor
    to_go: Tensor
    sources: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.at)

    def to(self, device: torch.device | str) -> Transitions:
        """A copy with its tensors on a device."""
        names = ("obs", "at", "action", "reward", "hours", "terminal", "probability", "to_go")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def read_transitions(
    folders: Sequence[str | Path], limit: int | None = None, gamma_per_hour: float = GAMMA_PER_HOUR
) -> Transitions:
    """The transitions in folders that `rare dataset` or Minari wrote.

    limit: number of transitions in all, from each folder in proportion to its size: its first episodes, the
    last one cut off. It makes datasets of different sizes comparable. InputError if a folder is no dataset,
    the layouts differ, or there are fewer.
    """
    if not folders:
        raise InputError("no dataset is named; give at least one folder")
    datasets = [load(folder) for folder in folders]
    _check_layouts(datasets)
    shares = _shares([sum(data.steps) for data in datasets], limit)
    rows = sum(share + len(data) for share, data in zip(shares, datasets, strict=True))
    width = datasets[0].layout.size
    check_memory(
        8 * rows * width, datasets[0].folder, f"{rows:,} observations", "use fewer with --transitions"
    )
    obs = torch.empty((rows, width), dtype=torch.float32)
    parts: list[dict[str, np.ndarray]] = []
    row = 0
    for data, share in zip(datasets, shares, strict=True):
        for episode in _first(data, share):
            steps = min(share, len(episode))
            obs[row : row + steps + 1] = torch.from_numpy(episode.observations[: steps + 1])
            parts.append({"at": np.arange(row, row + steps), **_numbers(episode, steps, gamma_per_hour)})
            row, share = row + steps + 1, share - steps
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    sources = tuple(_source(data, share) for data, share in zip(datasets, shares, strict=True))
    tensors = {name: torch.from_numpy(values) for name, values in whole.items()}
    return Transitions(
        layout=datasets[0].layout,
        obs=obs[:row],
        sources=sources,
        notes=tuple(note for data in datasets for note in data.notes),
        **tensors,
    )


def _first(data: Dataset, share: int) -> Iterator[LoggedEpisode]:
    """The first episodes, until they hold `share` transitions."""
    for episode in data:
        if share <= 0:
            return
        share -= len(episode)
        yield episode


def _numbers(episode: LoggedEpisode, steps: int, gamma_per_hour: float) -> dict[str, np.ndarray]:
    """The columns of the first `steps` transitions."""
    elapsed_s = np.diff(episode.time_s)
    reward = episode.rewards * REWARD_SCALE
    to_go = np.zeros(len(reward) + 1)
    discount = discounts(elapsed_s, gamma_per_hour).astype(np.float64)
    for step in range(len(reward) - 1, -1, -1):
        to_go[step] = reward[step] + discount[step] * to_go[step + 1]
    columns: dict[str, np.ndarray] = {
        "action": episode.actions.astype(np.int64),
        "reward": reward.astype(np.float32),
        "hours": (elapsed_s / HOUR_S).astype(np.float32),
        "terminal": episode.terminations.astype(np.float32),
        "probability": episode.probability.astype(np.float32),
        "to_go": to_go[:-1].astype(np.float32),
    }
    return {name: values[:steps] for name, values in columns.items()}


def _check_layouts(datasets: Sequence[Dataset]) -> None:
    first = datasets[0]
    for data in datasets:
        if data.layout != first.layout:
            raise InputError(
                f"{data.folder}: its observations have {_sizes(data.layout)}, those of {first.folder} "
                f"{_sizes(first.layout)}; give datasets of one layout"
            )


def _sizes(layout: Layout) -> str:
    return (
        f"{layout.queue_slots} queue slots, {layout.running_slots} running slots and "
        f"{layout.forecast_hours} forecast hours"
    )


def _shares(sizes: list[int], limit: int | None) -> list[int]:
    """Number of transitions of each folder, `limit` in all, in proportion to `sizes`."""
    total = sum(sizes)
    if limit is None:
        return sizes
    if not 1 <= limit <= total:
        raise InputError(f"--transitions {limit}: the data hold {total:,}; give a number from 1 to {total}")
    ends = [round(limit * int(end) / total) for end in np.cumsum(sizes)]
    return np.diff([0, *ends]).tolist()


def _source(data: Dataset, share: int) -> dict[str, Any]:
    sheet = data.sheet
    return {
        "folder": data.folder.name,
        "content_sha256": data.content_sha256(),
        "scenario": sheet.get("scenario"),
        "settings": sheet.get("settings") or [],
        "scenario_seed": sheet.get("scenario_seed") or 0,
        "schedulers": sheet.get("schedulers", []),
        "epsilon": sheet.get("epsilon", []),
        "transitions": share,
    }
