"""Fair share of accounts and users: RULES.md §14.4 and §14.5, compiled.

Fair Tree: Slurm's page "Fair Tree Fairshare Algorithm". Classic: its page "Classic Fairshare Algorithm".
"""

from __future__ import annotations

import math

from rare.state.compile import rule
from rare.state.priority_arrays import ROOT, association_of, share_of, weight_of


@rule
def add_up(w):
    """Usage of each node with all that lies below it, in one fixed order: the last node first."""
    for node in range(w.association_rows):
        row = association_of(w, node)
        row.below = row.usage
    for node in range(w.association_rows - 1, ROOT, -1):
        association_of(w, share_of(w, node).parent).below += association_of(w, node).below


@rule
def share_of_use(w, node):
    """Its part of the usage of its parent; 0 where that has none."""
    of_parent = association_of(w, share_of(w, node).parent).below
    return association_of(w, node).below / of_parent if of_parent > 0.0 else 0.0


@rule
def classic(w):
    """The classic factor, 2^(-U/S): U is its effective usage, S its share of the cluster."""
    total = association_of(w, ROOT).below
    for node in range(ROOT + 1, w.association_rows):
        share = share_of(w, node)
        row = association_of(w, node)
        of_all = row.below / total if total > 0.0 else 0.0
        row.level = of_all
        if share.parent != ROOT:
            row.level = of_all + (association_of(w, share.parent).level - of_all) * share.share
        if share.promised > 0.0:
            row.factor = math.pow(2.0, -row.level / share.promised)
        else:
            row.factor = 0.0


@rule
def set_levels(w):
    """Level fair share of each node: its share beside its siblings over its part of their usage."""
    for node in range(ROOT + 1, w.association_rows):
        part = share_of_use(w, node)
        share = share_of(w, node).share
        row = association_of(w, node)
        if part > 0.0:
            row.level = share / part
        else:
            row.level = math.inf if share > 0.0 else 0.0


@rule
def goes_before(w, one, other):
    """Whether a node is ranked before another of the same depth: by group, then level, users first."""
    a = association_of(w, one)
    b = association_of(w, other)
    group_a = association_of(w, share_of(w, one).parent).group
    group_b = association_of(w, share_of(w, other).parent).group
    if group_a != group_b:
        return group_a < group_b
    if a.level != b.level:
        return a.level > b.level
    if share_of(w, one).user != share_of(w, other).user:
        return share_of(w, one).user > share_of(w, other).user
    return one < other


@rule
def sort_depth(w, first, last):
    """Put the nodes of one depth in the order of their ranks. They are nearly so from the mark before."""
    for i in range(first + 1, last):
        node = association_of(w, i).node
        j = i
        while j > first and goes_before(w, node, association_of(w, j - 1).node):
            association_of(w, j).node = association_of(w, j - 1).node
            j -= 1
        association_of(w, j).node = node


@rule
def rank_depth(w, first, last, users):
    """Ranks of the nodes of one depth, as sorted; `users`: how many there are in all (§14.5).

    Users of one group and level share a rank. Accounts of one group and level become a group, whose first
    users rank with the users of that level, and otherwise behind them.
    """
    group = -1
    level = 0.0
    rank = 0
    behind = 0
    merged = -1
    for i in range(first, last):
        node = association_of(w, i).node
        row = association_of(w, node)
        parent = association_of(w, share_of(w, node).parent)
        if parent.group != group:
            group = parent.group
            behind = parent.next_rank
            rank = parent.first_rank
            merged = -1
        elif row.level != level:
            rank = behind
            merged = -1
        level = row.level
        if share_of(w, node).user:
            row.factor = rank / users
        else:
            if merged < 0:
                merged = i
                row.next_rank = behind
            else:
                row.next_rank = association_of(w, association_of(w, merged).node).next_rank
            row.group = merged
            row.first_rank = rank
        behind -= share_of(w, node).users


@rule
def tree(w):
    """Fair Tree's factor: the rank of each user over the number of users."""
    set_levels(w)
    users = share_of(w, ROOT).users
    root = association_of(w, ROOT)
    root.group = 0
    root.first_rank = users
    root.next_rank = users
    first = ROOT + 1
    while first < w.association_rows:
        last = first
        while last < w.association_rows and share_of(w, last).depth == share_of(w, first).depth:
            last += 1
        sort_depth(w, first, last)
        rank_depth(w, first, last, users)
        first = last


@rule
def set_factors(w):
    """The fair-share factor of every user, of the usage at the last mark."""
    add_up(w)
    if weight_of(w).tree:
        tree(w)
    else:
        classic(w)
