"""Co-simulation with Vessim: it runs the microgrid, RARE the computers, and each sees what the other does.

Vessim (github.com/dos-group/vessim) has wind, sun and a battery. Every five minutes it tells RARE how much
power it can give until the next time; RARE gives up, starts and resumes jobs within that, and tells Vessim
what it drew. Run it: pip install vessim, then python examples/vessim_cosimulation.py
"""

import dataclasses

import pandas as pd
import vessim

import rare
from rare.scenario import build, load_scenario
from schedulers import make_scheduler

STEP_S = 300
DAYS = 3


class Datacenter(vessim.Consumer):
    """A RARE simulation as a consumer of a Vessim microgrid."""

    def __init__(self, clock, begin_s, available_w):
        super().__init__("datacenter", signal=0.0)
        self.clock = clock
        self._begin_s = begin_s
        self._available_w = available_w
        self.drawn_wh = 0.0
        clock.env.process(self._exchange())

    def _exchange(self):
        """What Vessim can give, at the beginning of each step: a process, so that it counts at once."""
        while True:
            self._set_available(self.clock.env.now - self._begin_s)
            yield self.clock.env.timeout(STEP_S)

    def _set_available(self, elapsed):
        self.clock.set_input(supply_mw=int(self._available_w(elapsed) * 1000))

    def sample(self, elapsed):
        """The mean power from `elapsed` [s] until the next step, so that both count the same energy."""
        now_s, next_s = self._begin_s + elapsed, self._begin_s + elapsed + STEP_S
        if not self.clock.step_until(next_s - 1):
            self._set_available(elapsed)  # after the last job unused nodes still draw power
        flows = self.clock.power()
        drawn_wh = max(flows.energy_wh, self.drawn_wh)
        drawn_wh += flows.draw_w * (next_s - max(flows.time_s, now_s)) / 3600
        mean_w = (drawn_wh - self.drawn_wh) * 3600 / STEP_S
        self.drawn_wh = drawn_wh
        return -mean_w, {"power": -mean_w}


def main(days=DAYS):
    """Replay the jobs of `tiny` on its wind and sun, with Vessim's battery; energy drawn by both [Wh]."""
    tiny = build(load_scenario("tiny"), seed=0).case
    begin_s = tiny.first_instant_s
    island = dataclasses.replace(rare.constant_inputs(0, 0, start_s=begin_s), renewable=True)
    case = rare.Case(tiny.workload, tiny.cluster, island, options=tiny.options, begin_s=begin_s)
    clock = rare.SimpyClock.of(case, make_scheduler("easy"))

    supply = pd.Series(tiny.inputs.supply_mw / 1000, index=tiny.inputs.change_s - begin_s)
    plants = vessim.Trace(supply[supply.index >= 0])
    battery = vessim.SimpleBattery("battery", capacity=500, initial_soc=0.5, c_rate=0.5)
    spill = vessim.GridConnection("curtailed", max_import=0)  # an island: surplus is all that leaves it

    def available_w(elapsed):
        """Power for one step. Vessim has not yet added what the battery did in the step before."""
        content_wh = battery.charge_level + battery.current_power * STEP_S / 3600
        from_battery_w = min(content_wh * 3600 / STEP_S, battery.c_rate * battery.capacity)
        return max(plants.at(elapsed) + from_battery_w - 1, 0)  # a watt for rounding

    datacenter = Datacenter(clock, begin_s, available_w)
    recorder = vessim.Recorder()
    microgrid = vessim.Environment(sim_start="2022-01-01", step_size=STEP_S)
    microgrid.add_microgrid([vessim.Producer("plants", plants), datacenter], [battery, spill], name="island")
    microgrid.add_controller(recorder)
    microgrid.run(until=days * 86_400)

    vessim_wh = recorder.metrics["actors"]["island"]["datacenter"]["energy_consumed"]
    rare_wh = clock.power().energy_wh
    after_wh = datacenter.drawn_wh - rare_wh
    state = clock.world.env[0]
    print(f"{state.completed} of {len(case.workload)} jobs completed, {state.suspensions} suspensions")
    print(f"Vessim: the datacenter drew {vessim_wh / 1000:.3f} kWh")
    print(
        f"RARE:   {rare_wh / 1000:.3f} kWh until its last job was gone, {after_wh / 1000:.3f} kWh afterwards"
    )
    return vessim_wh, rare_wh, after_wh


if __name__ == "__main__":
    main()
