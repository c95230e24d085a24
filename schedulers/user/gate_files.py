"""A heuristic whose gate is a class in a file of the user's: `easy+path/to/file.py:Class`."""

from __future__ import annotations

from dataclasses import replace

from schedulers.heuristics.gated_heuristic import GatedHeuristic, gated
from schedulers.heuristics.heuristic import number_behind, parse_parts
from schedulers.heuristics.power_gate import gate_of_plugin
from schedulers.user.user_class import load_class, parse_user_class
from traces.errors import InputError, quoted
from traces.name_registry import Entry, RegistrationError


def heuristic_with_gate_file(name: str, **params: float) -> GatedHeuristic:
    """The heuristic of a name such as 'hvf+easy+my_gate.py:Evening=0.3+lowvalue'.

    params : as of `schedulers.make_scheduler`. InputError for an unknown part, a second gate, or a class that
    is no `schedulers.Gate`.
    """
    parsed = parse_user_class(name)
    parts = parse_parts(parsed.heuristic, **params)
    shown = quoted(name, 200)
    if parts.gate is not None:
        raise InputError(f"scheduler {shown} names two gate rules; give one")
    user_class = load_class(parsed)
    try:
        text, choice = gate_of_plugin(user_class)
    except RegistrationError as error:
        raise InputError(
            f"scheduler {shown}: {parsed.path}: {parsed.class_name} is no gate, for {error}; a class with "
            f"choose(self, view) stands alone, as in {parsed.path}:{parsed.class_name}"
        ) from None
    entry = Entry(parsed.class_name, text, choice, source=str(parsed.path))
    value = choice.parameter.default if choice.parameter is not None else None
    if parsed.gate_value is not None:
        value = number_behind(name, entry, parsed.gate_value)
    return gated(replace(parts, name=name.strip(), gate=entry), value, str(parsed.path))
