"""Names on the command line, and stdout for one JSON object."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator

from experiments.results.json_values import json_text

_PRICE = re.compile(r"\s*(late|served|carbon|energy)\s*=")  # schedulers.network.price_dial

__all__ = ["clean_stdout", "json_text", "split_names"]


def split_names(text: str) -> list[str]:
    """Names between commas; those inside brackets or quotes, as in `file.py:Class(seed=3, n=2)`, are kept.

    So are the prices of a dial: no scheduler has the name of one.

    >>> split_names("easy,own.py:Mine(seed=3, path='a,b'),fcfs")
    ['easy', "own.py:Mine(seed=3, path='a,b')", 'fcfs']
    >>> split_names("rare:served=2,carbon=0.5,easy")
    ['rare:served=2,carbon=0.5', 'easy']
    """
    parts, depth, quote, escaped = [""], 0, "", False
    for char in text:
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif depth and char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth = max(depth - 1, 0)
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    names: list[str] = []
    for part in parts:
        if names and ":" in names[-1] and _PRICE.match(part):
            names[-1] += f",{part}"
        else:
            names.append(part)
    return names


@contextlib.contextmanager
def clean_stdout(as_json: bool) -> Iterator[None]:
    """With --json, what a scheduler of the user's own prints goes to stderr: stdout is one JSON object.

    Also what it writes past Python, as libraries and child processes do: descriptor 1 is that of stderr.
    """
    if not as_json:
        yield
        return
    with contextlib.redirect_stdout(sys.stderr), _descriptor_1_as_2():
        yield


@contextlib.contextmanager
def _descriptor_1_as_2() -> Iterator[None]:
    """Where stdout is the process's own; not where a notebook or a test has put another in its place."""
    real = sys.__stdout__
    try:
        kept = os.dup(1) if real is not None and real.fileno() == 1 else -1
    except (OSError, ValueError):
        kept = -1
    if real is None or kept < 0:
        yield
        return
    try:
        real.flush()
        with contextlib.suppress(OSError):  # stderr is closed
            os.dup2(2, 1)
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            real.flush()
        os.dup2(kept, 1)
        os.close(kept)
