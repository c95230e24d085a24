"""The files of a checkpoint, read without torch: what it is, its weights, its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load

from rare.layout import Layout
from schedulers.forward import HEADS, POLICY
from traces.documents import is_regular, read_bytes, read_json, user_path
from traces.errors import InputError

VERSION = 1
WEIGHTS, FACTS = "weights.safetensors", "checkpoint.json"
PICKLES = (".zip", ".d3", ".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt")
MOST_WIDTH = 4096
MOST_FACTS_BYTES, MOST_WEIGHTS_BYTES = 2**20, 2**30


@dataclass(frozen=True)
class Description:
    """What checkpoint.json says. network: kind, width and heads, as NetworkSize takes them."""

    folder: Path
    layout: Layout
    network: dict[str, Any]
    facts: dict[str, Any]

    @property
    def head(self) -> str:
        """How it chooses: one of schedulers.forward.HEADS."""
        return head_of(self.facts)


def head_of(facts: Mapping[str, Any]) -> str:
    """How a network chooses, by the facts of its checkpoint."""
    return str(facts.get("head", POLICY))


def is_checkpoint_name(name: str) -> bool:
    """Whether a scheduler's name means a file or folder rather than a scheduler that is known by name."""
    return (
        "/" in name
        or Path(name).name in (WEIGHTS, FACTS)
        or name.endswith((".safetensors", *PICKLES))
        or is_regular(Path(name) / FACTS)
    )


def find_folder(name: str) -> Path:
    """The checkpoint folder that a name means: the folder itself, or one of its two files. InputError."""
    path = user_path(name)
    if path.suffix in PICKLES:
        raise InputError(
            f"scheduler {name!r}: a {path.suffix} file runs code when it is loaded, so it is not read; give "
            f"a checkpoint folder ({WEIGHTS} and {FACTS}), which `rare train` writes"
        )
    folder = path.parent if path.name in (WEIGHTS, FACTS) else path
    if not folder.is_dir():
        raise InputError(f"scheduler {name!r}: there is no folder {folder}; give a checkpoint folder")
    if not (folder / FACTS).is_file():
        inside = [each for each in ("best", "last") if (folder / each / FACTS).is_file()]
        hint = f"give {folder / inside[0]}" if inside else "give the folder that `rare train` wrote"
        raise InputError(f"scheduler {name!r}: {folder} holds no {FACTS}; {hint}")
    return folder


def describe_checkpoint(folder: Path) -> Description:
    """Read checkpoint.json. InputError if there is none, or it is of another layout or version."""
    path = Path(folder) / FACTS
    described = read_json(path, MOST_FACTS_BYTES, f"a checkpoint is a folder with {FACTS} and {WEIGHTS}")
    if not isinstance(described, dict) or described.get("version") != VERSION:
        raise InputError(
            f"{path}: is not a checkpoint of version {VERSION}; train it again with this version"
        )
    for key in ("layout", "network", "facts"):
        if not isinstance(described.get(key), dict):
            raise InputError(f"{path}: lacks {key!r}; copy the folder again")
    try:
        layout = Layout.from_json(json.dumps(described["layout"]))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    found = Description(Path(folder), layout, described["network"], described["facts"])
    _check_network(path, found)
    return found


def _check_network(path: Path, found: Description) -> None:
    width, kind = found.network.get("width"), found.network.get("kind")
    if set(found.network) != {"kind", "width", "heads"} or not isinstance(kind, str):
        raise InputError(f"{path}: 'network' must have kind, width and heads; copy the folder again")
    if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= MOST_WIDTH:
        raise InputError(f"{path}: network width must be from 1 to {MOST_WIDTH}, got {width!r}")
    if found.head not in HEADS:
        raise InputError(f"{path}: head {found.head!r} is unknown; known are {', '.join(HEADS)}")


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """All weights by name. InputError if they cannot be read or are not finite numbers."""
    path = Path(folder) / WEIGHTS
    data = read_bytes(path, MOST_WEIGHTS_BYTES, "copy the folder again")
    try:
        weights: dict[str, np.ndarray] = load(data)
    except Exception as error:  # safetensors raises what its header makes NumPy meet
        raise InputError(f"{path}: cannot be read ({one_line(error)}); copy the folder again") from None
    for name, values in weights.items():
        if not np.isfinite(values).all():
            raise InputError(f"{path}: {name} holds values that are not finite; train it again")
    return weights


def checkpoint_hash(folder: Path) -> str:
    """sha256 over both files, in hex. InputError if one cannot be read."""
    digest = hashlib.sha256()
    for name in (FACTS, WEIGHTS):
        data = read_bytes(Path(folder) / name, MOST_WEIGHTS_BYTES, "copy the folder again")
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def one_line(error: BaseException) -> str:
    """What an error says, fit for one line."""
    return " ".join(str(error).split())[:200]
