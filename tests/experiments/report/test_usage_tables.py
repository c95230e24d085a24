"""Tables of accounts and grid events: what is cut and summed, and that a report and a terminal show them."""

import math

import pandas as pd
import pytest

from experiments.figures.drawing import style
from experiments.process.atomic_output import is_own_folder
from experiments.report.html_report import write_report
from experiments.report.usage_tables import (
    account_grid,
    accounts_text,
    compared_classes_section,
    compared_events_section,
    event_section,
)
from experiments.results.run_folder import load_compare, load_run
from experiments.results.run_tables import ACCOUNT_COLUMNS, GRID_EVENT_COLUMNS, write_table
from tests.experiments.fake_runs import fake_compare, fake_run
from traces.errors import InputError


def account_table(draws, stored=0.0):
    """A users.csv: user k draws draws[k] kWh, a tenth of it from the grid; nobody draws 2 kWh."""
    rows = [("user", f"u{k}", 4, 2, kwh, 0.5, kwh / 10, 100.0 * (k + 1)) for k, kwh in enumerate(draws)]
    rows += [
        ("unused", "", None, None, 2.0, 0.25, 0.5, None),
        ("stored", "", None, None, 0.0, None, stored, None),
    ]
    names = ("row", "name", "jobs", "completed", "draw_kwh", "renewable_share", "grid_kwh", "mean_wait_s")
    table = pd.DataFrame(rows, columns=names)
    return table.assign(draw_j="0", grid_cost=None, carbon_kg=None)


def event_table(classes=("urgent", "normal")):
    """A grid_events.csv: one event that was met, one that was not, one that the run never came to."""
    blank = dict.fromkeys(GRID_EVENT_COLUMNS)
    times = {"notice_s": 7200, "start_s": 10800, "comply_s": 11100, "end_s": 21600}
    met = {
        "limit_w": 3000.0, "baseline_w": 4000.0, "complied_after_s": 90, "depth": 0.25, "shed_kwh": 3.0,
        "rebound_kwh": 0.5, "rebound_peak_w": 800.0, "suspensions": 1, "kills": 0, "slowdowns": 4,
        "jobs": 9, "late": 2,
    }  # fmt: skip
    never = met | {"complied_after_s": None, "depth": None, "late": 5}
    table = pd.DataFrame([blank | times | row | {"number": k} for k, row in enumerate((met, never, {}), 1)])
    return table.assign(**{f"late_{name}": [place + 1, 2, None] for place, name in enumerate(classes)})


@pytest.fixture
def run(tmp_path):
    folder = fake_run(tmp_path / "run")
    write_table(folder / "users.csv", account_table([8.0, 6.0, 4.0]), ACCOUNT_COLUMNS)
    write_table(folder / "grid_events.csv", event_table(), GRID_EVENT_COLUMNS)
    return load_run(folder)


def test_rows_of_users_add_up_to_the_run_and_columns_without_numbers_are_left_out():
    grid = account_grid(account_table([8.0, 6.0, 4.0], stored=3.0), "users")
    heads = [
        "",
        "Jobs",
        "Completed",
        "Energy (kWh)",
        "Of the run (%)",
        "Renewable (%)",
        "From the grid (kWh)",
    ]
    assert grid.head == [*heads, "Mean wait (h)"]
    assert [row[0] for row in grid.rows] == [
        "u0", "u1", "u2", "while no job ran", "charged into the battery", "whole run"
    ]  # fmt: skip
    # 18 kWh at a half and 2 at a quarter; 1.8, 0.5 and 3 kWh of the grid; the mean wait is of six jobs
    assert grid.rows[-1] == ["whole run", "12", "6", "20", "100.0", "47.5", "5.30", f"{200 / 3600:.3f}"]
    assert grid.rows[0][:5] == ["u0", "4", "2", "8", "40.0"] and grid.rows[3][-1] == "–"


def test_a_long_list_is_cut_and_the_rest_is_one_row():
    grid = account_grid(account_table(range(40, 0, -1)), "users", most=20)
    others = grid.rows[20]
    assert others[0] == "20 other users"
    assert others[1:4] == ["80", "40", f"{sum(range(1, 21))}"]
    # one more than the most is no reason to cut: the row of the others would stand for a single user
    assert len(account_grid(account_table(range(21, 0, -1)), "users", most=20).rows) == 21 + 2


def test_names_that_are_empty_and_a_run_without_energy():
    table = account_table([0.0])
    table.loc[0, "name"] = ""
    table["draw_kwh"] = 0.0
    grid = account_grid(table, "users")
    assert grid.rows[0][0] == "(none)" and "Of the run (%)" not in grid.head


def test_grid_events_as_text(run):
    (section,) = event_section(run)
    met, never, missed = (dict(zip(section.grid.head, row, strict=True)) for row in section.grid.rows)
    assert (met["Start (h)"], met["Notice"], met["Length"]) == ("1.0", "60.0 min", "3.0 h")
    assert (met["Complied after"], met["Depth (%)"], met["Draw before (kW)"]) == ("90 s", "25.0", "4")
    assert (never["Complied after"], never["Depth (%)"], never["late: normal"]) == ("never", "–", "2")
    assert (missed["Complied after"], missed["Jobs"]) == ("–", "–")


def test_a_report_shows_them_and_the_folder_stays_one_of_ours(run):
    before, style.PNG_DPI = style.PNG_DPI, 30
    try:
        text = write_report(run.path).read_text()
    finally:
        style.PNG_DPI = before
    for part in (
        "<h2>Grid events</h2>",
        "<h2>Users</h2>",
        'id="grid_events"',
        "while no job ran",
        "late: urgent",
    ):
        assert part in text
    assert is_own_folder(run.path)


def test_a_terminal_has_the_largest_users(run):
    lines = accounts_text(run.path).splitlines()
    assert lines[0].startswith("users") and lines[1].startswith("u0") and lines[-1].startswith("whole run")
    assert accounts_text(fake_run(run.path.parent / "plain")) == ""


def test_late_jobs_by_class_of_each_scheduler(tmp_path):
    folder = fake_compare(tmp_path / "c", {"fcfs": 6, "easy": 2}, 20)
    assert compared_events_section(load_compare(folder)) == []
    write_table(folder / "runs" / "easy" / "grid_events.csv", event_table(("urgent",)), GRID_EVENT_COLUMNS)
    write_table(folder / "runs" / "fcfs" / "grid_events.csv", event_table(), GRID_EVENT_COLUMNS)
    (section,) = compared_events_section(load_compare(folder))
    assert section.grid.head[-3:] == ["Late", "late: normal", "late: urgent"]
    assert section.grid.rows == [
        ["easy", "18", "2", "0", "8", "7", "–", "3"],
        ["fcfs", "18", "2", "0", "8", "7", "4", "3"],
    ]


def test_who_is_served_by_class_of_each_scheduler(tmp_path):
    compare = load_compare(fake_compare(tmp_path / "c", {"fcfs": 6, "easy": 2}, 20))
    assert compared_classes_section(compare) == []
    urgent = {"jobs": 4, "served_share": 0.75, "late": 2, "mean_wait_s": 5400.0}
    flexible = {"jobs": 0, "served_share": None, "late": 0, "mean_wait_s": None}
    for result in compare.results:
        easy = result["scheduler"] == "easy"
        result["metrics"]["service_classes"] = {"urgent": urgent, **({"flexible": flexible} if easy else {})}
    (section,) = compared_classes_section(compare)
    assert section.grid.head[1:4] == ["flexible: served (%)", "flexible: late", "flexible: wait (h)"]
    assert section.grid.rows == [
        ["easy", "–", "0", "–", "75.0", "2", "1.50"],
        ["fcfs", "–", "–", "–", "75.0", "2", "1.50"],
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("users.csv", "draw_kwh", "drawn", "has no column 'draw_kwh'"),
        ("users.csv", "8.0", "much", "not a number"),
        ("grid_events.csv", "10800", "", "holds nothing, not a number"),
    ],
)
def test_a_damaged_table_is_named(run, name, old, new, message):
    path = run.path / name
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        write_report(run.path)
    assert str(path) in str(caught.value) and not (run.path / "report.html").exists()


def test_nan_is_no_number_of_a_table():
    assert account_grid(account_table([math.nan, 2.0]), "users").rows[0][3] == "–"
