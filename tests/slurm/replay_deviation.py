"""The jobs of a Slurm's run through RARE, and how far RARE's starts are from Slurm's.

`python -m tests.slurm.replay_deviation VARIANT FILE.csv` prints it for a file of tests.slurm.slurm_replay;
without arguments it writes the table of docs/results/slurm-deviation.md anew, from the records.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rare import simulate
from rare.model import Case, Cluster, Options, Partition
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from rare.options.slurm_priority import Priority
from schedulers import make_scheduler
from tests.slurm.slurm_replay import CPUS_A_NODE, NODES, Record, read_records
from traces.jobs.workload import Workload


@dataclass(frozen=True, slots=True)
class Setting:
    """What a variant of tests.slurm.slurm_replay is in RARE."""

    scheduler: str
    backfill: BackfillOptions = BackfillOptions()
    priority: Priority | None = None
    limits: tuple[JobLimit, ...] = ()


DRAWS = 30
SETTINGS = {
    "easy": Setting("easy"),
    "conservative": Setting("conservative"),
    "coarse": Setting("conservative", BackfillOptions(window_s=120, resolution_s=60, max_jobs=20)),
    "multifactor": Setting(
        "multifactor+easy",
        # Slurm's weight of 2000 is of the one core a node that a waiting job counts with; RARE's job counts
        # with whole nodes from the beginning.
        priority=Priority(
            age_weight=1000, max_age_s=600, size_weight=1250, qos_weight=3000, calc_period_s=60,
            qos=(("normal", 0), ("short", 100)),
        ),
    ),
    "limited": Setting("easy", limits=(JobLimit(qos="short", user=EACH, running_jobs=1),)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deviation:
    """RARE less Slurm, the mean of several draws of the seconds that Slurm needs between an end and a start.

    makespan, wait : of the makespan and of the mean wait [% of Slurm's], and their standard deviations
    same_order     : share of the pairs of jobs that start one after the other in both, and in the same order
    """

    makespan: float
    makespan_spread: float
    wait: float
    wait_spread: float
    same_order: float

    def __str__(self) -> str:
        return (
            f"makespan {self.makespan:+.1f} % (+- {self.makespan_spread:.1f}), mean wait {self.wait:+.1f} % "
            f"(+- {self.wait_spread:.1f}), {self.same_order:.1%} of pairs in the same order"
        )


def case_of(records: list[Record], setting: Setting) -> Case:
    """The jobs as Slurm's accounts have them: whole nodes, the time that they took, the limit as estimate."""
    work = Workload.from_columns(
        "slurm",
        job_id=[record.job for record in records],
        submit_s=[record.submit_s for record in records],
        cores=[record.cores for record in records],
        work_s=[record.end_s - record.start_s for record in records],
        estimate_s=[record.limit_s for record in records],
    )
    owners: dict[str, Any] = {
        "user": np.array(["root"] * len(records), dtype=object),
        "qos": np.array([record.qos for record in records], dtype=object),
    }
    return Case(
        replace(work, **owners),
        Cluster((Partition(nodes=NODES, cores_per_node=CPUS_A_NODE),)),
        options=Options(backfill=setting.backfill),
        priority=setting.priority,
        limits=setting.limits,
    )


def late_share(records: list[Record]) -> float:
    """Share of the starts that came a second or more after the end or submit that let them start."""
    ends_s = np.array([record.end_s for record in records])
    late = 0
    for record in records:
        before_s = ends_s[ends_s <= record.start_s]
        late += record.start_s > max(record.submit_s, int(before_s.max(initial=0)))
    return late / len(records)


def compared(records: list[Record], setting: Setting, draws: int = DRAWS) -> Deviation:
    """RARE's runs of the same jobs beside Slurm's.

    In each run a job holds its nodes for a second more than Slurm's accounts say, or not, drawn by how often
    Slurm started a job that late.
    """
    share, random = late_share(records), np.random.default_rng(22)
    runs = []
    for _ in range(draws):
        late = random.random(len(records)) < share
        held = [replace(r, end_s=r.end_s + int(second)) for r, second in zip(records, late, strict=True)]
        runs.append(_one_run(records, case_of(held, setting), setting.scheduler))
    makespan, wait, same_order = np.array(runs).T
    return Deviation(
        float(makespan.mean()), float(makespan.std()), float(wait.mean()), float(wait.std()),
        float(same_order.mean()),
    )  # fmt: skip


def _one_run(records: list[Record], case: Case, scheduler: str) -> tuple[float, float, float]:
    """Deviations of makespan and mean wait [%], and the share of pairs in the same order."""
    jobs = simulate(case, make_scheduler(scheduler)).jobs
    return between(records, np.asarray(jobs["start_s"]), np.asarray(jobs["end_s"]))


def between(records: list[Record], ours_s: np.ndarray, our_ends_s: np.ndarray) -> tuple[float, float, float]:
    """The same of any other starts and ends (J,) [s] of the jobs."""
    submit_s, start_s, end_s = (
        np.array([getattr(record, name) for record in records]) for name in ("submit_s", "start_s", "end_s")
    )
    span_s, our_span_s = end_s.max() - submit_s.min(), our_ends_s.max() - submit_s.min()
    wait_s, our_wait_s = (start_s - submit_s).mean(), (ours_s - submit_s).mean()
    ahead, our_ahead = (np.sign(times[:, None] - times[None, :]) for times in (start_s, ours_s))
    apart = (ahead != 0) & (our_ahead != 0)
    return (
        float(100 * (our_span_s / span_s - 1)),
        float(100 * (our_wait_s / wait_s - 1)),
        float((ahead == our_ahead)[apart].mean()),
    )


def table() -> str:
    """The rows of docs/results/slurm-deviation.md: each recorded run and its deviation."""
    rows = [
        "| setting | Slurm: makespan, mean wait | RARE as | makespan | mean wait | order |",
        "|---|---|---|---|---|---|",
    ]
    for name, (words, ours) in WORDS.items():
        records = read_records(RECORDED / f"slurm-{name}.csv")
        span_s = max(record.end_s for record in records)
        wait_s = sum(record.start_s - record.submit_s for record in records) / len(records)
        found = compared(records, SETTINGS[name])
        rows.append(
            f"| {words} | {span_s} s, {wait_s:.0f} s | {ours} | {found.makespan:+.1f} % ± "
            f"{found.makespan_spread:.1f} | {found.wait:+.1f} % ± {found.wait_spread:.1f} | "
            f"{found.same_order:.0%} |"
        )
    first, again = (read_records(RECORDED / f"slurm-{name}.csv") for name in ("easy", "easy-again"))
    makespan, wait, same_order = between(first, *starts_and_ends(again))
    rows.append(
        f"| Slurm once more, as the first |  | Slurm itself | {makespan:+.1f} % | {wait:+.1f} % | "
        f"{same_order:.0%} |"
    )
    return "\n".join(rows) + "\n"


def starts_and_ends(records: list[Record]) -> tuple[np.ndarray, np.ndarray]:
    """(J,) starts and ends [s] of a Slurm's jobs."""
    return (
        np.array([record.start_s for record in records]),
        np.array([record.end_s for record in records]),
    )


RECORDED = Path(__file__).with_name("recorded")
WORDS = {
    "easy": ("submit order, `bf_job_part_count_reserve=1`", "`easy`"),
    "conservative": ("submit order, a place for every job", "`conservative`"),
    "coarse": (
        "the same, `bf_resolution=60`, `bf_window=2`, `bf_max_job_test=20`",
        "`conservative`, `[backfill]`",
    ),
    "multifactor": ("age, size and QOS, `bf_job_part_count_reserve=1`", "`multifactor+easy`, `[priority]`"),
    "limited": ("as the first, one running job in the QOS `short`", "`easy`, `[[limit]]`"),
}

if __name__ == "__main__":
    if len(sys.argv) == 1:
        page = Path("docs/results/slurm-deviation.md")
        head, _, rest = page.read_text(encoding="utf-8").partition("<!-- deviation -->\n")
        tail = rest.partition("<!-- end of deviation -->\n")[2]
        page.write_text(
            f"{head}<!-- deviation -->\n{table()}<!-- end of deviation -->\n{tail}", encoding="utf-8"
        )
    else:
        print(compared(read_records(Path(sys.argv[2])), SETTINGS[sys.argv[1]]))
