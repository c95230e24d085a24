"""Texts of sacct as numbers: durations, memory, trackable resources, counts and states.

Each function raises ValueError, with a message in words, for what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from traces.errors import quoted
from traces.jobs.workload import LARGEST_COUNT, LARGEST_S

#: No value: the field is empty, or says that there is none.
NONE = -1
_SILENT = {"", "none", "unknown", "n/a", "(null)", "invalid", "not set"}
_WITHOUT_LIMIT = {"unlimited", "infinite", "partition_limit"}
_DURATION = re.compile(r"(?:(\d{1,9})-)?(\d{1,9})(?::(\d{1,2}))?(?::(\d{1,2}))?(?:\.(\d{1,9}))?", re.ASCII)
_MEMORY = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([KMGTPE]?)B?([nc?]?)", re.ASCII | re.IGNORECASE)
_COUNT = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([KMGT]?)", re.ASCII | re.IGNORECASE)
_GRES = re.compile(r"(?:gres[:/])?gpu(?::[^:=,()]+)?[:=](\d{1,9})(?:\([^)]*\))?", re.ASCII)
_BINARY = {unit: 1024**power for power, unit in enumerate(("", "K", "M", "G", "T", "P", "E"))}
_METRIC = {unit: 1000**power for power, unit in enumerate(("", "K", "M", "G", "T"))}

RUNNING, PENDING, ENDED, CANCELLED, AGAIN, RESIZED, ELSEWHERE = range(7)
_STATES = {
    RUNNING: "RUNNING R SUSPENDED S COMPLETING CG CONFIGURING CF STAGE_OUT SO SIGNALING SI STOPPED ST "
    "EXPEDITING POWER_UP_NODE UPDATE_DB",
    PENDING: "PENDING PD REQUEUE_HOLD RH SPECIAL_EXIT SE RESV_DEL_HOLD RD",
    ENDED: "COMPLETED CD FAILED F TIMEOUT TO OUT_OF_MEMORY OOM DEADLINE DL LAUNCH_FAILED RECONFIG_FAIL",
    CANCELLED: "CANCELLED CA",
    AGAIN: "NODE_FAIL NF BOOT_FAIL BF PREEMPTED PR REQUEUED RQ REQUEUE_FED RF",
    RESIZED: "RESIZING RS",
    ELSEWHERE: "REVOKED RV",
}
STATES = {word: kind for kind, words in _STATES.items() for word in words.split()}
"""Kind of each state: AGAIN ends one try of a job, which Slurm may try again."""


def state_of(text: str) -> int:
    """Kind of a state such as `COMPLETED`, `CANCELLED by 1000`, or `CANCELLED+` in a narrow column."""
    word = text.strip().partition(" ")[0].rstrip("+").upper()
    kind = STATES.get(word)
    if kind is None and text.strip().endswith("+") and len(word) > 3:
        kind = next((kind for known, kind in STATES.items() if known.startswith(word)), None)
    if kind is None:
        raise ValueError(f"State is {quoted(text)}, which is no state of a job; correct it")
    return kind


def seconds(text: str, whole_s: int = 1) -> int:
    """Whole seconds, rounded up, of `D-HH:MM:SS`, `D-HH`, `HH:MM:SS`, `MM:SS` or `MM:SS.mmm`.

    whole_s : what a plain number counts, in seconds. NONE where there is no value or no limit.
    """
    word = text.strip().lower()
    if word in _SILENT or word in _WITHOUT_LIMIT:
        return NONE
    match = _DURATION.fullmatch(word)
    if match is None:
        raise ValueError(f"is {quoted(text)}, no duration; expected D-HH:MM:SS, MM:SS or a number")
    days, *parts = match.groups()[:4]
    numbers = [int(part) for part in parts if part is not None]
    if days is not None:
        numbers += [0] * (3 - len(numbers))
        total = int(days) * 86400 + numbers[0] * 3600 + numbers[1] * 60 + numbers[2]
    elif len(numbers) == 1:
        total = numbers[0] * whole_s
    else:
        total = 0
        for number in numbers:
            total = total * 60 + number
    total += bool((match[5] or "").strip("0"))
    if total > LARGEST_S:
        raise ValueError(f"is {quoted(text)}, more than {LARGEST_S} s; correct it")
    return total


def minutes(text: str) -> int:
    """`seconds` of a field whose plain numbers count minutes, as TimelimitRaw."""
    return seconds(text, 60)


def count(text: str) -> int:
    """A whole number such as `12` or `1.5K`; NONE where there is none."""
    word = text.strip()
    if word.isdecimal() and word.isascii() and len(word) < 13:
        return int(word)
    if word.lower() in _SILENT:
        return NONE
    match = _COUNT.fullmatch(word)
    value = float(match[1]) * _METRIC[match[2].upper()] if match else -1.0
    if match is None or value != int(value):
        raise ValueError(f"is {quoted(text)}, no whole number; correct it")
    if value > LARGEST_COUNT:
        raise ValueError(f"is {quoted(text)}, more than {LARGEST_COUNT}; correct it")
    return int(value)


class Memory(NamedTuple):
    """A request of memory: bytes, and whether they are for each node, each cpu, or all of the job ('')."""

    size: int
    each: str


def memory(text: str) -> Memory:
    """`2048Mn` (a node), `4Gc` (a cpu), `1M`, `16?`; a number without a unit counts MiB. 0: not known."""
    word = text.strip()
    if word.lower() in _SILENT:
        return Memory(0, "")
    match = _MEMORY.fullmatch(word)
    if match is None:
        raise ValueError(f"ReqMem is {quoted(text)}, no size of memory; expected such as 4G or 2048Mn")
    size = float(match[1]) * _BINARY[match[2].upper() or "M"]
    if size > LARGEST_COUNT * 2**20:
        raise ValueError(f"ReqMem is {quoted(text)}, more than any machine has; correct it")
    return Memory(int(size), match[3].lower().replace("?", ""))


class Tres(NamedTuple):
    """Trackable resources of a job; NONE for what is not named. memory in bytes."""

    cpus: int
    memory: int
    nodes: int
    gpus: int


def tres(text: str) -> Tres:
    """Of `billing=4,cpu=4,gres/gpu:a100=2,gres/gpu=2,mem=16G,node=1`; what else is named is passed over."""
    cpus = size = nodes = total = NONE
    typed = 0
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        name = name.lower()
        if not equals:
            if part.strip().lower() in _SILENT:
                continue
            raise ValueError(
                f"is {quoted(text)}, no list of resources; expected such as cpu=4,mem=16G,node=1"
            )
        if name == "cpu":
            cpus = count(value)
        elif name == "node":
            nodes = count(value)
        elif name == "mem":
            size = memory(value).size
        elif name == "gres/gpu":
            total = count(value)
        elif name.startswith("gres/gpu:"):
            typed += max(count(value), 0)
    return Tres(cpus, size, nodes, total if total != NONE else typed)


def gres(text: str) -> int:
    """GPUs of a node in the fields before Slurm 20.11, such as `gpu:tesla:2` or `gres:gpu:1`."""
    return sum(int(match[1]) for match in _GRES.finditer(text))


class Cached(dict[str, int]):
    """Values of texts by a function, each text read once while there are not too many."""

    def __init__(self, read: Callable[[str], int], most: int = 200_000) -> None:
        super().__init__()
        self._read = read
        self._most = most

    def __missing__(self, text: str) -> int:
        value = self._read(text)
        if len(self) >= self._most:
            self.clear()
        self[text] = value
        return value
