"""Slurm's multifactor priority in plain Python: RULES §14, worked out from the log at each question."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rare.model import Case
from rare.options.slurm_priority import Priority

if TYPE_CHECKING:
    from tests.reference.machine import Machine

BEGINS = ("start", "resume")
STOPS = ("suspend", "shed", "kill", "end", "fail", "lose")


@dataclass
class Node:
    """An account, or a user of one."""

    name: str
    is_user: bool
    shares: int = 1
    usage: float = 0.0
    before: float = 0.0  # usage without what was added at the last mark
    children: list[Node] = field(default_factory=list)
    part: float = 0.0  # of its siblings' shares
    below: float = 0.0
    level: float = 0.0
    factor: float = 0.0

    def child(self, name: str, is_user: bool) -> Node:
        """The child of that name, made if need be."""
        for child in self.children:
            if (child.name, child.is_user) == (name, is_user):
                return child
        self.children.append(Node(name, is_user))
        return self.children[-1]


class Accounts:
    """The tree (§14.4): `user_of` has the node of each job."""

    def __init__(self, case: Case) -> None:
        assert case.priority is not None
        self.root = Node("root", False)
        rules, jobs = case.priority, case.workload
        parents = {s.account: s.parent for s in rules.shares if not s.user}

        def account(name: str) -> Node:
            if name in ("", "root"):
                return self.root
            return account(parents.get(name, "")).child(name, False)

        first: dict[str, str] = {}
        for share in rules.shares:
            node = account(share.account)
            if share.user:
                node = node.child(share.user, True)
                first.setdefault(share.user, share.account)
            node.shares, node.usage = share.shares, float(share.usage_core_s)
            node.before = node.usage
        self.user_of = []
        for i in range(len(jobs)):
            user = "" if jobs.user is None else jobs.user[i]
            named = "" if jobs.account is None else jobs.account[i]
            node = account(named or first.get(user, ""))
            self.user_of.append(node.child(user or "(unknown)", True))
        self.all = [self.root]
        for node in self.all:
            node.children.sort(key=lambda child: (not child.is_user, child.name))
            among = sum(child.shares for child in node.children)
            for child in node.children:
                child.part = child.shares / among if among else 0.0
            self.all += node.children
        self.users = [node for node in self.all if node.is_user]

    def set_factors(self, rules: Priority) -> None:
        """§14.5 or §14.6, of the usage as it is."""
        if rules.fair_share == "classic":
            self._add_up("before")
            self._classic(self.root, 1.0, of_users=False)
            self._add_up("usage")
            self._classic(self.root, 1.0, of_users=True)
        else:
            self._add_up("usage")
            self._rank_all()

    def _add_up(self, what: str) -> None:
        for node in self.all:
            node.below = getattr(node, what)
        above = {id(child): node for node in self.all for child in node.children}
        for node in reversed(self.all[1:]):
            above[id(node)].below += node.below

    def _classic(self, account: Node, promised: float, *, of_users: bool) -> None:
        for node in account.children:
            share = promised * node.part
            if node.is_user == of_users:
                own = node.below / self.root.below if self.root.below else 0.0
                node.level = own if account is self.root else own + (account.level - own) * node.part
                node.factor = math.pow(2.0, -node.level / share) if share else 0.0
            self._classic(node, share, of_users=of_users)

    def _rank_all(self) -> None:
        ranked: list[int] = []

        def walk(account: Node, tied: bool) -> None:
            for node in account.children:
                used = node.below / account.below if account.below else 0.0
                node.level = node.part / used if used else math.inf if node.part else 0.0
            before = None
            for node in sorted(account.children, key=lambda child: -child.level):  # else as they are
                is_tied = tied if before is None else node.level == before.level
                if node.is_user:
                    ranked.append(ranked[-1] if is_tied and ranked else len(self.users) - len(ranked))
                    node.factor = ranked[-1] / len(self.users)
                else:
                    walk(node, is_tied)
                before = node

        walk(self.root, False)


def size_of(case: Case, index: int, partition: int) -> float:
    """§14.1."""
    rules, parts, jobs = case.priority, case.cluster.partitions, case.workload
    assert rules is not None
    part, cores = parts[partition], int(jobs.cores[index])
    nodes = max(1, math.ceil(cores / part.cores_per_node) if part.cores_per_node else 1)
    if part.gpus_per_node:
        nodes = max(nodes, math.ceil(int(jobs.gpus_milli[index]) / (1000 * part.gpus_per_node)))
    if part.memory_mib_per_node:
        nodes = max(nodes, math.ceil(int(jobs.memory_mib[index]) / part.memory_mib_per_node))
    if rules.size_nodes == "one":
        nodes = 1
    all_nodes = sum(p.nodes for p in parts)
    if rules.favor_small:
        nodes, cores = all_nodes - nodes, case.cluster.cores - cores
    share = nodes / all_nodes
    return (share + cores / case.cluster.cores) / 2 if case.cluster.cores else share


def fixed_points(case: Case, index: int, partition: int) -> float:
    """What time does not change (§14.1)."""
    rules, jobs = case.priority, case.workload
    assert rules is not None
    factors = [dict(rules.partition).get(part.name, 1) for part in case.cluster.partitions]
    points = rules.size_weight * size_of(case, index, partition)
    points += rules.partition_weight * (factors[partition] / max(*factors, 1))
    qos = 0.0
    if jobs.qos is not None and rules.qos and max(dict(rules.qos).values()):
        qos = dict(rules.qos).get(jobs.qos[index], 0) / max(dict(rules.qos).values())
    points += rules.qos_weight * qos
    return points - (0 if jobs.nice is None else int(jobs.nice[index]))


def last_mark_s(case: Case, now_s: int) -> int:
    """§14.2."""
    assert case.priority is not None
    period_s = case.priority.calc_period_s
    return case.first_instant_s + (now_s - case.first_instant_s) // period_s * period_s


def priorities(machine: Machine) -> dict[int, int]:
    """The priority of each waiting job now."""
    case, rules = machine.case, machine.case.priority
    assert rules is not None
    accounts = Accounts(case)
    kept = 2.0 ** (-1 / rules.half_life_s) if rules.half_life_s else 1.0
    mark_s, end_s = case.first_instant_s, last_mark_s(case, machine.now_s)
    since: dict[int, int] = {}  # job -> start or resume
    arrival_s: dict[int, int] = {}
    added = {id(node): 0 for node in accounts.all}

    def add(job: int, until_s: int) -> None:
        seconds = until_s - max(since[job], mark_s)
        of_a_core = math.floor(10_000.0 * seconds * math.pow(kept, float(seconds)) + 0.5)
        added[id(accounts.user_of[job])] += int(case.workload.cores[job]) * of_a_core

    def take(factor: float, *, decays: bool) -> None:
        for node in accounts.all:
            node.usage = (node.usage + added[id(node)] / 10_000.0) * factor
            if decays:
                node.before = node.usage
            added[id(node)] = 0

    happened = [*machine.events, (end_s, "now", -1)]
    for time_s, name, job, *_ in sorted(happened, key=lambda event: event[0]):
        while mark_s + rules.calc_period_s <= min(time_s, end_s):
            take(math.pow(kept, rules.calc_period_s), decays=True)
            for running in since:
                add(running, mark_s + rules.calc_period_s)
            take(1.0, decays=False)
            mark_s += rules.calc_period_s
        if name == "submit":
            arrival_s[job] = time_s
        elif name in BEGINS:
            since[job] = time_s
        elif name in STOPS and job in since:
            add(job, time_s)
            del since[job]
    # what has been used since the last mark is not yet seen
    accounts.set_factors(rules)
    found = {}
    for job in machine.waiting():
        assert job.partition is not None
        age_s = max(mark_s - arrival_s[job.index], 0)
        points = rules.age_weight * min(age_s / rules.max_age_s, 1.0)
        points += rules.fair_share_weight * accounts.user_of[job.index].factor
        points += fixed_points(case, job.index, job.partition)
        found[job.index] = min(max(math.floor(points), 1), 2**32 - 1)
    return found
