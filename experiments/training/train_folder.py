"""The folder of a training run: whose it is, what was asked for, and that only one process writes it."""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from traces import documents
from traces.documents import user_path
from traces.errors import InputError

CONFIG, SUMMARY = "config.json", "summary.json"
NEEDED = ("torch", "d3rlpy", "stable_baselines3", "sb3_contrib", "h5py", "safetensors", "tensorboard")
GPU_FROM = 512 * 1024
"""Width times batch from which `--device auto` takes a GPU: a guess, not measured (docs/training.md)."""
_LIBRARIES = ("torch", "d3rlpy", "stable-baselines3", "sb3-contrib", "safetensors", "numpy", "numba")


class ValidatedProgress(Protocol):
    """Where a training run is: mean objective of the last validation, and the best so far."""

    last: float
    best: float


def missing() -> list[str]:
    """What learning needs and is not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def check_extra() -> None:
    """InputError if what learning needs is not installed."""
    for name in missing():
        raise InputError(f"{name} is needed to learn; install the extra: rare-datacenter[learn]")
    with suppress(ImportError):  # gym prints a banner when others import it, unless this is empty
        import gym_notices.notices

        gym_notices.notices.notices.clear()


def versions() -> dict[str, str]:
    """Of the libraries that decide what a training run gives."""
    import rare

    installed = {"rare": rare.__version__}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            installed[name] = importlib.metadata.version(name)
    return installed


def objectives_text(progress: ValidatedProgress) -> str:
    """The objectives that a progress bar shows."""
    return f"objective {progress.last:.4f}, best {progress.best:.4f}"


def device_for(wanted: str, width: int, batch: int) -> str:
    """The device to train on. InputError for one that is not there."""
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() and width * batch >= GPU_FROM else "cpu"
    if wanted not in ("cpu", "cuda"):
        raise InputError(f"--device {wanted!r} is unknown; known are auto, cpu, cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no GPU here; give --device cpu")
    return wanted


@contextmanager
def opened(out: str | Path, config: dict[str, Any], resume: bool) -> Iterator[Path]:
    """The run's folder, locked against others; config.json is written or compared with what is there.

    InputError if the folder holds something else, a run and `resume` is not given, a run of another
    configuration, or if another process is writing it.
    """
    folder = user_path(out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out {out}: is a file, not a folder; choose another name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another place") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # falls with the process
        except BlockingIOError:
            raise InputError(f"--out {out}: another run is writing this folder; wait for it") from None
        _own(folder, out, config, resume)
        yield folder
    finally:
        os.close(lock)


def _own(folder: Path, out: str | Path, config: dict[str, Any], resume: bool) -> None:
    path = folder / CONFIG
    config = json.loads(json.dumps(config))
    if not path.exists():
        foreign = [each.name for each in sorted(folder.iterdir()) if each.name != CONFIG + ".part"]
        if foreign:
            raise InputError(f"--out {out}: holds {foreign[0]!r} and no training run; choose another folder")
        write_json(path, config)
        return
    earlier = documents.read_json(path, remedy="delete the folder and train again")
    if not isinstance(earlier, dict):
        raise InputError(f"{path}: is no configuration; delete the folder and train again")
    if not resume:
        raise InputError(f"--out {out}: holds a training run; give --resume to go on, or another folder")
    for key in {**config, **earlier}:
        if config.get(key) != earlier.get(key):
            raise InputError(
                f"--resume: {folder} was begun with another {key} ({_short(earlier.get(key))}, not "
                f"{_short(config.get(key))}); give the same options, or another folder"
            )


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file at once."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    part.replace(path)


def read_json(path: Path) -> Any:
    """What a JSON file holds. InputError if it cannot be read."""
    return documents.read_json(path, remedy="name the folder of a training run")


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
