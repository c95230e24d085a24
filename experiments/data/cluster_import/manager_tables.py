"""Associations and QOS, as sacctmgr shows them, as shares and limits of a scenario."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from traces.errors import InputError, quoted
from traces.jobs.sacct.rows import sacct_values as values
from traces.jobs.slurm_settings.sacctmgr_tables import ManagerRow
from traces.jobs.slurm_settings.slurm_conf import duration_s, whole

_MOST = 10**9
#: Limits of all jobs of an association or QOS together, by column.
_GROUP = {"grpjobs": "running_jobs", "grpsubmit": "submitted_jobs", "grptres": "cores"}
#: Limits of each user, by column: of associations, and of QOS with the key that each has them by.
_OF_USERS = {"maxjobs": "running_jobs", "maxsubmit": "submitted_jobs", "maxwall": "wall_s"}
_OF_QOS = {
    "maxjobspu": ("user", "running_jobs"),
    "maxsubmitpu": ("user", "submitted_jobs"),
    "maxtrespu": ("user", "cores"),
    "maxjobspa": ("account", "running_jobs"),
    "maxsubmitpa": ("account", "submitted_jobs"),
    "maxtrespa": ("account", "cores"),
}
_KNOWN = {"cluster", "account", "user", "partition", "share", "parname", "parentname", "qos", "defqos"} | {
    "name", "priority", "gracetime", "preemptmode", "usagefactor", "id", "maxwall",
    *_GROUP, *_OF_USERS, *_OF_QOS
}  # fmt: skip


@dataclass(slots=True)
class ManagerTables:
    """Entries of [[priority.share]], [priority.qos] and [[limit]], and what was passed over."""

    shares: list[dict[str, str | int]] = field(default_factory=list)
    qos_factors: dict[str, int] = field(default_factory=dict)
    limits: list[dict[str, str | int]] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def add_associations(rows: list[ManagerRow], threads: int, tables: ManagerTables) -> None:
    """Shares and limits of `sacctmgr show assoc`; threads: cpus of a core. InputError for wrong cells."""
    clusters = {row.cells["cluster"] for row in rows if "cluster" in row.cells}
    if len(clusters) > 1:
        raise InputError(
            f"holds associations of {len(clusters)} clusters: {', '.join(map(quoted, sorted(clusters)[:5]))}",
            where=rows[0].where,
            remedy="show those of one: sacctmgr -P show assoc cluster=NAME",
        )
    above: list[tuple[int, str]] = []
    shared: set[tuple[str, str]] = set()
    flat = True
    for row in rows:
        account, user = row.cells.get("account", ""), row.cells.get("user", "")
        if not account:
            raise InputError("has no account", where=row.where, remedy="correct it")
        _pass_over(row, "associations", tables)
        while above and above[-1][0] >= row.depth:
            above.pop()
        parent = row.cells.get("parname") or row.cells.get("parentname") or (above[-1][1] if above else "")
        if not user:
            above.append((row.depth, account))
            flat = flat and not (parent or account == "root")
        if (account, user) in shared or (account == "root" and not user):
            continue
        shared.add((account, user))
        tables.shares += _share(row, account, user, "" if parent == "root" else parent, tables)
    if rows and not any("parname" in row.cells or "parentname" in row.cells or row.depth for row in rows):
        tables.notes.append(
            "the associations do not say which account is above which, all are taken to be below root; print "
            "them with: sacctmgr -P show assoc tree"
        )
    tables.limits += _group_limits(rows, threads)
    tables.limits += _user_limits(rows)


def _share(
    row: ManagerRow, account: str, user: str, parent: str, tables: ManagerTables
) -> Iterator[dict[str, str | int]]:
    text = row.cells.get("share", "1")
    if text.lower() == "parent":
        tables.ignored.setdefault("associations Share=parent", row.where)
        return
    share: dict[str, str | int] = {"account": account}
    if user:
        share["user"] = user
    elif parent:
        share["parent"] = parent
    yield share | {"shares": whole(text, "Share", row.where, 2**31 - 1)}


def _holder(row: ManagerRow) -> dict[str, str | int]:
    return {key: row.cells[key] for key in ("user", "account", "partition") if key in row.cells}


def _group_limits(rows: list[ManagerRow], threads: int) -> Iterator[dict[str, str | int]]:
    for row in rows:
        for column, key in _GROUP.items():
            amount = _amount(row, column, key, threads)
            if amount is not None and row.cells.get("account") != "root":
                yield _holder(row) | {key: amount}


def _user_limits(rows: list[ManagerRow]) -> Iterator[dict[str, str | int]]:
    """Limits of each user of an account; one entry for all of them where they are equal."""
    by_account: dict[tuple[str, str], list[ManagerRow]] = defaultdict(list)
    for row in rows:
        if "user" in row.cells:
            by_account[row.cells["account"], row.cells.get("partition", "")].append(row)
    for (account, partition), users in by_account.items():
        common: dict[str, str | int] = {"user": "*", "account": account}
        if partition:
            common["partition"] = partition
        for column, key in _OF_USERS.items():
            amounts = [_amount(row, column, key, 1) for row in users]
            if len(users) > 1 and len(set(amounts)) == 1 and amounts[0] is not None:
                yield common | {key: amounts[0]}
                continue
            for row, amount in zip(users, amounts, strict=True):
                if amount is not None:
                    yield _holder(row) | {key: amount}


def add_qos(rows: list[ManagerRow], threads: int, tables: ManagerTables) -> None:
    """Priorities and limits of `sacctmgr show qos`. InputError for wrong cells."""
    for row in rows:
        name = row.cells.get("name", "")
        if not name:
            raise InputError("has no name", where=row.where, remedy="correct it")
        _pass_over(row, "QOS", tables)
        tables.qos_factors[name] = whole(row.cells.get("priority", "0"), "Priority", row.where, 2**32 - 1)
        for column, key in (*_GROUP.items(), ("maxwall", "wall_s")):
            amount = _amount(row, column, key, threads)
            if amount is not None:
                tables.limits.append({"qos": name, key: amount})
        for column, (holder, key) in _OF_QOS.items():
            amount = _amount(row, column, key, threads)
            if amount is not None:
                tables.limits.append({"qos": name, holder: "*", key: amount})


def _amount(row: ManagerRow, column: str, key: str, threads: int) -> int | None:
    """The limit of a cell, None for none; of resources only cpus, as cores. InputError."""
    text = row.cells.get(column, "")
    if not text:
        return None
    if key == "wall_s":
        return max(duration_s(text, column, row.where), 0) or None
    if key != "cores":
        return whole(text, column, row.where, _MOST)
    try:
        cpus = values.tres(text).cpus
    except ValueError as error:
        raise InputError(f"{column} {error}", where=row.where) from None
    return None if cpus < 0 else cpus // threads


def _pass_over(row: ManagerRow, kind: str, tables: ManagerTables) -> None:
    """Note cells that have no meaning here, each column once."""
    for column, text in row.cells.items():
        if column not in _KNOWN:
            tables.ignored.setdefault(f"{kind} {column}", row.where)
        elif "tres" in column:
            for part in text.split(","):
                name = part.partition("=")[0]
                if name != "cpu":
                    tables.ignored.setdefault(f"{kind} {column} {name[:40]}", row.where)
