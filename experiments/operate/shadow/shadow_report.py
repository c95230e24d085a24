"""`rare shadow report`: RARE's opinion against what the scheduler did, from a log alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from experiments.operate.shadow.logged_run import (
    LoggedCase,
    LoggedTime,
    RecordedStarts,
    RunFigures,
    logged_case,
    logged_time,
    play,
)
from experiments.operate.shadow.logged_scenario import chosen_scenario
from experiments.operate.shadow.queue_changes import STARTED
from experiments.operate.shadow.shadow_log import LogCounts, LoggedPoll, read_log
from experiments.report.page_templates import Grid, render_page
from rare.scheduler import as_scheduler
from rare.state.arrays import NO_TIME
from schedulers import make_scheduler
from traces.errors import InputError, one_line
from traces.files.atomic import write_json, write_text
from traces.files.documents import user_path

TICK_S = 5
DEFAULT_SCENARIO = "plain"
FACT, MODEL, SIMULATION = "fact", "scenario's figures on facts", "simulation"


@dataclass(frozen=True)
class Agreement:
    """Starts between two polls: what RARE would have started at the first, and what was started.

    both, only_rare, only_scheduler : starts
    next_in_order : starts of the scheduler that were among as many next ones in RARE's order
    holds, held_started : jobs that RARE would have held, each at each poll, and those started before the next
    """

    both: int = 0
    only_rare: int = 0
    only_scheduler: int = 0
    next_in_order: int = 0
    holds: int = 0
    held_started: int = 0


@dataclass(frozen=True)
class Side:
    """The figures of one side. None: unknown or nothing to count."""

    started: int
    ended: int
    mean_wait_s: float | None
    longest_wait_s: float | None
    draw_kwh: float
    from_feed_kwh: float | None
    renewable_share: float | None
    shed: int


@dataclass(frozen=True)
class ShadowFacts:
    """What a report says.

    compared_waits : jobs that were submitted in the log and started by the end on both sides
    replay_off_s   : how far the starts of the replay lie from those of the log: median and largest
    """

    begin_s: int
    end_s: int
    polls: int
    skipped: int
    torn: int
    jobs: int
    left_out: dict[str, int]
    without_run_time: int
    requeued: int
    suspended: int
    scheduler: str
    scenario: str
    agreement: Agreement
    actual: Side
    alternative: Side
    compared_waits: int
    compared_wait_s: tuple[float, float] | None
    feed_kwh: float | None
    replay_off_s: tuple[float, float] | None
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return asdict(self)


def shadow_report(
    folder: str,
    out: str | None,
    scheduler: str | None = None,
    scenario: str | None = None,
    settings: Sequence[str] = (),
) -> tuple[ShadowFacts, Path]:
    """The comparison of the log in a folder, and the page that shows it.

    scheduler: None: the one that the log has opinions of. scenario: None: the one that it was observed with.
    InputError for a folder without a log of some time.
    """
    source = user_path(folder)
    counts = LogCounts()
    polls = list(read_log(source, counts))
    time = logged_time(polls)
    name = scheduler or _scheduler_of(polls)
    chosen = chosen_scenario(polls, scenario, settings, DEFAULT_SCENARIO)
    case = logged_case(time, chosen.loaded)
    actual = play(case.with_grid(TICK_S), RecordedStarts(case.starts_s))
    decider = as_scheduler(make_scheduler(name)).for_case(case.part.case)
    alternative = play(case, decider)
    facts = _facts(polls, counts, time, case, (actual, alternative), (name, chosen.text))
    target = source / "report" if out is None else user_path(out)
    target.mkdir(parents=True, exist_ok=True)
    write_json(target / "shadow.json", facts.as_dict())
    write_text(target / "report.html", _page(facts))
    return facts, target / "report.html"


def agreement(polls: list[LoggedPoll]) -> Agreement:
    """Starts that RARE would have made at a poll, against those until the next poll."""
    both = only_rare = only_scheduler = in_order = holds = held_started = 0
    for now, later in zip(polls, polls[1:], strict=False):
        would = now.record.get("would")
        if not isinstance(would, dict):
            continue
        starts = set(would.get("starts", ()))
        held = {job for jobs in would.get("holds", {}).values() for job in jobs}
        here = {job.job_id for job in now.snapshot.jobs}
        started = {change.job_id for change in later.did if change.what == STARTED} & here
        both += len(starts & started)
        only_rare += len(starts - started)
        only_scheduler += len(started - starts)
        in_order += len(set(_order(would)[: len(started)]) & started)
        holds += len(held)
        held_started += len(held & started)
    return Agreement(both, only_rare, only_scheduler, in_order, holds, held_started)


def _checked_agreement(polls: list[LoggedPoll]) -> Agreement:
    """As `agreement`. InputError for a log that was changed."""
    try:
        return agreement(polls)
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"the log has an opinion that is none ({one_line(error, 80)})") from None


def _order(would: dict[str, Any]) -> list[str]:
    """The waiting jobs as RARE would start them: those of now, then by their expected start."""
    now = list(would.get("starts", ()))
    expected = would.get("expected_start_s", {})
    later = sorted((job for job in expected if job not in now), key=lambda job: int(expected[job]))
    return [*now, *later]


def _scheduler_of(polls: list[LoggedPoll]) -> str:
    for poll in reversed(polls):
        would = poll.record.get("would")
        if isinstance(would, dict) and isinstance(would.get("scheduler"), str):
            return would["scheduler"]
    raise InputError("the log has no opinion of RARE", remedy="give --scheduler")


def _facts(
    polls: list[LoggedPoll],
    counts: LogCounts,
    time: LoggedTime,
    case: LoggedCase,
    runs: tuple[RunFigures, RunFigures],
    names: tuple[str, str],
) -> ShadowFacts:
    """names: scheduler and scenario."""
    actual, alternative = runs
    fed = bool(time.power)
    submit = np.array([job.submit_s for job in case.part.jobs], np.int64)
    in_log = submit > case.begin_s
    both = in_log & (case.starts_s != NO_TIME) & (alternative.starts_s != NO_TIME)
    waits = None
    if both.any():
        waits = (
            float((case.starts_s - submit)[both].mean()),
            float((alternative.starts_s - submit)[both].mean()),
        )
    replayed = in_log & (case.starts_s != NO_TIME) & (actual.starts_s != NO_TIME)
    off_s = np.abs(actual.starts_s - case.starts_s)[replayed]
    reasons: dict[str, int] = {}
    for why in case.left_out.values():
        reasons[why] = reasons.get(why, 0) + 1
    facts = RunFigures(case.starts_s, case.ends_s, actual.draw_kwh, actual.from_feed_kwh, actual.feed_kwh, 0)
    return ShadowFacts(
        begin_s=case.begin_s,
        end_s=case.end_s,
        polls=counts.polls,
        skipped=counts.skipped,
        torn=counts.torn,
        jobs=len(case.part.jobs),
        left_out=reasons,
        without_run_time=int((~case.work_known).sum()),
        requeued=time.requeued,
        suspended=time.suspended,
        scheduler=names[0],
        scenario=names[1],
        agreement=_checked_agreement(polls),
        actual=_side(facts, submit, in_log, fed),
        alternative=_side(alternative, submit, in_log, fed),
        compared_waits=int(both.sum()),
        compared_wait_s=waits,
        feed_kwh=actual.feed_kwh if fed else None,
        replay_off_s=(float(np.median(off_s)), float(off_s.max())) if len(off_s) else None,
        notes=case.part.notes,
    )


def _side(run: RunFigures, submit: np.ndarray, in_log: np.ndarray, fed: bool) -> Side:
    started = in_log & (run.starts_s != NO_TIME)
    wait_s = (run.starts_s - submit)[started]
    return Side(
        started=int(started.sum()),
        ended=int((run.ends_s != NO_TIME).sum()),
        mean_wait_s=float(wait_s.mean()) if len(wait_s) else None,
        longest_wait_s=float(wait_s.max()) if len(wait_s) else None,
        draw_kwh=run.draw_kwh,
        from_feed_kwh=run.from_feed_kwh if fed else None,
        renewable_share=run.from_feed_kwh / run.draw_kwh if fed and run.draw_kwh else None,
        shed=run.shed,
    )


# --- as text and page -------------------------------------------------------------------------------------


def _rows(facts: ShadowFacts) -> list[tuple[str, str, str, str]]:
    """Each figure: what, the scheduler's, RARE's, and what both are."""
    actual, other = facts.actual, facts.alternative
    waits = facts.compared_wait_s
    rows = [
        ("started of those submitted in the log", f"{actual.started:,}", f"{other.started:,}", FACT),
        ("ended by the end of the log", f"{actual.ended:,}", f"{other.ended:,}", FACT),
        ("mean wait of these", _time(actual.mean_wait_s), _time(other.mean_wait_s), FACT),
        ("longest wait of these", _time(actual.longest_wait_s), _time(other.longest_wait_s), FACT),
        (
            f"mean wait of the {facts.compared_waits:,} jobs started by both",
            _time(None if waits is None else waits[0]),
            _time(None if waits is None else waits[1]),
            FACT,
        ),
        ("energy", _kwh(actual.draw_kwh), _kwh(other.draw_kwh), MODEL),
        ("of it from the feed", _kwh(actual.from_feed_kwh), _kwh(other.from_feed_kwh), MODEL),
        ("share from the feed", _share(actual.renewable_share), _share(other.renewable_share), MODEL),
        ("running jobs given up", f"{facts.suspended:,}", f"{other.shed:,}", FACT),
    ]
    return [(what, left, right, f"{kind}; RARE's: {SIMULATION}") for what, left, right, kind in rows]


def _sentences(facts: ShadowFacts) -> list[str]:
    """What a reader must know beside the figures."""
    agreed = facts.agreement
    total = agreed.both + agreed.only_rare + agreed.only_scheduler
    left = ", ".join(f"{count:,} {why}" for why, count in sorted(facts.left_out.items()))
    sentences = [
        f"{facts.polls:,} polls over {_time(facts.end_s - facts.begin_s)}, {facts.skipped:,} skipped, "
        f"{facts.torn:,} torn lines; {facts.jobs:,} jobs.",
        f"Scenario: {facts.scenario}.",
        f"Starts between two polls: {agreed.both:,} of {total:,} by both, {agreed.only_rare:,} by RARE "
        f"({facts.scheduler}) alone, {agreed.only_scheduler:,} by the scheduler alone. A core that becomes "
        "free between two polls goes to a job at once; RARE is asked at polls only, and finds it taken. "
        f"Of the scheduler's {agreed.both + agreed.only_scheduler:,} starts, {agreed.next_in_order:,} were "
        "among the next ones in RARE's order. A job that was submitted and started between two polls is in "
        "none of these.",
        f"RARE would have held a job at a poll {agreed.holds:,} times; {agreed.held_started:,} times it was "
        "started before the next poll.",
        "The scheduler's starts are facts, and so are ends, to a poll at most. Energies are the scenario's "
        "figures for what ran. RARE's side is a simulation with the real run times; it knew only the limits.",
        f"{facts.without_run_time:,} jobs had not ended when the log did: their time limit stands in.",
    ]
    if left:
        sentences.append(f"Left out: {left}.")
    if facts.requeued or facts.suspended:
        sentences.append(
            f"{facts.requeued:,} requeues and {facts.suspended:,} suspensions are in the log; the replay has "
            "one run a job."
        )
    if facts.replay_off_s is not None:
        median_s, largest_s = facts.replay_off_s
        sentences.append(
            f"The replay of the scheduler's starts is off by {_time(median_s)} in the median, "
            f"{_time(largest_s)} at most; energies rest on it."
        )
    if facts.feed_kwh is None:
        sentences.append("No power feed was logged: there is nothing to say of power.")
    else:
        sentences.append(
            f"The feed gave {_kwh(facts.feed_kwh)}. RARE had nothing else; what the scheduler drew beyond "
            "the feed came from elsewhere."
        )
    return [*sentences, *facts.notes]


def shadow_report_text(facts: ShadowFacts) -> str:
    """The comparison for a terminal."""
    rows = [("", "scheduler", "RARE"), *((what, left, right) for what, left, right, _ in _rows(facts))]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = [
        f"{what:<{widths[0]}}  {left:>{widths[1]}}  {right:>{widths[2]}}".rstrip()
        for what, left, right in rows
    ]
    return "\n".join([*lines, "", *_sentences(facts)])


def _page(facts: ShadowFacts) -> str:
    head = ("", "scheduler", f"RARE ({facts.scheduler})", "what it is")
    return render_page(
        "shadow.html.j2",
        title="Shadow: RARE beside the scheduler",
        under=f"{facts.polls:,} polls, {facts.jobs:,} jobs, {_time(facts.end_s - facts.begin_s)}",
        sentences=_sentences(facts),
        figures=Grid(head, _rows(facts)),
    )


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _kwh(value: float | None) -> str:
    """Energy with three digits at least; below 0.1 kWh in Wh."""
    if value is None:
        return "-"
    if value < 0.1:
        return f"{1000 * value:.3g} Wh"
    return f"{value:,.3f} kWh" if value < 10 else f"{value:,.1f} kWh"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
