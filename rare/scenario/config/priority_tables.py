"""A scenario's tables of Slurm's multifactor priority: [priority] and [[priority.share]] (RULES §14)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from rare.options.slurm_priority import (
    MOST_PERIOD_S,
    MOST_USAGE_CORE_S,
    MOST_WEIGHT,
    Priority,
    PriorityShare,
    share_problem,
)
from rare.scenario.config.field_types import Flag, Number, Problems, Table, Tables, Text, Whole, otherwise
from traces.numbers.constants import DAY_S, HOUR_S

_MOST_SHARES = 20_000  # accounts and users of a large site
_MOST_NAMES = 1000
_MOST_S = 10**9

Weight = Annotated[Whole, Field(ge=0, le=MOST_WEIGHT)]


class NamedNumbers(dict[str, int]):
    """Numbers by name that nobody changes; scenarios are keys of caches, and so must have a hash."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


Factors = Annotated[dict[Text, Weight], Field(max_length=_MOST_NAMES), AfterValidator(NamedNumbers)]


class ShareTable(Table):
    """[[priority.share]]: the shares of an account, or of a user within it."""

    account: Text = Field(description="name of the account, as in the trace. `root` is the root of the tree")
    user: Text | None = Field(
        default=None,
        description="user of that account, as in the trace",
        json_schema_extra=otherwise("the account itself"),
    )
    parent: Text | None = Field(
        default=None,
        description="account above this account",
        json_schema_extra=otherwise("`root`"),
    )
    shares: Weight = Field(
        default=1, description="shares, relative to those with the same parent, as sacctmgr's `fairshare`"
    )
    usage_core_h: Number = Field(
        default=0.0,
        ge=0,
        le=MOST_USAGE_CORE_S / HOUR_S,
        description="core-hours used before the run, decayed to its start (`sshare` prints core-seconds)",
    )


class PriorityTable(Table):
    """[priority]: weights of the order `multifactor`. Names and defaults are those of slurm.conf."""

    age_weight: Weight = Field(default=0, description="`PriorityWeightAge`: weight of the wait")
    max_age_s: Whole = Field(
        default=7 * DAY_S,
        ge=1,
        le=_MOST_S,
        description="`PriorityMaxAge`: wait at which the age factor reaches 1",
    )
    size_weight: Weight = Field(
        default=0,
        description="`PriorityWeightJobSize`: weight of the size; a job on the whole machine has the factor 1",
    )
    favor_small: Flag = Field(
        default=False, description="`PriorityFavorSmall`: the smallest jobs have the largest factor instead"
    )
    size_nodes: Literal["needed", "one"] = Field(
        default="needed",
        description='nodes that count for a job\'s size, beside its cores: `"needed"`, as few as hold it, or '
        '`"one"`, as Slurm counts for jobs that request tasks and no nodes (`sbatch -n`)',
    )
    partition_weight: Weight = Field(
        default=0, description="`PriorityWeightPartition`: weight of the partition's priority, see below"
    )
    qos_weight: Weight = Field(
        default=0,
        description="`PriorityWeightQOS`: weight of the priority of the quality of service (QOS), see below",
    )
    fair_share_weight: Weight = Field(
        default=0, description="`PriorityWeightFairshare`: weight of fair share"
    )
    half_life_s: Whole = Field(
        default=7 * DAY_S,
        ge=0,
        le=_MOST_S,
        description="`PriorityDecayHalfLife`: half-life of past usage. 0: usage does not decay",
    )
    calc_period_s: Whole = Field(
        default=300,
        ge=1,
        le=MOST_PERIOD_S,
        description="`PriorityCalcPeriod`: interval at which usage and priorities are computed, from the "
        "start of the run",
    )
    fair_share: Literal["tree", "classic"] = Field(
        default="tree",
        description='`"tree"`: Fair Tree. `"classic"`: the classic formula (`PriorityFlags=NO_FAIR_TREE`)',
    )
    qos: Factors = Field(
        default_factory=NamedNumbers,
        description="priority of each quality of service, as `sacctmgr show qos` has it",
    )
    partition: Factors = Field(
        default_factory=NamedNumbers,
        description="`PriorityJobFactor` of each partition; 1 for those left out",
    )
    share: Annotated[tuple[ShareTable, ...], Tables, Field(max_length=_MOST_SHARES)] = ()

    def problems(self) -> Problems:
        """Shares that do not go together."""
        problem = share_problem(shares_of(self))
        if problem is not None:
            yield f"share.{problem[0]}", f"is wrong: {problem[1]}"


def shares_of(table: PriorityTable) -> tuple[PriorityShare, ...]:
    """The shares as the simulator takes them."""
    return tuple(
        PriorityShare(
            share.account,
            share.user or "",
            share.parent or "",
            share.shares,
            round(share.usage_core_h * HOUR_S),
        )
        for share in table.share
    )


def priority_of(table: PriorityTable | None) -> Priority | None:
    """The whole table as the simulator takes it; None without one."""
    if table is None:
        return None
    values: dict[str, Any] = table.model_dump(exclude={"qos", "partition", "share"})
    for kind in ("qos", "partition"):
        values[kind] = tuple(sorted(getattr(table, kind).items()))
    return Priority(**values, shares=shares_of(table))
