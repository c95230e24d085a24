"""Values in the JSON of Slurm's commands, whose shape differs from version to version.

Slurm 22.05 (OpenAPI v0.0.38) writes plain numbers and null; later versions write `{"set": true, "infinite":
false, "number": 5}`, and lists of states where there was one word. Each function here takes both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from traces.errors import InputError, quoted
from traces.files.documents import parse_json
from traces.files.json_file import brief

MOST_BYTES = 128 * 2**20
LARGEST = 10**12
LONGEST_TEXT = 1000
_UNITS = {"": 1, "K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2, "P": 1024**3}
_AMOUNT = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([KMGTP]?)")
_NO_VALUE = (2**32 - 2, 2**64 - 2)
_INFINITE = (2**32 - 1, 2**64 - 1)


def slurm_object(text: bytes | str, command: str) -> dict[str, Any]:
    """The object that a command of Slurm printed. InputError for anything else.

    command: what printed it, for messages.
    """
    remedy = f"give what `{command}` prints"
    if len(text) > MOST_BYTES:
        raise InputError(
            f"has {len(text):,} bytes, more than the {MOST_BYTES:,} that are read",
            where=command,
            remedy=remedy,
        )
    try:
        value = parse_json(text if isinstance(text, str) else text.decode("utf-8"))
    except (ValueError, RecursionError, MemoryError) as error:
        reason = "nested too deeply or too large" if not isinstance(error, ValueError) else _first_line(error)
        raise InputError(f"cannot be read ({reason})", where=command, remedy=remedy) from None
    if not isinstance(value, dict):
        raise InputError(f"holds {brief(value)}, not an object with keys", where=command, remedy=remedy)
    errors = value.get("errors")
    if isinstance(errors, list) and errors:
        raise InputError(f"Slurm reports an error: {quoted(errors[0], 120)}", where=command)
    return value


def rows_of(
    value: Mapping[str, Any], keys: tuple[str, ...], command: str
) -> tuple[str, list[dict[str, Any]]]:
    """The first of these keys that is there, and its objects. InputError where none is, or not a list."""
    for key in keys:
        if key in value:
            rows = value[key]
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise InputError(f"key {key!r} holds {brief(rows)}, not a list of objects", where=command)
            return key, rows
    raise InputError(
        f"has none of the keys {', '.join(keys)}", where=command, remedy=f"give what `{command}` prints"
    )


def number(row: Mapping[str, Any], key: str, where: str, *, least: int = 0) -> int | None:
    """A whole number; None where it is missing, null, unset or infinite. InputError out of range.

    least: the smallest number allowed.
    """
    value = row.get(key)
    if isinstance(value, dict):
        if value.get("infinite") or value.get("set") is False:
            return None
        value = value.get("number")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InputError(f"{key} is {quoted(value)}, not a number", where=where)
    if value in _NO_VALUE or value in _INFINITE:
        return None
    if not least <= value <= LARGEST:
        raise InputError(f"{key} is {quoted(value)}; expected {least} to {LARGEST}", where=where)
    return int(value)


def words(row: Mapping[str, Any], key: str, where: str) -> list[str]:
    """A word or a list of words, in capitals; none where it is missing. InputError for other values."""
    value = row.get(key)
    if value is None:
        return []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise InputError(f"{key} is {quoted(value)}, not words", where=where)
    return [word.upper() for word in listed]


def text(row: Mapping[str, Any], key: str, where: str) -> str:
    """A text; empty where it is missing. InputError for other values and long ones."""
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{key} is {quoted(value)}, not a text", where=where)
    if len(value) > LONGEST_TEXT:
        raise InputError(f"{key} has {len(value)} characters, more than {LONGEST_TEXT}", where=where)
    return value


def resources(written: str, where: str) -> dict[str, str]:
    """The parts of a list of resources such as `cpu=2,mem=4000M,gres/gpu:a100=1`; empty for an empty one."""
    parts = {}
    for part in filter(None, written.split(",")):
        name, given, amount = part.partition("=")
        if not given:
            raise InputError(f"resource {quoted(part)} has no amount", where=where)
        parts[name] = amount
    return parts


def amount(written: str, where: str) -> float:
    """An amount such as `2`, `4000M` or `1.50G`, in the unit of `M` where it has a suffix. InputError."""
    match = _AMOUNT.fullmatch(written)
    if match is None:
        raise InputError(f"amount {quoted(written)} is no number with K, M, G, T or P", where=where)
    return float(match[1]) * _UNITS[match[2]]


def gpus_in(parts: Mapping[str, str], where: str) -> int:
    """GPUs in a list of resources: the sum over types, or the total where only that is given."""
    total = parts.get("gres/gpu")
    if total is not None:
        return int(amount(total, where))
    return sum(int(amount(parts[name], where)) for name in parts if name.startswith("gres/gpu:"))


def gpus_of_gres(written: str) -> int:
    """GPUs in a node's generic resources, such as `gpu:a100:4(S:0-1),nvme:1`; 0 where none is readable."""
    return sum(int(count) for count in re.findall(r"(?:^|,)gpu(?::[^:,()]+)?:(\d{1,6})(?=[(,]|$)", written))


def _first_line(error: Exception) -> str:
    return quoted(str(error), 120)
