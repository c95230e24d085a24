"""The catalogue of metrics: what each one is called, its unit, and how tables, pages and totals treat it.

`rare.metrics` computes exactly these keys. Tables, sentences, figures, evaluations and
docs/reference/metrics.md read names, units and directions from here and keep none of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from rare.metric_definitions import DEFINITIONS

Value = TypeVar("Value")


class Group(StrEnum):
    """Section of docs/reference/metrics.md in which a metric is defined."""

    JOBS = "jobs"
    WAITING = "waiting"
    VALUE = "value"
    FAIRNESS = "fairness"
    ENERGY = "energy"
    EVENTS = "events"
    RUN = "run"


class Adds(StrEnum):
    """How the numbers of several windows become one number."""

    SUM = "sum"
    MEAN = "mean"
    NEITHER = "neither"


class Form(StrEnum):
    """How a value is written."""

    SCORE = "score"  # three decimals
    COUNT = "count"  # a whole number
    NUMBER = "number"  # about four digits
    DURATION = "duration"  # seconds in the unit that suits; hours in a report
    KWH = "kwh"  # kWh in the unit that suits; kWh in a report
    SHARE = "share"  # per cent
    WORD = "word"
    PARTS = "parts"  # an object of numbers


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a finished run.

    key: its name in metrics.json. unit: unit of the stored value. better: 1 if more is better, -1 if less is,
    0 if neither. label: heading in a report. line: name in a terminal's list, by default the label in a
    sentence. column: heading of a narrow table, by default the line. share_of: what a share is a share of.
    weighed_by: of a mean, the metric that each window's value is weighed by, so that the mean is that of all
    windows together; "" where every window counts alike. completed_only: taken over completed jobs alone, so
    that runs that completed different numbers of jobs cannot be compared by it. quiet_at_zero: a column of
    zeros is left out.
    """

    key: str
    group: Group
    unit: str
    form: Form
    better: int
    adds: Adds
    label: str
    line: str = ""
    column: str = ""
    share_of: str = ""
    weighed_by: str = ""
    completed_only: bool = False
    quiet_at_zero: bool = False

    @property
    def definition(self) -> str:
        """What it is, as docs/reference/metrics.md says it."""
        return DEFINITIONS[self.key].text

    @property
    def null_when(self) -> str:
        """The conditions of docs/reference/metrics.md under which it is null, or `never`."""
        return DEFINITIONS[self.key].null_when

    @property
    def words(self) -> str:
        """The label as it stands in a sentence: `Wait, mean` is `mean wait`."""
        head, _, kind = self.label.partition(", ")
        return f"{kind} {head}".strip().lower()

    @property
    def line_name(self) -> str:
        """The name in a terminal's list of one run."""
        return self.line or self.words

    @property
    def column_name(self) -> str:
        """The heading of a narrow table."""
        return self.column or self.line_name

    @property
    def report_unit(self) -> str:
        """The unit that a report writes beside the label; empty where the label says it all."""
        if self.form is Form.DURATION:
            return "h"
        if self.form is Form.SHARE:
            return f"% of {self.share_of}" if self.share_of else "%"
        if self.form is Form.SCORE:
            return f"of {self.share_of}"
        return self.unit if self.unit in ("jobs", "kWh", "kg", "s", "jobs/s") else ""


JOBS, WAITING, VALUE, FAIRNESS, ENERGY, EVENTS, RUN = Group
SUM, MEAN, NEITHER = Adds
SCORE, COUNT, NUMBER, DURATION, KWH, SHARE, WORD, PARTS = Form

CATALOGUE: tuple[Metric, ...] = (
    Metric("jobs_submitted", JOBS, "jobs", COUNT, 0, SUM, "Submitted"),
    Metric("jobs_completed", JOBS, "jobs", COUNT, 1, SUM, "Completed"),
    Metric("jobs_rejected", JOBS, "jobs", COUNT, 0, SUM, "Rejected"),
    Metric("jobs_over_limit", JOBS, "jobs", COUNT, 0, SUM, "Over a limit", quiet_at_zero=True),
    Metric("jobs_unfinished", JOBS, "jobs", COUNT, -1, SUM, "Not finished", line="unfinished"),
    Metric(
        "jobs_not_arrived",
        JOBS,
        "jobs",
        COUNT,
        0,
        SUM,
        "Not arrived",
        line="not arrived by the end",
        column="not arrived",
        quiet_at_zero=True,
    ),
    Metric(
        "jobs_expired", JOBS, "jobs", COUNT, -1, SUM, "of these expired", line="expired", quiet_at_zero=True
    ),
    Metric("jobs_failed", JOBS, "jobs", COUNT, -1, SUM, "of these failed", line="failed", quiet_at_zero=True),
    Metric(
        "jobs_cancelled",
        JOBS,
        "jobs",
        COUNT,
        0,
        SUM,
        "of these cancelled",
        line="cancelled",
        quiet_at_zero=True,
    ),
    Metric(
        "jobs_dropped", JOBS, "jobs", COUNT, -1, SUM, "of these dropped", line="dropped", quiet_at_zero=True
    ),
    Metric("jobs_skipped", JOBS, "records", COUNT, 0, SUM, "Skipped records", line="skipped in the file"),
    Metric(
        "mean_wait_s",
        WAITING,
        "s",
        DURATION,
        -1,
        MEAN,
        "Wait, mean",
        weighed_by="jobs_completed",
        completed_only=True,
    ),
    Metric("median_wait_s", WAITING, "s", DURATION, -1, NEITHER, "Wait, median", completed_only=True),
    Metric(
        "p95_wait_s",
        WAITING,
        "s",
        DURATION,
        -1,
        NEITHER,
        "Wait, 95th percentile",
        line="95 % wait at most",
        completed_only=True,
    ),
    Metric("max_wait_s", WAITING, "s", DURATION, -1, NEITHER, "Wait, longest", completed_only=True),
    Metric(
        "mean_first_wait_s",
        WAITING,
        "s",
        DURATION,
        -1,
        MEAN,
        "Wait to first start",
        weighed_by="jobs_completed",
        completed_only=True,
    ),
    Metric(
        "mean_bounded_slowdown",
        WAITING,
        "1",
        NUMBER,
        -1,
        MEAN,
        "Bounded slowdown, mean",
        column="slowdown",
        weighed_by="jobs_completed",
        completed_only=True,
    ),
    Metric("mean_wait_with_unfinished_s", WAITING, "s", DURATION, -1, NEITHER, "Wait, with unfinished"),
    Metric(
        "mean_bounded_slowdown_with_unfinished",
        WAITING,
        "1",
        NUMBER,
        -1,
        NEITHER,
        "Bounded slowdown, with unfinished",
        column="with unfinished",
    ),
    Metric(
        "mean_turnaround_s",
        WAITING,
        "s",
        DURATION,
        -1,
        MEAN,
        "Turnaround, mean",
        weighed_by="jobs_completed",
        completed_only=True,
    ),
    Metric("makespan_s", WAITING, "s", DURATION, -1, NEITHER, "Makespan", completed_only=True),
    Metric("busy_share", WAITING, "1", SHARE, 1, NEITHER, "Cores in use", share_of="the run"),
    Metric("utilization", WAITING, "1", SHARE, 1, NEITHER, "Utilization", column="used", completed_only=True),
    Metric("value_offered", VALUE, "money", NUMBER, 0, SUM, "Value offered", line="offered"),
    Metric("value_earned", VALUE, "money", NUMBER, 1, SUM, "Value earned", line="earned", column="value"),
    Metric("objective", VALUE, "1", SCORE, 1, MEAN, "Objective", share_of="value offered"),
    Metric("objective_parts", VALUE, "1", PARTS, 0, NEITHER, "Parts of the objective"),
    Metric(
        "qos_violations", VALUE, "jobs", COUNT, -1, SUM, "Missed deadlines", line="late jobs", column="late"
    ),
    Metric("jobs_unserved", VALUE, "jobs", COUNT, -1, SUM, "Not served", "", "unserved", quiet_at_zero=True),
    Metric("unserved_price", VALUE, "money", NUMBER, -1, SUM, "Price of jobs not served"),
    Metric("suspensions", VALUE, "times", COUNT, -1, SUM, "Suspensions", column="suspended"),
    Metric("kills", VALUE, "times", COUNT, -1, SUM, "Kills", column="killed", quiet_at_zero=True),
    Metric(
        "node_losses",
        VALUE,
        "times",
        COUNT,
        -1,
        SUM,
        "Nodes lost by a job",
        line="nodes lost",
        quiet_at_zero=True,
    ),
    Metric("slowdowns", VALUE, "times", COUNT, 0, SUM, "Jobs slowed", column="slowed", quiet_at_zero=True),
    Metric("raises", VALUE, "times", COUNT, 0, SUM, "Jobs made faster", column="raised", quiet_at_zero=True),
    Metric("service_classes", FAIRNESS, "1", PARTS, 0, NEITHER, "Service classes"),
    Metric("least_class_served_share", FAIRNESS, "1", SHARE, 1, MEAN, "Served of the class served least"),
    Metric(
        "lowest_class_wait_s", FAIRNESS, "s", DURATION, -1, MEAN, "Wait of the lowest class", "", "low wait"
    ),
    Metric("mean_user_served_share", FAIRNESS, "1", SHARE, 1, MEAN, "Served of each user, mean"),
    Metric("lowest_user_served_share", FAIRNESS, "1", SHARE, 1, MEAN, "Served of the lowest tenth of users"),
    Metric("user_served_index", FAIRNESS, "1", NUMBER, 1, MEAN, "Jain's index of shares served, by user"),
    Metric("user_slowdown_index", FAIRNESS, "1", NUMBER, 1, MEAN, "Jain's index of slowdown, by user"),
    Metric("energy_kwh", ENERGY, "kWh", KWH, 0, SUM, "Energy used", line="used"),
    Metric(
        "renewable_available_kwh",
        ENERGY,
        "kWh",
        KWH,
        0,
        SUM,
        "Wind and sun available",
        line="renewable available",
    ),
    Metric("renewable_used_kwh", ENERGY, "kWh", KWH, 1, SUM, "Wind and sun used", line="renewable used"),
    Metric(
        "renewable_share",
        ENERGY,
        "1",
        SHARE,
        1,
        MEAN,
        "Renewable share",
        column="renewable",
        share_of="energy used",
        weighed_by="energy_kwh",
    ),
    Metric(
        "renewable_utilization",
        ENERGY,
        "1",
        SHARE,
        1,
        MEAN,
        "Wind and sun used",
        share_of="available",
        weighed_by="renewable_available_kwh",
    ),
    Metric("curtailed_kwh", ENERGY, "kWh", KWH, -1, SUM, "Curtailed"),
    Metric("battery_charged_kwh", ENERGY, "kWh", KWH, 0, SUM, "Battery charged"),
    Metric(
        "battery_grid_charged_kwh",
        ENERGY,
        "kWh",
        KWH,
        0,
        SUM,
        "Battery charged from grid",
        quiet_at_zero=True,
    ),
    Metric("battery_leaked_kwh", ENERGY, "kWh", KWH, 0, SUM, "Battery leaked"),
    Metric(
        "battery_discharged_kwh", ENERGY, "kWh", KWH, 0, SUM, "Battery discharged", line="from the battery"
    ),
    Metric("grid_kwh", ENERGY, "kWh", KWH, -1, SUM, "Grid import", line="from the grid", column="grid"),
    Metric("grid_cost", ENERGY, "money", NUMBER, -1, SUM, "Grid cost", column="cost"),
    Metric("carbon_kg", ENERGY, "kg", NUMBER, -1, SUM, "Carbon", line="carbon kg", column="kg CO2"),
    Metric("wasted_kwh", ENERGY, "kWh", KWH, -1, SUM, "Wasted on lost work", line="wasted"),
    Metric("unserved_kwh", ENERGY, "kWh", KWH, -1, SUM, "Unserved"),
    Metric("grid_events", EVENTS, "events", COUNT, 0, SUM, "Grid events"),
    Metric(
        "grid_events_missed",
        EVENTS,
        "events",
        COUNT,
        -1,
        SUM,
        "Grid events not complied with in time",
        line="not complied with in time",
        column="missed",
    ),
    Metric(
        "grid_event_comply_s",
        EVENTS,
        "s",
        NUMBER,
        -1,
        MEAN,
        "Time to comply, mean",
        line="seconds to comply",
        column="comply (s)",
        weighed_by="grid_events",
    ),
    Metric(
        "grid_event_depth",
        EVENTS,
        "1",
        SHARE,
        0,
        MEAN,
        "Depth reached, mean",
        line="depth reached",
        column="depth",
        share_of="the draw before",
        weighed_by="grid_events",
    ),
    Metric("grid_event_shed_kwh", EVENTS, "kWh", KWH, 0, SUM, "Energy shed", column="shed"),
    Metric("grid_event_rebound_kwh", EVENTS, "kWh", KWH, -1, SUM, "Rebound after events", line="rebound"),
    Metric(
        "grid_event_late_jobs",
        EVENTS,
        "jobs",
        COUNT,
        -1,
        SUM,
        "Late jobs of grid events",
        line="late jobs among those present",
        column="late of them",
    ),
    Metric("decisions", RUN, "answers", COUNT, 0, SUM, "Decisions"),
    Metric(
        "fallback_decisions",
        RUN,
        "answers",
        COUNT,
        0,
        SUM,
        "Decisions of the fallback",
        column="fallback",
        quiet_at_zero=True,
    ),
    Metric("instants", RUN, "instants", COUNT, 0, SUM, "Instants settled"),
    Metric("reservations_skipped", RUN, "times", COUNT, 0, SUM, "Reservations skipped"),
    Metric("simulate_s", RUN, "s", NUMBER, 0, SUM, "Time to simulate"),
    Metric("jobs_per_s", RUN, "jobs/s", NUMBER, 0, NEITHER, "Speed"),
    Metric("estimates", RUN, "word", WORD, 0, NEITHER, "Run-time estimates"),
)
METRICS: dict[str, Metric] = {metric.key: metric for metric in CATALOGUE}


def catalogued(values: dict[str, Value]) -> dict[str, Value]:
    """The values as they are. AssertionError unless their keys are exactly those of the catalogue."""
    if values.keys() != METRICS.keys():
        raise AssertionError(
            f"metrics and catalogue differ in {', '.join(sorted(values.keys() ^ METRICS.keys()))}"
        )
    return values
