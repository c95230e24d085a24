"""Short names for schedulers that are files: what tables and figures call a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Of schedulers.network.checkpoint_files, which is not imported: tables of finished runs need no simulator.
FILES = ("checkpoint.json", "weights.safetensors")
LEAST_PARTS = 2  # last folders that are shown, such as crr/best


def short_labels(names: Sequence[str]) -> list[str]:
    """Each name, of a checkpoint's path only the last folders: as many as tell the names apart.

    >>> short_labels(["easy", "runs/a/crr/best", "runs/b/crr/best"])
    ['easy', 'a/crr/best', 'b/crr/best']
    """
    return [_shortest(name, [other for other in names if other != name]) for name in names]


def short_label(name: str) -> str:
    """The short name of a scheduler that stands alone."""
    return short_labels([name])[0]


def unique_labels(names: Sequence[str], declared: Sequence[str | None]) -> list[str]:
    """The short name of each, or what it calls itself where nobody else has that name.

    declared: `name` of a class of the user's, None for any other scheduler.
    """
    labels = [
        declared_name or short for declared_name, short in zip(declared, short_labels(names), strict=True)
    ]
    return [
        f"{label} ({name})" if declared_name and labels.count(label) > 1 else label
        for name, declared_name, label in zip(names, declared, labels, strict=True)
    ]


def result_labels(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Labels of results as `rare simulate --json` gives them."""
    names = [text_or(result.get("scheduler"), "(unnamed)") for result in results]
    return unique_labels(names, [text_or(result.get("label"), "") or None for result in results])


def text_or(value: Any, other: str) -> str:
    """A text that is not empty, or the other."""
    return value if isinstance(value, str) and value else other


def _parts(name: str) -> list[str] | None:
    """The folders of a checkpoint's path; None for any other name."""
    if "/" not in name or ".py:" in name or "://" in name:
        return None
    parts = [part for part in name.split("/") if part not in ("", ".")]
    while len(parts) > LEAST_PARTS and parts[0] == "..":
        parts = parts[1:]
    if ".." in parts[1:]:  # its last folders would name another place
        return None
    return parts[:-1] if len(parts) > 1 and parts[-1] in FILES else parts


def _shortest(name: str, others: Sequence[str]) -> str:
    parts = _parts(name)
    if parts is None:
        return name
    paths = [path for path in map(_parts, others) if path is not None and path != parts]
    for count in range(LEAST_PARTS, len(parts)):
        if all(path[-count:] != parts[-count:] for path in paths):
            return "/".join(parts[-count:])
    return "/".join(parts)
