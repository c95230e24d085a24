"""Limits of users, accounts, QOS and partitions, and of backfilling, from a scenario's tables."""

from __future__ import annotations

from rare.model import Case, Cluster
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from rare.options.limit_tables import groups_of
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.inputs.build_record import BuildRecord
from traces.errors import InputError, quoted


def read_backfill(scenario: Scenario) -> BackfillOptions:
    """The options of `[backfill]`; all 0 without it."""
    return (
        BackfillOptions() if scenario.backfill is None else BackfillOptions(**scenario.backfill.model_dump())
    )


def read_limits(scenario: Scenario, cluster: Cluster) -> tuple[JobLimit, ...]:
    """The limits of `[[limit]]`. InputError for a partition that the cluster does not have."""
    known = [part.name for part in cluster.partitions]
    for place, table in enumerate(scenario.limit, 1):
        if table.partition is not None and table.partition not in (EACH, *known):
            raise InputError(
                f"limit {place} names the partition {quoted(table.partition)}, and the cluster has "
                f"{', '.join(map(quoted, known))}",
                where=scenario.name,
                remedy="give one of these",
            )
    return tuple(JobLimit(**table.model_dump()) for table in scenario.limit)


def note_idle_limits(case: Case, record: BuildRecord) -> None:
    """Note limits that concern no job: a name may be misspelt, or the trace has no such names."""
    for place, limit in enumerate(case.limits, 1):
        if groups_of(case, limit)[1] == 0:
            holders = ", ".join(f"{key} {quoted(name)}" for key, name in limit.holders.items())
            record.note(f"limit {place} ({holders}) concerns no job of {case.workload.name}")
