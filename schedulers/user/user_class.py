"""Schedulers and policies in a file of the user's: `path/to/file.py:Class`, `file.py:Class(seed=3)`.

A name whose first word is an order or a backfill has a gate in a file (schedulers.user.gate_files):
`easy+path/to/file.py:Class`, `easy+file.py:Class=0.3+lowvalue`.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from rare.scheduler import Scheduler
from schedulers.heuristics.heuristic import known_names
from schedulers.heuristics.power_gate import Gate
from schedulers.user.plugin_schedulers import SCHEDULERS, first_word
from schedulers.user.user_files import user_files
from traces.errors import InputError
from traces.files.documents import is_regular, user_path

if TYPE_CHECKING:
    from rare.env.policies.policy import AnyScheduler, Policy

MOST_CHARACTERS = 2000
FORM = 'path/to/file.py:Class or path/to/file.py:Class(seed=3, path="model.zip")'
GATE_FORM = "easy+path/to/file.py:Class, or with its parameter easy+path/to/file.py:Class=0.3"
_NAME = re.compile(r"(?P<path>.*?\.py):(?P<cls>[^(]*)(?P<arguments>\(.*\))?", re.DOTALL)
_GATE = re.compile(r"(?P<path>.*?\.py):(?P<cls>[^=]*)(?:=(?P<value>.*))?", re.DOTALL)
_loads = itertools.count(1)


class DefaultName(str):
    """The class name, for users' classes without a `name`."""


@dataclass(frozen=True)
class UserClass:
    """The parts of a scheduler name: file, class, and arguments of the constructor.

    heuristic : of a gate, the name without it, such as 'hvf+easy'; '' for a scheduler
    gate_value: of a gate, what stands behind '='; None without it
    """

    given: str
    path: Path
    class_name: str
    positional: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)
    heuristic: str = ""
    gate_value: str | None = None

    @property
    def files(self) -> list[Path]:
        """The file, the user's modules that it imports, and files named by arguments, such as a model."""
        return user_files(self.path, [*self.positional, self.named])


def is_user_class(name: str) -> bool:
    """Whether a scheduler name is a class in a user's file."""
    return ".py:" in name


def parse_user_class(name: str) -> UserClass:
    """The parts of a name. InputError if it has another form, or arguments that are no literals."""
    gate = split_gate_file(name)
    if gate is not None:
        return _parse_gate(name, *gate)
    match = _NAME.fullmatch(name.strip())
    if match is None or not match["cls"].strip().isidentifier() or len(name) > MOST_CHARACTERS:
        raise InputError(f"scheduler {_short(name)}: is no class in a file; write {FORM}")
    positional, keywords = _arguments(name, match["arguments"] or "()")
    return UserClass(name, user_path(match["path"].strip()), match["cls"].strip(), positional, keywords)


def split_gate_file(name: str) -> tuple[str, str] | None:
    """(name of the heuristic, gate) of a name like 'hvf+easy+my_gate.py:Evening'; None for any other name.

    A file whose own name begins like this, such as `easy+mine.py`, stays a scheduler's.
    """
    words = name.strip().split("+")
    place = next((place for place, word in enumerate(words) if ".py:" in word), 0)
    if place == 0 or first_word(name) not in known_names():
        return None
    if is_regular(user_path(f"{name.strip().partition('.py:')[0]}.py")):
        return None
    return "+".join([*words[:place], *words[place + 1 :]]), words[place]


def _parse_gate(name: str, heuristic: str, gate: str) -> UserClass:
    match = _GATE.fullmatch(gate)
    if match is None or not match["cls"].strip().isidentifier() or len(name) > MOST_CHARACTERS:
        raise InputError(f"scheduler {_short(name)}: {_short(gate)} is no gate in a file; write {GATE_FORM}")
    path = user_path(match["path"].strip())
    return UserClass(name, path, match["cls"].strip(), heuristic=heuristic, gate_value=match["value"])


def _arguments(name: str, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Constructor arguments from text such as `(3, path="x")`; only literals, without running code."""
    try:
        call = ast.parse(f"_{text}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError("they are not one pair of brackets")
        if any(keyword.arg is None for keyword in call.keywords):
            raise ValueError("** is not taken")
        positional = tuple(_literal(argument) for argument in call.args)
        keywords = {str(argument.arg): _literal(argument.value) for argument in call.keywords}
        if len(keywords) < len(call.keywords):
            raise ValueError("one is given twice")
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(
            f"scheduler {_short(name)}: its arguments cannot be read ({reason[:80]}); give numbers, texts in "
            'quotes, True, False, None, or lists and dicts of these, as in Class(seed=3, path="model.zip")'
        ) from None
    return positional, keywords


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise ValueError(f"{ast.unparse(node)[:40]!r} is no literal") from None


def load_class(parsed: UserClass) -> Any:
    """What has this name in the file, None if nothing has. InputError for a missing file or an error in it."""
    if not is_regular(parsed.path):
        form = GATE_FORM if parsed.heuristic else FORM
        raise InputError(f"scheduler {_short(parsed.given)}: there is no file {parsed.path}; give {form}")
    with users_error(parsed.given, "import"):
        module = _load_module(parsed.path)
    return getattr(module, parsed.class_name, None)


def load_user_class(name: str) -> Scheduler | Policy:
    """An instance of the class. InputError for any error, also of its constructor."""
    parsed = parse_user_class(name)
    user_class = load_class(parsed)
    if isinstance(user_class, type) and issubclass(user_class, Gate):
        raise InputError(
            f"scheduler {_short(name)}: {parsed.class_name} is a gate, which goes with a heuristic; write "
            f"easy+{parsed.path}:{parsed.class_name}"
        )
    methods = [method for method in ("choose", "act") if callable(getattr(user_class, method, None))]
    if not isinstance(user_class, type) or not methods:
        raise InputError(
            f"scheduler {_short(name)}: {parsed.path} has no class {parsed.class_name} with a method "
            "choose(self, view) or act(self, observation, mask)"
        )
    with users_error(name, "constructor"):
        instance: Any = user_class(*parsed.positional, **parsed.named)
        if not isinstance(getattr(instance, "name", None), str):
            with suppress(AttributeError, TypeError):  # a class with slots, or a read-only property
                instance.name = DefaultName(parsed.class_name)
    return cast("Scheduler | Policy", instance)


def declared_name(name: str, scheduler: AnyScheduler) -> str | None:
    """The `name` that a user's class declares; None without one, or for other schedulers."""
    is_own = is_user_class(name) and split_gate_file(name) is None
    declared = getattr(scheduler, "name", None) if is_own else None
    if not isinstance(declared, str) or isinstance(declared, DefaultName) or not declared.strip():
        return None
    return " ".join(declared.split())[:60]


@contextmanager
def users_error(name: str, doing: str = "") -> Iterator[None]:
    """Context that turns an exception of the user's file into an InputError with the line.

    doing: "import" or "constructor", where every exception is the user's, whatever it passed through.
    """
    try:
        yield
    except InputError:
        raise
    except BaseException as error:  # also sys.exit() in it, but no Ctrl-C
        if isinstance(error, KeyboardInterrupt):
            raise
        if not is_user_class(name):
            _blame_plugin(name, error)
            raise
        parsed = parse_user_class(name)
        line = _line_of(error, parsed.path)
        if line is None and not doing:
            raise
        if line is None:
            line = _line_of_class(parsed)
        where = f"{parsed.path}:{line}" if line is not None else f"{parsed.path}"
        part = {"import": f"cannot import {parsed.path}: ", "constructor": f"{parsed.class_name}(...): "}
        text = " ".join(str(error).split()) or "no message"
        raise InputError(
            f"scheduler {_short(name)}: {part.get(doing, '')}{where}: {type(error).__name__}: {text[:300]} "
            f"(in the {'gate' if parsed.heuristic else 'scheduler'} of your own)"
        ) from error


def _blame_plugin(name: str, error: BaseException) -> None:
    """Raise InputError with the line if the exception passed through a plug-in scheduler."""
    entry = SCHEDULERS.find(first_word(name))
    line = _line_of(error, Path(entry.source)) if entry is not None and entry.source else None
    if entry is not None and line is not None:
        text = " ".join(str(error).split()) or "no message"
        raise InputError(
            f"scheduler {_short(name)}: {entry.source}:{line}: {type(error).__name__}: {text[:300]} "
            f"(in the plug-in {entry.origin})"
        ) from error


def _line_of(error: BaseException, path: Path) -> int | None:
    """The last line of the user's file that the exception passed through; of a syntax error its place."""
    file = path.resolve()
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() == file:
        return error.lineno
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith("<") and Path(frame.f_code.co_filename).resolve() == file
    ]  # fmt: skip
    return lines[-1] if lines else None


def _line_of_class(parsed: UserClass) -> int | None:
    """The first line of the class, for errors about constructor arguments."""
    with suppress(OSError, SyntaxError, ValueError):
        for node in ast.parse(parsed.path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and node.name == parsed.class_name:
                return node.lineno
    return None


def _short(name: str) -> str:
    return repr(name if len(name) <= 200 else f"{name[:197]}...")


def _load_module(path: Path) -> ModuleType:
    """The user's file as a module of a private name, so that it hides no module of that name.

    It is in `sys.modules` while it runs and afterwards: dataclasses and pickle look it up there.
    """
    name = f"_rare_scheduler_{next(_loads)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    is_loaded = False
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # no folder beside users' files
    try:
        spec.loader.exec_module(module)
        is_loaded = True
    finally:
        sys.dont_write_bytecode = writes_bytecode
        if not is_loaded:
            sys.modules.pop(name, None)
    return module
