"""Figures: right numbers behind them, all drawn for any run, the same bytes every time."""

import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from experiments.figures import (
    best_place,
    draw_compare,
    draw_run,
    gantt,
    objective_parts,
    power_timeline,
    slowdown_curve,
)
from experiments.figures.drawing import step_functions, style
from experiments.figures.drawing.job_intervals import QUEUED, RUNNING, SUSPENDED, stretches
from experiments.figures.drawing.time_axis import time_axis
from experiments.results.run_folder import load_compare, load_run, write_run
from tests.experiments.fake_runs import fake_compare, fake_run
from traces.errors import InputError

NAMES = {"timeline", "gantt", "queue", "slowdown"}
POWER_0 = {
    "supply_w": None,
    "draw_w": 0,
    "battery_w": 0,
    "battery_wh": 0,
    "grid_w": 0,
    "curtailed_w": 0,
    "queued": 0,
    "running": 0,
    "used_cores": 0,
}


def write_tables(folder, jobs, events, power):
    """A run from tiny tables given as lists of dictionaries."""
    blank = {
        "job_id": 1,
        "submit_s": 0,
        "start_s": None,
        "end_s": None,
        "cores": 1,
        "suspensions": 0,
        "value": None,
        "earned": None,
        "status": "completed",
        "kills": 0,
        "work_s": 10,
    }
    write_run(
        folder,
        {},
        {},
        {"scheduler": "easy", "metrics": {}},
        pd.DataFrame([blank | job for job in jobs], columns=list(blank)),
        pd.DataFrame(events, columns=["time_s", "event", "job_id"]),
        pd.DataFrame([POWER_0 | row for row in power], columns=["time_s", *POWER_0]),
    )
    return folder


class TestBins:
    def test_means_conserve_energy(self):
        rng = np.random.default_rng(0)
        time_s = np.cumsum(rng.integers(1, 500, 30_000)).astype(float)
        power_w = rng.gamma(1, 1000, len(time_s))
        binned = step_functions.view(time_s, {"draw": power_w})
        assert binned.width_s and len(binned.edges_s) <= step_functions.MOST_BINS + 2
        assert binned.mean["draw"] @ np.diff(binned.edges_s) == pytest.approx(power_w[:-1] @ np.diff(time_s))

    def test_mean_and_range_by_hand(self):
        # 10 W until 30 s, 40 W until 50 s, 0 W until 60 s; bins of 20 s.
        time_s, power_w = np.array([0.0, 30, 50, 60]), np.array([10.0, 40, 0, 0])
        edges_s = np.array([0.0, 20, 40, 60])
        assert step_functions.mean_in(edges_s, time_s, power_w).tolist() == [10, 25, 20]
        low, high = step_functions.range_in(edges_s, time_s, power_w)
        assert (low.tolist(), high.tolist()) == ([10, 10, 0], [10, 40, 40])

    def test_a_change_on_an_edge_belongs_to_the_bin_it_opens(self):
        low, high = step_functions.range_in(
            np.array([0.0, 20, 40]), np.array([0.0, 20, 40]), np.array([1.0, 9, 0])
        )
        assert (low.tolist(), high.tolist()) == ([1, 9], [1, 9])

    def test_short_series_are_not_binned_and_the_last_row_of_an_instant_counts(self):
        exact = step_functions.view(np.array([0, 5, 5, 9]), {"draw": np.array([1, 2, 3, 0])})
        assert exact.width_s is None
        assert (exact.edges_s.tolist(), exact.mean["draw"].tolist()) == ([0, 5, 9], [1, 3])

    def test_no_time_no_steps(self):
        assert step_functions.view(np.array([5, 5]), {"draw": np.array([1, 2])}) is None
        assert step_functions.view(np.array([]), {"draw": np.array([])}) is None

    def test_a_cut_keeps_the_value_that_holds_at_its_start(self):
        time_s, columns = step_functions.cut(
            np.array([0.0, 10, 20, 30]), {"a": np.array([1.0, 2, 3, 0])}, 12, 25
        )
        assert (time_s.tolist(), columns["a"].tolist()) == ([12, 20, 25], [2, 3, 3])

    def test_levels_by_hand(self):
        times, total = step_functions.levels(np.array([0.0, 5]), np.array([10.0, 10]), np.array([2, 3]))
        assert (times.tolist(), total.tolist()) == ([0, 5, 10], [2, 5, 0])


class TestStretches:
    def test_a_job_that_is_suspended_killed_and_cut_off(self):
        # queued 0-5, runs 5-8, suspended 8-12, runs 12-20, killed, queued 20-30, runs to the end at 50
        events = pd.DataFrame(
            [(0, "submit"), (5, "start"), (8, "shed"), (12, "resume"), (20, "kill"), (30, "start")],
            columns=["time_s", "event"],
        ).assign(job_id="a")
        rows = stretches(events, 50)[["state", "from_s", "to_s"]].to_numpy(dtype=int).tolist()
        assert rows == [
            [QUEUED, 0, 5],
            [RUNNING, 5, 8],
            [SUSPENDED, 8, 12],
            [RUNNING, 12, 20],
            [QUEUED, 20, 30],
            [RUNNING, 30, 50],
        ]

    def test_running_stretches_give_the_used_cores_of_power_csv(self, tmp_path):
        run = load_run(fake_run(tmp_path / "r", 300))
        pieces = stretches(run.events, run.power["time_s"].iloc[-1])
        pieces = pieces[pieces["state"] == RUNNING]
        cores = pieces["job_id"].map(run.jobs.set_index("job_id")["cores"]).to_numpy()
        core_s = (pieces["to_s"] - pieces["from_s"]).to_numpy() @ cores
        assert core_s == run.power["used_cores"].to_numpy()[:-1] @ np.diff(run.power["time_s"])

    def test_no_events(self):
        assert len(stretches(pd.DataFrame({"time_s": [], "event": [], "job_id": []}), 10)) == 0


def test_the_parts_of_the_stack_add_up(tmp_path):
    parts = power_timeline.power_columns(load_run(fake_run(tmp_path / "r", 100)).power)
    assert np.allclose(parts["renewable"] + parts["discharge"] + parts["grid"], parts["draw"])
    assert np.allclose(parts["renewable"] + parts["charge"] + parts["curtailed"], parts["supply"])


def test_slowdown_is_that_of_the_design_and_counts_jobs_that_never_ended(tmp_path):
    jobs = [
        {"job_id": 1, "start_s": 10, "end_s": 50, "work_s": 40},
        {"job_id": 2, "end_s": 30, "work_s": 1},
        {"job_id": 3, "status": "expired"},
        {"job_id": 4, "status": "rejected"},
        {"job_id": 5, "start_s": 0, "end_s": 0, "work_s": 0},
    ]
    run = load_run(write_tables(tmp_path / "r", jobs, [], [{"time_s": 0}, {"time_s": 50}]))
    values, admitted = slowdown_curve.bounded_slowdown(run)
    assert (values.tolist(), admitted) == ([1.0, 1.25, 3.0], 4)


class TestSizeClasses:
    def test_powers_of_four(self):
        group, names = gantt.size_classes(np.array([1, 2, 4, 5, 16, 64]))
        assert names == ["1", "2 to 4", "5 to 16", "17 to 64"]
        assert group.tolist() == [0, 1, 1, 2, 2, 3]

    def test_at_most_five_the_small_ones_together(self):
        group, names = gantt.size_classes(4 ** np.arange(8))
        assert names == ["1 to 64", "65 to 256", "257 to 1,024", "1,025 to 4,096", "4,097 to 16,384"]
        assert group.tolist() == [0, 0, 0, 0, 1, 2, 3, 4]


class TestObjectiveParts:
    def test_given_parts_are_used(self):
        found = objective_parts.parts(
            {"objective_parts": {"value": 0.7, "penalties": 0.1, "grid_cost": None}}
        )
        costs = {"penalties": 0.1, "unserved": 0.0, "grid_cost": 0.0, "carbon_cost": 0.0}
        assert found == {"value": 0.7, **costs}

    def test_worked_out_where_they_are_not_given(self):
        found = objective_parts.parts(
            {"value_offered": 10, "value_earned": 8, "grid_cost": 1, "objective": 0.65}
        )
        assert found == pytest.approx({"value": 0.8, "grid_cost": 0.1, "other": 0.05})

    @pytest.mark.parametrize(
        "metrics",
        [
            {},
            {"value_offered": 0, "value_earned": 0},
            {"value_offered": "x"},
            {"objective_parts": [1]},
            {"value_offered": True, "value_earned": None},
        ],
    )
    def test_unknown_is_empty(self, metrics):
        assert objective_parts.parts(metrics) == {}


class TestTimeAxis:
    def axis(self, tmp_path, table, end_s=86400):
        run = load_run(fake_run(tmp_path / "r", config={"time": table}))
        return time_axis(run, 0, end_s)

    def test_dates_in_the_zone(self, tmp_path):
        axis = self.axis(tmp_path, {"origin_utc": "2024-03-30T00:00:00Z", "zone": "Europe/Berlin"})
        assert axis.origin.year == 2024 and str(axis.zone) == "Europe/Berlin"

    @pytest.mark.parametrize("table", [None, [], {"origin_utc": "soon"}, {"origin_utc": 5}, {"zone": "../x"}])
    def test_an_unreadable_origin_means_elapsed_time(self, tmp_path, table):
        assert self.axis(tmp_path, table).origin is None

    def test_dates_beyond_the_calendar_mean_elapsed_time(self, tmp_path):
        assert self.axis(tmp_path, {"origin_utc": "2024-01-01"}, end_s=2**60).origin is None

    def test_the_calendar_as_resolved_by_a_scenario(self, tmp_path):
        resolved = {
            "begin_s": 7200,
            "time": {"begin_utc": "2022-06-13T02:00:00+00:00", "site_zone": "Asia/Tokyo"},
        }
        run = load_run(
            fake_run(tmp_path / "r", config={"time": {"calendar": "season"}, "resolved": resolved})
        )
        axis = time_axis(run, 7200, 86400)
        assert (axis.origin.isoformat(), str(axis.zone)) == ("2022-06-13T00:00:00+00:00", "Asia/Tokyo")

    def test_an_unknown_zone_means_utc(self, tmp_path):
        axis = self.axis(tmp_path, {"origin_utc": "2024-01-01", "zone": "Mars/Olympus"})
        assert str(axis.zone) == "UTC"


@pytest.fixture(autouse=True)
def coarse(request, monkeypatch):
    """Fewer pixels: these tests look at what is drawn, not at how sharp it is."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(style, "PNG_DPI", 30)


class TestDrawing:
    @pytest.mark.parametrize(
        "count, options",
        [(1, {}), (20, {"battery": False}), (310, {}), (60, {"supply": False, "values": False})],
    )
    def test_every_figure_in_both_formats(self, tmp_path, count, options):
        paths = draw_run(fake_run(tmp_path / "r", count, **options))
        assert {path.stem for path in paths} == NAMES
        for path in paths:
            if path.suffix == ".png":
                assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
            else:
                ElementTree.parse(path)
        assert sorted(entry.name for entry in (tmp_path / "r" / "figures").iterdir()) == sorted(
            path.name for path in paths
        )

    def test_the_same_run_gives_the_same_bytes_and_no_date(self, tmp_path):
        first = [path.read_bytes() for path in draw_run(fake_run(tmp_path / "a", 60))]
        second = [path.read_bytes() for path in draw_run(fake_run(tmp_path / "b", 60))]
        assert first == second
        assert not any(b"<dc:date>" in each for each in first)

    @pytest.mark.parametrize(
        "jobs, events, power",
        [
            ([], [], []),
            ([], [], [{"time_s": 0}]),
            ([], [], [{"time_s": 0}, {"time_s": 0}]),
            (
                [{"start_s": 0, "end_s": 0, "work_s": 0}],
                [(0, "submit", 1), (0, "start", 1), (0, "end", 1)],
                [{"time_s": 0}, {"time_s": 1}],
            ),
            (
                [{"status": "rejected", "cores": 0}],
                [(0, "reject", 1)],
                [{"time_s": 0, "supply_w": 0}, {"time_s": 9}],
            ),
            ([{"status": "made up"}], [(0, "what", 1)], [{"time_s": -50}, {"time_s": 1_400_000_000}]),
        ],
        ids=["no rows", "one row", "no time", "zero work", "rejected only", "unknown words"],
    )
    def test_odd_runs_are_drawn_too(self, tmp_path, jobs, events, power):
        assert len(draw_run(write_tables(tmp_path / "r", jobs, events, power))) == 8

    def test_jobs_of_gpus_only(self, tmp_path):
        jobs = [{"job_id": each, "cores": 0, "start_s": 1, "end_s": 9} for each in range(400)]
        events = [
            (time_s, event, each)
            for time_s, event in ((0, "submit"), (1, "start"), (9, "end"))
            for each in range(400)
        ]
        assert draw_run(write_tables(tmp_path / "r", jobs, events, [{"time_s": 0}, {"time_s": 9}]))

    @pytest.mark.parametrize(
        "name", ["$\\frac{1}$", "_hidden", "<b>&amp;", "日本 ☀", "a\x07b\nc", "x" * 500, ""]
    )
    def test_hostile_names(self, tmp_path, name):
        jobs, events = [{"job_id": name, "start_s": 1, "end_s": 9}], [(1, "start", name), (9, "end", name)]
        run = load_run(write_tables(tmp_path / "r", jobs, events, [{"time_s": 0}, {"time_s": 9}]))
        run.result["scheduler"] = name
        with style.drawing():
            _, svg = style.save(gantt.draw(run), tmp_path, "gantt")
        ElementTree.parse(svg)

    def test_drawing_leaves_matplotlib_as_it_was(self, tmp_path):
        before = dict(matplotlib.rcParams)
        draw_run(fake_run(tmp_path / "r"))
        assert dict(matplotlib.rcParams) == before

    def test_a_place_that_cannot_be_written(self, tmp_path):
        folder = fake_run(tmp_path / "r")
        (folder / "figures").write_text("in the way")
        with pytest.raises(InputError, match="figures"):
            draw_run(folder)


class TestCompare:
    @pytest.mark.parametrize("values", [True, False])
    def test_all_figures(self, tmp_path, values):
        paths = draw_compare(
            fake_compare(tmp_path / "c", {"easy": 2, "sjf": 1, "fcfs": 5}, 40, values=values)
        )
        assert {path.stem for path in paths} == NAMES | {"objective"}

    def test_more_schedulers_than_colours(self, tmp_path):
        assert draw_compare(fake_compare(tmp_path / "c", {f"s{each}": each for each in range(14)}, 20))

    def test_best_is_the_objective_else_the_slowdown_else_the_first(self, tmp_path):
        schedulers = {"easy": 2, "sjf": 1, "fcfs": 5}
        compare = load_compare(fake_compare(tmp_path / "c", schedulers, 40))
        assert compare.labels[best_place(compare)] == "sjf"
        compare = load_compare(fake_compare(tmp_path / "d", schedulers, 40, values=False))
        assert compare.labels[best_place(compare)] == "sjf"
        for result in compare.results:
            result["metrics"] = {}
        assert best_place(compare) == 0

    def test_negative_and_missing_objectives(self, tmp_path):
        compare = load_compare(fake_compare(tmp_path / "c", {"easy": 2, "sjf": 1, "fcfs": 5}, 20))
        for result, score in zip(compare.results, (-0.7, None, 0.2), strict=True):
            result["metrics"] = {"objective": score}
        assert len(draw_compare(compare)) == 10


def test_labels_are_clean_and_short():
    assert style.label("a\x00b\n" + "x" * 99, 10) == "a b xxxxx…"
    assert not style.label("_a").startswith("_")


@pytest.mark.slow
def test_two_hundred_thousand_jobs_give_small_files(tmp_path):
    folder = fake_run(tmp_path / "r", 200_000)
    paths = draw_run(folder)
    assert all(path.stat().st_size < 1_500_000 for path in paths)
    assert not re.search("Date", (folder / "figures" / "gantt.svg").read_text()[:2000])

    def test_a_figure_is_laid_out_once_and_drawn_once_a_file(self, tmp_path, monkeypatch):
        counts = {"layouts": 0, "drawings": 0}
        execute, draw = ConstrainedLayoutEngine.execute, Figure.draw

        def counted_execute(self, figure):
            counts["layouts"] += 1
            return execute(self, figure)

        def counted_draw(self, renderer):
            counts["drawings"] += 1
            return draw(self, renderer)

        monkeypatch.setattr(ConstrainedLayoutEngine, "execute", counted_execute)
        monkeypatch.setattr(Figure, "draw", counted_draw)
        users = matplotlib.rc_context({"figure.autolayout": True})  # as of a matplotlibrc
        with users, style.drawing():
            figure = style.new_figure(2)
            figure.subplots().set_ylabel("power [kW]")
            style.save(figure, tmp_path, "one")
        assert counts == {"layouts": 1, "drawings": 2}
