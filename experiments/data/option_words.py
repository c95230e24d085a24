"""Command-line spelling of parameters of the readers in traces and energy, for error messages."""

from __future__ import annotations

import shlex

from traces.errors import Parameter, listed_choices, plain_value

_RENAMED = {"column": "columns"}
_FLAGS: dict[tuple[str, object], str] = {("header", False): "--no-header", ("clear_sky", True): "--clear-sky"}


def option_words(parameter: Parameter) -> str:
    """A parameter as an option: `gaps='hold'` is `--gaps hold`, `header=False` is `--no-header`."""
    flag = _FLAGS.get((parameter.name, parameter.value))
    if flag is not None:
        return flag
    name = _RENAMED.get(parameter.name, parameter.name).replace("_", "-")
    values = [_argument(value) for value in parameter.choices()]
    return f"--{name} {listed_choices(values)}" if values else f"--{name}"


def _argument(value: object) -> str:
    """A value as typed on the command line, quoted where the shell would split it."""
    text = value if isinstance(value, str) else plain_value(value)
    return shlex.quote(text) if any(mark in text for mark in " ;()") else text
