"""`rare demo`: a table and a report within a minute, then a scheduler learns, then the table with it.

The first part is always made again; learning goes on where it was stopped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from experiments.demo.demo_learning import begun_otherwise, forget, is_learned, learn_all, total_time
from experiments.demo.demo_plan import DemoPlan, week_seconds
from experiments.process.atomic_output import LEARNING, check_place, is_own_folder
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.report.learned_facts import learning_facts
from experiments.runs.comparison import compare_run, link_or_copy
from experiments.runs.previous_run import previous_config
from experiments.training.train_folder import missing
from traces.errors import InputError
from traces.files.documents import user_path

PLAN = DemoPlan()
COLUMNS = (
    "  objective: value earned by jobs that ended, as a share of the value of all jobs; more is better",
    "  late: jobs that ended after their deadline; slowdown: time in the system by run time, mean of all jobs",
    "  unfinished: jobs dropped when their value had expired; suspended: how often a job was paused",
)
"""The columns of the table that do not speak for themselves."""


def demo_run(
    out: str | Path,
    *,
    plan: DemoPlan = PLAN,
    force: bool = False,
    figures: bool = True,
    learn: bool = True,
    display: ProgressDisplay = QUIET,
    command: Sequence[str] = (),
    show: Callable[[dict[str, Any]], None] = lambda result: None,
) -> dict[str, Any]:
    """Compare heuristics on a summer's week of `islanded`, teach a network, and compare again with it.

    All data comes with the package. An earlier demo in `out` is replaced, also one of another version of
    the package; what it learned is kept if plan and versions are the same, and goes on where it was stopped.
    Without the extra `learn` only the comparison is made. show: is given the first comparison, and the last
    one, as soon as the folder with its report is there. Returns the last comparison, the object of
    `rare compare --json`, with "learning" (what `learning_facts` gives) beside it. InputError for a folder
    that holds something else.
    """
    folder: Path = user_path(out)
    learning = folder / LEARNING
    _check_place(folder)
    if learn and missing():
        display.note(
            f"nothing is learned: {missing()[0]} is not there; install the extra rare-datacenter[learn]"
        )
        learn = False
    if begun_otherwise(learning, plan):
        then = "learning begins anew" if learn else "it is removed"
        display.note(f"{learning}: was learned by another version or plan of the demo, so {then}")
        forget(learning)
    previous = previous_config(folder)
    compare = partial(
        compare_run,
        scenario=plan.scenario,
        out=folder,
        force=force or (previous is not None and previous.get("name") == plan.scenario),
        figures=figures,
        command=command,
        add_files=partial(_add_learning, learning),
    )
    _say_first(plan, learn, display)
    result = compare(plan.compared, display=display)
    show(result)
    _say_report(folder, figures, learn, display)
    if not learn:
        return result
    with explained(lambda: _what_stays(folder, figures)):
        _learn(learning, plan, week_seconds(result["results"]), display)
        display.note(
            f"Part 3 of 3: the same week again, with {plan.packaged} (the network that comes with the package) "
            "and ppo/best (the one that has just learned)."
        )
        result = compare([*plan.compared, plan.packaged, str(learning / "ppo" / "best")], force=True)
    result |= {"learning": learning_facts(learning)}
    show(result)
    display.note(
        "  This week is one of the validation weeks, by which the checkpoint ppo/best was chosen: the table of "
        "test weeks is the fair comparison."
    )
    return result


def _check_place(out: Path) -> None:
    """Refuse a folder of somebody else's before minutes are spent."""
    if os.path.exists(out) and (not out.is_dir() or (any(out.iterdir()) and not is_own_folder(out))):
        raise InputError(f"--out {out}: holds something that no demo wrote; give another folder")
    check_place(out)


def _add_learning(learning: Path, folder: Path) -> None:
    """What was learned goes into the new folder; the old one is there until that takes its place."""
    if learning.exists():
        shutil.copytree(learning, folder / LEARNING, copy_function=link_or_copy)


def _say_first(plan: DemoPlan, learn: bool, display: ProgressDisplay) -> None:
    part = "Part 1 of 3: " if learn else ""
    display.note(
        f"{part}{len(plan.compared)} schedulers run the same week of jobs on a small cluster that lives on "
        "wind, sun and a battery."
    )


def _say_report(out: Path, figures: bool, learn: bool, display: ProgressDisplay) -> None:
    for line in COLUMNS:
        display.note(line)
    if figures:
        display.note(f"  first picture: {out / 'figures' / 'objective.png'}")
        later = "; what is learned is added at the end" if learn else ""
        display.note(f"  the report, to be opened in a browser now: {out / 'report.html'}{later}")


def _learn(learning: Path, plan: DemoPlan, week_s: float | None, display: ProgressDisplay) -> None:
    if is_learned(learning):
        display.note("Part 2 of 3: a scheduler has learned already; delete the folder to see it learn again.")
        return
    total = total_time(plan, week_s)
    again = "goes on" if learning.exists() else "learns"
    display.note(
        f"Part 2 of 3: a scheduler {again}{f', {total} on this machine' if total else ''}. "
        "Ctrl-C stops it; the same command goes on from there."
    )
    learn_all(learning, plan, week_s, display)


def _what_stays(out: Path, figures: bool) -> str:
    """What an interrupt leaves, in words."""
    whole = f"{out / 'report.html'} is whole, and " if figures else ""
    return f"{whole}the same command goes on with learning from here"
