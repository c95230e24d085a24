"""The one exception that means: the input is wrong, and here is what to do about it."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """Bad input from the user.

    The message is one line that says what is wrong, where (file and line, or configuration key),
    which value was found, and what to do. The command line prints it and exits with code 2.
    """


def one_line(error: BaseException, longest: int = 200) -> str:
    """What an exception says, on one line and cut; '' if it says nothing, or nothing that can be printed."""
    try:
        return " ".join(str(error).split())[:longest]
    except ValueError:  # a number in it has more digits than Python prints
        return ""


def quoted(value: object, longest: int = 40) -> str:
    """A value as it may stand in a one-line message: quoted if text, control characters escaped, cut."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, Path):
        value = str(value)
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        text = "a number of thousands of digits"
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 3] + "..."
