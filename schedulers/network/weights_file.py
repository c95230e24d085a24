"""The weights of a checkpoint, read without torch: the file's header must say what checkpoint.json says.

A header is JSON that anybody can write. Nothing of the weights is read before every name, type, shape and
place in it is the one that the network's kind and width imply, so memory is bounded by these.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from rare.env.observation.layout import Layout
from schedulers.network.network_shapes import PLAIN_LAYOUT, weight_shapes
from traces.errors import InputError, one_line
from traces.files.json_file import MOST_BYTES, brief, check_regular, parsed_object

WEIGHTS = "weights.safetensors"
REMEDY = "copy the folder again"
_NUMBER_BYTES = 4  # float32
_LENGTH_BYTES = 8


def read_weights(folder: Path, width: int, kind: str, layout: Layout = PLAIN_LAYOUT) -> dict[str, np.ndarray]:
    """All weights of a network by name, float32. InputError if they are others, damaged, or not finite."""
    path = Path(folder) / WEIGHTS
    check_header(path, weight_shapes(width, kind, layout))
    try:
        weights: dict[str, np.ndarray] = load_file(path)
    except MemoryError:
        raise InputError(f"{path}: needs more memory than there is; train a narrower network") from None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({one_line(error)}); {REMEDY}") from None
    for name, values in weights.items():
        if not np.isfinite(values).all():
            raise InputError(f"{path}: {name} holds values that are not finite; train it again")
    return weights


def check_header(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """InputError unless a safetensors file claims to hold these tensors, and has their bytes."""
    tensors, begin = _header(path)
    tensors.pop("__metadata__", None)
    for name in sorted(shapes.keys() | tensors.keys()):
        if name not in tensors or name not in shapes:
            raise InputError(
                f"{path}: holds other weights than checkpoint.json describes ({name[:60]} is "
                f"{'missing' if name in shapes else 'not expected'}); {REMEDY}"
            )
        _check_tensor(path, name, tensors[name], shapes[name])
    spans = sorted(tuple(tensor["data_offsets"]) for tensor in tensors.values())
    ends = [0, *(end for _, end in spans)]
    if [first for first, _ in spans] != ends[:-1] or begin + ends[-1] != os.path.getsize(path):
        raise InputError(
            f"{path}: cannot be read (its header places the weights with gaps, overlaps or beyond the file); "
            f"{REMEDY}"
        )


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The header of a safetensors file, and where the numbers begin."""
    check_regular(path, REMEDY)
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if not 2 <= length <= min(MOST_BYTES, os.path.getsize(path) - _LENGTH_BYTES):
                raise InputError(
                    f"{path}: cannot be read (its header claims {length:,} bytes, and the file has "
                    f"{os.path.getsize(path):,}); {REMEDY}"
                )
            text = file.read(length).decode("utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read ({one_line(error)}); {REMEDY}") from None
    return parsed_object(text, f"{path}: its header", REMEDY), _LENGTH_BYTES + length


def _check_tensor(path: Path, name: str, tensor: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(tensor, dict):
        raise InputError(f"{path}: {name} is {brief(tensor)} in the header, not a tensor; {REMEDY}")
    if tensor.get("dtype") != "F32":
        raise InputError(f"{path}: {name} is of type {brief(tensor.get('dtype'))}, not F32; {REMEDY}")
    if tensor.get("shape") != list(shape) or any(isinstance(number, bool) for number in tensor["shape"]):
        raise InputError(
            f"{path}: holds other weights than checkpoint.json describes ({name} is "
            f"{_shape(tensor.get('shape'))}, not {shape}); {REMEDY}"
        )
    offsets = tensor.get("data_offsets")
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or any(isinstance(number, bool) or not isinstance(number, int) or number < 0 for number in offsets)
        or offsets[1] - offsets[0] != _NUMBER_BYTES * math.prod(shape)
    ):
        raise InputError(f"{path}: {name} does not have the bytes that its shape needs; {REMEDY}")


def _shape(value: Any) -> str:
    is_shape = isinstance(value, list) and len(value) <= 4 and all(isinstance(size, int) for size in value)
    return str(tuple(value))[:60] if is_shape else brief(value)
