"""The state of an interrupted training run, whole or not there at all. Loading it runs no code.

Behind torch's bytes stands their sha256. torch checks neither sums nor what a state must hold, so a damaged
one would go on with other weights, from step 0, or with states of environments that point anywhere.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from traces.atomic import replacing
from traces.errors import InputError, one_line
from traces.json_file import check_regular

STATE = "state.pt"
REMEDY = "delete the folder and train again"
_MARK_BYTES = len("sha256:") + 64


def save_state(folder: Path, state: dict[str, Any]) -> None:
    """Replace the state of a run. Tensors, numbers, text, bytes, and lists and dicts of them."""
    memory = io.BytesIO()
    torch.save(state, memory)
    data = memory.getbuffer()
    with replacing(Path(folder) / STATE) as partial, partial.open("wb") as file:
        file.write(data)
        file.write(_mark(data))


def load_state(folder: Path) -> dict[str, Any] | None:
    """The state of a run, None if it has none yet. InputError if it cannot be read."""
    path = Path(folder) / STATE
    if not path.exists():
        return None
    check_regular(path, REMEDY)
    with restoring(folder):
        data = memoryview(path.read_bytes())
        body, mark = data[:-_MARK_BYTES], data[-_MARK_BYTES:]
        if mark != _mark(body):
            raise InputError(
                f"{path}: cannot be read (it is cut off, was changed, or is of an earlier version); {REMEDY}"
            )
        found: dict[str, Any] = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    if not isinstance(found, dict):
        raise InputError(f"{path}: cannot be read (it holds a {type(found).__name__}); {REMEDY}")
    return found


def _mark(data: memoryview | bytes) -> bytes:
    """What stands behind a state's bytes."""
    return b"sha256:" + hashlib.sha256(data).hexdigest().encode()


def same_form(saved: Any, fresh: dict[str, Any], what: str) -> dict[str, Any]:
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
    """Whatever fails inside is the fault of the saved state, and is said in one line."""
    path = Path(folder) / STATE
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # torch raises what its unpickler happens to meet
        said = one_line(error, 160) or type(error).__name__
        raise InputError(f"{path}: cannot be read ({said}); {REMEDY}") from None


def generator_state(generator: np.random.Generator) -> dict[str, Any]:
    """State of a NumPy generator (PCG64) as text and numbers that `load_state` accepts."""
    found: Any = generator.bit_generator.state
    return {
        "state": str(found["state"]["state"]),
        "inc": str(found["state"]["inc"]),
        "has_uint32": int(found["has_uint32"]),
        "uinteger": int(found["uinteger"]),
    }


def restore_generator(generator: np.random.Generator, saved: dict[str, Any]) -> None:
    """Put a generator (PCG64) where `generator_state` found it."""
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": int(saved["state"]), "inc": int(saved["inc"])},
        "has_uint32": saved["has_uint32"],
        "uinteger": saved["uinteger"],
    }
