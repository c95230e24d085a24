"""Records of Slurm's multifactor priority: what ranks the jobs, and how much each user has had (RULES §14).

Their arrays have no rows where a case has no [priority], and rules look at the number of rows in the handle
before they touch them.
"""

from __future__ import annotations

import numpy as np

from rare.state.compile import rule
from rare.state.memory import accessor

I8, I4, F8 = np.int64, np.int32, np.float64

MULTIFACTOR = 14
"""The order's code (rare.rules.orders), kept here for the rules that the orders call."""
ROOT = 0
"""The root of the tree of accounts: the first row of shares and associations."""
NO_PARENT = -1

WEIGHT = np.dtype(
    [
        ("age_weight", F8), ("max_age_s", I8), ("fair_share_weight", F8),
        # share of past usage that is left after one second, and after one period
        ("kept_a_second", F8), ("kept_a_period", F8), ("calc_period_s", I8), ("tree", I8),
    ],
    align=True,
)  # fmt: skip
"""What ranks the jobs of a case beside their standings. tree: Fair Tree, else the classic formula."""
STANDING = np.dtype([("fixed", F8), ("association", I8)])
"""Of a job. fixed: the part of its priority that stays as it is; association: whose usage it adds to."""
SHARE = np.dtype(
    [
        ("share", F8), ("promised", F8), ("usage", F8), ("parent", I4), ("first_child", I4),
        ("children", I4), ("users", I4), ("user", I4),
    ],
    align=True,
)  # fmt: skip
"""A node of the tree of accounts and users: parents before children, siblings one after the other, users
before accounts, by name. share: of its siblings'; promised: of the whole cluster's; usage: what it has at the
beginning of a run [core-seconds]; user: whether it is one; users: how many there are at or below it."""
ASSOCIATION = np.dtype(
    [
        # usage at the last mark [core-seconds]; what jobs have added since then, / 10^4
        ("usage", F8), ("added", I8),
        # usage at the last mark without what was added at it
        ("before", F8),
        # of the mark of the factors: usage of all at or below it, what it is ranked by, and its factor
        ("below", F8), ("level", F8), ("factor", F8),
        # Fair Tree: the node at this place, siblings in the order of their ranks; of an account on the way
        # down, which child is next, and whether the first one ranks with whoever came before
        ("node", I4), ("cursor", I4), ("tied", I4),
    ],
    align=True,
)  # fmt: skip
"""A node of the tree in one environment (rare.rules.priority)."""

_weight, _standing = accessor(WEIGHT), accessor(STANDING)
_share, _association = accessor(SHARE), accessor(ASSOCIATION)


@rule
def weight_of(w):
    """What ranks the jobs of the case."""
    return _weight(w.at_weights, 0)


@rule
def standing_of(w, job):
    """What of a job's priority time does not change."""
    return _standing(w.at_standings, job)


@rule
def share_of(w, node):
    """A node of the tree of accounts and users."""
    return _share(w.at_shares, node)


@rule
def association_of(w, node):
    """The same node in this environment."""
    return _association(w.at_associations, node)
