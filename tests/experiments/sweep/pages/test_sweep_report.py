"""A figure or the page is missing, cannot be drawn, or says what the table does not."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from experiments.figures.heat_map import State
from experiments.page_makers import redraw_page
from experiments.sweep.pages.sweep_heat_maps import heat_maps_of
from experiments.sweep.pages.sweep_panels import highlighted, panels_of
from experiments.sweep.pages.sweep_report import ReportChoice, write_sweep_report
from experiments.sweep.pages.sweep_view import SweepView
from experiments.sweep.sweep_folder import MARK, RESULTS, write_failures
from experiments.sweep.sweep_table import SweepTable, write_parquet
from rare.metric_catalogue import METRICS
from tests.experiments.sweep.pages.made_tables import made, noise
from traces.errors import InputError

NAMES = ("easy", "fcfs", "sjf")
LONG = "/archive/of/traces/KTH-SP2-1996-2.1-cln-{}-with-a-name-that-no-figure-has-room-for.swf.gz"
OBJECTIVE = METRICS["objective"]

TABLES: dict[str, Callable[[], SweepTable]] = {
    "one axis": lambda: made({"scheduler": NAMES}, noise),
    "schedulers by seeds": lambda: made({"scheduler": NAMES, "seed": range(10)}, noise),
    "one cell": lambda: made({"scheduler": ("easy",), "seed": (0,)}, noise),
    "no scheduler": lambda: made({"hours": (0, 1, 100), "seed": range(5)}, noise),
    "long names": lambda: made(
        {
            "workload": [LONG.format(place) for place in range(3)],
            "scheduler": [LONG.format(i) for i in range(4)],
        },
        noise,
    ),
    "failures": lambda: made(
        {"supply": ("a", "b", "c"), "size": (1, 2), "scheduler": NAMES, "seed": range(2)},
        noise,
        failed=lambda point: point["supply"] == "c" or (point["supply"], point["scheduler"]) == ("a", "sjf"),
    ),
    "a list": lambda: made(
        {"case": ("a", "b", "c"), "size": (None, 1.5), "scheduler": NAMES},
        noise,
        skipped=lambda point: (point["size"] is None) == (point["case"] == "a"),
    ),
}


def stems(folder):
    return {path.name for path in (folder / "figures").iterdir()}


@pytest.mark.parametrize("name", TABLES)
def test_figures_and_page_of_awkward_sweeps(name, tmp_path):
    write_sweep_report(tmp_path, TABLES[name](), ReportChoice())
    expected = {"panels"} if name in ("one axis", "one cell") else {"panels", "heat"}
    expected |= {"difference"} if expected > {"panels"} and name != "no scheduler" else set()
    assert stems(tmp_path) == {f"{kind}-objective.{suffix}" for kind in expected for suffix in ("png", "svg")}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img ") == len(expected) and "None" not in page and "nan" not in page


@pytest.mark.slow
def test_twenty_schedulers_in_eighteen_cases(tmp_path):
    axes = {
        "workload": ("KTH-SP2", "HPC2N"),
        "supply": ("CISO", "ERCOT", "DK1"),
        "plant.scale": (0.5, 1, 2),
        "scheduler": [f"scheduler-{place}" for place in range(20)],
        "seed": range(5),
    }
    table = made(
        axes, noise, failed=lambda point: point["scheduler"] == "scheduler-3" and point["plant.scale"] == 1
    )
    write_sweep_report(tmp_path, table, ReportChoice())
    assert len(stems(tmp_path)) == 6
    view = SweepView(table, ReportChoice())
    assert len(panels_of(view, view.scale(OBJECTIVE))) == 6 and len(highlighted(view)) <= 8


@pytest.mark.slow
def test_many_panels_are_several_figures(tmp_path):
    axes = {"workload": [f"w{place}" for place in range(26)], "scheduler": NAMES, "seed": range(2)}
    write_sweep_report(tmp_path, made(axes, noise), ReportChoice())
    assert {"panels-objective.png", "panels-objective-2.png", "heat-objective.png"} <= stems(tmp_path)
    assert "Part 2 of 2." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_without_numbers_nothing_is_drawn_and_that_is_said(tmp_path):
    write_sweep_report(tmp_path, made({"scheduler": NAMES}, lambda point: None), ReportChoice())
    assert not (tmp_path / "figures").exists()
    assert "No cell has a number for" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_sweep_that_failed_throughout_has_a_page(tmp_path):
    table = made({"scheduler": NAMES}, noise, failed=lambda point: True)
    write_sweep_report(tmp_path, table, ReportChoice())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No cell has finished" in page and page.count("no job has a value") == 3


def test_names_are_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    table = made(
        {"scheduler": ("easy", evil), "supply": (evil, "b"), "seed": (0, 1)},
        noise,
        name=evil,
        failed=lambda point: point["seed"] == 1 and point["supply"] == evil,
    )
    write_sweep_report(tmp_path, table, ReportChoice())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_page_names_the_winner_of_each_case(tmp_path):
    def objective(point):
        return float(NAMES.index(point["scheduler"])) * (1 if point["supply"] == "a" else -1) + noise(point)

    table = made({"supply": ("a", "b"), "scheduler": NAMES, "seed": range(6)}, objective)
    write_sweep_report(tmp_path, table, ReportChoice())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    body = page[page.index("Best in each case") : page.index("<h2>Objective")]
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in body.split("<tr>")[2:]]
    assert [row[:4] for row in rows] == [["a", "sjf", "fcfs", "yes"], ["b", "easy", "fcfs", "yes"]]
    assert "is −1.00;" in page


def test_metrics_have_the_units_and_directions_of_the_catalogue(tmp_path):
    table = made(
        {"scheduler": NAMES, "size": (1, 2)},
        lambda point: None,
        metrics=lambda point: {"mean_wait_s": 9000.0 + noise(point, 600), "renewable_share": 0.25},
    )
    write_sweep_report(tmp_path, table, ReportChoice(metrics=("mean_wait_s", "renewable_share")))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Mean wait (h), lower is better" in page
    assert "Renewable share (% of energy used), higher is better" in page and ">25.0<" in page


class TestHeatMap:
    def test_states_of_cells(self):
        table = made(
            {"supply": ("a", "b", "c"), "scheduler": NAMES, "seed": range(2)},
            lambda point: None if point["supply"] == "b" and point["scheduler"] == "easy" else noise(point),
            failed=lambda point: point["supply"] == "a" and point["scheduler"] == "fcfs",
            skipped=lambda point: point["supply"] == "c" and point["scheduler"] == "sjf",
        )
        view = SweepView(table, ReportChoice())
        heat, caption = heat_maps_of(view, view.scale(OBJECTIVE))["heat"]
        states = {name: tuple(row) for name, row in zip(heat.rows, heat.states, strict=True)}
        assert states == {
            "easy": (State.NUMBER, State.NULL, State.NUMBER),
            "fcfs": (State.FAILED, State.NUMBER, State.NUMBER),
            "sjf": (State.NUMBER, State.NUMBER, State.ABSENT),
        }
        assert "atched: failed" in caption and "a dash: without a number" in caption

    def test_differences_by_hand(self):
        values = {"easy": 10.0, "fcfs": 15.0, "sjf": 5.0}
        table = made(
            {"supply": ("a", "b"), "scheduler": NAMES, "seed": range(5)},
            lambda point: None,
            metrics=lambda point: {"mean_wait_s": values[point["scheduler"]] + point["seed"]},
        )
        view = SweepView(table, ReportChoice(metrics=("mean_wait_s",)))
        heat, caption = heat_maps_of(view, view.scale(METRICS["mean_wait_s"]))["difference"]
        # means over seeds 0 to 4: 12, 17 and 7; in per cent of the first
        assert dict(zip(heat.rows, heat.values[:, 0], strict=True)) == pytest.approx(
            {"easy": 0.0, "fcfs": 100 * 5 / 12, "sjf": -100 * 5 / 12}
        )
        assert heat.better == -1 and "% of easy" in caption
        assert dict(zip(heat.rows, heat.bold[:, 0], strict=True)) == {
            "easy": False,
            "fcfs": True,
            "sjf": True,
        }

    def test_a_failed_repetition_is_marked_in_its_mean(self):
        table = made(
            {"supply": ("a", "b"), "scheduler": NAMES, "seed": range(3)},
            noise,
            failed=lambda point: point == {"supply": "b", "scheduler": "sjf", "seed": 2},
        )
        view = SweepView(table, ReportChoice())
        heat, _ = heat_maps_of(view, view.scale(OBJECTIVE))["heat"]
        assert heat.corners.sum() == 1 and heat.corners[heat.rows.index("sjf"), 1]

    def test_with_one_group_the_columns_are_repetitions(self):
        table = made({"scheduler": NAMES, "seed": range(4)}, noise, failed=lambda point: point["seed"] == 3)
        view = SweepView(table, ReportChoice())
        heat, _ = heat_maps_of(view, view.scale(OBJECTIVE))["heat"]
        assert [names[0] for names in heat.columns] == ["0", "1", "2", "3"]
        assert (heat.states[:, 3] == State.FAILED).all() and (heat.states[:, :3] == State.NUMBER).all()


class TestRoles:
    @pytest.mark.parametrize(
        ("axes", "choice", "expected"),
        [
            (
                {"workload": "ab", "size": (1, 2), "scheduler": NAMES},
                {},
                ("scheduler", "size", ("workload",)),
            ),
            ({"size": (1, 2), "hours": (1, 2, 3)}, {}, ("size", "hours", ())),
            ({"supply": "ab", "size": (1, 2)}, {}, ("supply", "size", ())),
            (
                {"supply": "ab", "workload": "ab", "scheduler": NAMES},
                {"lines": "supply", "panels": "workload"},
                ("supply", None, ("workload", "scheduler")),
            ),
        ],
    )
    def test_by_axes_and_wishes(self, axes, choice, expected):
        roles = SweepView(made(axes, noise), ReportChoice(**choice)).roles
        assert (roles.lines, roles.x, roles.panels) == expected

    def test_nothing_is_averaged_over_but_repetitions(self):
        table = made({"a": "pq", "b": "rs", "scheduler": NAMES, "seed": range(2)}, noise)
        view = SweepView(table, ReportChoice(panels="b"))
        assert len(view.groups) == 4 and view.roles.groups == ("b", "a")


class TestRedraw:
    def write(self, folder, table, choice):
        (folder / MARK).write_text('{"format": 1}\n', encoding="utf-8")
        write_parquet(table, folder / RESULTS)
        write_failures(folder, table)
        write_sweep_report(folder, table, choice)

    def test_the_page_is_the_same_again(self, tmp_path):
        table = made(
            {"cell": ("x",), "supply": ("a", "b"), "size": (0.5, 1), "scheduler": NAMES, "seed": range(2)},
            noise,
            metrics=lambda point: {"grid_kwh": 10 + noise(point)},
            failed=lambda point: (point["size"], point["scheduler"]) == (0.5, "sjf"),
        )
        self.write(tmp_path, table, ReportChoice(metrics=("grid_kwh",), panels="size"))
        before = (tmp_path / "report.html").read_bytes()
        (tmp_path / "report.html").unlink()
        assert redraw_page(tmp_path) == tmp_path / "report.html"
        assert (tmp_path / "report.html").read_bytes() == before

    def test_figures_of_an_earlier_choice_go(self, tmp_path):
        table = made({"scheduler": NAMES}, noise, metrics=lambda point: {"grid_kwh": noise(point)})
        self.write(tmp_path, table, ReportChoice(metrics=("grid_kwh",)))
        write_sweep_report(tmp_path, table, ReportChoice())
        assert stems(tmp_path) == {"panels-objective.png", "panels-objective.svg"}

    def test_a_damaged_folder_is_refused(self, tmp_path):
        self.write(tmp_path, made({"scheduler": NAMES}, noise), ReportChoice())
        (tmp_path / RESULTS).write_bytes(b"no table")
        with pytest.raises(InputError, match=r"results\.parquet"):
            redraw_page(tmp_path)
