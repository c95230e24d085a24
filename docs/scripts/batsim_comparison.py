"""pybatsim's easyBackfill and fillerSched beside RARE's easy and fcfs+greedy: each difference, and its rule.

`python -m docs.scripts.batsim_comparison TRACE.swf [JOBS]` prints what docs/results/batsim-results.md says, and
`--table FILE.csv` writes one row for each job: their start, ours, and why they differ.

The reasons are found in the conversation of the run. In the state of the machine in which the other program
decided, the rule of RARE is asked too: a job for which the two disagree there differs by a rule. All other
differences follow from such a one, for the machine is in another state from then on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

import rare
from docs.scripts.pybatsim_process import pybatsim, scheduler_file
from rare.scenario import build, load_scenario
from rare.scenario.load import Overrides
from schedulers import make_scheduler
from schedulers.batsim.batsim_endpoint import BatsimEndpoint
from schedulers.batsim.batsim_link import Talk
from schedulers.batsim.batsim_scheduler import BatsimScheduler
from schedulers.batsim.interval_sets import parse_interval_set

ONE_BY_ONE = "events of one instant are answered one by one"
NEIGHBOURS = "enough cores are free, and not side by side"
RESERVED = "the first in the queue has certain cores in reserve, not a number of them"
LATER = "the first in the queue waits for cores side by side, so that others may run for longer"
ANY_ORDER = "it asks the queue in no order (a set)"
TAKEN = "a job before it in the queue differs at the same instant, and so do the cores that are left"
FOLLOWS = "follows from an earlier difference"


@dataclass(slots=True)
class Queued:
    """A job that waits, as the other program knows it."""

    name: str
    cores: int
    walltime_s: float


@dataclass(slots=True)
class Machine:
    """The state in which the other program decides: who waits, who runs until when, which cores are free."""

    cores: int
    waiting: list[Queued] = field(default_factory=list)
    running: dict[str, tuple[float, frozenset[int]]] = field(default_factory=dict)

    @property
    def free(self) -> list[int]:
        """Cores that no job has."""
        held: set[int] = set().union(*(cores for _, cores in self.running.values()))
        return [core for core in range(self.cores) if core not in held]

    def widest(self) -> int:
        """Most free cores side by side."""
        best = run = 0
        last = -2
        for core in self.free:
            run = run + 1 if core == last + 1 else 1
            best, last = max(best, run), core
        return best

    def apply(self, event: dict[str, Any]) -> None:
        """One event of RARE."""
        data = event["data"]
        if event["type"] == "JOB_SUBMITTED":
            job = data["job"]
            self.waiting.append(Queued(job["id"], job["res"], job["walltime"]))
        elif event["type"] == "JOB_COMPLETED":
            self.running.pop(data["job_id"], None)

    def start(self, name: str, now_s: float, cores: Iterable[int]) -> None:
        """A job leaves the queue for these cores."""
        job = next(job for job in self.waiting if job.name == name)
        self.waiting.remove(job)
        self.running[name] = (now_s + job.walltime_s, frozenset(cores))

    def copy(self) -> Machine:
        """Another machine in the same state."""
        return replace(self, waiting=list(self.waiting), running=dict(self.running))


Rule = Callable[[Machine, float], list[str]]


def greedy(machine: Machine, now_s: float) -> list[str]:
    """RARE's fcfs+greedy: whoever fits, in the order of the queue."""
    free = len(machine.free)
    started = []
    for job in machine.waiting:
        if job.cores <= free:
            started.append(job.name)
            free -= job.cores
    return started


def easy(machine: Machine, now_s: float) -> list[str]:
    """RARE's easy on one partition with power without limit: a number of cores in reserve for the first."""
    free = len(machine.free)
    started, ends = [], [(max(end, now_s), len(cores)) for end, cores in machine.running.values()]
    queue = list(machine.waiting)
    while queue and queue[0].cores <= free:
        job = queue.pop(0)
        started.append(job.name)
        free -= job.cores
        ends.append((now_s + job.walltime_s, job.cores))
    if not queue:
        return started
    head = queue.pop(0)
    spare, shadow_s = free, now_s
    for end, cores in sorted(ends):
        if spare >= head.cores and end > shadow_s:
            break
        spare, shadow_s = spare + cores, end
    spare -= head.cores
    for job in queue:
        in_time = now_s + job.walltime_s <= shadow_s
        if job.cores <= free and (in_time or job.cores <= spare):
            started.append(job.name)
            free -= job.cores
            spare -= 0 if in_time else job.cores
    return started


def reasons(talk: Talk, cores: int, rule: Rule, why: Callable[..., str]) -> dict[str, str]:
    """Job -> why the other program and the rule disagreed about it, first of all in the same state."""
    machine, found = Machine(cores), {}
    for message, answer in talk:
        before, now_s = machine.copy(), float(message["now"])
        for event in message["events"]:
            machine.apply(event)
        state = machine.copy()
        ours = rule(machine, now_s)
        theirs: list[str] = []
        for event in answer["events"]:
            if event["type"] == "EXECUTE_JOB":
                name = event["data"]["job_id"]
                theirs.append(name)
                machine.start(name, now_s, parse_interval_set(event["data"]["alloc"], cores))
        one_by_one = _one_by_one(before, message["events"], rule, now_s)
        sizes = {job.name: job.cores for job in state.waiting}
        ours_leaves = len(state.free) - sum(sizes[name] for name in ours)
        disagreed = [name for name in sizes if (name in ours) != (name in theirs)]
        for place, name in enumerate(disagreed):  # in the queue's order: the first follows from nobody
            if name in found:
                continue
            leaves = len(machine.free) if name in ours else ours_leaves
            if (name in one_by_one) == (name in theirs):
                found[name] = ONE_BY_ONE
            elif place > 0 and sizes[name] > leaves:
                found[name] = TAKEN
            else:
                found[name] = why(name in ours, sizes[name], state, machine)
    return found


def _one_by_one(machine: Machine, events: list[dict[str, Any]], rule: Rule, now_s: float) -> list[str]:
    """What the rule starts if it is asked after each event of an instant."""
    started: list[str] = []
    for event in events:
        machine.apply(event)
        for name in rule(machine, now_s):
            size = next(job.cores for job in machine.waiting if job.name == name)
            machine.start(name, now_s, machine.free[:size])
            started.append(name)
    return started


def why_easy(ours_alone: bool, size: int, before: Machine, after: Machine) -> str:
    """The rule by which easyBackfill and easy disagree about a job of this size."""
    if not ours_alone:
        return LATER
    return NEIGHBOURS if size > after.widest() else RESERVED


def why_greedy(ours_alone: bool, size: int, before: Machine, after: Machine) -> str:
    """The rule by which fillerSched and fcfs+greedy disagree about a job."""
    return ANY_ORDER


PAIRS: dict[str, tuple[str, Rule, Callable[..., str]]] = {
    "easyBackfill": ("easy", easy, why_easy),
    "fillerSched": ("fcfs+greedy", greedy, why_greedy),
}


def compare(case: rare.Case, theirs: str, endpoint: str) -> pd.DataFrame:
    """One row for each job: id, cores, their start, ours [s], and why these differ ('' for equal ones)."""
    ours, rule, why = PAIRS[theirs]
    talk: Talk = []
    path = scheduler_file(theirs)
    if path is None:
        raise SystemExit("pybatsim is not installed, nor in the Python that PYBATSIM_PYTHON names")
    with tempfile.TemporaryDirectory() as folder, pybatsim(path, endpoint, Path(folder)):
        scheduler = BatsimScheduler(theirs, BatsimEndpoint(endpoint, timeout_s=120), talk)
        other = rare.simulate(case, scheduler).jobs_frame()
    mine = rare.simulate(case, make_scheduler(ours)).jobs_frame()
    found = reasons(talk, case.cluster.cores, rule, why)
    differs = other["start_s"] != mine["start_s"]
    names = [f"w0!{job}" for job in other["job_id"]]
    text = [
        found.get(name, FOLLOWS) if different else "" for name, different in zip(names, differs, strict=True)
    ]
    table = mine[["job_id", "submit_s", "cores", "estimate_s"]]
    return table.assign(their_start_s=other["start_s"], our_start_s=mine["start_s"], why=text)


def trace_case(trace: str, jobs: int) -> rare.Case:
    """The first jobs of a trace, on its own machine with power without limit."""
    return build(load_scenario("plain", Overrides(workload=trace, jobs=f"0:{jobs}")), seed=0).case


def summary(table: pd.DataFrame) -> str:
    """How many starts are equal, and the differences by reason."""
    equal = int((table["why"] == "").sum())
    lines = [f"{equal} of {len(table)} starts are equal"]
    counts = Counter(table["why"][table["why"] != ""])
    lines += [f"{count:5}  {why}" for why, count in counts.most_common()]
    waits = [(table[column] - table["submit_s"]).mean() for column in ("their_start_s", "our_start_s")]
    return "\n".join([*lines, f"mean wait: theirs {waits[0]:.0f} s, ours {waits[1]:.0f} s"])


def main() -> None:
    """Print the comparison of both pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace")
    parser.add_argument("jobs", nargs="?", type=int, default=1000)
    parser.add_argument("--table", metavar="FILE.csv")
    arguments = parser.parse_args()
    case = trace_case(arguments.trace, arguments.jobs)
    tables = []
    for theirs, (ours, _, _) in PAIRS.items():
        with tempfile.TemporaryDirectory() as folder:
            table = compare(case, theirs, f"ipc://{folder}/socket")
        print(f"{theirs} beside {ours}: {summary(table)}\n")
        tables.append(table.assign(scheduler=theirs))
    if arguments.table:
        pd.concat(tables).to_csv(arguments.table, index=False)


if __name__ == "__main__":
    main()
