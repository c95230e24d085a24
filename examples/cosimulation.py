"""Co-simulation: a cooling loop beside the cluster, as one more SimPy process.

Every ten minutes the loop reads the power of the computers and sets the PUE: its water warms and cools
with an hour's delay, and warm water costs more to cool. Run it: python examples/cosimulation.py
"""

import rare
from rare.metrics import metrics
from rare.scenario import build, load_scenario
from schedulers import make_scheduler

STEP_S, DELAY_S = 600, 3600


def cooling(clock, peak_w, log):
    """PUE between 1.10 (cold water) and 1.40 (warm), in per mille as `set_input` wants it."""
    warmth = 0.0
    while True:
        yield clock.env.timeout(STEP_S)
        warmth += (clock.power().jobs_w / peak_w - warmth) * STEP_S / DELAY_S
        clock.set_input(pue_per_mille=round(1100 + 300 * warmth))
        log.append(1.1 + 0.3 * warmth)


def main():
    """Replay the jobs of `tiny` on unlimited power, with a PUE that follows the load."""
    tiny = build(load_scenario("tiny"), seed=0).case
    case = rare.Case(tiny.workload, tiny.cluster)  # the same jobs and nodes, a grid without limit
    scheduler = make_scheduler("easy")
    clock = rare.SimpyClock.of(case, scheduler)
    log = []
    clock.env.process(cooling(clock, peak_w=sum(p.peak_mw for p in case.cluster.partitions) / 1000, log=log))
    moving = metrics(case, clock.run(), warmup_s=0, simulate_s=0.0)
    fixed = rare.simulate(case, scheduler).metrics
    print(f"PUE between {min(log):.2f} and {max(log):.2f}")
    print(f"energy {moving['energy_kwh']:.1f} kWh; at a constant 1.20: {fixed['energy_kwh']:.1f} kWh")


if __name__ == "__main__":
    main()
