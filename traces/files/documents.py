"""Short user files read whole: TOML, JSON and text, with limits on size, nesting and digits.

Every reader of a user's file runs inside `reading`: an exception that no check foresaw is taken as the
file's fault and becomes an InputError that names the file.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, ParamSpec, TypeVar

from traces.errors import InputError, one_line, quoted
from traces.files.text import open_regular, place

P = ParamSpec("P")
R = TypeVar("R")

#: A megabyte of TOML is some 20,000 lines: far more than anybody writes by hand.
SHORT_BYTES = 1_000_000
#: JSON takes up to 25 times its size once it is read; results of large evaluations take some megabytes.
JSON_BYTES = 16 * 2**20
LONGEST_MESSAGE = 700
DEEPEST = 64
MOST_PARTS_OF_A_KEY = 100
#: TOML's whole numbers have 64 bits; JSON's are taken alike. Longer ones cannot even be printed.
_MOST_WHOLE = 2**64


class UnforeseenError(InputError):
    """An exception in a reader that none of its checks foresaw; `__cause__` is the original exception."""


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Context for reading a user's file: any exception inside becomes an InputError that names it."""
    try:
        yield
    except InputError as error:
        shortened = error.shortened(LONGEST_MESSAGE)
        if shortened is error:
            raise
        raise shortened from error
    except Exception as error:  # no check foresaw it: taken as the file's fault
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(
                str(error.strerror),
                where=place(error.filename or path),
                remedy="check the path, its permissions and free space",
            ) from error
        raise UnforeseenError(
            f"{place(path)}: cannot be read ({_cause(error)}); the file is damaged, or not what it says it is"
        ) from error


def _cause(error: Exception) -> str:
    """Words for an exception that no check of a reader foresaw."""
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    text = one_line(error, 120)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def reads_file(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: run a function, whose first parameter is the user's file, inside `reading`."""
    signature = inspect.signature(function)
    first = next(iter(signature.parameters))

    @functools.wraps(function)
    def reader(*args: P.args, **kwargs: P.kwargs) -> R:
        arguments = signature.bind(*args, **kwargs).arguments  # a wrong call is no fault of the file
        with reading(arguments[first]):
            return function(*args, **kwargs)

    return reader


def user_path(name: str | Path) -> Path:
    """The path that a user wrote, with `~` as the home folder. InputError for what can be no path."""
    text = str(name)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:  # half of a character, which no file system takes
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise InputError("is no name of a file or folder", where=quoted(text), remedy="give one")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(
            f"there is no home folder of {quoted(text.partition('/')[0])}",
            where=place(text),
            remedy="write ./~... for a file of that name, or the whole path",
        ) from None


# --- whole files ----------------------------------------------------------------------------------------


def read_bytes(path: Path | str, max_bytes: int, remedy: str = "give a shorter file") -> bytes:
    """The content of a regular file of at most `max_bytes`. `remedy` ends every message. InputError."""
    with opened(path, remedy) as stream:
        if os.fstat(stream.fileno()).st_size > max_bytes:
            raise InputError(f"is larger than {max_bytes} bytes", where=place(path), remedy=remedy)
        try:
            data = stream.read(max_bytes + 1)
        except OSError as error:
            raise InputError(
                f"cannot be read ({_reason(error)})", where=place(path), remedy=remedy
            ) from error
    if len(data) > max_bytes:  # it grew, or lives in a file system that states no sizes
        raise InputError(f"is larger than {max_bytes} bytes", where=place(path), remedy=remedy)
    return data


def opened(path: Path | str, remedy: str) -> BinaryIO:
    """A regular file open for binary reading. InputError for a device, a pipe, a socket, or no file."""
    try:
        return open_regular(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"cannot be read ({_reason(error)})", where=place(path), remedy=remedy) from error


def read_text(path: Path | str, max_bytes: int = SHORT_BYTES, remedy: str = "give a UTF-8 file") -> str:
    """The text of a file, without a byte order mark. InputError as of `read_bytes`, and where not UTF-8."""
    data = read_bytes(path, max_bytes, remedy)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8 text", where=place(path, line), remedy=remedy) from None


def read_json(path: Path | str, max_bytes: int = JSON_BYTES, remedy: str = "write it again") -> Any:
    """What a JSON file holds; NaN and infinities are None. InputError names the line."""
    text = read_text(path, max_bytes, remedy)
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"cannot be read, it is not whole JSON ({error.msg})",
            where=place(path, error.lineno),
            remedy=remedy,
        ) from None
    except ValueError as error:
        raise InputError(f"cannot be read as JSON ({error})", where=place(path), remedy=remedy) from None


def read_toml(path: Path | str, remedy: str = "give a TOML file") -> dict[str, Any]:
    """The tables of a short TOML file. InputError names the line."""
    return toml_tables(read_text(path, remedy=remedy), path, remedy)


def toml_tables(source: str, path: Path | str, remedy: str = "") -> dict[str, Any]:
    """The tables of a TOML text, which messages call `path`. InputError names the line and shows it."""
    end = f"; {remedy}" if remedy else ""
    try:
        return parse_toml(source)
    except tomllib.TOMLDecodeError as error:
        message = " ".join(str(error).split())
        position = re.search(r"\(at line (\d+), column \d+\)", message)
        line = int(position[1]) if position else source.count("\n") + 1
        lines = source.splitlines()
        content = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        reason = quoted(re.sub(r" \(at [^)]*\)", "", message), 100).strip("\"'")
        raise InputError(
            f"cannot be read as TOML: {reason}: {quoted(content, 60)}{end}", where=place(path, line)
        ) from None
    except ValueError as error:
        raise InputError(f"cannot be read as TOML: {error}{end}", where=place(path)) from None


def parse_json(text: str) -> Any:
    """What a JSON text holds; NaN and infinities are None.

    ValueError, with a reason in words, for what is nested too deeply or holds endless digits.
    """
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_depth(value)
    return value


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    tomllib.TOMLDecodeError where it is none; ValueError, with a reason in words, for what is nested too
    deeply or holds endless digits.
    """
    _check_keys(text)
    try:
        value = tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # int() refuses more than 4,300 digits
        raise ValueError("it holds a number of more digits than any use needs") from None
    _check_depth(value)
    return value


def _whole(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("it holds a number of more digits than any use needs")
    return int(digits)


def _check_keys(text: str) -> None:
    """ValueError for dotted keys of too many parts: tomllib's time grows with the square of their number."""
    for piece in re.split(r"[=\n{,]", text):
        if piece.count(".") > MOST_PARTS_OF_A_KEY and sum(map(bool, piece.split("."))) > MOST_PARTS_OF_A_KEY:
            raise ValueError(f"a key of it has more than {MOST_PARTS_OF_A_KEY} parts")


def _check_depth(document: object) -> None:
    """ValueError for what is nested too deeply for others to walk, or holds a number beyond 64 bits."""
    level = [document]
    for _ in range(DEEPEST):
        children: list[object] = []
        for node in level:
            values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else (node,)
            for value in values:
                if isinstance(value, dict | list):
                    children.append(value)
                elif isinstance(value, int) and abs(value) > _MOST_WHOLE:
                    raise ValueError("it holds a number of more digits than any use needs")
        if not children:
            return
        level = children
    raise ValueError("it is nested too deeply")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or one_line(error, 120)


def is_regular(path: Path | str) -> bool:
    """Whether the path is a regular file; False also for names that no file can have."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
