"""The files that a scenario names, and their contents as hashes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.runs.provenance import file_hash
from rare.scenario.load import Loaded
from traces.files.documents import is_regular


def input_files(loaded: Loaded) -> list[Path]:
    """The existing files named in the scenario: workload, mapping, supply, prices, windows."""
    paths = {loaded.path(text) for text in _texts(loaded.scenario.model_dump())}
    return sorted(
        path for path in paths if is_regular(path)
    )  # is_regular also takes texts too long for a file name


def input_hashes(loaded: Loaded) -> dict[str, str]:
    """sha256 of each of these files, by path. A file is read again only if its size or time has changed."""
    return {str(path): _hash(path, *_stamp(path)) for path in input_files(loaded)}


def _stamp(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


@lru_cache(maxsize=4096)
def _hash(path: Path, size: int, changed_ns: int) -> str:
    return file_hash(path)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and 0 < len(value) < 1000:
        yield value
