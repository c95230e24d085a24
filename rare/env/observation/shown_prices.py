"""The prices of the objective as a policy sees them: the case's, or others set by hand.

Prices are shown beside what work earns, so that they mean the same on every scale of money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.model import Case
from rare.rules.objective import prices_of
from rare.rules.orders import density_median
from traces.numbers.constants import MICRO, MJ_PER_KWH


@dataclass(frozen=True, slots=True)
class Dial:
    """Prices to show in place of the case's; None: the case's own.

    late, served: of a late job, and of one not served, in mean values of a job. carbon: of a kilogram, in the
    money of the values. energy: a factor on the prices of grid energy.
    """

    late: float | None = None
    served: float | None = None
    carbon: float | None = None
    energy: float | None = None


AS_IN_THE_CASE = Dial()
USUAL_PER_KWH_U, USUAL_CARBON_PRICE = 825_155.0, 0.19
"""What work earns with a kWh (micro-units), and what a kilogram of carbon costs, on `grid-tied`. With prices
in the layout price and carbon intensity are shown as if they were so everywhere: a network that met prices on
one scale of money saved grid energy at all costs where work earns six times as much with it."""
WIDEST = 12.0
"""Of prices by core-second the logarithm is shown: of small jobs they are thousands of times what the usual
work earns, of large ones a fraction. This logarithm is shown as 1: 160,000 times."""


def write_prices(view: Any, static: Any, case: Case, jobs: Any, dial: Dial) -> None:
    """Write prices into a VIEW and the STATIC rows of the jobs (buffers); nothing where no job has value.

    jobs: (J,) JOB records of the case.
    """
    worth_u = np.maximum(jobs.value_u, 0).astype(np.float64)
    valued = worth_u > 0
    usual = density_median(jobs) if case.density_median is None else case.density_median
    if usual is None or not valued.any():
        return
    prices, mean_u = prices_of(case), float(worth_u[valued].mean())
    late_u = float(prices.penalty_u) if dial.late is None else dial.late * mean_u
    unserved_u = jobs.unserved_u.astype(np.float64)
    if dial.served is not None:
        unserved_u = np.where(valued, dial.served * mean_u, 0.0)
    width = np.maximum(np.maximum(jobs.cores, jobs.gpus_milli / 1000), 0.001)
    core_s = width * np.maximum(jobs.estimate_s, 1)
    static["late"], static["unserved"] = (
        np.minimum(np.log1p(price / core_s / usual) / WIDEST, 1) for price in (late_u, unserved_u)
    )
    static["unserved_u"] = unserved_u
    view["late"] = late_u / mean_u
    view["unserved"] = float(unserved_u[valued].mean()) / mean_u
    kwh = np.maximum(jobs.power_mw, 1) * np.maximum(jobs.estimate_s, 1) / MJ_PER_KWH
    per_kwh_u = float(np.median((worth_u / kwh)[valued]))
    carbon_u = prices.carbon_price
    if dial.carbon is not None and case.inputs.carbon_known:
        carbon_u = round(dial.carbon * MICRO)
    view["per_price"] = prices.priced * (1.0 if dial.energy is None else dial.energy) / per_kwh_u
    view["per_carbon"] = carbon_u / MICRO / per_kwh_u
    view["price_scale"] = view["per_price"] * USUAL_PER_KWH_U
    view["carbon_scale"] = view["per_carbon"] * USUAL_PER_KWH_U / USUAL_CARBON_PRICE
