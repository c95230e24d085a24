"""The file that says which jobs a shadow may touch. Without it, it touches none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.operate.shadow.acting.held_jobs import HOLD, SUSPEND
from experiments.operate.shadow.acting.slurm_answers import JOB_ID
from experiments.operate.shadow.polls import JobExtras
from experiments.operate.snapshots.cluster_snapshot import SnapshotJob
from traces.errors import InputError, quoted
from traces.files.documents import read_toml

NAMES = ("partitions", "users", "accounts", "qos")
ACTIONS = (HOLD, SUSPEND)
SWITCHES = ("include_root", "include_reservations", "include_interactive")
MOST_NAMES = 10_000


@dataclass(frozen=True)
class AllowList:
    """Which jobs may be touched, and how.

    partitions, users, accounts, qos : a job must be in each list that has names; at least one has
    actions : HOLD, and SUSPEND only where it is named
    include_root, include_reservations, include_interactive : jobs of root, in reservations, and of srun and
              salloc may be touched too
    """

    partitions: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    qos: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset((HOLD,))
    include_root: bool = False
    include_reservations: bool = False
    include_interactive: bool = False

    def forbids(self, job: SnapshotJob, extras: JobExtras) -> str:
        """Why a job may not be touched; '' if it may. Each partition that its user named must be allowed."""
        if not JOB_ID.fullmatch(job.job_id):
            return "part of a heterogeneous job"
        if job.user in ("root", "0", "") and not self.include_root:
            return "of root, or of nobody known"
        if extras.reservation and not self.include_reservations:
            return "in a reservation"
        if extras.deadline:
            return "with a deadline, at which Slurm would cancel it"
        if not extras.batch and not self.include_interactive:
            return "interactive"
        wanted = (
            ("partition", self.partitions, (extras.partitions or job.partition).split(",")),
            ("user", self.users, [job.user]),
            ("account", self.accounts, [job.account]),
            ("QOS", self.qos, [job.qos]),
        )
        for word, names, found in wanted:
            if names and not names.issuperset(found):
                return f"{word} not in the allow-list"
        return ""


def read_allow_list(path: Path) -> AllowList:
    """The allow-list in a TOML file. InputError for one that names nobody, and for keys that are unknown."""
    tables = read_toml(path, "give an allow-list: docs/guides/shadow-act.md")
    known = (*NAMES, "actions", *SWITCHES)
    for key in tables:
        if key not in known:
            raise InputError(f"key {quoted(key)} is unknown", where=path, remedy=f"known: {', '.join(known)}")
    fields: dict[str, Any] = {name: _names(tables, name, path) for name in NAMES}
    if not any(fields.values()):
        raise InputError(f"names nobody: one of {', '.join(NAMES)} must have names", where=path)
    if "actions" in tables:
        fields["actions"] = _names(tables, "actions", path)
        unknown = sorted(fields["actions"] - set(ACTIONS))
        if unknown or not fields["actions"]:
            raise InputError(
                f"actions: {quoted(', '.join(unknown)) if unknown else 'none'}",
                where=path,
                remedy=f"known: {', '.join(ACTIONS)}",
            )
    for switch in SWITCHES:
        value = tables.get(switch, False)
        if not isinstance(value, bool):
            raise InputError(f"{switch} is {quoted(value)}; write true or false", where=path)
        fields[switch] = value
    return AllowList(**fields)


def _names(tables: dict[str, Any], key: str, path: Path) -> frozenset[str]:
    value = tables.get(key, [])
    if not isinstance(value, list) or len(value) > MOST_NAMES:
        raise InputError(f"{key} is {quoted(value)}; write a list of names", where=path)
    for name in value:
        if (
            not isinstance(name, str)
            or not name.strip()
            or any(char in name for char in "*?,")
            or name != name.strip()
        ):
            raise InputError(
                f"{key} has {quoted(name)}; write each name in full, without wildcards", where=path
            )
    return frozenset(value)
