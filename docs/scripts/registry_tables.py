"""The names that RARE knows, as docs/reference/names.md, and where other pages have tables of them.

`python -m docs.scripts.registry_tables` writes docs/reference/names.md from the registries; what a plug-in of this
machine adds is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from docs.scripts.page_paths import page_path
from docs.scripts.wrap_pages import wrapped
from energy.weather.weather_formats import WEATHER_FORMATS
from rare.rules.orders import ORDERS
from schedulers.heuristics.chooser import BACKFILLS
from schedulers.heuristics.gates import GATES
from schedulers.heuristics.speeds import SPEEDS
from schedulers.heuristics.victims import VICTIMS
from schedulers.registry import SCHEDULERS  # where oracle, lookahead and rare are registered
from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS
from schedulers.training.online.online_algorithms import ONLINE_ALGORITHMS
from traces.jobs.job_formats import JOB_FORMATS
from traces.name_registry import Registry

PAGE = page_path("names.md")
HEAD = """# Names of schedulers, algorithms and formats

This page lists every name that a command, a scenario or a Python call accepts for a scheduler, a training algorithm or
a file format. You need it to choose a value for `--scheduler`, `--algorithm` or `--format`.

A scheduler's name is `ORDER[+BACKFILL][+GATE][+VICTIM][+SPEED]`, such as `hvf+easy+green`:

| part | decides | if left out |
|---|---|---|
| order | which waiting job comes first | `fcfs`, if a backfill is given |
| backfill | which jobs may start before the first one | `none` |
| gate | whether a flexible job waits for renewable, cheap or low-carbon power | no gate |
| victim | which running job stops in a shortage | `latest` |
| speed | when jobs run at a lower speed level | full speed |

`rare schedulers` prints the names of schedulers, with those that plug-ins add. The column *needs* says what the jobs or
the scenario must have. [extending.md](../guides/extending.md) describes how to add a name.
`python -m docs.scripts.registry_tables` writes this page from the registries in the code.
"""
SECTIONS: tuple[tuple[str, Registry[Any]], ...] = (
    ("Orders", ORDERS),
    ("Backfills", BACKFILLS),
    ("Power gates", GATES),
    ("Victim rules", VICTIMS),
    ("Speed rules", SPEEDS),
    ("Other schedulers", SCHEDULERS),
    ("Offline algorithms", OFFLINE_ALGORITHMS),
    ("Online algorithms", ONLINE_ALGORITHMS),
    ("Formats of job files", JOB_FORMATS),
    ("Formats of weather files", WEATHER_FORMATS),
)
#: section -> what a reader needs to know before its table
NOTES = {
    "Backfills": "The *head* is the first waiting job in the order.",
    "Power gates": "A gate lets a flexible job, one with a deadline, wait until its latest start at most. `price` and "
    "`carbon` open when `green` would, and also when power is cheap or low-carbon.",
    "Victim rules": "The rule names the running job that is suspended or killed first in a shortage of power.",
    "Speed rules": "Speed rules need a cluster with speed levels.",
}
#: page -> (first line of a table that is written by hand, registry whose names its first column has)
TABLES_BY_HAND: dict[str, tuple[str, Registry[Any]]] = {
    "training.md": ("| name | acts by | what it does | options |", OFFLINE_ALGORITHMS),
    "weather.md": ("| format | a stamp means | wind at | notes |", WEATHER_FORMATS),
    "workload-format.md": ("| format | suffix | holds |", JOB_FORMATS),
}


def names_page() -> str:
    """The text of docs/reference/names.md."""
    sections = (f"\n## {title}\n\n{_note(title)}{_table(registry)}" for title, registry in SECTIONS)
    return wrapped(HEAD + "".join(sections))


def _note(title: str) -> str:
    return f"{NOTES[title]}\n\n" if title in NOTES else ""


def names_in_table(page: str, first_line: str) -> list[str]:
    """First words of the rows of a table in a page, in small letters, each once."""
    text = page_path(page).read_text(encoding="utf-8")
    rows = text.partition(f"{first_line}\n")[2].split("\n\n")[0].splitlines()[1:]
    words = (re.findall(r"[\w=-]+", row)[0].lower() for row in rows)
    return list(dict.fromkeys(words))


def _table(registry: Registry[Any]) -> str:
    entries = [registry[name] for name in registry.built_in]
    needs = any(getattr(entry.value, "needs", "") for entry in entries)
    lines = ["| name | needs | meaning |", "|---|---|---|"] if needs else ["| name | meaning |", "|---|---|"]
    for entry in entries:
        cells = [f"`{entry.name}`", *([entry.value.needs] if needs else []), entry.help.replace("|", "\\|")]
        lines.append(_row(cells))
    return "\n".join([*lines, ""])


def _row(cells: Iterable[str]) -> str:
    return re.sub(r"\|  \|", "| |", f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    PAGE.write_text(names_page(), encoding="utf-8")
