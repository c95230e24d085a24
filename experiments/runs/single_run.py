"""Simulate one scheduler, and write the run's folder.

>>> from experiments.runs import simulate_run
>>> result = simulate_run("easy", scenario="tiny")                      # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rare
from experiments.engine.compile_lock import compiled_once
from experiments.process.atomic_output import ACCOUNT_FILES, GRID_EVENTS_FILE, atomic_folder
from experiments.process.interrupts import explained
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.results.json_values import plain_json
from experiments.runs.remarks import never_short, remarks
from experiments.runs.run_setup import SimulationRequest, Work, prepare
from rare.scheduler import Decider, as_decider, as_scheduler
from rare.state.compile import is_compiled
from schedulers import make_scheduler
from schedulers.user.user_class import declared_name, is_user_class, users_error
from traces.errors import InputError

FORECAST_EVERY_S = 6 * 3600
"""Of the hourly forecasts this often one is stored."""


def simulate_run(
    scheduler: str = "easy",
    request: SimulationRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> dict[str, Any]:
    """Simulate one scheduler and return the object of `rare simulate --json`.

    changes: fields of SimulationRequest by name, such as scenario="tiny" and out="my-run". With `out` a run
    folder is written, whole or not at all; a finished run of another configuration there is replaced only
    with `force`. InputError for bad input, TypeError for a field that there is not.
    """
    request = dataclasses.replace(request or SimulationRequest(), **changes)
    work = prepare(request, [scheduler], display)
    with explained(lambda: "nothing was kept"):
        if request.out is None:
            return simulate_one(work, scheduler, record=False)[0]
        with atomic_folder(request.out) as folder:
            facts, result = simulate_one(work, scheduler, record=True)
            store(folder, work, facts, result)
            if request.figures:
                draw_report(folder, display)
    return facts


def simulate_one(
    work: Work, name: str, *, record: bool, label: str | None = None
) -> tuple[dict[str, Any], rare.Result]:
    """One run: the JSON object, and the result with its tables if they are recorded. InputError."""
    made = make_scheduler(name)
    settings, display = work.settings, work.display
    try:
        with users_error(name), display.task(label or name, "jobs arrived") as task:
            scheduler = as_scheduler(made)
            entry = scheduler.settling_entry if settings.clock == "simpy" else scheduler.compiled_entry
            _note_compiling(display, entry)
            with compiled_once(entry):
                decider = as_decider(scheduler, work.built.case)
                result = _engine(
                    work.built.case,
                    decider,
                    clock=settings.clock,
                    record=record,
                    progress=task.update,
                    warmup_s=settings.warmup_s,
                )
    except ValueError as error:
        if isinstance(error, InputError) or not is_user_class(name):
            raise
        raise InputError(f"scheduler {name}: {' '.join(str(error).split())}") from error
    of_power = never_short(work.built.case, result)
    for text in of_power:
        display.note_once(f"note: {text}")  # every scheduler of a comparison has it
    run_remarks = remarks(work.built.case, result, decider)
    for text in run_remarks:
        display.note(f"note: {name}: {text}")
    facts = {
        "scenario": work.built.name,
        "scheduler": name,
        "seed": settings.seed,
        "privileged": scheduler.privileged,
        "ended": result.ended,
        "metrics": plain_json(result.metrics),
        "clock": settings.clock,
        "warmup_s": settings.warmup_s,
        "workload": work.built.case.workload.name,
        "notes": [*work.built.warnings, *of_power, *run_remarks],
    }
    users_label = declared_name(name, made)
    return (facts if users_label is None else facts | {"label": users_label}), result


def store(folder: Path, work: Work, facts: Mapping[str, Any], result: rare.Result) -> None:
    """Write the files of a recorded run into a folder."""
    from experiments.results.run_folder import write_run  # brings pandas, of no use without a folder

    run = {key: facts[key] for key in ("scheduler", "seed", "clock", "warmup_s")}
    config = {**work.built.resolved(), "run": run}
    power = result.power_frame()
    supplied = bool(power["supply_w"].notna().any())  # else forecasts are of rates alone
    forecast = result.forecast_frame(FORECAST_EVERY_S) if supplied else None
    tables = result.jobs_frame(), result.events_frame(), power, forecast
    optional = {ACCOUNT_FILES[row]: table for row, table in result.account_frames().items()}
    grid_events = result.grid_events_frame()
    if grid_events is not None:
        optional[GRID_EVENTS_FILE] = grid_events
    write_run(folder, config, work.origin([facts["scheduler"]]), facts, *tables, optional=optional)


def draw_report(folder: Path, display: ProgressDisplay) -> None:
    """Figures and report.html of a folder that is being written."""
    from experiments.report.html_report import write_report  # brings matplotlib, a fifth of the start

    display.note("drawing the figures and the report ...")
    write_report(folder)


def _engine(case: rare.Case, scheduler: Decider, **options: Any) -> rare.Result:
    """The simulator; tests put a stub in its place."""
    return rare.simulate(case, scheduler, **options)


def _note_compiling(display: ProgressDisplay, entry: str) -> None:
    if not is_compiled(entry):
        display.note(
            "compiling the rules, once after an installation or an edit; this takes about 20 seconds ..."
        )
