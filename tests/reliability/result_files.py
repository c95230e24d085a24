"""What a command left on disk: whether each file is whole, and which of its contents repeat from run to run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

#: Keys of JSON files that hold when something was made.
TIME_OF_DAY = re.compile(r"(created|started|ended|finished|written)_utc$")
UNFINISHED = (".tmp", ".old", ".part")  # at the end of names of what is still being written


class Torn(AssertionError):
    """A file under its final name that cannot be read to its end."""


def files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder whose names, and those of their folders, do not say that they are unfinished."""
    for path in sorted(folder.rglob("*")):
        names = path.relative_to(folder).parts
        if path.is_file() and not any(name.startswith(".") or name.endswith(UNFINISHED) for name in names):
            yield path


def check_whole(folder: Path) -> int:
    """The number of files below a folder, each read to its end by what reads its kind. Torn if one is not."""
    count = 0
    for path in files_below(folder):
        try:
            _READERS.get(path.suffix, _nothing)(path)
        except Exception as error:
            raise Torn(f"{path}: {type(error).__name__}: {error}") from error
        count += 1
    return count


def contents(folder: Path) -> dict[str, bytes]:
    """(file and place in it) -> its bytes or their hash: JSON by its keys, CSV by its columns, others whole."""
    found: dict[str, bytes] = {}
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".json":
            for place, value in _leaves(json.loads(path.read_text("utf-8"))):
                found[f"{name} {place}"] = repr(value).encode()
        elif path.suffix == ".csv":
            rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
            header = rows[0] if rows else []
            for place, column in enumerate(header):
                cells = [row[place] if place < len(row) else "" for row in rows]
                found[f"{name} {place} {column}"] = "\n".join(cells).encode()
        else:
            found[name] = path.read_bytes()
    return found


def repeated(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> dict[str, bytes]:
    """What two undisturbed runs have in common, but for times of day, which agree within a second by chance."""
    return {
        name: data for name, data in one.items() if not TIME_OF_DAY.search(name) and other.get(name) == data
    }


def differences(promised: Mapping[str, bytes], found: Mapping[str, bytes]) -> list[str]:
    """Where `found` lacks or changes what is promised."""
    return [
        f"{name}: {'missing' if name not in found else 'differs'}"
        for name, data in promised.items()
        if found.get(name) != data
    ]


def digest(promised: Mapping[str, bytes]) -> str:
    """A hash over all that is promised."""
    whole = hashlib.sha256()
    for name in sorted(promised):
        whole.update(name.encode() + b"\0" + promised[name])
    return whole.hexdigest()


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}/{key}")
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{place}/{number}")
    else:
        yield place, value


# --- one reader a kind ------------------------------------------------------------------------------------


def _nothing(path: Path) -> None:
    path.read_bytes()


def _ends_a_line(path: Path) -> None:
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        raise ValueError("the last line has no end")


def _json(path: Path) -> None:
    json.loads(path.read_text("utf-8"))


def _json_lines(path: Path) -> None:
    _ends_a_line(path)
    for line in path.read_text("utf-8").splitlines():
        json.loads(line)


def _png(path: Path) -> None:
    if b"IEND" not in path.read_bytes()[-12:]:
        raise ValueError("the picture has no end")


def _markup(path: Path) -> None:
    if not path.read_text("utf-8").rstrip().endswith(("</html>", "</svg>")):
        raise ValueError("the page has no end")


def _parquet(path: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.read_table(path)


def _hdf5(path: Path) -> None:
    import h5py

    with h5py.File(path) as file:
        file.visititems(lambda name, item: item[()] if isinstance(item, h5py.Dataset) else None)


def _safetensors(path: Path) -> None:
    from safetensors.numpy import load_file

    load_file(path)


_READERS: dict[str, Callable[[Path], object]] = {
    ".json": _json, ".jsonl": _json_lines, ".csv": _ends_a_line, ".png": _png, ".svg": _markup,
    ".html": _markup, ".parquet": _parquet, ".hdf5": _hdf5, ".safetensors": _safetensors, ".toml": _ends_a_line,
}  # fmt: skip
