"""The lines of slurm.conf: comments, continuations, `Include`, and `key=value` pairs of any case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from traces.errors import InputError, quoted
from traces.files.documents import read_text
from traces.files.text import place

_PAIR = re.compile(r'\s*([A-Za-z_][\w.]*)\s*([-+*/]?)=\s*(?:"([^"]*)"|(\S+))(?=\s|$)', re.ASCII)
_INCLUDE = re.compile(r"\s*include\s+(\S.*?)\s*", re.ASCII | re.IGNORECASE)
_COMMENT = re.compile(r"(?<!\\)#.*")
#: What is in no cluster's file, and would fill the memory or the terminal.
_DEEPEST, _MOST_LINES = 8, 100_000
_REMEDY = "give a slurm.conf"


@dataclass(frozen=True, slots=True)
class ConfLine:
    """One line: (key as written, value) pairs in order, and where it stands."""

    pairs: tuple[tuple[str, str], ...]
    where: str

    def lowered(self) -> dict[str, str]:
        """The values by their keys in small letters; the last of a key that comes twice."""
        return {key.lower(): value for key, value in self.pairs}


def conf_lines(path: Path) -> Iterator[ConfLine]:
    """The lines of a slurm.conf and of the files of its folder that it includes. InputError with the line."""
    yield from _lines(path, ())


def _lines(path: Path, above: tuple[Path, ...]) -> Iterator[ConfLine]:
    if len(above) >= _DEEPEST or path in above:
        raise InputError("is included by itself, or too deeply", where=place(path), remedy="give one file")
    text = read_text(path, remedy=_REMEDY)
    if "\0" in text:
        raise InputError("holds zero bytes, so it is not text", where=place(path), remedy=_REMEDY)
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        raise InputError(f"has more than {_MOST_LINES} lines", where=place(path), remedy=_REMEDY)
    for number, line in _joined(lines):
        where = place(path, number)
        included = _INCLUDE.fullmatch(line)
        if included is not None and "=" not in included[1]:
            yield from _lines(_included(included[1].strip('"'), path, where), (*above, path))
        elif line.strip():
            yield ConfLine(tuple(_pairs(line, where)), where)


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """(number of its first line, text) of each line without comments; a backslash at its end joins one."""
    begun, parts = 0, [""]
    for number, line in enumerate(lines, 1):
        text = _COMMENT.sub("", line).rstrip()
        if not parts[0] and len(parts) == 1:
            begun = number
        if text.endswith("\\"):
            parts.append(text[:-1])
            continue
        parts.append(text)
        yield begun, "".join(parts).replace("\\#", "#")
        parts = [""]
    if len(parts) > 1:
        yield begun, "".join(parts)


def _included(name: str, path: Path, where: str) -> Path:
    if Path(name).name != name.removeprefix("./") or name.startswith("."):
        raise InputError(
            f"includes {quoted(name)}, which is not in the same folder",
            where=where,
            remedy="put its lines into the file, or the file beside it and its name alone here",
        )
    return path.parent / Path(name).name


def _pairs(line: str, where: str) -> Iterator[tuple[str, str]]:
    at = 0
    while line[at:].strip():
        match = _PAIR.match(line, at)
        if match is None:
            raise InputError(
                f"{quoted(line[at:].strip(), 60)} is no key=value", where=where, remedy="correct the line"
            )
        yield match[1], match[3] if match[3] is not None else match[4]
        at = match.end()
