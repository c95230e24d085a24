"""The compiled clock: runs from decision to decision inside compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rare.rules.advance import advance
from rare.scheduler import Decider, carry_out
from rare.state.arrays import DECIDE_SHED, DECIDE_START, ENDED, World
from rare.world import Recorder, should_index, with_index

STEPS = 1_000  # decisions between two looks at how long walks through the queue are
REPORT = 100  # such looks between two reports of the progress


class CompiledClock:
    """Runs one environment to its end. A decider with `replay` never comes back for a decision."""

    def __init__(self, world: World, decider: Decider, job_ids: Any) -> None:
        self.world = world
        self.recorder = Recorder()
        self._decider = decider
        self._ids = job_ids

    def run(self, progress: Callable[[int, int], None] | None = None) -> World:
        """Run to the end; `progress` is told the jobs arrived and their number now and then."""
        replay: Any = getattr(self._decider, "replay", None)
        decisions = 0
        while True:
            status = (
                advance(self.world.handles[0]) if replay is None else replay(self.world.handles[0], STEPS)
            )
            if status == ENDED:
                break
            if status not in (DECIDE_START, DECIDE_SHED):
                self.world = self.recorder.make_room(self.world, status)
            elif replay is None:
                slot = self._decider.decide(self.world, 0, status)
                carry_out(self.world, 0, slot, self._ids)
            decisions += 1
            if replay is not None and should_index(self.world):
                self.world = with_index(self.world)
            if progress is not None and decisions % (1000 if replay is None else REPORT) == 0:
                progress(int(self.world.env[0].next_job), int(self.world.env[0].jobs_end))
        self.recorder.drain(self.world)
        return self.world
