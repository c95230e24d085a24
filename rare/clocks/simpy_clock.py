"""The SimPy clock: causes are processes, and all they do is wake the cluster.

For reading, extending and co-simulation: a cooling loop or a grid model is one more process on `env`
that calls `set_input()`. What happens at an instant is in the rules alone. Equality with the compiled
clock is promised for the built-in causes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, NoReturn, cast

import numpy as np
import simpy

from rare.clocks.power_flows import PowerFlows, power_flows
from rare.model import INPUT_RANGES, NEVER_S, Case
from rare.rules.advance import next_alarm_s
from rare.rules.instant import end_run, instant
from rare.scheduler import BaseScheduler, Decider, Scheduler, as_decider, carry_out, keep_queue
from rare.state.arrays import (
    CLOSED,
    DECIDE_SHED,
    DECIDE_START,
    ENDED,
    ENV,
    SETTLING,
    STALLED,
    World,
    handle_records,
)
from rare.state.memory import register
from rare.world import Recorder, build_world

_INPUTS = {
    "supply_mw": "supply_mw",
    "import_limit_mw": "import_mw",
    "price_u_per_kwh": "price_u",
    "carbon_ukg_per_kwh": "carbon_u",
    "pue_per_mille": "pue",
}  # as in model.Inputs: as in the state
_AFTER_NORMAL = cast(Any, 2)  # SimPy's own priorities are 0 (urgent) and 1 (normal)


class EndOfInstant(simpy.Event):
    """Happens after every ordinary event of its instant, which is `delay_s` from now."""

    def __init__(
        self, env: simpy.Environment, callback: Callable[[simpy.Event], None], delay_s: float = 0
    ) -> None:
        super().__init__(env)
        self.callbacks = [callback]
        self._ok = True
        self._value = None
        env.schedule(self, _AFTER_NORMAL, delay_s)


class SimpyClock:
    """Runs environment 0 of a world as a SimPy simulation, open to further processes on `env`."""

    def __init__(self, world: World, decider: Decider, job_ids: np.ndarray | Sequence[int]) -> None:
        self._take(world)
        self.recorder = Recorder()
        self._decider = decider
        self._ids = job_ids
        self._pending = self._over = False
        self._alarm_s = NEVER_S
        # a plain record: its fields are read several times an instant, by name in brackets
        self._state = state = world.env.view(np.ndarray).view(ENV)[0]
        self.env = simpy.Environment(initial_time=int(state["begin_s"]))
        self.wake()
        self.env.process(self._arrivals())
        self.env.process(self._input_changes())
        for end_s in (int(state["inputs_end_s"]), int(state["window_end_s"])):
            if end_s < NEVER_S:
                self.env.process(self._end_at(end_s))

    @classmethod
    def of(cls, case: Case, scheduler: BaseScheduler | Scheduler | Decider) -> SimpyClock:
        """A clock for this case, ready for further processes on `env` and then `run()`.

        InputError for a scheduler that cannot work on this case.
        """
        decider = as_decider(scheduler, case)
        world = build_world(case)
        keep_queue(world, 0, decider)
        return cls(world, decider, case.workload.job_id)

    def __reduce__(self) -> NoReturn:
        """TypeError: processes of SimPy are running generators, which Python can neither copy nor pickle."""
        raise TypeError(
            "a SimpyClock cannot be copied or pickled, for its processes are running generators. Copy or "
            "pickle what it is made of: SimpyClock.of(case, scheduler) with the same processes and inputs, "
            f"stepped by step_until({self.env.now}), is the same again. To fork a run, use "
            "GreenClusterEnv, whose copies are exact"
        )

    # --- causes ---

    def _arrivals(self) -> Generator[simpy.Event, None, None]:
        """Wake at each submit time."""
        for submit_s in self.world.jobs.submit_s.tolist():
            if submit_s > self.env.now:
                yield self.env.timeout(submit_s - self.env.now)
            self.wake()

    def _input_changes(self) -> Generator[simpy.Event, None, None]:
        """Set the inputs that change, as they change; those set by others' processes stay."""
        rows = self.world.inputs[int(self._state["input_row"]) :]
        for before, row in zip(rows[:-1], rows[1:], strict=True):
            yield self.env.timeout(int(row.change_s) - self.env.now)
            self.set_input(
                **{name: int(row[field]) for name, field in _INPUTS.items() if row[field] != before[field]}
            )

    def _end_at(self, end_s: int) -> Generator[simpy.Event, None, None]:
        """Wake when the inputs or the window end."""
        yield self.env.timeout(end_s - self.env.now)
        self.wake()

    def _set_alarm(self, alarm_s: int) -> None:
        """Settle at the next end, battery instant, timer or tick; an older alarm that rings is ignored."""
        if alarm_s < NEVER_S and alarm_s != self._alarm_s:
            EndOfInstant(self.env, self._ring, alarm_s - self.env.now)
        self._alarm_s = alarm_s

    def _ring(self, alarm: simpy.Event) -> None:
        if self.env.now == self._alarm_s:
            self._alarm_s = NEVER_S
            self._settle(alarm)

    # --- for processes of others ---

    def set_input(self, **values: int) -> None:
        """Set inputs from now on, until they are set again (RULES §3.3).

        values: supply_mw, import_limit_mw, price_u_per_kwh, carbon_ukg_per_kwh, pue_per_mille, in the units
        and ranges of `model.Inputs`. ValueError for any other name or a value out of range.
        """
        for name, value in values.items():
            if name not in _INPUTS:
                raise ValueError(f"no input is called {name!r}; inputs are {', '.join(_INPUTS)}")
            low, high = INPUT_RANGES[name]
            if not low <= value <= high:
                raise ValueError(f"{name} must be between {low} and {high}, got {value}")
        for name, value in values.items():
            self._state["new_" + _INPUTS[name]] = value
        self.wake()

    def wake(self) -> None:
        """Settle once, after every other event at this instant."""
        if not (self._pending or self._over or self.env.now == self._alarm_s):
            self._pending = True
            EndOfInstant(self.env, self._settle)

    def step_until(self, time_s: int) -> bool:
        """Process everything up to and including `time_s`, and let `env.now` be that second.

        An input set afterwards acts from `time_s` on: step until the same second again to settle it, before
        `power()` is read. False once the run is over, and `env.now` then stays where it ended; a run that
        merely has nothing to come is not over, as an input may still be set (`run()` ends it as stalled).
        """
        if self.env.now < time_s:
            self.env.timeout(time_s - self.env.now)
        while self.env.peek() <= time_s and not self._over:
            self.env.step()
        return not self._over

    def power(self) -> PowerFlows:
        """The power flows at `env.now`, as fixed when the last instant was settled.

        Once the run is over: what the unused nodes draw, under the inputs that were set last.
        """
        return power_flows(self.world, int(self.env.now))

    # --- the instant ---

    def _take(self, world: World) -> None:
        """Make this the world; its arrays may have moved."""
        self.world = world
        self._handles = handle_records(world)
        self._at_handle = register(self._handles)

    def _settle(self, _: simpy.Event) -> None:
        """Work on this instant, and set the alarm for the next that the cluster brings about by itself."""
        self._pending = False
        if not self._decider.settles:
            self._settle_by_python()
            return
        found = self._decider.settle(self._at_handle, int(self.env.now))
        while found <= -NEVER_S:  # a status instead of a time
            status = -NEVER_S - found
            if status == ENDED:
                self._over = True
                return
            self._take(self.recorder.make_room(self.world, status))
            found = self._decider.settle(self._at_handle, int(self.env.now))
        self._set_alarm(found)

    def _settle_by_python(self) -> None:
        """The same with a scheduler that takes one decision at a time."""
        state = self._state
        state["wake_s"] = int(self.env.now)
        state["phase"] = SETTLING
        while True:
            status = instant(self.world.handles[0])
            if status in (CLOSED, ENDED):
                break
            if status in (DECIDE_START, DECIDE_SHED):
                carry_out(self.world, 0, self._decider.decide(self.world, 0, status), self._ids)
            else:
                self._take(self.recorder.make_room(self.world, status))
        self._over = status == ENDED
        if status == CLOSED:
            self._set_alarm(int(next_alarm_s(self.world.handles[0])))

    def run(self, progress: Callable[[int, int], None] | None = None) -> World:
        """Run to the end."""
        steps = 0
        while not self._over:
            try:
                self.env.step()
            except simpy.core.EmptySchedule:
                end_run(self.world.handles[0], STALLED)
                self._over = True
            steps += 1
            if progress is not None and steps % 10_000 == 0:
                progress(int(self._state["next_job"]), int(self._state["jobs_end"]))
        self.recorder.drain(self.world)
        return self.world
