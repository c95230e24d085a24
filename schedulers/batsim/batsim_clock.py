"""The clock of a run under a scheduler behind Batsim's protocol.

The rules are those of the compiled clock. What differs is who is asked, and when: the scheduler hears of each
instant at which something happened to a job, also where nothing could start, and at the seconds that it asked
for. What it decides is carried out as soon as the rules of RARE allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rare.model import NEVER_S, Case
from rare.rules.advance import next_event_s, take_inputs
from rare.rules.decide import OK, apply, has_power_at, why_not_start
from rare.rules.instant import end_run, instant
from rare.rules.job_life import cancel, kill
from rare.rules.orders import estimate_left_s
from rare.rules.progress.pace import left_now_s
from rare.state.arrays import (
    CLOSED,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    FREE,
    HELD,
    IDLE,
    KILL,
    SETTLING,
    STALLED,
    WAIT,
    World,
)
from rare.world import Recorder
from schedulers.batsim.batsim_answers import ProtocolError
from schedulers.batsim.batsim_events import event
from schedulers.batsim.batsim_link import BatsimLink
from schedulers.batsim.batsim_session import BatsimSession, Held

_ROOM = 8  # rows of the event log that one action may need (rare.rules.bookkeeping)
_MOST_ROUNDS = 1000  # messages in one instant
_MOST_IDLE = 100_000  # calls in a row that change nothing
_REPORT = 1000  # instants between two reports of the progress


class BatsimClock:
    """Runs environment 0 to its end. The link is closed then, also after an error or an interruption."""

    def __init__(
        self, world: World, case: Case, session: BatsimSession, link: BatsimLink, tells_power: bool
    ) -> None:
        self.world = world
        self.recorder = Recorder()
        self._case, self._session, self._link = case, session, link
        self._tells_power = tells_power
        self._seen = 0  # rows of the event log that have been told
        self._idle = 0
        self._state: Any = world.env[0]

    def run(self, progress: Callable[[int, int], None] | None = None) -> World:
        """Run to the end; `progress` is told the jobs arrived and their number now and then."""
        steps = 0
        try:
            now_s = self._now_s
            self._ask({"now": float(now_s), "events": self._session.begin(now_s)})
            while self._step() != ENDED:
                steps += 1
                if progress is not None and steps % _REPORT == 0:
                    progress(int(self._state.next_job), int(self._state.jobs_end))
            self._end()
        finally:
            self._link.close()
        self.recorder.drain(self.world)
        return self.world

    @property
    def _now_s(self) -> int:
        return int(self._state.now_s)

    # --- time ---

    def _step(self) -> int:
        """Go on to what is to be done next; the status of `instant`."""
        state = self._state
        if state.phase == IDLE:
            next_s = int(next_event_s(self.world.handles[0]))
            if next_s == NEVER_S:
                end_run(self.world.handles[0], STALLED)
                return ENDED
            self._begin_instant(next_s)
        status = int(instant(self.world.handles[0]))
        if status == DECIDE_SHED:
            apply(self.world.handles[0], WAIT)  # the rules choose, as no word of Batsim asks for a victim
        elif status == DECIDE_START:
            self._talk()
            if not self._start_one():
                apply(self.world.handles[0], WAIT)
        elif status == CLOSED:
            self._close()
        elif status != ENDED:
            self._make_room(status)
        return status

    def _begin_instant(self, at_s: int) -> None:
        take_inputs(self.world.handles[0], at_s)
        self._state.wake_s = at_s
        self._state.phase = SETTLING

    def _close(self) -> None:
        """After an instant: tell what nobody was asked about, and see when the scheduler is next needed."""
        now_s = self._now_s
        if self._talk() or any(self._startable(start.job) for start in self._due()):
            self._state.due_s = now_s  # something changed: the same second is an instant again
            self._begin_instant(now_s)
            return
        next_s = self._session.next_s(now_s)
        if next_s is not None:
            self._state.due_s = min(int(self._state.due_s), next_s)

    def _make_room(self, status: int) -> None:
        self._take_rows()
        self.world = self.recorder.make_room(self.world, status)
        self._state = self.world.env[0]
        self._seen = int(self._state.log_rows)

    # --- the conversation ---

    def _talk(self) -> bool:
        """Tell the scheduler what is new until it has nothing to add; whether the simulation was changed."""
        changed = False
        for _ in range(_MOST_ROUNDS):
            self._hear()
            now_s = self._now_s
            message = self._session.message(now_s)
            if message is None:
                return changed
            held = len(self._session.held)
            orders = self._obey(self._ask(message), now_s)
            acted = len(self._session.held) > held or bool(orders.drop or orders.kill)
            only_calls = all(one["type"] == "REQUESTED_CALL" for one in message["events"])
            self._idle = self._idle + 1 if only_calls and not acted else 0
            if self._idle > _MOST_IDLE:
                raise self._link.failed(
                    f"{_MOST_IDLE} calls in a row, the last at {now_s} s, changed nothing"
                )
            for job in orders.drop:
                self._drop(job)
            for job in orders.kill:
                self._kill(job)
            changed = changed or bool(orders.drop or orders.kill)
        raise self._link.failed(f"more than {_MOST_ROUNDS} messages at {self._now_s} s without an end")

    def _hear(self) -> None:
        """Let the session know what happened since it last did, and which cores have power."""
        self._take_rows()
        if self._tells_power:
            self._session.tell_power(self._now_s, self._powered())

    def _take_rows(self) -> None:
        state = self._state
        rows = self.world.log[0, self._seen : int(state.log_rows)]
        self._seen = int(state.log_rows)
        last = (
            int(state.next_job) == int(state.jobs_end)
            and not (self.world.live.view(np.ndarray)[0]["doing"] == HELD).any()
        )
        self._session.take(rows, self._now_s, self._left_s, last)

    def _ensure_room(self) -> None:
        """Room in the event log for one more action, which writes there without a look."""
        if int(self._state.log_rows) + _ROOM > self.world.log.shape[1]:
            self._take_rows()
            self.recorder.drain(self.world)
            self._seen = 0

    def _ask(self, message: dict[str, Any]) -> object:
        return self._link.ask(message)

    def _obey(self, reply: object, now_s: int) -> Any:
        joules = int(self._state.draw_mj) / 1000
        try:
            return self._session.obey(reply, now_s, joules)
        except ProtocolError as error:
            raise self._link.failed(f"at {now_s} s: {error}") from None

    def _end(self) -> None:
        """Tell what is left to tell, and that the simulation is over; decisions come too late."""
        self._take_rows()
        now_s = self._now_s
        self._session.free_s = now_s
        message = self._session.message(now_s)
        if message is not None:
            self._ask(message)
        self._ask({"now": float(now_s), "events": [event(now_s, "SIMULATION_ENDS", {})]})

    # --- decisions ---

    def _due(self) -> Iterator[Held]:
        """Starts that the scheduler wants by now."""
        now_s = self._now_s
        return (start for start in self._session.held if start.from_s <= now_s)

    def _startable(self, job: int) -> bool:
        handle, slot = self.world.handles[0], self._slot(job)
        return int(why_not_start(handle, slot)) == OK and bool(has_power_at(handle, slot, 0))

    def _start_one(self) -> bool:
        """Carry out the first held start that the rules allow now; whether there was one."""
        for start in self._due():
            if self._startable(start.job):
                self._ensure_room()
                apply(self.world.handles[0], self._slot(start.job))
                self._session.held.remove(start)
                waited_s = self._now_s - max(start.from_s, start.since_s)
                if waited_s > 0:
                    self._session.tally.held_starts += 1
                    self._session.tally.held_s += waited_s
                return True
        return False

    def _drop(self, job: int) -> None:
        """Take a job out of the queue for good."""
        self._ensure_room()
        cancel(self.world.handles[0], self._slot(job))

    def _kill(self, job: int) -> None:
        """End a running job for good: this is the last kill that it is allowed."""
        self._ensure_room()
        state, slot = self._state, self._slot(job)
        allowed = int(state.max_kills)
        state.max_kills = int(self.world.live[0, slot].kills) + 1
        kill(self.world.handles[0], slot, KILL)
        state.max_kills = allowed

    def _slot(self, job: int) -> int:
        live = self.world.live.view(np.ndarray)[0]
        return int(np.flatnonzero((live["job"] == job) & (live["doing"] != FREE))[0])

    def _left_s(self, job: int) -> int:
        """What is left of a job's estimate; the estimate of one that is gone again."""
        live = self.world.live.view(np.ndarray)[0]
        slots = np.flatnonzero((live["job"] == job) & (live["doing"] != FREE))
        row = self.world.jobs[job]
        if len(slots) == 0:
            return int(row.estimate_s)
        slot = int(slots[0])
        return int(estimate_left_s(row, int(left_now_s(self.world.handles[0], slot))))

    def _powered(self) -> list[int]:
        """Free cores of each partition that have power, beside the jobs and the starts that are held."""
        state = self._state
        spare_mw = int(state.start_cap_mw) - int(state.active_mw) - int(state.node_mw)
        for start in self._session.held:
            spare_mw -= int(self.world.live[0, self._slot(start.job)].most_mw)
        counts = []
        for index, part in enumerate(self._case.cluster.partitions):
            core_mw = part.core_mw + -(-part.idle_mw // max(part.cores_per_node, 1))
            free = self._session.book.free(index)
            count = free if core_mw == 0 else min(free, max(spare_mw, 0) // core_mw)
            spare_mw -= count * core_mw
            counts.append(count)
        return counts
