"""Grid events of a scenario: those it lists, of a file, or drawn at random, on the workload's clock."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from energy.grid.random_grid_events import EventTerms, random_events
from rare.machine_events import NO_LIMIT_MW, PER_MILLE, GridEvents
from rare.scenario.config.machine_event_tables import EventsTable, EventTable
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.csv_rows import read_rows
from rare.scenario.inputs.run_calendar import RunCalendar
from rare.scenario.inputs.supply_inputs import MW_PER_KW, check_zone
from rare.scenario.load import Loaded
from rare.scenario.windows import chosen_window
from traces.errors import InputError

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class RunSpan:
    """The part of the workload's clock that a run may reach, and until when what is random is drawn."""

    begin_s: int
    end_s: int
    drawn_until_s: int


def read_grid_events(
    loaded: Loaded, calendar: RunCalendar, span: RunSpan, record: BuildRecord
) -> GridEvents | None:
    """The grid events that touch the run, by start; None where the scenario has none at all."""
    scenario = loaded.scenario
    if not scenario.event and scenario.events is None:
        return None
    rows = [_row(table, calendar, f"event.{place}") for place, table in enumerate(scenario.event)]
    if scenario.events is not None and scenario.events.model is None:
        rows += _of_file(loaded, scenario.events, calendar, record)
    here = _touching(rows, span)
    note_outside(loaded, "grid events", len(rows) - len(here), len(rows), record)
    if scenario.events is not None and scenario.events.model is not None:
        here += _touching(_drawn(scenario.events, calendar, span), span)
    here.sort(key=lambda row: row.start_s)
    return GridEvents(
        *(
            np.array([getattr(row, name) for row in here], dtype=np.int64)
            for name in ("notice_s", "start_s", "comply_s", "end_s", "limit_mw", "depth_per_mille")
        )
    )


@dataclass(frozen=True, slots=True)
class _Row:
    notice_s: int
    start_s: int
    comply_s: int
    end_s: int
    limit_mw: int
    depth_per_mille: int


def _touching(rows: list[_Row], span: RunSpan) -> list[_Row]:
    return [row for row in rows if row.start_s < span.end_s and row.end_s > span.begin_s]


def note_outside(loaded: Loaded, what: str, outside: int, count: int, record: BuildRecord) -> None:
    """Note those that the run never meets; of a window that is no surprise."""
    if outside and chosen_window(loaded) is None:
        record.note(f"{outside} of {count} {what} lie outside the run")


def _row(table: EventTable, calendar: RunCalendar, where: str) -> _Row:
    try:
        start_s = calendar.second_of(table.start)
    except InputError as error:
        raise error.at(where) from None
    return _Row(
        notice_s=start_s - round(table.notice_h * HOUR_S),
        start_s=start_s,
        comply_s=start_s + round(table.comply_min * 60),
        end_s=start_s + max(1, round(table.duration_h * HOUR_S)),
        limit_mw=NO_LIMIT_MW if table.limit_kw is None else round(table.limit_kw * MW_PER_KW),
        depth_per_mille=0 if table.depth is None else round(table.depth * PER_MILLE),
    )


def _of_file(loaded: Loaded, table: EventsTable, calendar: RunCalendar, record: BuildRecord) -> list[_Row]:
    record.files["events"] = path = loaded.path(table.file or "")
    check_zone(table.zone, "events.zone")
    calendar = RunCalendar(calendar.epoch_s, table.zone or calendar.zone)
    return [
        _row(row, calendar, f"{path}: event {place}")
        for place, row in enumerate(read_rows(path, EventTable), start=1)
    ]


def _drawn(table: EventsTable, calendar: RunCalendar, span: RunSpan) -> list[_Row]:
    assert table.per_year is not None  # checked where the scenario is read
    terms = EventTerms(
        table.per_year, table.hours, table.duration_h, table.depth, table.months, table.weekdays, table.seed
    )
    if terms.daily_chance > 1:
        room = math.floor(table.per_year / terms.daily_chance)
        raise InputError(
            f"is {table.per_year:g}, but there is at most one event a day, and months and weekdays leave "
            f"{room} days a year",
            where="events.per_year",
            remedy="lower it",
        )
    if calendar.epoch_s is None and (table.months or table.weekdays):
        raise InputError(
            "needs a calendar, and neither jobs nor power have one",
            where="events.months" if table.months else "events.weekdays",
            remedy="leave it out, or give workload.start_utc",
        )
    offset_s = calendar.local_offset_s
    drawn = random_events(terms, span.begin_s + offset_s, span.drawn_until_s - 1 + offset_s)
    notice_s, comply_s = round(table.notice_h * HOUR_S), round(table.comply_min * 60)
    columns = (drawn.start_s - offset_s, drawn.duration_s, drawn.depth_per_mille)
    return [
        _Row(start - notice_s, start, start + comply_s, start + duration, NO_LIMIT_MW, depth)
        for start, duration, depth in zip(*(column.tolist() for column in columns), strict=True)
    ]
