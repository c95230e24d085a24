"""The state of an interrupted training run, complete or absent. Loading it runs no code.

Behind torch's bytes stands their sha256. torch checks neither checksums nor what a state must hold, so a
damaged state would resume with other weights, from step 0, or with invalid states of environments.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import torch

from traces.errors import InputError, one_line
from traces.files.atomic import replacing
from traces.files.json_file import check_regular

STATE = "state.pt"
REMEDY = "delete the folder and train again"
_CHECKSUM_BYTES = len("sha256:") + 64


def save_state(folder: Path, state: Mapping[str, object]) -> None:
    """Replace the state of a run. Tensors, numbers, text, bytes, and lists and dicts of them."""
    memory = io.BytesIO()
    torch.save(state, memory)
    data = memory.getbuffer()
    with replacing(Path(folder) / STATE) as partial, partial.open("wb") as file:
        file.write(data)
        file.write(_checksum(data))


def load_state(folder: Path) -> dict[str, Any] | None:
    """The state of a run, None if it has none yet. InputError if it cannot be read."""
    path = Path(folder) / STATE
    if not path.exists():
        return None
    check_regular(path, REMEDY)
    with restoring(folder):
        data = memoryview(path.read_bytes())
        body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        if checksum != _checksum(body):
            raise InputError(
                f"{path}: cannot be read (it is cut off, was changed, or is of an earlier version); {REMEDY}"
            )
        state: object = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise InputError(f"{path}: cannot be read (it holds a {type(state).__name__}); {REMEDY}")
    return state


def _checksum(data: memoryview | bytes) -> bytes:
    """The sha256 that is written behind the bytes of a state."""
    return b"sha256:" + hashlib.sha256(data).hexdigest().encode()


def same_form(saved: object, fresh: Mapping[str, object], what: str) -> dict[str, Any]:
    """`saved`, if it has the keys of `fresh` and values of their types; else ValueError names the key."""
    if not isinstance(saved, dict):
        raise ValueError(f"{what} is no table")
    for name in {**fresh, **saved}:
        if name not in saved:
            raise ValueError(f"{what} lacks {name!r}")
        if name not in fresh:
            raise ValueError(f"{what} holds {name!r}, which is not known")
        wanted, got = type(fresh[name]), type(saved[name])
        if got is not wanted and (wanted, got) != (float, int):
            raise ValueError(f"{what}: {name!r} is a {got.__name__}, not a {wanted.__name__}")
    return saved


@contextmanager
def restoring(folder: Path) -> Iterator[None]:
    """Any exception inside is reported as an unreadable state of this folder, an InputError of one line."""
    path = Path(folder) / STATE
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # torch raises what its unpickler happens to meet
        reason = one_line(error, 160) or type(error).__name__
        raise InputError(f"{path}: cannot be read ({reason}); {REMEDY}") from None


class GeneratorState(TypedDict):
    """A PCG64 generator: its 128-bit integers as text, for torch stores 64 bits at most."""

    state: str
    inc: str
    has_uint32: int
    uinteger: int


def generator_state(generator: np.random.Generator) -> GeneratorState:
    """State of a NumPy generator (PCG64) as text and numbers that `load_state` accepts."""
    state = cast(dict[str, Any], generator.bit_generator.state)  # NumPy declares a mapping of anything
    return {
        "state": str(state["state"]["state"]),
        "inc": str(state["state"]["inc"]),
        "has_uint32": int(state["has_uint32"]),
        "uinteger": int(state["uinteger"]),
    }


def restore_generator(generator: np.random.Generator, saved: GeneratorState) -> None:
    """Set a generator (PCG64) to a state of `generator_state`."""
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": int(saved["state"]), "inc": int(saved["inc"])},
        "has_uint32": saved["has_uint32"],
        "uinteger": saved["uinteger"],
    }
