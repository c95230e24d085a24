"""A scenario's tables of how its queue is served: limits of backfilling, and of users, accounts and QOS."""

from __future__ import annotations

from pydantic import Field

from rare.options import job_limits
from rare.scenario.config.field_types import Problems, Table, Text, Whole, otherwise

_MOST = 10**9
_NO_LIMIT = otherwise("no limit")
_NOT_NAMED = otherwise("whoever it is")


class BackfillTable(Table):
    """[backfill]: how far and how often `easy` and `conservative` plan, as Slurm limits it."""

    window_s: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="starts later than so long from now are not planned: who would start later holds no "
        "place (10.11). Slurm's `bf_window`, there in minutes. 0: no limit",
    )
    resolution_s: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="who waits holds its place from and until multiples of it: the start rounded down, the "
        "end rounded up (10.12). Slurm's `bf_resolution`. 0 or 1: to the second",
    )
    max_jobs: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="jobs of the queue that a pass tests; those behind wait (10.13). Slurm's "
        "`bf_max_job_test`. 0: all",
    )
    interval_s: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="passes are made at multiples of it; in between each partition is served strictly in "
        "order (10.14). Slurm's `bf_interval`. 0 or 1: at every instant",
    )


class LimitTable(Table):
    """[[limit]]: what the jobs of a user, an account, a QOS or a partition may have together."""

    user: Text | None = Field(
        default=None,
        description='whose jobs it counts: a name, or `"*"`: each user has the limit by itself. Several of '
        "these four keys: the jobs that all of them name",
        json_schema_extra=_NOT_NAMED,
    )
    account: Text | None = Field(
        default=None,
        description="the same by account; accounts below it have limits of their own",
        json_schema_extra=_NOT_NAMED,
    )
    qos: Text | None = Field(default=None, description="the same by QOS", json_schema_extra=_NOT_NAMED)
    partition: Text | None = Field(
        default=None,
        description="the same by the partition that a job runs in",
        json_schema_extra=_NOT_NAMED,
    )
    running_jobs: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="how many may run at once; others wait and hold no place (15.2). Slurm's MaxJobs, "
        "GrpJobs",
        json_schema_extra=_NO_LIMIT,
    )
    cores: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="how many cores they may have together; a job that needs more by itself is rejected. "
        "Slurm's MaxTRES, GrpTRES of `cpu`",
        json_schema_extra=_NO_LIMIT,
    )
    submitted_jobs: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="how many may wait or run at once; one more is rejected as it is submitted (15.3). "
        "Slurm's MaxSubmitJobs, GrpSubmitJobs",
        json_schema_extra=_NO_LIMIT,
    )
    wall_s: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="the longest estimate; a job with a longer one is rejected. Slurm's MaxWall with "
        "DenyOnLimit",
        json_schema_extra=_NO_LIMIT,
    )

    def problems(self) -> Problems:
        """A limit of nobody, or of nothing."""
        for kinds in (job_limits.HOLDERS, job_limits.AMOUNTS):
            if not self.stated(*kinds):
                others = f"{', '.join(kinds[1:-1])} or {kinds[-1]}"
                yield kinds[0], f"is missing, and {others} too; give at least one of them"
