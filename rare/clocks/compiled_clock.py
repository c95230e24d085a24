"""The compiled clock: runs from decision to decision inside compiled code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rare.rules.advance import advance
from rare.scheduler import Decider, carry_out
from rare.state.arrays import DECIDE_SHED, DECIDE_START, ENDED, World
from rare.world import Recorder, should_index, with_index

STEPS = 1_000  # decisions between two looks at how long walks through the queue are
REPORT = 100  # such looks between two reports of the progress


class CompiledClock:
    """Runs one environment to its end. A decider that replays never comes back for a decision."""

    def __init__(self, world: World, decider: Decider, job_ids: np.ndarray | Sequence[int]) -> None:
        self.world = world
        self.recorder = Recorder()
        self._decider = decider
        self._ids = job_ids

    def run(self, progress: Callable[[int, int], None] | None = None) -> World:
        """Run to the end; `progress` is told the jobs arrived and their number now and then."""
        decider, replays = self._decider, self._decider.replays
        decisions = 0
        while True:
            handle = self.world.handles[0]
            status = decider.replay(handle, STEPS) if replays else advance(handle)
            if status == ENDED:
                break
            if status not in (DECIDE_START, DECIDE_SHED):
                self.world = self.recorder.make_room(self.world, status)
            elif not replays:
                carry_out(self.world, 0, decider.decide(self.world, 0, status), self._ids)
            decisions += 1
            if replays and should_index(self.world):
                self.world = with_index(self.world)
            if progress is not None and decisions % (REPORT if replays else 1000) == 0:
                progress(int(self.world.env[0].next_job), int(self.world.env[0].jobs_end))
        self.recorder.drain(self.world)
        return self.world
