"""Atomic writing of files, and locks on folders that one process at a time writes.

A file is written beside its target under a hidden name and renamed when it is whole: whoever reads the
target sees the old content or the new. Functions raise OSError; callers say what the user can do about it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from traces.errors import InputError
from traces.files.json_file import read_object

LONGEST_STEM = 40
"""Characters of the target's name in the hidden one: file systems take 255 bytes, at most four each."""

_unfinished: set[tuple[int, str]] = set()
"""Process and name of each file that is being written, for a process that ends without exceptions."""


@contextmanager
def replacing(path: str | Path, *, sync: bool = False) -> Iterator[Path]:
    """A new empty file beside `path` for the block to fill; it takes the place of `path` at the end.

    If the block raises, the file is removed and `path` is as before. `sync`: wait until the disk has it.
    """
    target = Path(path)
    partial = partial_beside(target)
    entry = (os.getpid(), str(partial))
    _unfinished.add(entry)
    try:
        # 0o666: the system takes the umask off, as for any new file; mkstemp's 0o600 would hide it.
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        yield partial
        if sync:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    finally:
        _unfinished.discard(entry)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write or replace a file atomically."""
    with replacing(path) as partial:
        partial.write_bytes(data)


def write_text(path: str | Path, text: str, errors: str = "strict") -> None:
    """Write UTF-8 text atomically. errors: as of `str.encode`, for text that UTF-8 cannot hold."""
    write_bytes(path, text.encode("utf-8", errors))


def write_json(path: str | Path, value: object, indent: int | None = 1) -> None:
    """Write a value as JSON and a newline, atomically."""
    write_text(path, json.dumps(value, indent=indent) + "\n")


def machine_mark() -> str:
    """A few letters for this machine: on a shared disk, another one's process numbers mean nothing here."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:6]


def is_alive(process: int) -> bool:
    """Whether there is a process of this number, whoever's it is."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def partial_beside(target: Path) -> Path:
    """A new hidden name beside a file, which says which process of which machine is writing it."""
    owner = f"{machine_mark()}-{os.getpid()}-{os.urandom(4).hex()}"
    return target.with_name(f".{target.name[:LONGEST_STEM]}.{owner}.part")


def remove_killed(target: Path) -> None:
    """Remove what processes of this machine left beside `target` that were killed while they wrote it."""
    stem = re.escape(f".{target.name[:LONGEST_STEM]}.{machine_mark()}-")
    pattern = re.compile(stem + r"(\d{1,9})-[0-9a-f]{8}\.part")
    with suppress(OSError):  # no such folder, or one that cannot be read
        for path in list(target.parent.iterdir()):
            match = pattern.fullmatch(path.name)
            if match and not is_alive(int(match[1])):
                path.unlink(missing_ok=True)


def is_partial(name: str) -> bool:
    """Whether a file's name is that of an unfinished write."""
    return name.startswith(".") and name.endswith(".part")


def remove_partial(folder: Path) -> None:
    """Remove unfinished files of killed processes. The caller must hold the folder's lock."""
    for path in folder.iterdir():
        if is_partial(path.name):
            path.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Remove the files this process is writing; for signal handlers that end it without exceptions."""
    for process, name in list(_unfinished):
        if process == os.getpid():
            with suppress(OSError):
                os.unlink(name)


# --- folders --------------------------------------------------------------------------------------------


@contextmanager
def folder_lock(folder: Path, label: str, writer: str) -> Iterator[None]:
    """Hold a folder for this process. The lock falls with the process, so none is ever stale.

    label: what messages call the folder. writer: what the holder would be, such as "another run is writing".
    InputError if another process holds it; OSError if the file system has no locks.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(os.fstat(descriptor))
            raise InputError(f"{label}: {writer} this folder{holder}; wait for it") from None
        yield
    finally:
        os.close(descriptor)


def _holder(folder: os.stat_result) -> str:
    """Which process holds a folder, as words; empty where the system does not say (Linux does)."""
    device = f"{os.major(folder.st_dev):02x}:{os.minor(folder.st_dev):02x}:{folder.st_ino}"
    with suppress(OSError, ValueError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            fields = line.split()
            if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == device and int(fields[4]) > 0:
                return f" (process {fields[4]})"
    return ""


class ConfigDifference(NamedTuple):
    """The first key in which the recorded and the requested configuration differ; values as JSON."""

    key: str
    recorded: str
    requested: str


def record_config(path: Path, config: Mapping[str, object], remedy: str) -> ConfigDifference | None:
    """Write `config` to `path`; if the file exists, return its first difference from `config`, else None.

    InputError, which ends in `remedy`, where the existing file cannot be read.
    """
    requested: dict[str, object] = json.loads(json.dumps(config))
    if not path.exists():
        write_json(path, requested)
        return None
    recorded = read_object(path, remedy)
    for key in {**requested, **recorded}:
        if requested.get(key) != recorded.get(key):
            return ConfigDifference(key, _short(recorded.get(key)), _short(requested.get(key)))
    return None


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
