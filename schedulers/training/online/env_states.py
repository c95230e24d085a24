"""States of environments in a form that is loaded without running code: bytes as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def packed(value: Any) -> Any:
    """Bytes anywhere in lists, tuples and dicts as uint8 tensors: bytes would be stored as text."""
    if isinstance(value, bytes):
        return torch.from_numpy(np.frombuffer(value, np.uint8).copy())
    if isinstance(value, dict):
        return {key: packed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [packed(each) for each in value]
    return value


def unpacked(value: Any) -> Any:
    """What was packed; tuples come back as lists."""
    if isinstance(value, torch.Tensor):
        return value.numpy().tobytes()
    if isinstance(value, dict):
        return {key: unpacked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [unpacked(each) for each in value]
    return value


def random_state() -> list[torch.Tensor]:
    """torch's generators: of the CPU, and of every GPU in use."""
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])]


def restore_random(states: list[torch.Tensor]) -> None:
    """Put torch's generators where `random_state` found them."""
    torch.set_rng_state(states[0])
    if torch.cuda.is_available() and len(states) > 1:
        torch.cuda.set_rng_state_all(states[1:])
