"""Fields of sacct that are read, by what they say, and the command that prints them all."""

from __future__ import annotations

from traces.errors import InputError
from traces.files.text import place

#: What is read -> the fields of sacct that say it, the best one first. Names go by small letters.
ALIASES: dict[str, tuple[str, ...]] = {
    "job_id": ("jobid", "jobidraw"),
    "raw_id": ("jobidraw", "jobidrawonly"),
    "cluster": ("cluster",),
    "user": ("user", "uid"),
    "group": ("group", "gid"),
    "account": ("account",),
    "qos": ("qos", "qosraw"),
    "partition": ("partition",),
    "state": ("state",),
    "submit": ("submit",),
    "eligible": ("eligible",),
    "start": ("start",),
    "end": ("end",),
    "suspended": ("suspended",),
    "elapsed": ("elapsedraw", "elapsed"),
    "limit": ("timelimitraw", "timelimit"),
    "allocated_cpus": ("alloccpus", "ncpus"),
    "requested_cpus": ("reqcpus", "ncpus"),
    "allocated_nodes": ("allocnodes",),
    "nodes": ("nnodes", "allocnodes", "reqnodes"),
    "memory": ("reqmem",),
    "allocated_tres": ("alloctres",),
    "requested_tres": ("reqtres",),
    "allocated_gres": ("allocgres",),
    "requested_gres": ("reqgres",),
    "node_list": ("nodelist",),
}
#: Texts in which users write what they like, delimiters too.
FREE_TEXTS = (
    "jobname",
    "comment",
    "admincomment",
    "systemcomment",
    "wckey",
    "submitline",
    "workdir",
    "extra",
)
#: Fields that mark a header: a file whose first line names an id and two of these is sacct's.
_MARKS = frozenset(
    name for names in ALIASES.values() for name in names if name not in ("user", "group", "start", "end")
) | {"jobname", "exitcode"}

#: What `--run` asks for. No names of jobs: they are not used, and may hold the delimiter.
FORMAT = (
    "JobID,JobIDRaw,Cluster,User,Group,Account,QOS,Partition,State,Submit,Eligible,Start,End,Suspended,"
    "ElapsedRaw,TimelimitRaw,AllocCPUS,ReqCPUS,AllocNodes,NNodes,ReqMem,AllocTRES,ReqTRES,NodeList"
)
COMMAND = f"sacct --allusers --allocations --duplicates --parsable2 --format={FORMAT}"


def is_header(names: list[str]) -> bool:
    """Whether these are names of sacct's fields: an id, and two others that no other table has."""
    known = {name.strip().lower() for name in names}
    return bool(known & {"jobid", "jobidraw"}) and len(known & _MARKS) >= 3


def positions(names: list[str], path: object, line: int | None) -> dict[str, int]:
    """What is read -> its place in the header. InputError where a field is missing, or there twice."""
    lowered = [name.strip().lower() for name in names]
    wanted = {alias for aliases in ALIASES.values() for alias in aliases}
    twice = next((name for name in lowered if name in wanted and lowered.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"the header names {twice} twice", where=place(str(path), line), remedy="name each field once"
        )
    found = {
        key: lowered.index(next(alias for alias in aliases if alias in lowered))
        for key, aliases in ALIASES.items()
        if any(alias in lowered for alias in aliases)
    }
    missing = [key for key in ("job_id", "state", "submit") if key not in found]
    if "elapsed" not in found and not {"start", "end"} <= found.keys():
        missing.append("elapsed")
    if not found.keys() & {"allocated_cpus", "requested_cpus", "allocated_tres", "requested_tres"}:
        missing.append("cpus")
    if missing:
        title = {"job_id": "JobID", "elapsed": "Elapsed", "cpus": "AllocCPUS", "submit": "Submit"}
        named = ", ".join(title.get(key, key.capitalize()) for key in missing)
        raise InputError(
            f"the header lacks {named}",
            where=place(str(path), line),
            remedy=f"print these fields: sacct -a -X -D -P -o {FORMAT}",
        )
    return found
