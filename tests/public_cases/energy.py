"""Power, battery, cost and carbon, by plain formulas."""

from __future__ import annotations

from typing import Any

import rare
from schedulers import make_scheduler
from tests.builders import make_case
from tests.public_cases.registry import case

AREA = "energy and battery"
WATT, HOUR = 1000, 3600  # mW, s
CORE = rare.Partition(nodes=1, cores_per_node=1, core_mw=100 * WATT)  # 100 W while it works
HOUR_OF_SUN = [{"t": 0, "supply": 100 * WATT}, {"t": HOUR, "supply": 0}]


def battery(
    capacity_wh: float, share: float = 0.0, efficiency: float = 1.0, leak_w: float = 0
) -> rare.Battery:
    """Without limits of power worth the name; `efficiency` in both directions."""
    return rare.Battery(
        capacity_mj=round(capacity_wh * 3600 * 1000),
        charge_limit_mw=10**9,
        discharge_limit_mw=10**9,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        initial_share=share,
        self_discharge_mw=round(leak_w * WATT),
    )


def ran(
    jobs: list[tuple[int, int]], rows: list[dict[str, int]], store: rare.Battery, end_s: int = 10 * HOUR
) -> Any:
    """Jobs (submit_s, work_s) of one core, greedily, until the inputs end."""
    table = [{"submit_s": submit, "work_s": work, "preemptible": True} for submit, work in jobs]
    options = {"min_battery_s": 1, "begin_s": 0}
    one = make_case(table, CORE, rows, battery=store, end_s=end_s, **options)
    return rare.simulate(one, make_scheduler("fcfs"))


def kwh(result: Any, *names: str) -> list[float]:
    return [round(float(result.metrics[name]), 9) for name in names]


CHARGED, DISCHARGED, CURTAILED = "battery_charged_kwh", "battery_discharged_kwh", "curtailed_kwh"


@case(AREA, [0.1, 0.081], "0.1 kWh x 0.9 in x 0.9 out, to the second", "H2Integrate PR 600")
def each_efficiency_is_applied_once() -> Any:
    result = ran([(HOUR, 10 * HOUR)], HOUR_OF_SUN, battery(1000, efficiency=0.9))
    return [kwh(result, CHARGED)[0], round(kwh(result, DISCHARGED)[0], 3)]


@case(AREA, [0.1, 0.025], "out of 50 Wh come 50 x 0.5 Wh, not 50 / (2 - 0.5)", "modelica-buildings #3095")
def a_poor_discharge_divides_by_its_efficiency() -> Any:
    return kwh(ran([(HOUR, 10 * HOUR)], HOUR_OF_SUN, battery(1000, efficiency=0.5)), CHARGED, DISCHARGED)


@case(AREA, [HOUR + 900], "50 Wh at 200 W of content last 900 s", "modelica-buildings #3095")
def a_battery_is_empty_at_its_second() -> Any:
    result = ran([(HOUR, 10 * HOUR)], HOUR_OF_SUN, battery(1000, efficiency=0.5))
    return [int(time) for time, name in _events(result) if name in ("suspend", "shed")][:1]


def _events(result: Any) -> list[tuple[int, str]]:
    frame = result.events_frame()
    return list(zip(frame["time_s"], frame["event"], strict=True))


@case(AREA, [0.01, 0.09], "what does not fit is curtailed", "multi-vector-simulator #768")
def a_battery_never_holds_more_than_its_capacity() -> Any:
    return kwh(ran([(2 * HOUR, 60)], HOUR_OF_SUN, battery(10)), CHARGED, CURTAILED)


@case(
    AREA,
    [900],
    "25 Wh at 100 W are full after 900 s, within the hour",
    "own: RULES 7.4",
)
def a_battery_is_full_at_its_second() -> Any:
    frame = ran([(2 * HOUR, 60)], HOUR_OF_SUN, battery(25)).power_frame()
    return [int(frame["time_s"][frame["curtailed_w"] > 0].iloc[0])]


@case(AREA, [0.05], "100 Wh less 25 leaked, then 100 W and 50 W of leak for half an hour", "onsset PR 165")
def self_discharge_is_taken_from_the_content() -> Any:
    result = ran([(1800, 10 * HOUR)], [{"t": 0, "supply": 0}], battery(100, share=1.0, leak_w=50))
    return kwh(result, DISCHARGED)


@case(AREA, [0.04], "40 % of 100 Wh, and nothing comes of its own", "ssc #135, #832")
def the_first_content_is_the_stated_share() -> Any:
    return kwh(ran([(0, 10 * HOUR)], [{"t": 0, "supply": 0}], battery(100, share=0.4)), DISCHARGED)


@case(
    AREA,
    [True, True],
    "a charge and a discharge at once would burn or make power",
    "MOST #14, evcc optimizer #74",
)
def a_battery_does_not_charge_and_discharge_at_once() -> Any:
    result = ran([(1800, 3 * HOUR)], HOUR_OF_SUN, battery(1000, share=0.5, efficiency=0.9))
    charged, discharged, lost = kwh(result, CHARGED, DISCHARGED, CURTAILED)
    drawn = kwh(result, "energy_kwh", "renewable_used_kwh")
    return [
        lost == 0.0,
        abs(drawn[0] - drawn[1] - discharged) < 1e-9 and abs(0.1 - drawn[1] - charged) < 1e-9,
    ]


def on_the_grid(**rates: int) -> Any:
    rows = [{"t": 0, "supply": 0, "grid": 10**6, **rates}]
    return ran([(0, 10 * HOUR)], rows, rare.NO_BATTERY, end_s=10 * HOUR).metrics


@case(AREA, [-0.1], "1 kWh at -0.10", "gridlab-d #445, solar_optimizer #174")
def a_negative_price_pays() -> Any:
    return [round(float(on_the_grid(price=-100_000)["grid_cost"]), 9)]


@case(AREA, [0.401], "1 kWh at 401 g/kWh", "AMO-Tools-Desktop #5219")
def carbon_of_a_kilowatt_hour() -> Any:
    return [round(float(on_the_grid(carbon=401_000)["carbon_kg"]), 9)]


@case(
    AREA,
    [[HOUR], [HOUR + 600], 0.0],
    "without power nobody starts, and nothing is unserved",
    "own: RULES 9.1",
)
def a_job_waits_for_the_sun() -> Any:
    result = ran([(0, 600)], [{"t": 0, "supply": 0}, {"t": HOUR, "supply": 100 * WATT}], rare.NO_BATTERY)
    return [
        result.jobs["start_s"].tolist(),
        result.jobs["end_s"].tolist(),
        float(result.metrics["unserved_kwh"]),
    ]
