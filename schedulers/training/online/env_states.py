"""States of environments in a form that is loaded without running code: bytes as tensors."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch

Packed: TypeAlias = "torch.Tensor | dict[str, Packed] | list[Packed] | float | str | None"


def packed(value: object) -> Packed:
    """A tree of lists, tuples and dicts with bytes as uint8 tensors, because torch stores bytes as text.

    Leaves are bytes, numbers, text and None; TypeError for others. Tuples become lists.
    """
    if isinstance(value, bytes):
        return torch.from_numpy(np.frombuffer(value, np.uint8).copy())
    if isinstance(value, dict):
        return {key: packed(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [packed(child) for child in value]
    if value is None or isinstance(value, int | float | str | torch.Tensor):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be packed")


def unpacked(value: Packed) -> object:
    """The tree that was given to `packed`, with lists for tuples."""
    if isinstance(value, torch.Tensor):
        return value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: unpacked(child) for key, child in value.items()}
    if isinstance(value, list):
        return [unpacked(child) for child in value]
    return value


def unpacked_state(value: Packed) -> dict[str, object]:
    """The state of environments that was packed. ValueError if it is no table of names."""
    if not isinstance(value, dict):
        raise ValueError("environments is no table")
    return {name: unpacked(child) for name, child in value.items()}


def random_state() -> list[torch.Tensor]:
    """torch's generators: of the CPU, and of every GPU in use."""
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])]


def restore_random(states: list[torch.Tensor]) -> None:
    """Set torch's generators to the states of `random_state`."""
    torch.set_rng_state(states[0])
    if torch.cuda.is_available() and len(states) > 1:
        torch.cuda.set_rng_state_all(states[1:])
