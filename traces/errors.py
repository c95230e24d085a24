"""The one exception that means bad input. What, where, which value and what to do are its fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function, as a message names it: `unit=`, or with a value `gaps='hold'`.

    value    : the value to give; of a tuple any one; None: whatever fits. A number or text
    function : whose parameter it is, where that is not the function that was called
    """

    name: str
    value: object = None
    function: str | None = None

    def choices(self) -> tuple[object, ...]:
        """The values to choose from; none where any fits."""
        if isinstance(self.value, tuple):
            return self.value
        return () if self.value is None else (self.value,)

    def __str__(self) -> str:
        """As a caller of the function writes it."""
        written = f"{self.name}={listed_choices([plain_value(value) for value in self.choices()])}"
        return written if self.function is None else f"{self.function}(..., {written})"


Words = Callable[[Parameter], str]
"""What a layer calls a parameter: an option of its command line, a key of its file."""


class Phrase(str):
    """Words of a message in which parameters stand as data (`parts`).

    As text it has the words of Python's callers; whoever prints it may ask for others.
    """

    parts: tuple[str | Parameter, ...]

    def __new__(cls, *parts: str | Parameter) -> Phrase:
        """The parts one after the other; those of a phrase among them are its own."""
        flat = [piece for part in parts for piece in (part.parts if isinstance(part, Phrase) else (part,))]
        phrase = super().__new__(cls, "".join(str(part) for part in flat))
        phrase.parts = tuple(flat)
        return phrase

    def worded(self, words: Words) -> str:
        """The phrase in the words of the layer that prints it."""
        return "".join(part if isinstance(part, str) else words(part) for part in self.parts)

    def __reduce__(self) -> tuple[type[Phrase], tuple[str | Parameter, ...]]:
        """Copies are made of the parts."""
        return type(self), self.parts


def listed_choices(choices: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join([", ".join(choices[:-1])] * (len(choices) > 1) + list(choices[-1:]))


def plain_value(value: object) -> str:
    """A parameter's value as Python writes it; numbers without needless digits, and nothing endless."""
    return f"{value:g}" if isinstance(value, float) else quoted(value, 200)


class InputError(ValueError):
    """Bad input from the user. The command line prints it as one line and exits with code 2.

    what   : what is wrong; the whole line where there is nothing to tell apart
    where  : file and line, configuration key, or the Parameter that is wrong
    value  : the value found, as the line shows it
    remedy : what to do about it

    A reader of another's errors asks the fields: `at` gives an error a place if it has none, `worded` says in
    a caller's words what it calls the parameters. Nobody takes the line apart.
    """

    def __init__(
        self,
        what: str,
        *,
        where: object = None,
        value: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where if where is None or isinstance(where, Parameter) else str(where)
        self.value = value
        self.remedy = remedy

    def line(self, words: Words = str) -> str:
        """The whole error on one line, with parameters in these words."""
        where = words(Parameter(self.where.name)) if isinstance(self.where, Parameter) else self.where
        place = "" if where is None else f"{where.rstrip('=')}: "
        value = "" if self.value is None else f", got {self.value}"
        remedy = "" if self.remedy is None else f"; {_text(self.remedy, words)}"
        return f"{place}{_text(self.what, words)}{value}{remedy}"

    def __str__(self) -> str:
        """The line, in the words of Python's callers."""
        return self.line()

    def at(self, where: object) -> InputError:
        """The same error; at this place if it names none."""
        return self._changed(where=where) if self.where is None else self

    def within(self, where: str) -> InputError:
        """The same error; its place, if it names one, lies within this one."""
        return self._changed(where=where if self.where is None else f"{where}: {self.where}")

    def worded(self, words: Words) -> InputError:
        """The same error with its parameters in a caller's words, which stay."""
        where = words(Parameter(self.where.name)) if isinstance(self.where, Parameter) else self.where
        remedy = None if self.remedy is None else _text(self.remedy, words)
        return self._changed(what=_text(self.what, words), where=where, remedy=remedy)

    def also(self, remedy: str) -> InputError:
        """The same error with one more thing to do."""
        return self._changed(remedy=Phrase(*(() if self.remedy is None else (self.remedy, "; ")), remedy))

    def parameters(self) -> set[str]:
        """Names of the parameters that the error speaks of."""
        phrases = [phrase for phrase in (self.what, self.remedy) if isinstance(phrase, Phrase)]
        return {part.name for phrase in phrases for part in phrase.parts if isinstance(part, Parameter)}

    def shortened(self, longest: int) -> InputError:
        """The same error on one line of about `longest` characters: what it quotes may have any length."""
        if len(self.line()) <= longest and "\n" not in self.line():
            return self
        remedy = None if self.remedy is None else _cut(str(self.remedy), longest // 3)
        room = longest - len(remedy or "") - len(str(self.where or "")) - len(self.value or "") - 12
        return self._changed(what=_cut(str(self.what), max(room, longest // 3)), remedy=remedy)

    def _changed(self, **fields: Any) -> InputError:
        parts = {"what": self.what, "where": self.where, "value": self.value, "remedy": self.remedy}
        changed = type(self)(**{**parts, **fields})
        changed.__cause__, changed.__traceback__ = self.__cause__, self.__traceback__
        return changed


def _cut(text: str, longest: int) -> str:
    """A text on one line; of a long one the beginning and the end."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest * 3 // 4]} ... {text[-longest // 4 + 5 :]}"


def _text(phrase: str, words: Words) -> str:
    return phrase.worded(words) if isinstance(phrase, Phrase) else phrase


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
