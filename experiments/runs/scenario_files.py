"""The files that a scenario names, and their contents as hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from experiments.runs.provenance import file_hash
from rare.scenario.load import Loaded
from traces.files.documents import is_regular

LONGEST_PATH = 1000


def input_files(loaded: Loaded) -> list[Path]:
    """The existing files named in the scenario: workload, mapping, supply, prices, windows."""
    paths = {loaded.path(text) for text in _texts(loaded.scenario.model_dump())}
    return sorted(
        path for path in paths if is_regular(path)
    )  # is_regular also takes texts too long for a file name


def input_hashes(loaded: Loaded) -> dict[str, str]:
    """sha256 of each of these files, by path. A file is read again only if its size or time has changed."""
    return {str(path): _hash(path, *_stamp(path)) for path in input_files(loaded)}


def content_hash(loaded: Loaded) -> str:
    """sha256 of a scenario with each file by its content: the same wherever files and package lie."""
    hashes = input_hashes(loaded)

    def by_content(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: by_content(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [by_content(entry) for entry in value]
        if isinstance(value, str) and 0 < len(value) < LONGEST_PATH:
            return hashes.get(str(loaded.path(value)), value)
        return value

    text = json.dumps(by_content(loaded.scenario.model_dump()), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


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
    elif isinstance(value, str) and 0 < len(value) < LONGEST_PATH:
        yield value
