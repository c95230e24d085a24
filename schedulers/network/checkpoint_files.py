"""The files of a checkpoint, read without torch: what it is, and its hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rare.env.observation.layout import Layout
from schedulers.network.forward import HEADS, POLICY
from schedulers.network.weights_file import WEIGHTS
from traces.errors import InputError
from traces.files.documents import is_regular, read_bytes, user_path
from traces.files.json_file import brief, read_object

VERSION = 1
FACTS = "checkpoint.json"
KINDS = ("pointwise", "attention")
PICKLES = (".zip", ".d3", ".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt")
MOST_WIDTH, MOST_HEADS = 4096, 64
MOST_WEIGHTS_BYTES = 2**30


@dataclass(frozen=True)
class Description:
    """Content of checkpoint.json. network: kind, width and heads, the arguments of NetworkSize."""

    folder: Path
    layout: Layout
    network: dict[str, Any]
    facts: dict[str, Any]

    @property
    def head(self) -> str:
        """The head that selects actions: one of schedulers.network.forward.HEADS."""
        return head_of(self.facts)


def head_of(facts: Mapping[str, Any]) -> str:
    """The head that selects actions, from the facts of a checkpoint."""
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
    if not os.path.isdir(folder):  # also for names that no folder can have
        raise InputError(f"scheduler {name!r}: there is no folder {folder}; give a checkpoint folder")
    if not (folder / FACTS).is_file():
        inside = [inner for inner in ("best", "last") if (folder / inner / FACTS).is_file()]
        hint = f"give {folder / inside[0]}" if inside else "give the folder that `rare train` wrote"
        raise InputError(f"scheduler {name!r}: {folder} holds no {FACTS}; {hint}")
    return folder


def describe_checkpoint(folder: Path) -> Description:
    """Read checkpoint.json. InputError if there is none, or it is of another layout or version."""
    path = Path(folder) / FACTS
    described = read_object(path, f"a checkpoint is a folder with {FACTS} and {WEIGHTS}")
    version = described.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise InputError(
            f"{path}: is not a checkpoint of version {VERSION}; train it again with this version"
        )
    for key in ("layout", "network", "facts"):
        if not isinstance(described.get(key), dict):
            raise InputError(f"{path}: lacks {key!r}; copy the folder again")
    try:
        layout = Layout.from_json(json.dumps(described["layout"]), _layout_remedy(folder))
    except InputError as error:
        raise error.within(str(path)) from None
    except RecursionError as error:
        raise InputError(str(error), where=path) from None
    description = Description(Path(folder), layout, described["network"], described["facts"])
    _check_network(path, description)
    return description


def _layout_remedy(folder: Path) -> str:
    return (
        "train it again with this version of rare, or take it over with python -m "
        f"experiments.training.recipes.migrate_layout {folder}"
    )


def _check_network(path: Path, description: Description) -> None:
    network = description.network
    if set(network) != {"kind", "width", "heads"}:
        raise InputError(f"{path}: 'network' must have kind, width and heads; copy the folder again")
    kind, heads = network["kind"], network["heads"]
    if kind not in KINDS:
        raise InputError(f"{path}: network kind {brief(kind)} is unknown; known are {', '.join(KINDS)}")
    for key, most in (("width", MOST_WIDTH), ("heads", MOST_HEADS)):
        value = network[key]
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise InputError(f"{path}: network {key} must be from 1 to {most}, got {brief(value)}")
    if kind == "attention" and network["width"] % heads:
        raise InputError(
            f"{path}: network width must be a multiple of heads, got {network['width']} and {heads}"
        )
    if description.facts.get("head", POLICY) not in HEADS:
        raise InputError(
            f"{path}: head {brief(description.facts['head'])} is unknown; known are {', '.join(HEADS)}"
        )


def checkpoint_hash(folder: Path) -> str:
    """sha256 over both files, in hex. InputError if one cannot be read."""
    digest = hashlib.sha256()
    for name in (FACTS, WEIGHTS):
        data = read_bytes(Path(folder) / name, MOST_WEIGHTS_BYTES, "copy the folder again")
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()
