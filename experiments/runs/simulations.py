"""Simulate one scheduler, compare many: the functions behind the command line, for notebooks too.

>>> from experiments.runs.simulations import compare_runs
>>> whole = compare_runs(["fcfs", "easy"], scenario="tiny")             # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.runs.atomic_output import atomic_folder, check_place
from experiments.runs.interrupts import cleaned
from experiments.runs.previous_run import check_replace
from experiments.runs.progress import QUIET, Talk
from experiments.runs.provenance import code_hash, file_hash, library_versions, provenance, scheduler_files
from experiments.runs.remarks import remarks
from experiments.runs.run_folder import load_run, run_subfolder, write_compare, write_run
from rare.scenario.case_builder import Built, build
from rare.scenario.load import Wishes, load_scenario
from rare.scheduler import BaseScheduler, as_decider, as_scheduler
from schedulers.user.user_class import declared_name, is_user_class, users_error
from traces.documents import user_path
from traces.errors import InputError

FORECAST_EVERY_S = 6 * 3600  # of the hourly issues this often one is stored
CLOCKS = ("compiled", "simpy")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is no part of the scenario: clock, seed, warm-up (seconds from the first submit)."""

    clock: str = "compiled"
    seed: int = 0
    warmup_s: int = 0

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise InputError(f"clock {self.clock!r} is unknown; known are {', '.join(CLOCKS)}")
        for key in ("seed", "warmup_s"):
            if getattr(self, key) < 0:
                raise InputError(f"{key} must not be negative, got {getattr(self, key)}")


@dataclass(frozen=True, slots=True)
class Work:
    """What all runs of one command share."""

    built: Built
    settings: Settings
    talk: Talk = QUIET
    command: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)

    def key(self, scheduler: str) -> str:
        """Changes with everything that could change the result of this scheduler."""
        whole = [self.built.resolved(), repr(self.settings), dict(self.hashes), scheduler]
        whole += [code_hash(), library_versions()]
        whole += scheduler_files([scheduler]).values()
        text = json.dumps(whole, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def origin(self, schedulers: Sequence[str]) -> dict[str, Any]:
        """The object of provenance.json of a run or comparison of these schedulers."""
        files = scheduler_files(schedulers)
        extra = {"scheduler_files": files} if files else None
        return provenance(seed=self.settings.seed, files=self.built.files, command=self.command, extra=extra)


def simulate_run(
    scheduler: str = "easy",
    *,
    scenario: str = "plain",
    wishes: Wishes | None = None,
    settings: Settings | None = None,
    out: str | Path | None = None,
    force: bool = False,
    figures: bool = True,
    talk: Talk = QUIET,
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """Simulate one scheduler and return the object of `rare simulate --json`.

    With `out` a run folder is written, whole or not at all; a finished run of another configuration
    there is replaced only with `force`. InputError for bad input.
    """
    work = _prepare(scenario, wishes, settings, [scheduler], talk, command, out, force)
    if out is None:
        with _said_when_stopped(work, [], None):
            return _simulate(work, scheduler, record=False)[0]
    with _said_when_stopped(work, [], None), atomic_folder(out) as folder:
        found, result = _simulate(work, scheduler, record=True)
        _store(folder, work, found, result)
        if figures:
            _report(folder, talk)
    return found


def compare_runs(
    schedulers: Sequence[str],
    *,
    scenario: str = "plain",
    wishes: Wishes | None = None,
    settings: Settings | None = None,
    out: str | Path | None = None,
    force: bool = False,
    figures: bool = True,
    talk: Talk = QUIET,
    command: Sequence[str] = (),
    also: Callable[[Path], None] | None = None,
) -> dict[str, Any]:
    """Simulate many schedulers on one scenario and return `{"scenario": ..., "results": [...]}`.

    With `out` a comparison folder is written, whole or not at all. Finished runs are kept in a hidden
    folder beside it until then, so that an interrupted comparison goes on where it stopped; a finished
    one is made again. One of another configuration is replaced only with `force`. also: puts more into the
    new folder before the report is drawn.
    """
    _check_names(schedulers)
    work = _prepare(scenario, wishes, settings, schedulers, talk, command, out, force)
    if out is None:
        with _said_when_stopped(work, [], None):
            results = [_simulate(work, name, record=False)[0] for name in schedulers]
        return {"scenario": work.built.name, "results": results}
    kept = _kept_folder(out)
    with _said_when_stopped(work, schedulers, kept), atomic_folder(out) as folder:
        results = _compare_into(folder, kept, work, schedulers)
        whole = {"scenario": work.built.name, "results": results}
        write_compare(folder, work.built.resolved(), work.origin(schedulers), work.built.name, results)
        if also is not None:
            also(folder)
        if figures:
            _report(folder, talk)
    shutil.rmtree(kept, ignore_errors=True)
    return whole


# --- preparing ------------------------------------------------------------------------------------------


def _prepare(
    scenario: str,
    wishes: Wishes | None,
    settings: Settings | None,
    schedulers: Sequence[str],
    talk: Talk,
    command: Sequence[str],
    out: str | Path | None,
    force: bool,
) -> Work:
    settings = settings or Settings()
    if out is not None:
        check_place(out)
    made = [_make(name) for name in schedulers]
    loaded = load_scenario(scenario, wishes)
    if loaded.scenario.workload.file is None and loaded.scenario.workload.model is None:
        raise InputError("no workload: give --workload FILE (or --scenario with one)")
    built = build(loaded, seed=settings.seed)
    _check_warmup(built, settings.warmup_s)
    check_replace(out, built.resolved(), force)
    for name, scheduler in zip(schedulers, made, strict=True):  # before minutes are spent on the first ones
        with users_error(name):
            as_scheduler(scheduler).check(built.case)
    for text in built.warnings:
        talk.note(f"note: {text}")
    hashes = {role: file_hash(path) for role, path in built.files.items()}
    return Work(built, settings, talk, tuple(command), hashes)


def _check_warmup(built: Built, warmup_s: int) -> None:
    """A warm-up that leaves no job to count is a slip; better said now than after the simulation."""
    submit_s = built.case.workload.submit_s
    span_s = int(submit_s[-1] - submit_s[0])
    if warmup_s and warmup_s >= span_s:
        raise InputError(
            f"--warmup {warmup_s} s: the last job is submitted {span_s} s after the first, so no job would "
            "count; give a shorter one"
        )


def _check_names(schedulers: Sequence[str]) -> None:
    if not schedulers:
        raise InputError(
            "no scheduler is given; give --scheduler NAME once or more (rare schedulers lists them)"
        )
    twice = [name for place, name in enumerate(schedulers) if name in schedulers[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")


def _make(name: str) -> Any:
    from schedulers import make_scheduler

    return make_scheduler(name)


def _engine(case: Any, scheduler: Any, **options: Any) -> Any:
    """The simulator; tests put a stub in its place."""
    import rare

    return rare.simulate(case, scheduler, **options)


def _say_compiling(talk: Talk, clock: str, scheduler: BaseScheduler) -> None:
    from rare.state.compile import is_compiled

    if not is_compiled("instant" if clock == "simpy" else scheduler.compiled_entry):
        talk.note("compiling the rules, once after an installation or an edit; this takes about a minute ...")


# --- running --------------------------------------------------------------------------------------------


def _simulate(work: Work, name: str, record: bool) -> tuple[dict[str, Any], Any]:
    """One run: the JSON object and the Result."""
    scheduler = _make(name)
    settings = work.settings
    try:
        with users_error(name):
            ready = as_scheduler(scheduler)
            _say_compiling(work.talk, settings.clock, ready)
            decider = as_decider(ready, work.built.case)
            result = _engine(
                work.built.case,
                decider,
                clock=settings.clock,
                record=record,
                progress=work.talk.progress(name),
                warmup_s=settings.warmup_s,
            )
    except ValueError as error:
        if isinstance(error, InputError) or not is_user_class(name):
            raise
        raise InputError(f"scheduler {name}: {' '.join(str(error).split())}") from error
    finally:
        work.talk.done()
    said = remarks(work.built.case, result, decider)
    for text in said:
        work.talk.note(f"note: {name}: {text}")
    found = {
        "scenario": work.built.name,
        "scheduler": name,
        "seed": settings.seed,
        "privileged": ready.privileged,
        "ended": result.ended,
        "metrics": plain_json(result.metrics),
        "clock": settings.clock,
        "warmup_s": settings.warmup_s,
        "workload": work.built.case.workload.name,
        "notes": [*work.built.warnings, *said],
    }
    label = declared_name(name, scheduler)
    if label is not None:
        found["label"] = label
    return found, result


def _store(folder: Path, work: Work, found: Mapping[str, Any], result: Any) -> None:
    config = {**work.built.resolved(), "run": {"scheduler": found["scheduler"], "seed": found["seed"]}}
    config["run"] |= {"clock": work.settings.clock, "warmup_s": work.settings.warmup_s}
    power = result.power_frame()
    tables = result.jobs_frame(), result.events_frame(), power
    supplied = bool(power["supply_w"].notna().any())  # else forecasts are of rates alone
    forecast = result.forecast_frame(FORECAST_EVERY_S) if supplied else None
    write_run(folder, config, work.origin([found["scheduler"]]), found, *tables, forecast)


def _report(folder: Path, talk: Talk) -> None:
    from experiments.report.html_report import write_report

    talk.note("drawing the figures and the report ...")
    write_report(folder)


def _kept_folder(out: str | Path) -> Path:
    target = user_path(out).resolve()
    return target.parent / f".{target.name[:80]}.unfinished"


def _compare_into(folder: Path, kept: Path, work: Work, schedulers: Sequence[str]) -> list[dict[str, Any]]:
    """Fill `folder/runs`; runs that an interrupted comparison left in `kept` are not made again."""
    results = []
    try:
        for place, name in enumerate(schedulers, 1):
            home = kept / work.key(name)
            found = _kept_result(home)
            if found is None:
                work.talk.note(f"[{place}/{len(schedulers)}] {name}")
                found, result = _simulate(work, name, record=True)
                _store_kept(home, work, found, result)
            else:
                work.talk.note(f"[{place}/{len(schedulers)}] {name}: done before the interruption")
            shutil.copytree(home, run_subfolder(folder, name), copy_function=link_or_copy)
            results.append(found)
    except (InputError, OSError):
        shutil.rmtree(kept, ignore_errors=True)
        raise
    return results


@contextmanager
def _said_when_stopped(work: Work, schedulers: Sequence[str], kept: Path | None) -> Iterator[None]:
    """Give an interrupt the words for what is left of the work."""

    def words() -> str:
        done = sum((kept / work.key(name)).is_dir() for name in schedulers) if kept is not None else 0
        if not done:
            return "nothing was kept"
        runs = "1 finished run is" if done == 1 else f"{done} finished runs are"
        return f"{runs} kept in {kept}: the same command goes on from there"

    try:
        with cleaned(words):
            yield
    except KeyboardInterrupt as stop:
        stop.args = (words(),)
        raise


def _kept_result(home: Path) -> dict[str, Any] | None:
    if not home.is_dir():
        return None
    try:
        return load_run(home).result
    except InputError:  # damaged: made again
        shutil.rmtree(home, ignore_errors=True)
        return None


def _store_kept(home: Path, work: Work, found: Mapping[str, Any], result: Any) -> None:
    partial = home.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _store(partial, work, found, result)
    partial.rename(home)


def link_or_copy(source: str, target: str) -> None:
    """A second name for a file; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def plain_json(value: Any) -> Any:
    """Plain Python values only, null for NaN and infinities: what JSON can say."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(each) for each in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
