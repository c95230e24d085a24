"""Before the first poll: what decides is compiled, and its setup is tried on jobs that are made up."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from contextlib import suppress

from experiments.operate.shadow.live_opinion import LiveOpinion
from experiments.operate.shadow.polls import Poll
from experiments.operate.shadow.sources.power_feed import PowerReading
from experiments.operate.snapshots.cluster_snapshot import (
    RUNNING,
    WAITING,
    ClusterSnapshot,
    SnapshotJob,
    SnapshotPartition,
)
from rare.options.job_limits import EACH
from rare.state.compile import is_compiled
from traces.errors import InputError

TRIED_JOBS = 200
"""So many that some of each service class are among them: the classes of jobs are drawn."""
WARM_JOBS = 3
ENTRIES, NETWORK, NETWORK_ENTRY = ("next_decision", "apply"), "rare", "look"
"""Compiled functions by which one sees whether the rest is there; the network that ships needs one more."""


class WrongSetup(InputError):
    """Scheduler, scenario and cluster do not fit, whatever the queue: the next poll would be no better."""


def warm_up(opinion: LiveOpinion, fed: bool, note: Callable[[str], None]) -> None:
    """Compile what opinions need, by some on a made-up cluster, so that no real queue waits for it.

    fed: there is a power feed. A wrong setup is no error yet: the cluster's partitions are not known.
    """
    network = opinion.scheduler.name.startswith(NETWORK)
    if not all(is_compiled(entry) for entry in (*ENTRIES, *[NETWORK_ENTRY] * network)):
        note("compiling the rules, once after an installation or an edit; this takes about half a minute ...")
    limits = [one.partition for one in opinion.loaded.scenario.limit]
    names = dict.fromkeys(name for name in limits if name not in (None, EACH))
    partitions = tuple(SnapshotPartition(str(name), 4, 2) for name in names or ("main",))
    for share in (1.0, 0.0) if fed else (None, 1.0, 0.0):
        with suppress(InputError):
            opinion(_made_up(partitions, WARM_JOBS, share))


def check_setup(opinion: LiveOpinion, poll: Poll, fed: bool) -> None:
    """Decide on made-up jobs on the poll's real cluster; its queue may be empty. WrongSetup, with the reason.

    fed: there is a power feed. Whether it answers now does not matter.
    """
    tried = dataclasses.replace(opinion, starts=False)
    try:
        tried(_made_up(poll.snapshot.partitions, TRIED_JOBS, 1.0 if fed else None))
    except InputError as error:
        raise WrongSetup(error.what, where=error.where, value=error.value, remedy=error.remedy) from None


def _made_up(partitions: tuple[SnapshotPartition, ...], waiting: int, share: float | None) -> Poll:
    """A poll of now with one job that runs and some that wait, of one core each."""
    now_s = int(time.time())
    runs = SnapshotJob("1", RUNNING, now_s - 200, 1, 3600, start_s=now_s - 100)
    waits = [SnapshotJob(str(2 + place), WAITING, now_s - 100, 1, 3600) for place in range(waiting)]
    power = None if share is None else PowerReading(None, share, now_s, now_s)
    return Poll(ClusterSnapshot(now_s, partitions, (runs, *waits)), {}, power)
