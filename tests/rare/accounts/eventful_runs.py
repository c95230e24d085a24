"""Random cases with speed levels and events of a real machine, and a decider that does what is allowed."""

import random
from dataclasses import replace

import numpy as np

from rare.machine_events import NO_LIMIT_MW, PLANNED, GridEvents, Outages, Speed
from rare.model import NEVER_S, Case
from rare.rules.decide import OK, has_power_at, why_not_start, why_not_suspend
from rare.rules.progress.level_changes import why_not_raise, why_not_slow
from rare.state.arrays import DECIDE_SHED, RUNNING, WAIT
from rare.state.decisions import FULL, RAISE, SLOW, WHAT_SHIFT
from tests.builders import random_case


class Anything:
    """Starts at any level, suspends, slows and makes faster, by chance."""

    name = "anything"

    def __init__(self, seed):
        self._rng = random.Random(seed)

    def decide(self, world, e, status):
        codes = list(self._codes(world, e, shortage=status == DECIDE_SHED))
        return self._rng.choice(codes) if codes and self._rng.random() < 0.85 else WAIT

    def _codes(self, world, e, shortage):
        handle = world.handles[e]
        for slot in np.flatnonzero(world.live[e].doing).tolist():
            if world.live[e, slot].doing == RUNNING:
                can_slow = why_not_slow(handle, slot) == OK
                if shortage or (why_not_suspend(handle, slot) == OK and self._rng.random() < 0.1):
                    yield slot + (FULL << WHAT_SHIFT)
                if can_slow and (shortage or world.env[e].voluntary):
                    yield slot + (SLOW << WHAT_SHIFT)
                if not shortage and why_not_raise(handle, slot) == OK:
                    yield slot + (RAISE << WHAT_SHIFT)
            elif not shortage and why_not_start(handle, slot) == OK:
                for level in range(world.part[e, world.live[e, slot].part].levels):
                    if has_power_at(handle, slot, level):
                        yield slot + (level << WHAT_SHIFT)


def eventful_case(rng):
    """A random case with levels, grid events, outages, cancellations and checkpoints."""
    case = random_case(rng)
    speeds = (Speed(850, 680), Speed(600, 450), Speed(300, 0))
    parts = tuple(
        replace(part, speeds=speeds[: rng.choice((0, 2, 3, 3))]) for part in case.cluster.partitions
    )
    jobs, begin_s = len(case.workload), case.first_instant_s
    ends_s = 4000 if case.inputs.end_s == NEVER_S else case.inputs.end_s
    return replace(
        case,
        cluster=replace(case.cluster, partitions=parts),
        workload=replace(
            case.workload,
            sensitivity_milli=np.array([rng.choice((1000, 500, 0)) for _ in range(jobs)]),
            cancel_s=case.workload.submit_s + np.array([rng.choice((0, 50, 10**6)) for _ in range(jobs)]),
        ),
        inputs=replace(case.inputs, end_s=max(ends_s, int(case.inputs.change_s[-1]) + 1)),
        options=replace(
            case.options, checkpoint_s=rng.choice((0, 7, 50)), checkpoint_cost_s=rng.choice((0, 3))
        ),
        events=_events(rng, begin_s, case.cluster.peak_draw_mw),
        outages=_outages(rng, begin_s, case),
    )


def _events(rng, begin_s, peak_mw):
    rows = []
    for _ in range(rng.randint(0, 3)):
        start_s = begin_s + rng.randint(0, 600)
        limited = rng.random() < 0.5
        rows.append(
            (
                start_s - rng.choice((0, 60, 1000)),
                start_s,
                start_s + rng.choice((0, 30)),
                start_s + rng.randint(31, 400),
                rng.choice((0, peak_mw // 3)) if limited else NO_LIMIT_MW,
                0 if limited else rng.choice((1, 250, 1000)),
            )
        )
    if not rows:
        return None
    return GridEvents(
        *(np.array(column) for column in zip(*sorted(rows, key=lambda row: row[1]), strict=True))
    )


def _outages(rng, begin_s, case: Case):
    rows = []
    for _ in range(rng.randint(0, 3)):
        from_s, planned = begin_s + rng.choice((0, 5, 20, 70, 200)), rng.random() < 0.5
        part = rng.randrange(len(case.cluster.partitions))
        most = case.cluster.partitions[part].nodes
        nodes, draw = (rng.randint(1, most), PLANNED) if planned else (1, rng.randrange(2**30))
        rows.append((part, nodes, from_s, from_s + rng.randint(1, 500), draw))
    if not rows:
        return None
    return Outages(*(np.array(column) for column in zip(*sorted(rows, key=lambda row: row[2]), strict=True)))
