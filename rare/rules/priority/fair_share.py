"""Fair share of accounts and users: RULES.md §14.4 and §14.5, compiled.

Fair Tree: Slurm's page "Fair Tree Fairshare Algorithm". Classic: its page "Classic Fairshare Algorithm".
"""

from __future__ import annotations

import math

from rare.state.compile import rule
from rare.state.priority_arrays import NO_PARENT, ROOT, association_of, share_of, weight_of


@rule
def add_up(w, before):
    """Usage of each node with all that lies below it, in one fixed order: the last node first.

    before: without what was added at the mark.
    """
    for node in range(w.association_rows):
        row = association_of(w, node)
        row.below = row.before if before else row.usage
    for node in range(w.association_rows - 1, ROOT, -1):
        association_of(w, share_of(w, node).parent).below += association_of(w, node).below


@rule
def share_of_use(w, node):
    """Its part of the usage of its parent; 0 where that has none."""
    of_parent = association_of(w, share_of(w, node).parent).below
    return association_of(w, node).below / of_parent if of_parent > 0.0 else 0.0


@rule
def set_effective_usage(w, users):
    """Effective usage of all users, or of all accounts, by the usage that was added up last (§14.6)."""
    total = association_of(w, ROOT).below
    for node in range(ROOT + 1, w.association_rows):
        share = share_of(w, node)
        if (share.user != 0) != users:
            continue
        row = association_of(w, node)
        of_all = row.below / total if total > 0.0 else 0.0
        row.level = of_all
        if share.parent != ROOT:
            row.level = of_all + (association_of(w, share.parent).level - of_all) * share.share


@rule
def classic(w):
    """The classic factor, 2^(-U/S): U is its effective usage, S its share of the cluster."""
    add_up(w, True)
    set_effective_usage(w, False)
    add_up(w, False)
    set_effective_usage(w, True)
    for node in range(ROOT + 1, w.association_rows):
        promised = share_of(w, node).promised
        row = association_of(w, node)
        row.factor = math.pow(2.0, -row.level / promised) if promised > 0.0 else 0.0


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
    """Whether a node is ranked before a sibling: by level, then users first, then by name."""
    a = association_of(w, one).level
    b = association_of(w, other).level
    return a > b or (a == b and one < other)


@rule
def sort_children(w, node):
    """Put the children of an account in the order of their ranks. They are nearly so from the mark before."""
    first = share_of(w, node).first_child
    for i in range(first + 1, first + share_of(w, node).children):
        child = association_of(w, i).node
        j = i
        while j > first and goes_before(w, child, association_of(w, j - 1).node):
            association_of(w, j).node = association_of(w, j - 1).node
            j -= 1
        association_of(w, j).node = child


@rule
def enter(w, node, tied):
    """Begin to rank what lies below an account."""
    sort_children(w, node)
    row = association_of(w, node)
    row.cursor = 0
    row.tied = tied
    return node


@rule
def next_child(w, node):
    """(the next child of an account in the order of ranks, whether it is tied with who came before)."""
    row = association_of(w, node)
    place = share_of(w, node).first_child + row.cursor
    child = association_of(w, place).node
    tied = row.tied != 0
    if row.cursor > 0:
        tied = association_of(w, child).level == association_of(w, association_of(w, place - 1).node).level
    row.cursor += 1
    return child, tied


@rule
def tree(w):
    """Fair Tree's factor: the rank of each user over their number, in one walk down the tree (§14.5)."""
    add_up(w, False)
    set_levels(w)
    users = share_of(w, ROOT).users
    rank = users
    behind = users
    node = enter(w, ROOT, False)
    while node != NO_PARENT:
        if association_of(w, node).cursor == share_of(w, node).children:
            node = share_of(w, node).parent
            continue
        child, tied = next_child(w, node)
        if share_of(w, child).user:
            if not tied:
                rank = behind
            association_of(w, child).factor = rank / users
            behind -= 1
        else:
            node = enter(w, child, tied)


@rule
def set_factors(w):
    """The fair-share factor of every user, of the usage at the last mark."""
    if weight_of(w).tree:
        tree(w)
    else:
        classic(w)
