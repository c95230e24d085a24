"""Checks of the arrays of an episode: lengths, ranges, masks and ends.

A NaN in a reward, or an action that was not valid, would be learned from without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rare.dataset.checked.hdf5 import REMEDY
from rare.dataset.logged_episode import LoggedEpisode
from rare.env.observation.layout import Layout
from traces.errors import InputError

MOST_REWARD = 1e9  # far above any objective; its square is still a float32
MOST_S = 2**40  # 35,000 years
BLOCK_ROWS = 4096
_SLACK = 1e-6  # observations are float32


@dataclass(frozen=True)
class Place:
    """File and group of an episode, for error messages."""

    path: Path
    group: str

    def refuse(self, key: str, problem: str, remedy: str = REMEDY) -> InputError:
        """The error about an array of the episode."""
        return InputError(f"{self.path}: {self.group}/{key} {problem}; {remedy}")


def check_episode(episode: LoggedEpisode, layout: Layout, place: Place) -> None:
    """InputError for the first array with impossible observations, actions or rewards."""
    _check_lengths(episode, place)
    _check_numbers(episode, place)
    _check_ends(episode, place)
    _check_actions(episode.actions, layout, place)
    for first in range(0, len(episode.observations), BLOCK_ROWS):
        _check_block(episode, layout, place, slice(first, first + BLOCK_ROWS))
    steps = np.arange(len(episode))
    valid = episode.action_mask[steps, episode.actions]
    if not valid.all():
        step = int(np.argmin(valid))
        raise place.refuse("actions", f"holds {episode.actions[step]} at step {step}, which its mask forbids")


def _check_lengths(episode: LoggedEpisode, place: Place) -> None:
    steps = len(episode.rewards)
    expected = {
        "observations": steps + 1, "actions": steps, "terminations": steps, "truncations": steps,
        "infos/action_mask": steps + 1, "infos/probability": steps, "infos/time_s": steps + 1,
    }  # fmt: skip
    for key, rows in expected.items():
        length = len(getattr(episode, key.removeprefix("infos/")))
        if length != rows:
            raise place.refuse(key, f"has {length:,} rows, and {steps:,} rewards need {rows:,}")


def _check_numbers(episode: LoggedEpisode, place: Place) -> None:
    reward = episode.rewards
    _check_range(reward, -MOST_REWARD, MOST_REWARD, "rewards", place)
    if not np.isnan(episode.probability).all():  # unknown in datasets of others
        _check_range(episode.probability, 0.0, 1.0, "infos/probability", place)
        if (episode.probability == 0).any():
            step = int(np.argmin(episode.probability))
            raise place.refuse("infos/probability", f"is 0 at step {step}, and yet the action was taken")
    _check_range(episode.time_s, 0, MOST_S, "infos/time_s", place)
    back = np.diff(episode.time_s) < 0
    if back.any():
        raise place.refuse("infos/time_s", f"goes back after step {int(np.argmax(back))}")


def _check_range(values: np.ndarray, low: float, high: float, key: str, place: Place) -> None:
    inside = (values >= low) & (values <= high)  # false for NaN
    if not inside.all():
        step = int(np.argmin(inside))
        raise place.refuse(key, f"holds {values[step]} at step {step}, not a number from {low:g} to {high:g}")


def _check_ends(episode: LoggedEpisode, place: Place) -> None:
    for key in ("terminations", "truncations"):
        early = getattr(episode, key)[:-1]
        if early.any():
            raise place.refuse(key, f"ends the episode at step {int(np.argmax(early))}, before its last")


def _check_actions(actions: np.ndarray, layout: Layout, place: Place) -> None:
    inside = (actions >= 0) & (actions < layout.actions)
    if not inside.all():
        step = int(np.argmin(inside))
        raise place.refuse(
            "actions", f"holds {actions[step]} at step {step}, not one of 0 to {layout.actions - 1}"
        )


def _check_block(episode: LoggedEpisode, layout: Layout, place: Place, rows: slice) -> None:
    """InputError unless observations are in [-1, 1] and equal the action masks in their mask block."""
    obs, mask = episode.observations[rows], episode.action_mask[rows]
    inside = np.abs(obs) <= 1.0 + _SLACK  # false for NaN
    if not inside.all():
        row, column = np.argwhere(~inside)[0].tolist()
        raise place.refuse(
            "observations",
            f"holds {obs[row, column]} at step {rows.start + row}, number {column}, not one from -1 to 1",
        )
    bits = obs[:, layout.slices["mask"]]
    odd = (bits != 0.0) & (bits != 1.0)
    if odd.any():
        row, column = np.argwhere(odd)[0].tolist()
        raise place.refuse(
            "observations",
            f"holds {bits[row, column]} in its mask at step {rows.start + row}, action {column}, not 0 or 1",
        )
    differs = (bits == 1.0) != mask
    if differs.any():
        row, column = np.argwhere(differs)[0].tolist()
        raise place.refuse(
            "infos/action_mask",
            f"differs from the observation's mask at step {rows.start + row}, action {column}",
        )
