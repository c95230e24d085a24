"""Names of reader parameters as keys of a scenario's tables, for error messages."""

from __future__ import annotations

from collections.abc import Mapping

from traces.errors import Parameter, Words, listed_choices, plain_value


def keys_of(table: str, renamed: Mapping[str, str] | None = None) -> Words:
    """Words in which `gaps='hold'` is `TABLE.gaps = 'hold'`.

    renamed : parameter -> key with its table, where it is no key of `table`
    """
    others = renamed or {}

    def words(parameter: Parameter) -> str:
        key = others.get(parameter.name, f"{table}.{parameter.name}")
        choices = [_toml(value) for value in parameter.choices()]
        return f"{key} = {listed_choices(choices)}" if choices else key

    return words


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else plain_value(value)
