"""Arrays that take long to compute, kept on disk for the next process: power of plants, and forecasts.

A plant's year takes a second of a command's start, most of it imports of pvlib and SciPy, and comes out the
same each time. Each array lies in a file of its own, named after a hash of all that it depends on: what the
caller names, the sources and tables of `traces`, `energy` and `rare.scenario`, the versions of the libraries
that compute, and the processor, for NumPy rounds sines differently from one to another. A file with a wrong
checksum counts as absent.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import llvmlite.binding  # type: ignore[import-untyped]
import numpy as np

from rare.state.cache_place import Unsafe, check_private
from rare.state.compile import cache_folder
from traces.files.atomic import write_bytes

MOST_FILES = 256
MOST_BYTES = 4 * 2**20
"""Of one array; a year of minutes is twice as large, and reading it would be no start in a moment."""
FROM_ONE_PROCESS = 8
"""Arrays that one process keeps: who builds many cases has imports behind him, and would fill the disk."""
_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("traces", "energy", "rare/scenario")
_SUFFIXES = (".py", ".toml", ".csv")
_LIBRARIES = ("numpy", "scipy", "pandas", "pvlib", "windpowerlib")
_CHECKSUM = hashlib.sha256().digest_size
_written: set[str] = set()


def find(key: Sequence[str | bytes]) -> np.ndarray | None:
    """The array kept under this key, or None."""
    folder = _folder()
    if folder is None:
        return None
    path = folder / _name(key)
    try:
        content = path.read_bytes()
        checksum, data = content[:_CHECKSUM], content[_CHECKSUM:]
        if hashlib.sha256(data).digest() != checksum:
            return None
        with suppress(OSError):
            os.utime(path)  # the oldest are forgotten first
        return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (OSError, ValueError):
        return None


def keep(key: Sequence[str | bytes], array: np.ndarray) -> None:
    """Keep an array under this key, if there is a folder for it; a full disk is no error."""
    folder, name = _folder(), _name(key)
    if folder is None or array.nbytes > MOST_BYTES or len(_written | {name}) > FROM_ONE_PROCESS:
        return
    _written.add(name)
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    data = file.getvalue()
    with suppress(OSError):
        write_bytes(folder / name, hashlib.sha256(data).digest() + data)
        _forget_oldest(folder)


def _name(key: Sequence[str | bytes]) -> str:
    digest = hashlib.sha256(_origin())
    for part in key:
        data = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(data)} ".encode() + data)  # its length, so that no two keys run together alike
    return f"{digest.hexdigest()[:40]}.array"


@cache
def _folder() -> Path | None:
    """The folder beside the compiled code, which is this user's alone; None where that has none."""
    compiled = cache_folder()
    if compiled is None:
        return None
    folder = compiled.parent / "arrays"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        check_private(folder)
    except (Unsafe, OSError):
        return None
    return folder


@cache
def _origin() -> bytes:
    """Hash of the code, the libraries and the processor that the arrays come from."""
    digest = hashlib.sha256(f"1 {llvmlite.binding.get_host_cpu_name()}".encode())
    for library in _LIBRARIES:
        digest.update(f"{library} {importlib.metadata.version(library)}\n".encode())
    paths = [
        os.path.join(folder, name)
        for package in _SOURCES
        for folder, _, names in os.walk(_ROOT / package)
        for name in names
        if name.endswith(_SUFFIXES)
    ]
    for path in sorted(paths):
        with open(path, "rb") as file:
            content = file.read()
        digest.update(f"{os.path.relpath(path, _ROOT)} {len(content)}\n".encode() + content)
    return digest.digest()


def _forget_oldest(folder: Path) -> None:
    """Remove the files that nobody has read for longest, beyond MOST_FILES."""
    files = []
    for path in folder.glob("*.array"):
        with suppress(OSError):  # another process was quicker
            files.append((path.stat().st_mtime, path))
    for _, path in sorted(files)[:-MOST_FILES]:
        with suppress(OSError):
            path.unlink()
