"""The folder of a training run: its configuration, and a lock against other processes."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from traces.errors import InputError
from traces.files import documents
from traces.files.atomic import folder_lock, is_partial, record_config, remove_partial
from traces.files.documents import user_path

CONFIG, SUMMARY = "config.json", "summary.json"
NEEDED = ("torch", "d3rlpy", "stable_baselines3", "sb3_contrib", "h5py", "safetensors", "tensorboard")
GPU_FROM = 512 * 1024
"""Width times batch from which `--device auto` uses a GPU: estimated, not measured (docs/guides/training.md)."""
_LIBRARIES = ("torch", "d3rlpy", "stable-baselines3", "sb3-contrib", "safetensors", "numpy", "numba")


class ValidatedProgress(Protocol):
    """The progress of a training run.

    last, best: mean objective of the last validation, and the best so far.
    """

    last: float
    best: float


def missing() -> list[str]:
    """Names of the packages of the extra `learn` that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def check_extra() -> None:
    """InputError if a package of the extra `learn` is not installed."""
    for name in missing():
        raise InputError(f"{name} is needed to learn; install the extra: rare-datacenter[learn]")
    with suppress(ImportError):  # gym prints a banner on import unless this is empty
        import gym_notices.notices

        gym_notices.notices.notices.clear()


def versions() -> dict[str, str]:
    """Versions of rare and of the libraries that affect the result of a training run."""
    import rare

    installed = {"rare": rare.__version__}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            installed[name] = importlib.metadata.version(name)
    return installed


def objectives_text(progress: ValidatedProgress) -> str:
    """The text about objectives in the progress bar; before the first validation there is no best."""
    if not math.isfinite(progress.best):
        return "not validated yet"
    return f"objective {progress.last:.4f}, best {progress.best:.4f}"


def judge_text(scenarios: str, settings: Sequence[str], out: str | Path) -> str:
    """What the objectives of a finished run are of, and the command that judges its best checkpoint.

    scenarios : joined by commas, of which the command has the first
    """
    words = ["rare", "evaluate", "--scenario", scenarios.split(",")[0].strip()]
    words += [word for setting in settings for word in ("--set", setting)]
    words += ["--windows", "test", "--scheduler", f"easy,{Path(out) / 'best'}"]
    return (
        "Objectives are of the validation windows, on which the checkpoint was chosen. Judge it on others: "
        f"{shlex.join(words)}"
    )


def device_for(device: str, width: int, batch: int) -> str:
    """The device for training, "cpu" or "cuda". InputError for an unknown or unavailable one."""
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() and width * batch >= GPU_FROM else "cpu"
    if device not in ("cpu", "cuda"):
        raise InputError(f"--device {device!r} is unknown; known are auto, cpu, cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no GPU here; give --device cpu")
    return device


@contextmanager
def opened(out: str | Path, config: dict[str, Any], resume: bool) -> Iterator[Path]:
    """The folder of a run, locked. config.json is written in a new one and compared in an existing one.

    InputError if the folder has other files, a run and `resume` is not given, a run of another configuration,
    or if another process is writing it.
    """
    folder = user_path(out)
    if os.path.exists(folder) and not folder.is_dir():
        raise InputError(f"--out {out}: is a file, not a folder; choose another name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another place") from None
    with ExitStack() as lock:
        try:
            lock.enter_context(folder_lock(folder, f"--out {out}", "another run is writing"))
        except OSError as error:
            raise InputError(
                f"--out {out}: cannot be locked ({error.strerror}); choose another place"
            ) from None
        _claim(folder, out, config, resume)
        remove_partial(folder)
        yield folder


def _claim(folder: Path, out: str | Path, config: dict[str, Any], resume: bool) -> None:
    """Write the configuration into a new folder, or compare it with the recorded one. InputError."""
    path = folder / CONFIG
    if not path.exists():
        foreign = [entry.name for entry in sorted(folder.iterdir()) if not is_partial(entry.name)]
        if foreign:
            raise InputError(f"--out {out}: holds {foreign[0]!r} and no training run; choose another folder")
    elif not resume:
        raise InputError(f"--out {out}: holds a training run; give --resume to go on, or another folder")
    difference = record_config(path, config, "delete the folder and train again")
    if difference is not None:
        key, recorded, requested = difference
        raise InputError(
            f"--resume: {folder} was begun with another {key} ({recorded}, not {requested}); give the same "
            "options, or another folder"
        )


def read_json(path: Path) -> Any:
    """The content of a JSON file of a training run. InputError if it cannot be read."""
    return documents.read_json(path, remedy="name the folder of a training run")
