"""How grid events were met (RULES §12.1): time to comply, depth, energy shed, rebound, and late jobs.

An event lasts from its start to its end, or to the end of the run where that is earlier; its rebound is
looked at for as long again. Powers are of the whole facility's draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rare.machine_events import NO_LIMIT_MW, PER_MILLE
from rare.model import UNLIMITED_MW, Case
from rare.schedule import RecordedRun
from rare.state.arrays import (
    CANCEL,
    DROP,
    END,
    EXPIRE,
    FAIL,
    KILL,
    S_CANCELLED,
    S_COMPLETED,
    S_EXPIRED,
    S_FAILED,
    S_UNFINISHED,
    SHED,
    SLOWED,
    SUBMIT,
    SUSPEND,
)
from traces.jobs.workload import NO_DEADLINE_S
from traces.numbers.constants import MJ_PER_KWH, NEVER_S

if TYPE_CHECKING:
    import pandas as pd

MW_PER_W = 1000
LEAVES = (END, EXPIRE, FAIL, CANCEL, DROP)


@dataclass(frozen=True, slots=True)
class EventResponse:
    """What became of one grid event. What is not known, or never was, is None.

    baseline_mw: the draw when the notice came. limit_mw: None where nothing was limited, as a depth has no
    baseline. in_time: whether the draw is at or below the limit from the time to comply on. comply_s: from
    the start until the draw is at or below the limit for the rest of the event, or None. depth: 1 - mean draw
    from then on / baseline. shed_mj: baseline x length - energy drawn. rebound_mj, rebound_mw: energy above
    the baseline, and the highest power above it, within one length of the event after its end. present, late:
    jobs that waited or ran during the event, and those of them that were late (RULES §6.3), by service
    class; '' where the trace has none.
    """

    baseline_mw: int | None
    limit_mw: int | None
    in_time: bool
    comply_s: int | None
    depth: float | None
    shed_mj: int | None
    rebound_mj: int | None
    rebound_mw: int | None
    present: dict[str, int]
    late: dict[str, int]
    suspensions: int
    kills: int
    slowdowns: int


@dataclass(frozen=True, slots=True)
class JobTimes:
    """(J,) when each job came and left, NEVER_S if it never did, and whether it was late (RULES §6.3)."""

    arrived_s: np.ndarray
    left_s: np.ndarray
    late: np.ndarray

    @classmethod
    def of(cls, run: RecordedRun) -> JobTimes:
        """The times of a recorded run."""
        work, status, ended_s = run.case.workload, run.jobs["status"], run.jobs["end_s"]
        over_s = int(run.power["time_s"][-1])
        arrived_s, left_s = np.full(len(work), NEVER_S), np.full(len(work), NEVER_S)
        for kinds, column in (((SUBMIT,), arrived_s), (LEAVES, left_s)):
            rows = run.events[np.isin(run.events["event"], kinds)]
            column[rows["job"]] = rows["time_s"]
        here = (status == S_UNFINISHED) & (arrived_s < NEVER_S)
        late = ((status == S_COMPLETED) & (ended_s > work.deadline_s)) | (here & (work.deadline_s <= over_s))
        late |= np.isin(status, (S_EXPIRED, S_FAILED)) & (work.deadline_s < NO_DEADLINE_S)
        late |= (status == S_CANCELLED) & (work.deadline_s <= left_s)
        return cls(arrived_s, left_s, late)

    def present(self, start_s: int, end_s: int) -> np.ndarray:
        """(J,) bool: jobs that waited or ran at some time between these."""
        return (self.arrived_s < end_s) & (self.left_s > start_s)


def responses(run: RecordedRun, times: JobTimes) -> list[EventResponse | None]:
    """One for each grid event of the case; None for those that begin at the end of the run or later."""
    events = run.case.events
    starts_s = [] if events is None else events.start_s.tolist()
    over_s = int(run.power["time_s"][-1])
    return [_response(run, k, times) if start_s < over_s else None for k, start_s in enumerate(starts_s)]


def _response(run: RecordedRun, k: int, times: JobTimes) -> EventResponse:
    events, time_s, draw_mw = run.case.events, run.power["time_s"], run.power["draw_mw"]
    assert events is not None
    start_s, over_s = int(events.start_s[k]), int(time_s[-1])
    end_s = min(int(events.end_s[k]), over_s)
    baseline_mw = _baseline_mw(run, k)
    limit_mw: int | None = int(events.limit_mw[k])
    if limit_mw == NO_LIMIT_MW:
        kept = PER_MILLE - int(events.depth_per_mille[k])
        limit_mw = None if baseline_mw is None else baseline_mw * kept // PER_MILLE
    edges_s, level_mw = _cut(time_s, draw_mw, start_s, end_s)
    above = np.flatnonzero(level_mw > (UNLIMITED_MW if limit_mw is None else limit_mw))
    met_s = int(edges_s[above[-1] + 1]) if len(above) else start_s
    met = met_s < end_s
    present = times.present(start_s, end_s)
    within = run.events[(run.events["time_s"] >= start_s) & (run.events["time_s"] < end_s)]["event"]
    return EventResponse(
        baseline_mw,
        limit_mw,
        met and met_s <= int(events.comply_s[k]),
        met_s - start_s if met else None,
        _depth(time_s, draw_mw, (met_s, end_s), baseline_mw) if met else None,
        *_energies(time_s, draw_mw, (start_s, end_s, min(2 * end_s - start_s, over_s)), baseline_mw),
        _by_class(run.case, present),
        _by_class(run.case, present & times.late),
        *(int(np.isin(within, kinds).sum()) for kinds in ((SUSPEND, SHED), (KILL,), (SLOWED,))),
    )


def _baseline_mw(run: RecordedRun, k: int) -> int | None:
    """The draw in force when the notice came, or at the start where it came with the run (RULES §12.1)."""
    events, time_s = run.case.events, run.power["time_s"]
    assert events is not None
    told_s = events.notice_s[k] if events.notice_s[k] > time_s[0] else events.start_s[k]
    before = int(np.searchsorted(time_s, told_s, side="left")) - 1
    return int(run.power["draw_mw"][before]) if before >= 0 else None


def _cut(time_s: np.ndarray, draw_mw: np.ndarray, from_s: int, to_s: int) -> tuple[np.ndarray, np.ndarray]:
    """The draw between two times: edges (S + 1,), and what it is between them (S,), as Python integers."""
    inside = time_s[(time_s > from_s) & (time_s < to_s)]
    edges_s = np.unique(np.concatenate(([from_s], inside, [to_s])))
    row = np.maximum(np.searchsorted(time_s, edges_s[:-1], side="right") - 1, 0)
    return edges_s, draw_mw[row].astype(object)


def _depth(
    time_s: np.ndarray, draw_mw: np.ndarray, between_s: tuple[int, int], baseline_mw: int | None
) -> float | None:
    edges_s, level_mw = _cut(time_s, draw_mw, *between_s)
    if not baseline_mw:
        return None
    drawn_mj = int((level_mw * np.diff(edges_s)).sum())
    return 1 - drawn_mj / (baseline_mw * (between_s[1] - between_s[0]))


def _energies(
    time_s: np.ndarray, draw_mw: np.ndarray, times_s: tuple[int, int, int], baseline_mw: int | None
) -> tuple[int | None, int | None, int | None]:
    """Shed between the first two times, rebound and its highest power between the last two."""
    if baseline_mw is None:
        return None, None, None
    edges_s, level_mw = _cut(time_s, draw_mw, times_s[0], times_s[1])
    shed_mj = int(((baseline_mw - level_mw) * np.diff(edges_s)).sum())
    if times_s[2] == times_s[1]:
        return shed_mj, None, None
    edges_s, level_mw = _cut(time_s, draw_mw, times_s[1], times_s[2])
    above_mw = np.maximum(level_mw - baseline_mw, 0)
    return shed_mj, int((above_mw * np.diff(edges_s)).sum()), int(above_mw.max())


def _by_class(case: Case, chosen: np.ndarray) -> dict[str, int]:
    """How many of the chosen jobs each service class has; all classes of the trace are named."""
    classes = case.workload.service_class
    if classes is None:
        return {"": int(chosen.sum())}
    names, place = np.unique(classes.astype(str), return_inverse=True)
    return dict(zip(names.tolist(), np.bincount(place[chosen], minlength=len(names)).tolist(), strict=True))


def response_metrics(run: RecordedRun) -> dict[str, Any]:
    """The metrics of the grid events of a recorded run, by key; None without events."""
    events = run.case.events
    if events is None:
        return dict.fromkeys(RESPONSE_METRICS)
    times, over_s = JobTimes.of(run), int(run.power["time_s"][-1])
    began = [each for each in responses(run, times) if each is not None]
    touched = np.zeros(len(run.case.workload), bool)
    for start_s, end_s in zip(events.start_s[: len(began)], events.end_s, strict=False):
        touched |= times.present(start_s, min(end_s, over_s))
    dated = bool((run.case.workload.deadline_s < NO_DEADLINE_S).any())
    return {
        "grid_events": len(began),
        "grid_events_missed": sum(not each.in_time for each in began),
        "grid_event_comply_s": _mean([each.comply_s for each in began]),
        "grid_event_depth": _mean([each.depth for each in began]),
        "grid_event_shed_kwh": _kwh([each.shed_mj for each in began]),
        "grid_event_rebound_kwh": _kwh([each.rebound_mj for each in began]),
        "grid_event_late_jobs": int((touched & times.late).sum()) if dated else None,
    }


RESPONSE_METRICS = (
    "grid_events",
    "grid_events_missed",
    "grid_event_comply_s",
    "grid_event_depth",
    "grid_event_shed_kwh",
    "grid_event_rebound_kwh",
    "grid_event_late_jobs",
)


def _mean(values: list[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _kwh(values: list[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / MJ_PER_KWH if known else None


def response_frame(run: RecordedRun) -> pd.DataFrame | None:
    """grid_events.csv of a run folder: a row for each event, W and kWh; None without grid events.

    Jobs and late jobs are also given by service class, in the columns `jobs_CLASS` and `late_CLASS`.
    """
    import pandas as pd

    events = run.case.events
    if events is None or len(events) == 0:
        return None
    found = responses(run, JobTimes.of(run))
    frame = pd.DataFrame(
        [
            {
                "number": k + 1,
                **{
                    name: int(getattr(events, name)[k])
                    for name in ("notice_s", "start_s", "comply_s", "end_s")
                },
                **_row(each),
            }
            for k, each in enumerate(found)
        ]
    )
    return frame.reindex(columns=[*dict.fromkeys([*frame.columns, *_row(NOTHING)])])


NOTHING = EventResponse(None, None, False, None, None, None, None, None, {}, {}, 0, 0, 0)
"""In place of the responses where no event began, so that the columns are there."""


def _row(each: EventResponse | None) -> dict[str, Any]:
    """The columns of an event beside its times; none of one that did not begin."""
    if each is None:
        return {}
    row = {
        "limit_w": _scaled(each.limit_mw, MW_PER_W),
        "baseline_w": _scaled(each.baseline_mw, MW_PER_W),
        "complied_after_s": each.comply_s,
        "depth": each.depth,
        "shed_kwh": _scaled(each.shed_mj, MJ_PER_KWH),
        "rebound_kwh": _scaled(each.rebound_mj, MJ_PER_KWH),
        "rebound_peak_w": _scaled(each.rebound_mw, MW_PER_W),
        "suspensions": each.suspensions,
        "kills": each.kills,
        "slowdowns": each.slowdowns,
        "jobs": sum(each.present.values()),
        "late": sum(each.late.values()),
    }
    for name in each.present:
        if name:
            row |= {f"jobs_{name}": each.present[name], f"late_{name}": each.late[name]}
    return row


def _scaled(value: int | None, unit: int) -> float | None:
    return None if value is None else value / unit
