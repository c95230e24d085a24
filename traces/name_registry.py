"""Registries of names that a user may type, each with a help line and a value. Plug-ins add names.

What RARE brings is registered when its module is imported; a mistake there fails the import. A plug-in is
an entry point of an installed distribution. It is imported only when its name is looked up and no name of
RARE's fits, or when a list of all names is asked for, so that it costs nothing at start-up. One that fails
is named in one line with its distribution, and the others go on.
"""

from __future__ import annotations

import difflib
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Generic, TypeVar

from traces.errors import InputError, one_line, quoted

T = TypeVar("T")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_RULE = "a name has small letters, digits, '-' and '_' only: '+', '=', ':', '/' and ',' join names"


class RegistrationError(ValueError):
    """A name, help text or value that cannot be registered; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A registered name.

    origin, source : distribution and version of a plug-in, and the file it is in; '' for what RARE brings
    """

    name: str
    help: str
    value: T
    origin: str = ""
    source: str = ""


class Registry(Generic[T]):
    """Names of one kind, in the order in which they were registered.

    kind : what one of them is called in messages, such as 'power gate'
    check : raises RegistrationError for a value that implements nothing
    """

    def __init__(self, kind: str, check: Callable[[T], object] | None = None) -> None:
        self.kind = kind
        self._check = check
        self._entries: dict[str, Entry[T]] = {}
        self._plugins: dict[str, Entry[T]] = {}
        self._reserved: dict[str, str] = {}
        self._group = ""
        self._convert: Callable[[object], tuple[str, T]] | None = None
        self._all_loaded = False

    # --- registration -----------------------------------------------------------------------------

    def register(self, name: str, help: str, value: T) -> T:
        """Add a name that RARE brings; returns the value. RegistrationError if the entry is invalid."""
        self._entries[name] = self._checked(Entry(name, help, value))
        return value

    def register_variant(self, name: str, word: str, help: str, value: T) -> T:
        """Add `name=word`, a variant of a name that is registered already."""
        if name not in self._entries or not _NAME.fullmatch(word):
            raise RegistrationError(f"{self.kind} {name}={word}: register {name!r} first; {_RULE}")
        self._refuse_taken(variant := f"{name}={word}")
        self._entries[variant] = self._complete(Entry(variant, help, value))
        return value

    def reserve(self, names: Iterable[str], meaning: str) -> None:
        """Refuse these names from now on. meaning: what they stand for instead, for the message."""
        for name in names:
            if name in self._entries:
                raise RegistrationError(f"{self.kind} {name!r} is a {meaning} too; give it another name")
            self._reserved[name] = meaning

    def accept_plugins(self, group: str, convert: Callable[[object], tuple[str, T]]) -> None:
        """Look up names among the entry points of `group`, too.

        convert : (help text, value) of the object that an entry point names; RegistrationError if it is none
        """
        self._group, self._convert = group, convert

    def _checked(self, entry: Entry[T]) -> Entry[T]:
        if not _NAME.fullmatch(entry.name):
            raise RegistrationError(f"{self.kind} {quoted(entry.name)} cannot be a name; {_RULE}")
        self._refuse_taken(entry.name)
        return self._complete(entry)

    def _refuse_taken(self, name: str) -> None:
        if name in self._entries:
            raise RegistrationError(f"{self.kind} {name!r} is registered already; give it another name")
        if name in self._reserved:
            raise RegistrationError(
                f"{self.kind} {name!r} is a {self._reserved[name]} too; give it another name"
            )

    def _complete(self, entry: Entry[T]) -> Entry[T]:
        if not isinstance(entry.help, str) or not entry.help.strip():
            raise RegistrationError(
                f"{self.kind} {entry.name!r} has no help text; say in a line what it does"
            )
        if len(entry.help.splitlines()) > 1:
            raise RegistrationError(f"{self.kind} {entry.name!r}: its help text must be one line")
        if entry.value is None:
            raise RegistrationError(f"{self.kind} {entry.name!r} is not implemented")
        if self._check is not None:
            self._check(entry.value)
        return entry

    # --- look-up ----------------------------------------------------------------------------------

    @property
    def built_in(self) -> tuple[str, ...]:
        """Names that RARE brings."""
        return tuple(self._entries)

    def names(self) -> list[str]:
        """All names, those of plug-ins last."""
        return [entry.name for entry in self]

    def helps(self) -> dict[str, str]:
        """All names with their help texts."""
        return {entry.name: entry.help for entry in self}

    def __iter__(self) -> Iterator[Entry[T]]:
        """All entries, those of plug-ins last. A plug-in that fails is named by a warning and left out."""
        if not self._all_loaded:
            self._all_loaded = True
            for name in self._points():
                try:
                    self._plugin(name)
                except InputError as error:
                    logging.getLogger("rare").warning("%s", error)
        return iter([*self._entries.values(), *self._plugins.values()])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __getitem__(self, name: str) -> Entry[T]:
        """The entry of a name. InputError for an unknown one, which lists those known."""
        entry = self.find(name)
        if entry is None:
            raise InputError(self.unknown(name))
        return entry

    def find(self, name: str) -> Entry[T] | None:
        """The entry of a name, None if it has none. InputError for a plug-in of this name that fails."""
        if name in self._entries:
            return self._entries[name]
        if name not in self._plugins and not self._plugin(name):
            return None
        return self._plugins[name]

    def unknown(self, name: object) -> str:
        """Message about an unknown name: the known names, and the closest one."""
        names = self.names()
        return f"unknown {self.kind} {quoted(name)}; known: {', '.join(names)}{did_you_mean(name, names)}"

    # --- plug-ins ---------------------------------------------------------------------------------

    def _points(self) -> dict[str, list[metadata.EntryPoint]]:
        """Entry points of the group by name, in alphabetical order."""
        points: dict[str, list[metadata.EntryPoint]] = {}
        if self._group:
            for point in sorted(metadata.entry_points(group=self._group), key=lambda point: point.name):
                points.setdefault(point.name, []).append(point)
        return points

    def _plugin(self, name: str) -> bool:
        """Load the plug-in of a name; whether there is one. InputError if it fails."""
        if name in self._plugins:
            return True
        points = self._points().get(name, [])
        if not points:
            return False
        origins = [_origin(point) for point in points]
        where = f"{self.kind} {quoted(name)} of the plug-in {' and '.join(origins)}"
        if len(points) > 1:
            raise InputError(f"{where}: two plug-ins have this name; uninstall one")
        try:
            if self._convert is None:
                raise RegistrationError("plug-ins are not accepted")
            help_text, value = self._convert(points[0].load())
            source = getattr(sys.modules.get(points[0].module), "__file__", None) or ""
            self._plugins[name] = self._checked(Entry(name, help_text, value, origins[0], source))
        except RegistrationError as error:
            raise InputError(f"{where} cannot be used: {error}") from error
        except (Exception, SystemExit) as error:  # whatever the plug-in does when it is imported
            reason = f"{type(error).__name__}: {one_line(error)}"
            raise InputError(f"{where} cannot be used: {reason}; mend or uninstall it") from error
        return True


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The end of a message that names the closest known name; '' where none is close."""
    closest = difflib.get_close_matches(str(name), list(known), 1)
    return f"; did you mean {closest[0]!r}?" if closest else ""


def first_line(plugin: type) -> str:
    """The first line of a class's own docstring; '' without one."""
    return next(iter((plugin.__doc__ or "").strip().splitlines()), "").strip()


def _origin(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
