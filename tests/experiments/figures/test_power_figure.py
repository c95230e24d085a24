"""The power figure stacks surplus above what the supply gave, or blurs the days of a month."""

import numpy as np
import pandas as pd
import pytest

from experiments.figures import power_timeline
from experiments.figures.drawing import style
from experiments.figures.drawing.step_functions import view
from experiments.figures.drawing.time_axis import time_axis
from experiments.results.run_folder import load_run
from tests.experiments.fake_runs import fake_run

DAY_S = 86400
COLUMNS = ("time_s", "supply_w", "draw_w", "battery_w", "battery_wh", "grid_w", "curtailed_w")


def power(*rows):
    return pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in rows])


def tops(frame):
    """Largest y over the stacked areas at each step, and the drawn steps."""
    from matplotlib.figure import Figure

    steps = view(frame["time_s"].to_numpy(), power_timeline.power_columns(frame))
    axis = time_axis(type("Run", (), {"config": {}})(), steps.edges_s[0], steps.edges_s[-1])
    with style.drawing():
        axes = Figure().subplots()
        power_timeline.stack_power(axes, steps, axis)
    highest = max(path.vertices[:, 1].max() for area in axes.collections for path in area.get_paths())
    lowest = min(path.vertices[:, 1].min() for area in axes.collections for path in area.get_paths())
    return steps, highest, lowest


def test_surplus_ends_at_the_line_of_the_supply():
    frame = power((0, 100, 60, 30, 5, 0, 10), (10, 50, 80, -20, 5, 10, 0), (20, 0, 0, 0, 5, 0, 0))
    steps, highest, lowest = tops(frame)
    assert not power_timeline.hides_surplus(steps)
    assert (highest, lowest) == (100, 0)


def test_surplus_that_would_be_hidden_hangs_below_zero():
    # the grid serves first: the whole supply is curtailed beside a draw of 80 W
    steps, highest, lowest = tops(power((0, 50, 80, 0, 5, 80, 50), (10, 0, 0, 0, 5, 0, 0)))
    assert power_timeline.hides_surplus(steps)
    assert (highest, lowest) == (80, -50)


def test_what_the_grid_put_into_the_battery_is_not_called_renewable():
    # supply 40 W serves a draw of 40 W; the grid charges 30 W
    parts = power_timeline.power_columns(power((0, 40, 40, 30, 5, 30, 0), (9, 0, 0, 0, 5, 0, 0)))
    found = {name: float(parts[name][0]) for name in ("renewable", "grid", "charge", "grid_charge")}
    assert found == {"renewable": 40, "grid": 0, "charge": 0, "grid_charge": 30}


@pytest.mark.parametrize("days, width_s", [(30, 3 * 3600), (42, 3 * 3600), (120, DAY_S)])
def test_days_stay_apart_up_to_six_weeks(tmp_path, days, width_s):
    run = load_run(fake_run(tmp_path / "r", 20))
    time_s = np.arange(0, days * DAY_S + 1, 900)
    run.power = pd.DataFrame({**{name: np.ones(len(time_s)) for name in COLUMNS}, "time_s": time_s})
    steps = power_timeline.overview(run)
    assert steps.width_s is not None and steps.width_s <= width_s
    assert (steps.width_s == DAY_S) == (days > 45)
