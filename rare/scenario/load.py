"""Loads a Scenario from a TOML file and overrides; errors name file and line."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rare.scenario.config.scenario_config import Scenario
from rare.scenario.config.toml_tables import KeyPath, TableProblem, dotted, parse_table, shown
from traces.errors import InputError
from traces.files.documents import is_regular, parse_toml, read_text, reading, toml_tables, user_path
from traces.files.text import place

SHIPPED = Path(__file__).resolve().parent / "library"
GROUNDS = "training"  # folder of scenarios for training: training/NAME
MAX_BYTES = 1_000_000
# Keys that describe one workload file: another file does not inherit them.
_OF_THE_FILE = ("format", "mapping", "processors", "zone", "start_utc", "jobs", "from_date", "to_date")
_OF_A_MODEL = ("model", "load", "days", "variant", "estimates", "max_estimate_s", "seed", "processors")
_ARRAYS = ("source", "partition", "service_class", "speed", "event", "outage", "share")
UNLIMITED = "unlimited"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checked scenario, the folder its paths are relative to, and what the file is called in messages."""

    scenario: Scenario
    base: Path
    label: str

    def path(self, file: str) -> Path:
        """A file of the scenario: relative to the scenario file's folder."""
        return Path(os.path.normpath(self.base / user_path(file)))


@dataclass(frozen=True, slots=True)
class Overrides:
    """Overrides of a scenario file, such as of the command line; None: no change.

    base: folder that paths in them are relative to; None: the current folder.
    mapping: of the workload's columns, a shipped name or a TOML file.
    """

    workload: str | None = None
    power: str | None = None  # a file, or 'unlimited'
    processors: int | None = None
    jobs: str | None = None
    from_date: str | None = None
    to_date: str | None = None
    strict: bool = False
    window: str | None = None  # one of the scenario's, or "all"
    settings: Sequence[str] = ()  # `table.key=value`, applied last
    base: Path | None = None
    mapping: str | None = None


Wishes = Overrides
"""The old name, kept for one version."""


def shipped_names() -> list[str]:
    """Names of the packaged scenarios."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load_scenario(name: str = "plain", overrides: Overrides | None = None) -> Loaded:
    """The scenario of that name or TOML file, with the overrides applied. InputError names file and line.

    >>> load_scenario("tiny", Overrides(settings=("battery.hours=4",))).scenario.battery.hours
    4.0
    """
    overrides = overrides or Overrides()
    path = _find(name)
    with reading(path):
        source = read_text(path, MAX_BYTES, f"give a TOML file, or one of {', '.join(shipped_names())}")
        source = source.replace("\r\n", "\n")
        tables = toml_tables(source, path)
        tables.setdefault("name", path.stem)
        by_option: list[tuple[KeyPath, str]] = []
        try:
            by_option += _apply_overrides(tables, overrides)
            by_option += [
                (_apply_setting(tables, setting, overrides.base), f"--set {setting}")
                for setting in overrides.settings
            ]
            scenario = parse_table(Scenario, tables)
        except TableProblem as problem:
            raise _located(problem, path, source, by_option) from None
    return Loaded(scenario, path.parent, place(path))


def _find(name: str) -> Path:
    if not name or "\0" in name:
        raise InputError(
            f"--scenario {shown(name)}: give a name ({', '.join(shipped_names())}) or a TOML file"
        )
    if name in shipped_names():
        return SHIPPED / f"{name}.toml"
    ground = SHIPPED / f"{name}.toml"
    if name.startswith(f"{GROUNDS}/") and ".." not in name and is_regular(ground):
        return ground
    if name.endswith(".toml") or "/" in name:
        return user_path(name)
    near = difflib.get_close_matches(name, shipped_names(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(shipped_names())}."
    raise InputError(
        f"scenario {shown(name)} is unknown", remedy=f"{hint} Or give a file whose name ends in .toml"
    )


# --- overrides ----------------------------------------------------------------------------------------


def _apply_overrides(table: dict[str, Any], overrides: Overrides) -> list[tuple[KeyPath, str]]:
    """Write the overrides into the raw table; returns which option wrote which path, for messages."""
    origin: list[tuple[KeyPath, str]] = []
    workload = _table_in(table, "workload")
    if overrides.workload is not None:
        if "file" in workload:
            for key in _OF_THE_FILE:
                workload.pop(key, None)
        if "model" in workload:
            for key in _OF_A_MODEL:
                workload.pop(key, None)
        if "windows" in table:  # the scenario's default is a week of its own jobs
            table["window"] = ALL
        workload["file"] = _absolute(overrides.workload, "--workload", overrides.base)
        if os.path.isdir(workload["file"]):
            raise InputError(
                f"--workload {shown(overrides.workload)}: is a directory",
                remedy="give the trace's file inside it",
            )
    if overrides.mapping is not None:
        _apply_mapping(workload, overrides.mapping, overrides.base)
        origin.append((("workload", "mapping"), f"--mapping {overrides.mapping}"))
    # Selections of the command line replace any selection of the scenario.
    for chosen_keys, replaced_keys in (
        (("jobs",), ("from_date", "to_date")),
        (("from_date", "to_date"), ("jobs",)),
    ):
        if any(getattr(overrides, key) is not None for key in chosen_keys):
            for key in replaced_keys:
                workload.pop(key, None)
    for key in ("processors", "jobs", "from_date", "to_date"):
        value = getattr(overrides, key)
        if value is not None:
            workload[key] = value
            origin.append((("workload", key), f"--{key.replace('_', '-')} {value}"))
    if overrides.strict:
        workload["strict"] = True
    if overrides.power is not None:
        _apply_power(table, overrides.power, overrides.base)
    if overrides.window is not None:
        table["window"] = overrides.window
        origin.append((("window",), f"--window {overrides.window}"))
    return origin


def _apply_mapping(workload: dict[str, Any], mapping: str, base: Path | None) -> None:
    """Read the workload's file through a mapping. InputError where the jobs come from no file."""
    if "file" not in workload:
        raise InputError(
            f"--mapping {shown(mapping)}: the jobs come from no file", remedy="give it with --workload FILE"
        )
    is_file = not mapping or mapping.endswith(".toml") or os.sep in mapping
    workload["mapping"] = _absolute(mapping, "--mapping", base) if is_file else mapping


def _apply_power(table: dict[str, Any], power: str, base: Path | None) -> None:
    supply = _table_in(table, "supply")
    if power == UNLIMITED:
        table["supply"] = {"kind": UNLIMITED}
        for key in ("battery", "forecast", "windows", "window"):
            table.pop(key, None)
        if isinstance(table.get("grid"), dict):
            for key in ("import_ratio", "import_kw", "unlimited", "import_series", "price", "carbon"):
                table["grid"].pop(key, None)
        return
    file = _absolute(power, "--power", base)
    supply.pop("kind", None)
    sources = supply.get("source", [])
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        return  # the parser says what is wrong with them
    missing = [source for source in sources if "file" not in source]
    for source in missing:
        source["file"] = file
    if not missing:
        supply["source"] = [{"file": file, **_summed_size(sources)}]


def _summed_size(sources: list[dict[str, Any]]) -> dict[str, Any]:
    """A file that replaces several sources is as large as all of them, where they were sized relatively."""
    peaks = [source.get("peak", source.get("capacity")) for source in sources]
    numbers = [peak for peak in peaks if isinstance(peak, int | float) and not isinstance(peak, bool)]
    return {"peak": sum(numbers)} if numbers and len(numbers) == len(sources) else {}


def _table_in(table: dict[str, Any], key: str) -> dict[str, Any]:
    inner = table.setdefault(key, {})
    if not isinstance(inner, dict):
        raise TableProblem((key,), f"must be a table, got {shown(inner)}")
    return inner


def _absolute(file: str, option: str, base: Path | None) -> str:
    if not file or "\0" in file:
        raise InputError(f"{option} {shown(file)}: give a file")
    return str(Path.cwd() / (base or "") / user_path(file))


def _apply_setting(table: dict[str, Any], setting: str, base: Path | None = None) -> KeyPath:
    """Write one `table.key=value` into the raw table; returns its path."""
    key, equals, value = setting.partition("=")
    parts = [part.strip() for part in key.strip().split(".")]
    if not equals or not all(parts):
        raise InputError(f"--set {shown(setting)}: must be table.key=value, such as battery.hours=4")
    current: Any = table
    path: list[str | int] = []
    for part in parts[:-1]:
        current, step = _step_into(current, part, setting)
        path.append(step)
    if not isinstance(current, dict):
        raise InputError(
            f"--set {shown(setting)}: {dotted(path)} is an array", remedy="name one, by place or name"
        )
    parsed = _toml_value(value.strip())
    if isinstance(parsed, str) and (parts[-1] == "file" or parsed.endswith(".toml")):
        parsed = _absolute(parsed, f"--set {key.strip()}", base)
    current[parts[-1]] = parsed
    return (*path, parts[-1])


def _step_into(current: Any, part: str, setting: str) -> tuple[Any, str | int]:
    if isinstance(current, dict):
        if part in _ARRAYS and part not in current:
            current[part] = []
        return current.setdefault(part, {}), part
    if not isinstance(current, list):
        raise InputError(f"--set {shown(setting)}: {part!r} lies inside something that is no table")
    if part.isascii() and part.isdecimal() and len(part) <= 9 and int(part) <= len(current):
        if int(part) == len(current):
            current.append({})
        return current[int(part)], int(part)
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in current]
    if part in names:
        return current[names.index(part)], names.index(part)
    named_entries = ", ".join(str(name) for name in names if name)
    hint = (
        f"known are {named_entries}"
        if named_entries
        else f"there are {len(current)} entries, so the next new one is {len(current)}"
    )
    raise InputError(f"--set {shown(setting)}: there is no entry {part!r}", remedy=hint)


def _toml_value(value: str) -> Any:
    """TOML's reading of a value; what TOML does not know is a text, so that quotes may be left out."""
    try:
        table = parse_toml(f"value = {value}")
    except ValueError:
        return value
    return table["value"] if len(table) == 1 else value


# --- where a wrong key stands ---------------------------------------------------------------------------


def _located(
    problem: TableProblem, path: Path, source: str, by_option: Iterable[tuple[KeyPath, str]]
) -> InputError:
    """The problem with the option that wrote the key, else with file and line."""
    for written_path, option in by_option:
        if written_path and problem.path[: len(written_path)] == written_path:
            return problem.located(shown_option(option))
    line = find_line(source, problem.path)
    for written_path, option in by_option if line is None else ():
        if written_path[: len(problem.path)] == problem.path:
            return problem.located(shown_option(option))
    return problem.located(place(path, line))


def shown_option(option: str) -> str:
    """An option as given, on one line and cut to a readable length."""
    text = " ".join(option.split())
    return text if len(text) <= 90 else text[:87] + "..."


_LONGEST_LINE = 300
_HEADER = re.compile(r"\s*(\[{1,2})\s*([^\]#]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_.-]+))\s*=""")


def find_line(source: str, path: KeyPath) -> int | None:
    """The line that holds a path, or the table it belongs to; None where the file has neither.

    Good for ordinary files, not a second TOML parser: an odd one costs a line number, nothing else.
    """
    counts: dict[str, int] = {}
    table_path: KeyPath = ()
    nearest: tuple[int, int | None] = (0, None)
    for number, full_line in enumerate(source.splitlines(), 1):
        line = full_line[
            :_LONGEST_LINE
        ]  # the patterns take a time that grows with the square of a line's blanks
        if header := _HEADER.match(line):
            name = header[2].replace('"', "").replace(" ", "")
            table_path = tuple(name.split("."))
            if header[1] == "[[":
                place = counts[name] = counts.get(name, -1) + 1
                table_path = (*table_path, place)
            line_path = table_path
        elif key := _KEY.match(line):
            line_path = (*table_path, *(key[1] or key[2] or key[3]).split("."))
        else:
            continue
        depth = len(line_path)
        if line_path[: len(path)] == path and nearest[0] == 0:
            nearest = (len(path), number)  # the first of several tables of that name
        if path[:depth] == line_path and depth > nearest[0]:
            nearest = (depth, number)
    return nearest[1]
