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
        """The parameter as a caller in Python writes it."""
        written = f"{self.name}={listed_choices([plain_value(value) for value in self.choices()])}"
        return written if self.function is None else f"{self.function}(..., {written})"


Words = Callable[[Parameter], str]
"""How a layer spells a parameter, such as an option of the command line or a key of a file."""


class Phrase(str):
    """Words of a message in which parameters stand as data (`parts`).

    As text the parameters are spelt as in Python; `worded` gives another spelling.
    """

    parts: tuple[str | Parameter, ...]

    def __new__(cls, *parts: str | Parameter) -> Phrase:
        """A phrase of these parts; a Phrase among them is replaced by its parts."""
        flat = [piece for part in parts for piece in (part.parts if isinstance(part, Phrase) else (part,))]
        phrase = super().__new__(cls, "".join(str(part) for part in flat))
        phrase.parts = tuple(flat)
        return phrase

    def worded(self, words: Words) -> str:
        """The text with each parameter as `words` spells it (a command-line option, for instance)."""
        return "".join(part if isinstance(part, str) else words(part) for part in self.parts)

    def __reduce__(self) -> tuple[type[Phrase], tuple[str | Parameter, ...]]:
        """What pickle and copy call: the constructor and the parts."""
        return type(self), self.parts


def listed_choices(choices: Sequence[str]) -> str:
    """The choices as words of a message: `a`, `a or b`, `a, b or c`."""
    return " or ".join([", ".join(choices[:-1])] * (len(choices) > 1) + list(choices[-1:]))


def plain_value(value: object) -> str:
    """A parameter's value as text: floats with at most six digits, other values quoted and cut."""
    return f"{value:g}" if isinstance(value, float) else quoted(value, 200)


class InputError(ValueError):
    """Bad input from the user. The command line prints it as one line and exits with code 2.

    what   : what is wrong; the whole line where there is nothing to tell apart
    where  : file and line, configuration key, or the Parameter that is wrong
    value  : the value found, as the line shows it
    remedy : what to do about it

    Callers that catch one use the fields and never parse the line. `at` adds a place where there is none;
    `worded` spells the parameters as the caller's layer names them.
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
        """The line, with parameters spelt as in Python."""
        return self.line()

    def at(self, where: object) -> InputError:
        """The same error, with `where` as its place if it has none."""
        return self._changed(where=where) if self.where is None else self

    def within(self, where: str) -> InputError:
        """The same error with `where` put before its place, or as its place if it has none."""
        return self._changed(where=where if self.where is None else f"{where}: {self.where}")

    def worded(self, words: Words) -> InputError:
        """The same error with its parameters spelt by `words`; later calls do not change the spelling."""
        where = words(Parameter(self.where.name)) if isinstance(self.where, Parameter) else self.where
        remedy = None if self.remedy is None else _text(self.remedy, words)
        return self._changed(what=_text(self.what, words), where=where, remedy=remedy)

    def also(self, remedy: str) -> InputError:
        """The same error with `remedy` appended to its remedy."""
        return self._changed(remedy=Phrase(*(() if self.remedy is None else (self.remedy, "; ")), remedy))

    def parameters(self) -> set[str]:
        """Names of the parameters in the error's text and remedy."""
        phrases = [phrase for phrase in (self.what, self.remedy) if isinstance(phrase, Phrase)]
        return {part.name for phrase in phrases for part in phrase.parts if isinstance(part, Parameter)}

    def shortened(self, longest: int) -> InputError:
        """The same error on one line of at most about `longest` characters; its texts are cut."""
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
    """The text on one line of at most about `longest` characters; the middle of a longer one is left out."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest * 3 // 4]} ... {text[-longest // 4 + 5 :]}"


def _text(phrase: str, words: Words) -> str:
    return phrase.worded(words) if isinstance(phrase, Phrase) else phrase


def one_line(error: BaseException, longest: int = 200) -> str:
    """An exception's message on one line, cut; '' if it is empty or not printable."""
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
