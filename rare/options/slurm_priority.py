"""Slurm's multifactor priority as a site sets it (RULES §14), validated where it is made.

Source of names, meanings and defaults: Slurm 22.05, slurm.conf(5) and its page "Multifactor Priority Plugin".
"""

from __future__ import annotations

from dataclasses import dataclass

from traces.errors import InputError, quoted
from traces.numbers.constants import DAY_S

ROOT_ACCOUNT = "root"
FAIR_SHARES = ("tree", "classic")
SIZE_NODES = ("needed", "one")
MOST_WEIGHT = 10**10
"""As much as weights, shares and factors may be; Slurm's have 32 bits."""
MOST_USAGE_CORE_S = 3600 * 10**11
MOST_PERIOD_S = 10**5  # so that what is used in one can be counted
_MOST_S = 10**9
_WEIGHTS = ("age_weight", "size_weight", "partition_weight", "qos_weight", "fair_share_weight")


@dataclass(frozen=True, slots=True)
class PriorityShare:
    """The shares of an account, or of a user within one.

    account     : its name; "root" is the root of the tree
    user        : '' for the account itself
    parent      : of an account: the account above it; '' for the root
    shares      : in proportion to those of the same parent
    usage_core_s: what it has used when a run begins [core-seconds], decayed by then
    """

    account: str
    user: str = ""
    parent: str = ""
    shares: int = 1
    usage_core_s: int = 0


@dataclass(frozen=True, slots=True)
class Priority:
    """Weights and factors of the order `multifactor`.

    max_age_s     : age at which its factor is 1 [s]
    favor_small   : small jobs first, where size counts
    size_nodes    : nodes that the size of a job counts: "needed", as few as hold it; or "one"
    half_life_s   : in which usage falls to a half [s]; 0: it stays
    calc_period_s : how often usage and the priorities of waiting jobs are computed [s]
    fair_share    : "tree" (Fair Tree) or "classic"
    qos, partition: priority of each QOS, factor of each partition, by name
    shares        : of accounts and users; who has none here gets one share
    """

    age_weight: int = 0
    max_age_s: int = 7 * DAY_S
    size_weight: int = 0
    favor_small: bool = False
    size_nodes: str = SIZE_NODES[0]
    partition_weight: int = 0
    qos_weight: int = 0
    fair_share_weight: int = 0
    half_life_s: int = 7 * DAY_S
    calc_period_s: int = 300
    fair_share: str = FAIR_SHARES[0]
    qos: tuple[tuple[str, int], ...] = ()
    partition: tuple[tuple[str, int], ...] = ()
    shares: tuple[PriorityShare, ...] = ()

    def __post_init__(self) -> None:
        for name in _WEIGHTS:
            _require_between(name, getattr(self, name), 0, MOST_WEIGHT)
        _require_between("max_age_s", self.max_age_s, 1, _MOST_S)
        _require_between("half_life_s", self.half_life_s, 0, _MOST_S)
        _require_between("calc_period_s", self.calc_period_s, 1, MOST_PERIOD_S)
        for name, allowed in (("fair_share", FAIR_SHARES), ("size_nodes", SIZE_NODES)):
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"priority: {name} must be {' or '.join(allowed)}, got {quoted(getattr(self, name))}"
                )
        for kind, factors in (("qos", self.qos), ("partition", self.partition)):
            for name, factor in factors:
                _require_between(f"{kind} {quoted(name)}", factor, 0, MOST_WEIGHT)
        for share in self.shares:
            what = f"shares of {quoted(share.user or share.account)}"
            _require_between(what, share.shares, 0, MOST_WEIGHT)
            _require_between(f"usage_core_s of {what}", share.usage_core_s, 0, MOST_USAGE_CORE_S)
        problem = share_problem(self.shares)
        if problem is not None:
            raise InputError(f"priority: {problem[1]}")


def _require_between(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"priority: {name} must be between {low} and {high}, got {value}")


def share_problem(shares: tuple[PriorityShare, ...]) -> tuple[int, str] | None:
    """(place, what is wrong) of the first entry that does not go with the others; None if all do."""
    seen: set[tuple[str, str]] = set()
    parents: dict[str, str] = {}
    for place, share in enumerate(shares):
        key = (share.account, share.user)
        if key in seen:
            whose = f"user {quoted(share.user)} of " if share.user else ""
            return place, f"{whose}account {quoted(share.account)} has shares twice; keep one"
        seen.add(key)
        if share.user and share.parent:
            return place, f"user {quoted(share.user)} has a parent, which only accounts have; leave it out"
        if share.account == ROOT_ACCOUNT and not share.user:
            return place, f"account {ROOT_ACCOUNT!r} is the root and has no shares; name one below it"
        if not share.user:
            parents[share.account] = share.parent
    return _circle(shares, parents)


def _circle(shares: tuple[PriorityShare, ...], parents: dict[str, str]) -> tuple[int, str] | None:
    """The first account in the table from which the accounts above lead back to one of them."""
    fine = {""}
    for place, share in enumerate(shares):
        account = share.account
        above: dict[str, None] = {}
        while account not in fine and account in parents:
            if account in above:
                return place, f"account {quoted(account)} lies below itself; give it another parent"
            above[account] = None
            account = parents[account]
        fine.update(above)
    return None
