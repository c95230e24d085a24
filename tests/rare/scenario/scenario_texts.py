"""What the tests of scenarios share: TOML to begin with, and series of hours."""

from datetime import timedelta

import numpy as np

HOUR, DAY = 3600, 86400
BASE = """name = "mine"
[workload]
file = "jobs.csv"
[cluster.node]
cores_per_node = 4
idle_w = 40
core_w = 10
"""
SOLAR = '[[supply.source]]\nkind = "solar"\n'
WIND = '[[supply.source]]\nkind = "wind"\n'
GREENSBORO = '[site]\nname = "greensboro"\n'
# The supply's second 0 is the workload's, so that hours can be counted by hand. supply.csv starts 2022-06-13.
CLOCK = '[time]\ncalendar = "none"\n'
SERIES = CLOCK + '[[supply.source]]\nfile = "supply.csv"\npeak = 1\n'


def hours_csv(path, start, values, column, stamp="{:%Y-%m-%d %H:%M}", time="time", end=False):
    """One value an hour from `start` on; end-stamped if asked."""
    lines = [f"{time},{column}"]
    for hour, value in enumerate(values):
        lines.append(f"{stamp.format(start + timedelta(hours=hour + end))},{value}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def at(case, column, second):
    row = np.searchsorted(case.inputs.change_s, second, side="right") - 1
    return int(getattr(case.inputs, column)[row])
