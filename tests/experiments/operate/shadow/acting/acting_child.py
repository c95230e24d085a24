"""A shadow that acts beside a fake Slurm and would hold every waiting job: `python -m ... FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from experiments.operate.shadow.acting import act_loop
from experiments.operate.shadow.acting.act_loop import JOURNAL, ActLoop, ActTimes, Stopped
from experiments.operate.shadow.acting.actor import ActLimits, Actor
from experiments.operate.shadow.acting.allow_list import AllowList
from experiments.operate.shadow.acting.held_jobs import Journal
from experiments.operate.shadow.opinion_types import Opinion
from experiments.operate.shadow.polls import Poll, Poller
from experiments.operate.shadow.shadow_log import ShadowLog
from experiments.operate.shadow.sources.power_feed import FeedOptions, power_feed
from experiments.operate.shadow.sources.slurm_source import CommandSource
from experiments.operate.shadow.watch_queue import record_of
from tests.experiments.operate.shadow.fake_slurm import FakeSlurm
from traces.errors import InputError

ALLOWED = AllowList(users=frozenset(["ann"]), actions=frozenset(["hold", "suspend"]))


def opinion(poll: Poll) -> Opinion:
    """Hold what waits; suspend what runs, if there is no power at all."""
    power_w = poll.power.power_w if poll.power is not None else 0
    waits = [job.job_id for job in poll.snapshot.jobs if job.start_s is None]
    runs = [job.job_id for job in poll.snapshot.jobs if job.start_s is not None]
    if power_w == 1:
        raise ZeroDivisionError("a bug")
    if power_w == 2:
        raise InputError("the scenario does not fit")
    if power_w:
        return Opinion("test", starts=tuple(waits), resumes=tuple(runs))
    return Opinion("test", suspends=tuple(runs), holds=dict.fromkeys(waits, "no power"))


def loop(folder: Path, slurm: FakeSlurm, note, every_s: float = 0.1, **times) -> ActLoop:
    """A loop in a folder that has power.txt."""
    act_loop.RETRY_S = 0.2
    out = folder / "out"
    out.mkdir(exist_ok=True)
    journal = Journal(out / JOURNAL)
    return ActLoop(
        folder=out,
        poller=Poller(
            CommandSource(slurm.words("squeue"), slurm.words("sinfo")),
            power_feed(str(folder / "power.txt"), FeedOptions()),
        ),
        opinion=opinion,
        actor=Actor(journal, slurm.commands, ALLOWED, ActLimits(actions_per_minute=600), note),
        times=ActTimes(every_s, **{"lost_s": 60.0, "calm_polls": 0, **times}),
        log=ShadowLog(out),
        record=record_of,
        note=note,
    )


if __name__ == "__main__":
    place = Path(sys.argv[1])
    slurm = FakeSlurm.__new__(FakeSlurm)
    slurm.path = place / "slurm.json"
    try:
        loop(place, slurm, lambda text: print(text, flush=True)).run()
    except Stopped as stop:
        sys.exit(128 + stop.number)
    except InputError as error:
        sys.exit(str(error))
