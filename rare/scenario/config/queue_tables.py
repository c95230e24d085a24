"""A scenario's tables of how its queue is served: limits of backfilling, and of users, accounts and QOS."""

from __future__ import annotations

from pydantic import Field

from rare.options import job_limits
from rare.scenario.config.field_types import Problems, Table, Text, Whole, otherwise

_MOST = 10**9
_NO_LIMIT = otherwise("no limit")
_NOT_NAMED = otherwise("any")


class BackfillTable(Table):
    """[backfill]: how far and how often `easy` and `conservative` plan, as Slurm limits it."""

    window_s: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="planning horizon: a job that could only start later holds no reservation (10.11). "
        "Slurm's `bf_window`, there in minutes. 0: no limit",
    )
    resolution_s: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="time step of reservations: the start is rounded down to a multiple of it, the end up "
        "(10.12). Slurm's `bf_resolution`. 0 or 1: one second",
    )
    max_jobs: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="jobs of the queue that one pass tests; the others wait (10.13). Slurm's "
        "`bf_max_job_test`. 0: all",
    )
    interval_s: Whole = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="interval of the passes; between them each partition is served strictly in order (10.14)."
        " Slurm's `bf_interval`. 0 or 1: a pass at every instant",
    )


class LimitTable(Table):
    """[[limit]]: what the jobs of a user, an account, a QOS or a partition may have together."""

    user: Text | None = Field(
        default=None,
        description='user whose jobs count: a name, or `"*"` for each user separately. With several of these '
        "four keys, the jobs that match all of them count",
        json_schema_extra=_NOT_NAMED,
    )
    account: Text | None = Field(
        default=None,
        description="the same by account; accounts below it are not included",
        json_schema_extra=_NOT_NAMED,
    )
    qos: Text | None = Field(default=None, description="the same by QOS", json_schema_extra=_NOT_NAMED)
    partition: Text | None = Field(
        default=None,
        description="the same by the partition in which a job runs",
        json_schema_extra=_NOT_NAMED,
    )
    running_jobs: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="jobs that may run at once; others wait and hold no reservation (15.2). Slurm's MaxJobs, "
        "GrpJobs",
        json_schema_extra=_NO_LIMIT,
    )
    cores: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="cores that they may use together; a job that alone needs more is rejected. Slurm's "
        "MaxTRES, GrpTRES of `cpu`",
        json_schema_extra=_NO_LIMIT,
    )
    submitted_jobs: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="jobs that may wait or run at once; one more is rejected when it is submitted (15.3). "
        "Slurm's MaxSubmitJobs, GrpSubmitJobs",
        json_schema_extra=_NO_LIMIT,
    )
    wall_s: Whole | None = Field(
        default=None,
        ge=0,
        le=_MOST,
        description="longest estimate; a job with a longer one is rejected. Slurm's MaxWall with DenyOnLimit",
        json_schema_extra=_NO_LIMIT,
    )

    def problems(self) -> Problems:
        """A limit of nobody, or of nothing."""
        for kinds in (job_limits.HOLDERS, job_limits.AMOUNTS):
            if not self.stated(*kinds):
                others = f"{', '.join(kinds[1:-1])} or {kinds[-1]}"
                yield kinds[0], f"is missing, and {others} too; give at least one of them"
