"""The energy figures mislead, or break where a run has no battery, no price or no forecast."""

import warnings

import numpy as np
import pandas as pd
import pytest

from docs.scripts import forecast_pictures
from experiments.evaluation.evaluate import COLUMNS, Evaluation
from experiments.figures import draw_compare, draw_run, figure_names, forecast_fan, power_timeline
from experiments.figures.drawing import style
from experiments.figures.forecast_judged import judge, mean_supply_w
from experiments.figures.window_means import draw, draw_windows
from experiments.report.html_report import write_report
from experiments.results.run_folder import atomic_folder, load_compare, load_run, write_run
from rare.scenario.windows import Window
from tests.experiments.fake_runs import fake_compare, fake_jobs, fake_power, fake_run
from traces.errors import InputError

HOUR_S = 3600
CONFIG = {
    "grid": {"currency": "EUR"},
    "forecast": {"kind": "auto"},
    "resolved": {
        "forecast": "synthetic",
        "battery_kwh": 2.0,
        "begin_s": 0,
        "time": {"begin_utc": "2022-06-13T02:00:00+00:00", "site_zone": "Asia/Tokyo"},
    },
}


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Fewer pixels; and a warning is a failure."""
    monkeypatch.setattr(style, "PNG_DPI", 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def power(supply_w, **more):
    """power.csv with one row an hour; the last row ends the run."""
    supply_w = np.append(np.asarray(supply_w, dtype=float), 0)
    nothing = np.zeros(len(supply_w))
    columns = {"time_s": np.arange(len(supply_w)) * HOUR_S, "supply_w": supply_w, "draw_w": nothing + 1.0}
    for name in ("battery_w", "battery_wh", "grid_w", "curtailed_w", "queued", "running", "used_cores"):
        columns[name] = nothing
    return pd.DataFrame(columns | more)


def forecasts(*rows):
    return pd.DataFrame(rows, columns=["issue_s", "target_s", "low_w", "median_w", "high_w"])


def write(folder, power_df, forecast_df=None, config=CONFIG, scheduler="easy"):
    jobs, events = fake_jobs(3, 1)
    result = {"scheduler": scheduler, "metrics": {}}
    write_run(folder, config, {}, result, jobs, events, power_df, forecast_df)
    return load_run(folder)


def tables(hours=72, width_w=20.0):
    """A run of some days, and forecasts every 12 hours of the 24 hours ahead."""
    supply_w = 100 + 50 * np.sin(np.arange(hours) / 5)
    rows = [
        (
            issue * HOUR_S,
            target * HOUR_S,
            supply_w[target] - width_w,
            supply_w[target],
            supply_w[target] + width_w,
        )
        for issue in range(0, hours, 12)
        for target in range(issue, min(issue + 24, hours))
    ]
    return power(supply_w), forecasts(*rows)


class TestForecastTable:
    def test_it_comes_back_as_written(self, tmp_path):
        run = write(tmp_path / "r", *tables())
        assert run.has_forecast
        pd.testing.assert_frame_equal(run.forecast, tables()[1], check_dtype=False)
        assert (tmp_path / "r" / "forecast.csv").read_text().splitlines()[1].startswith("0,0,80.0,100.0,")

    def test_without_forecasts_there_is_no_file(self, tmp_path):
        run = write(tmp_path / "r", tables()[0])
        assert not run.has_forecast and run.forecast is None and judge(run) is None
        assert not (tmp_path / "r" / "forecast.csv").exists()

    def test_a_damaged_one_is_named(self, tmp_path):
        run = write(tmp_path / "r", *tables())
        path = tmp_path / "r" / "forecast.csv"
        path.write_text("issue_s,target_s,low_w,median_w,high_w\n0,0,1,x,3\n")
        with pytest.raises(InputError, match=r"forecast\.csv:2: column 'median_w' holds 'x'"):
            judge(run)

    def test_a_folder_with_one_can_be_replaced(self, tmp_path):
        for _ in range(2):
            with atomic_folder(tmp_path / "r") as folder:
                write(folder, *tables())
        assert load_run(tmp_path / "r").has_forecast

    def test_text_among_prices_is_named(self, tmp_path):
        run = write(tmp_path / "r", power([1.0, 2], price_per_kwh=["0.1", "dear", "0.1"]))
        with pytest.raises(InputError, match=r"power\.csv:3: column 'price_per_kwh' holds 'dear'"):
            assert run.power is not None


class TestJudged:
    def test_shares_and_coverage_by_hand(self, tmp_path):
        # What came: 10, 20, 30, 40 W. Forecast at 0 s of all four; at 2 h of the last two.
        #   5-10-15 (at the median), 25-30-35 (below all), 30-30-30 (certain), 10-20-30 (above all)
        #   20-35-40 (within, below the median), 40-50-60 (equal to the 10 % quantile)
        told = [(0, 0, 5, 10, 15), (0, 1, 25, 30, 35), (0, 2, 30, 30, 30), (0, 3, 10, 20, 30)]
        told += [(2, 2, 20, 35, 40), (2, 3, 40, 50, 60), (2, 4, 1, 2, 3)]  # the last: past the end
        rows = [(issue * HOUR_S, target * HOUR_S, *watts) for issue, target, *watts in told]
        found = judge(write(tmp_path / "r", power([10, 20, 30, 40]), forecasts(*rows)))
        assert (found.count, found.certain, found.step_s, found.kind) == (5, 1, HOUR_S, "synthetic")
        assert found.shares() == {0.1: 2 / 5, 0.5: 4 / 5, 0.9: 4 / 5}
        assert found.shares_below() == {0.1: 1 / 5, 0.5: 3 / 5, 0.9: 4 / 5}
        assert found.coverage() == 3 / 5
        assert "band held 60 % of what came" in forecast_fan.sentence(
            found
        ) and "synthetic" in forecast_fan.sentence(found)
        assert "for 5 pairs" in forecast_fan.caption(
            found
        ) and "1 where the band has no width" in forecast_fan.caption(found)

    def test_what_came_is_the_mean_of_the_hour(self):
        # 10 W until 900 s, 50 W until 3600 s, 20 W until 5400 s, the end
        frame = pd.DataFrame({"time_s": [0, 900, 3600, 5400], "supply_w": [10, 50, 20, 0]})
        means = mean_supply_w(frame, np.array([-1, 0, 1800, 3600]), HOUR_S)
        assert np.array_equal(means, [np.nan, 40, 35, np.nan], equal_nan=True)

    def test_a_perfect_forecast_is_called_what_it_is(self, tmp_path):
        config = {"resolved": {"forecast": "perfect"}}
        run = write(tmp_path / "r", *tables(width_w=0.0), config=config)
        found = judge(run)
        assert found.count == 0 and np.isnan(found.coverage())
        assert "the scheduler saw the future" in forecast_fan.sentence(found)
        assert "saw the future" in forecast_fan.caption(found)
        assert "perfect: the scheduler saw the future" in write_report(run.path).read_text().replace(
            "were ", ""
        )

    def test_issues_to_draw(self, tmp_path):
        long = judge(write(tmp_path / "long", *tables(24 * 30)))
        shown = forecast_fan.shown_issues(long)
        assert len(shown) == 5 and set(np.diff(shown)) == {24 * HOUR_S}
        short = judge(write(tmp_path / "short", *tables(48)))
        assert list(forecast_fan.shown_issues(short)) == [0, 12 * HOUR_S, 24 * HOUR_S, 36 * HOUR_S]


class TestDrawing:
    @pytest.mark.parametrize("hours, width_w", [(1, 5), (30, 5), (30, 0), (24 * 30, 5)])
    def test_forecasts(self, tmp_path, hours, width_w):
        run = write(tmp_path / "r", *tables(hours, width_w))
        assert "forecast" in figure_names(run)
        assert {path.stem for path in draw_run(run)} == set(figure_names(run))

    def test_forecasts_that_no_hour_of_the_run_answers(self, tmp_path):
        # the run ends within the first hour
        frame = power([5.0])
        frame["time_s"] = [0, 600]
        run = write(tmp_path / "r", frame, forecasts((0, 0, 1, 2, 3)))
        assert judge(run).count == 0
        draw_run(run)
        write_report(run.path)

    @pytest.mark.parametrize("config", [{}, {"resolved": None, "forecast": 3, "grid": []}, CONFIG])
    def test_a_report_of_any_configuration(self, tmp_path, config):
        run = write(tmp_path / "r", *tables(), config=config)
        text = write_report(run.path).read_text()
        assert 'id="forecast"' in text and "10 to 90 % band" in text

    def test_a_comparison_shows_those_of_its_best_run(self, tmp_path):
        folder = fake_compare(tmp_path / "c", {"easy": 1, "fcfs": 3}, 20)
        assert "forecast" not in figure_names(load_compare(folder))
        for run in load_compare(folder).runs:
            tables()[1].to_csv(run.path / "forecast.csv", index=False)
        assert "forecast" in figure_names(load_compare(folder))
        assert {path.stem for path in draw_compare(folder)} >= {"forecast", "objective"}
        assert 'id="forecast"' in write_report(folder, redraw=False).read_text()

    def test_no_forecasts_no_figure(self, tmp_path):
        folder = fake_run(tmp_path / "r")
        assert 'id="forecast"' not in write_report(folder).read_text()


class TestPanels:
    def labels(self, run):
        with style.drawing():
            figure = power_timeline.draw(run)
            figure.canvas.draw()
        return [axes.get_ylabel().replace("\n", " ") for axes in figure.axes], figure

    def rates(self, hours):
        return {
            "price_per_kwh": 0.1 + 0.2 * np.sin(np.arange(hours + 1)),
            "carbon_g_per_kwh": 300 + 100 * np.cos(np.arange(hours + 1)),
        }

    def test_battery_price_and_carbon_with_their_units(self, tmp_path):
        content = {"battery_wh": np.linspace(0, 2000, 49)}
        run = write(tmp_path / "r", power(np.full(48, 5.0), **content, **self.rates(48)))
        found, figure = self.labels(run)
        assert found == ["power (W)", "battery (% of 2 kWh)", "price (EUR/kWh)", "carbon (g/kWh)"]
        line = figure.axes[1].lines[0].get_ydata()
        assert (line.min(), line.max()) == (0, pytest.approx(97.9, abs=0.1))
        assert figure.axes[-1].get_xlabel() == "date (Asia/Tokyo)"

    @pytest.mark.parametrize("missing", ["columns", "empty", "constant"])
    def test_what_is_not_there_has_no_panel(self, tmp_path, missing):
        more = {"empty": {"price_per_kwh": None}, "constant": {"price_per_kwh": 0.2}}.get(missing, {})
        assert self.labels(write(tmp_path / "r", power([5.0, 6.0], **more)))[0] == ["power (W)"]

    def test_no_currency_and_no_capacity(self, tmp_path):
        frame = power(np.full(48, 5.0), battery_wh=np.linspace(0, 2000, 49), **self.rates(48))
        found = self.labels(
            write(tmp_path / "r", frame, config={"grid": 3, "resolved": {"battery_kwh": "x"}})
        )[0]
        assert found == ["power (W)", "battery (kWh)", "price (money/kWh)", "carbon (g/kWh)"]

    def test_a_long_run_is_not_cluttered(self, tmp_path):
        hours = 24 * 60
        run = write(tmp_path / "r", power(np.full(hours, 5.0), **self.rates(hours)))
        assert self.labels(run)[0] == ["power (W)", "power (W)"]

    def test_without_any_supply(self, tmp_path):
        jobs, events = fake_jobs(5, 1)
        run = write(tmp_path / "r", fake_power(jobs, events, supply=False, battery=False), config={})
        assert self.labels(run)[0] == ["power (kW)"]


def evaluation(scores):
    """An evaluation with these objectives, one window a number."""
    count = len(next(iter(scores.values())))
    windows = tuple(Window(f"w{place}", "test", place, 1) for place in range(count))
    rows = [
        dict.fromkeys(COLUMNS) | {"window": window.name, "scheduler": name, "objective": values[place]}
        for place, window in enumerate(windows)
        for name, values in scores.items()
    ]
    return Evaluation("tiny", tuple(scores), windows, rows)


class TestWindows:
    def test_best_on_top_and_differences_to_the_first(self, tmp_path):
        found = evaluation({"easy": [0.2, 0.4, 0.6], "atc+easy": [0.3, 0.5, 0.7]})
        with style.drawing():
            left, right = draw(found).axes
        assert [each.get_text() for each in left.get_yticklabels()] == ["easy", "atc+easy"]  # fills upwards
        assert [each.get_text() for each in left.texts] == ["0.400", "0.500"]
        assert [each.get_text() for each in right.texts] == ["baseline", "+0.100"]
        paths = draw_windows(found, tmp_path / "figure.v1")
        assert [path.name for path in paths] == ["figure.v1.png", "figure.v1.svg"]
        assert all(path.stat().st_size for path in paths)

    @pytest.mark.parametrize(
        "scores",
        [
            {"easy": [0.5]},
            {"easy": [0.5, None], "fcfs": [0.4, None]},
            {f"s{each}": [0.1 * each, -0.2, 0.3] for each in range(30)},
            {"_$x^$\n": [0.1, 0.1], "日本": [-3.0, 0.1]},
        ],
        ids=["one", "nothing offered", "thirty", "odd names"],
    )
    def test_any_evaluation_is_drawn(self, tmp_path, scores):
        assert len(draw_windows(evaluation(scores), tmp_path / "objective")) == 2


def test_the_splits_of_the_docs_pictures_do_not_meet():
    for train, test in forecast_pictures._splits(8760):
        assert not (train & test).any() and train.sum() > 4000 and test.sum() > 3500
