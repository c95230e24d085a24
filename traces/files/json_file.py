"""Objects in JSON files and headers, and messages about other values there."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from traces.errors import InputError, one_line
from traces.files.documents import JSON_BYTES, parse_json, read_json
from traces.files.text import place

MOST_BYTES = JSON_BYTES


def check_regular(path: Path, remedy: str, most_bytes: int | None = None) -> None:
    """InputError unless it is a regular file (a pipe would wait for ever), of at most so many bytes."""
    try:
        info = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", where=place(path), remedy=remedy) from None
    if not stat.S_ISREG(info.st_mode):
        raise InputError("is not a regular file", where=place(path), remedy=remedy)
    if most_bytes is not None and info.st_size > most_bytes:
        raise InputError(
            f"has {info.st_size:,} bytes, more than the {most_bytes:,} that such a file may have",
            where=place(path),
            remedy=remedy,
        )


def read_object(path: Path, remedy: str) -> dict[str, Any]:
    """The object in a JSON file of at most 16 MiB. InputError, which ends in `remedy`, for anything else."""
    check_regular(path, remedy, MOST_BYTES)
    return _object(read_json(path, MOST_BYTES, remedy), place(path), remedy)


def parsed_object(text: str | bytes, where: str, remedy: str) -> dict[str, Any]:
    """The object that a JSON text describes. InputError for another value, and for deep nesting."""
    try:
        value = parse_json(text if isinstance(text, str) else text.decode("utf-8"))
    except ValueError as error:
        raise InputError(f"cannot be read ({one_line(error)})", where=where, remedy=remedy) from None
    except MemoryError:
        raise InputError("needs more memory than there is", where=where, remedy=remedy) from None
    return _object(value, where, remedy)


def _object(value: object, where: str, remedy: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"holds {brief(value)}, not an object with keys", where=where, remedy=remedy)
    return value


def brief(value: object) -> str:
    """A value for a message, cut to a few words."""
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, int) and not -(10**30) < value < 10**30:
        return "a number of more than 30 digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
