"""Schedulers are ranked by numbers that do not belong together, or with intervals that say nothing."""

import json

import numpy as np
import pytest

from experiments.evaluate import COLUMNS, choose_windows, evaluate
from experiments.evaluate_run import evaluate_text
from experiments.scenario import Wishes, load_scenario
from experiments.statistics import estimate, interquartile_mean, paired
from tests.experiments.test_windows import CLASS, SCENARIO, WINDOWS
from traces.errors import InputError

NAMES = ("easy", "fcfs")


@pytest.fixture
def loaded(here):
    (here / "windows.csv").write_text(WINDOWS, encoding="utf-8")
    small = SCENARIO.replace('default = "check-a"', 'default = "check-a"\njobs = 12')
    (here / "mine.toml").write_text(small + CLASS, encoding="utf-8")
    return load_scenario("mine.toml")


@pytest.fixture
def found(loaded):
    return evaluate(loaded, NAMES, choose_windows(loaded, ["validation", "test", "unseen"]))


class TestEvaluate:
    def test_there_is_a_row_for_each_window_and_scheduler(self, found):
        assert [(row["window"], row["scheduler"]) for row in found.rows] == [
            (window, name) for window in ("check-a", "try-a", "far-a") for name in NAMES
        ]
        assert all(row["jobs_submitted"] == 12 for row in found.rows)
        assert [row["split"] for row in found.rows[::2]] == ["validation", "test", "unseen"]

    def test_a_row_is_what_a_run_of_that_window_gives(self, loaded, found):
        import rare
        from experiments.build import build
        from schedulers import make_scheduler

        alone = build(load_scenario("mine.toml", Wishes(settings=["window=try-a"])))
        metrics = rare.simulate(alone.case, make_scheduler("fcfs"), record=False).metrics
        (row,) = (r for r in found.rows if (r["window"], r["scheduler"]) == ("try-a", "fcfs"))
        assert {key: row[key] for key in COLUMNS} == {key: metrics.get(key) for key in COLUMNS}

    def test_the_difference_to_itself_is_zero(self, found):
        same = found.difference("easy", "easy")
        assert (same.mean, same.low, same.high) == (0, 0, 0)

    def test_differences_are_paired_by_window(self, found):
        other = found.difference("fcfs", "easy")
        mine, base = (found.values(name, "objective") for name in ("fcfs", "easy"))
        assert other.mean == pytest.approx((mine - base).mean())
        assert other.low <= other.mean <= other.high and other.windows == 3

    def test_intervals_hold_the_mean(self, found):
        for name in NAMES:
            objective = found.objective(name)
            assert objective.low <= objective.mean <= objective.high

    def test_two_workers_find_the_same(self, loaded, found):
        windows = choose_windows(loaded, ["validation", "test", "unseen"])
        assert evaluate(loaded, NAMES, windows, workers=2).rows == found.rows

    def test_progress_counts_windows(self, loaded):
        seen = []
        evaluate(loaded, ["fcfs"], choose_windows(loaded, ["test"]), progress=lambda *n: seen.append(n))
        assert seen == [(1, 1)]

    def test_the_seed_draws_other_values(self, loaded, found):
        other = evaluate(loaded, NAMES, choose_windows(loaded, ["validation"]), seed=9)
        assert other.rows[0]["value_offered"] != found.rows[0]["value_offered"]

    def test_json_and_csv_hold_all_of_it(self, found):
        told = json.loads(found.json_text())
        assert told["baseline"] == "easy" and len(told["rows"]) == 6 and len(told["windows"]) == 3
        assert told["schedulers"][1]["difference"]["windows"] == 3
        lines = found.csv_text().splitlines()
        assert len(lines) == 7 and lines[0].startswith("window,split,scheduler,ended,objective")

    def test_the_best_comes_first(self, found):
        best, last = found.ranked()
        assert found.objective(best).mean >= found.objective(last).mean


class TestPerfectForecast:
    """`NAME@perfect` runs NAME on the same window, but with the truth for a forecast."""

    def test_it_is_the_run_of_the_scenario_with_a_perfect_forecast(self):
        names, tiny = ("conservative+green", "conservative+green@perfect"), load_scenario("tiny")
        windows = choose_windows(tiny, ["train-02", "train-03"])
        found = evaluate(tiny, names, windows)
        setting = load_scenario("tiny", Wishes(settings=["forecast.kind=perfect"]))
        same = evaluate(setting, names[:1], windows)
        honest, perfect = ([row for row in found.rows if row["scheduler"] == name] for name in names)
        assert names[1] in found.csv_text()
        assert [row | {"scheduler": names[1]} for row in same.rows] == perfect
        assert [row["objective"] for row in honest] != [row["objective"] for row in perfect]
        assert "@perfect: under a perfect forecast" in evaluate_text(found)
        assert "@perfect:" not in evaluate_text(same)

    @pytest.mark.parametrize("name", ["oracle@perfect", "bound@perfect", "oracle=9@perfect"])
    def test_who_knows_the_truth_needs_none(self, loaded, name):
        with pytest.raises(InputError, match="leave @perfect out"):
            evaluate(loaded, [name], choose_windows(loaded, ["test"]))

    def test_a_wrong_name_is_told_before_the_work(self, loaded):
        with pytest.raises(InputError, match="easy"):
            evaluate(loaded, ["esay@perfect"], choose_windows(loaded, ["test"]))


class TestKept:
    """Hours of evaluation are lost to a kill, or rows of another configuration are taken for these."""

    @pytest.fixture
    def runs(self, monkeypatch):
        import rare

        made, real = [], rare.simulate

        def counted(case, scheduler, **options):
            made.append(scheduler.name)
            return real(case, scheduler, **options)

        monkeypatch.setattr(rare, "simulate", counted)
        return made

    def test_a_stopped_evaluation_goes_on(self, loaded, runs, tmp_path):
        windows = choose_windows(loaded, ["validation", "test"])
        whole = evaluate(loaded, NAMES, windows)
        evaluate(loaded, NAMES, windows[:1], kept_in=tmp_path / "kept")
        evaluate(loaded, NAMES[:1], windows[1:], kept_in=tmp_path / "kept")
        runs.clear()
        assert evaluate(loaded, NAMES, windows, kept_in=tmp_path / "kept").rows == whole.rows
        assert runs == ["fcfs"]

    def test_rows_of_another_seed_scenario_or_code_are_made_again(self, loaded, runs, tmp_path, monkeypatch):
        windows, kept = choose_windows(loaded, ["test"]), tmp_path / "kept"
        evaluate(loaded, ["fcfs"], windows, kept_in=kept)
        runs.clear()
        evaluate(loaded, ["fcfs"], windows, kept_in=kept, seed=5)
        other = load_scenario("mine.toml", Wishes(settings=["battery.hours=1"]))
        evaluate(other, ["fcfs"], windows, kept_in=kept)
        monkeypatch.setattr("experiments.window_rows.code_hash", lambda: "edited")
        evaluate(other, ["fcfs"], windows, kept_in=kept)
        assert len(runs) == 3
        (kept / "try-a.json").write_text('{"key": ', encoding="utf-8")
        evaluate(other, ["fcfs"], windows, kept_in=kept)
        assert len(runs) == 4

    def test_a_scheduler_of_ones_own_is_run_again_when_its_file_changes(self, loaded, here, runs, tmp_path):
        source = "class Wait:\n    def choose(self, view):\n        return -1\n"
        (here / "own.py").write_text(source, encoding="utf-8")
        windows, kept = choose_windows(loaded, ["test"]), tmp_path / "kept"
        for text, count in ((source, 1), (source, 1), (source + "# better\n", 2)):
            (here / "own.py").write_text(text, encoding="utf-8")
            evaluate(loaded, ["own.py:Wait"], windows, kept_in=kept)
            assert len(runs) == count

    def test_oracle_and_bound_solve_the_program_once(self, loaded, tmp_path, monkeypatch):
        from schedulers.oracle import bound, oracle

        solved, real = [], bound.relax
        for module in (bound, oracle):
            monkeypatch.setattr(module, "relax", lambda *a, **k: solved.append(1) or real(*a, **k))
        found = evaluate(loaded, ["bound", "oracle=1000"], choose_windows(loaded, ["test"]))
        assert len(solved) == 1
        bound_row, oracle_row = found.rows
        assert bound_row["scheduler"] == "bound" and bound_row["objective"] >= oracle_row["objective"]
        assert bound_row["objective"] == evaluate(loaded, ["bound"], found.windows).rows[0]["objective"]

    def test_ctrl_c_says_where_the_rows_are_and_success_removes_them(self, tmp_path, monkeypatch, capsys):
        import rare
        from experiments.cli import main

        real = rare.simulate

        def stopped(case, scheduler, **options):
            if scheduler.name == "fcfs":
                raise KeyboardInterrupt
            return real(case, scheduler, **options)

        command = ["evaluate", "--scenario", "tiny", "--windows", "validation-00,validation-01"]
        command += ["--scheduler", "easy,fcfs", "--workers", "1", "--quiet", "--out", str(tmp_path / "found")]
        monkeypatch.setattr(rare, "simulate", stopped)
        assert main(command) == 130
        assert "the same command goes on from there" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == [".found.unfinished-windows"]
        monkeypatch.setattr(rare, "simulate", real)
        assert main(command) == 0
        assert [path.name for path in tmp_path.iterdir()] == ["found"]


class TestRefused:
    @pytest.mark.parametrize("names, hint", [
        (["esay"], "easy"), ([], "no scheduler"), (["easy", "easy"], "twice"), (["no.py:Mine"], "no.py"),
    ])  # fmt: skip
    def test_wrong_schedulers_are_told_before_the_work(self, loaded, names, hint):
        with pytest.raises(InputError, match=hint):
            evaluate(loaded, names, choose_windows(loaded, ["test"]))

    def test_no_window(self, loaded):
        with pytest.raises(InputError, match="no window is chosen"):
            evaluate(loaded, ["easy"], [])

    def test_unknown_splits_list_the_known(self, loaded):
        with pytest.raises(
            InputError, match=r"'tests': is neither a split \(test, train, unseen, validation\)"
        ):
            choose_windows(loaded, ["tests"])

    def test_a_scenario_without_windows(self, here):
        with pytest.raises(InputError, match=r"plain.toml: has no \[windows\]; give windows.file"):
            choose_windows(load_scenario("plain"), ["test"])

    def test_a_scenario_without_values_has_no_objective(self, here):
        (here / "windows.csv").write_text(WINDOWS, encoding="utf-8")
        (here / "mine.toml").write_text(SCENARIO, encoding="utf-8")
        loaded = load_scenario("mine.toml")
        with pytest.raises(InputError, match=r"no job of window 'try-a' has a value.*service_class"):
            evaluate(loaded, ["easy"], choose_windows(loaded, ["test"]))


class TestStatistics:
    def test_a_large_sample_agrees_with_the_normal_approximation(self):
        sample = np.random.default_rng(1).normal(3.0, 2.0, 900)
        found = estimate(sample)
        half = 1.96 * sample.std(ddof=0) / np.sqrt(900)
        assert found.mean == pytest.approx(sample.mean())
        assert found.high - found.low == pytest.approx(2 * half, rel=0.05)
        assert found.low == pytest.approx(sample.mean() - half, abs=0.1 * half)

    def test_the_interval_covers_as_often_as_it_says(self):
        """Percentile intervals of 40 draws: some 95 of 100 hold the mean, a little fewer as is known."""
        rng = np.random.default_rng(2)
        held = sum(e.low <= 0 <= e.high for e in (estimate(rng.normal(size=40), seed=s) for s in range(200)))
        assert 180 <= held <= 199

    def test_a_constant_has_no_spread(self):
        found = estimate(np.full(7, 0.25))
        assert (found.mean, found.iqm, found.low, found.high, found.windows) == (0.25, 0.25, 0.25, 0.25, 7)

    def test_the_interquartile_mean_is_that_of_the_middle_half(self):
        assert interquartile_mean(np.array([-100, 1, 2, 3, 4, 5, 6, 900.0])) == 3.5  # 2, 3, 4, 5

    def test_windows_without_a_value_are_left_out(self):
        assert estimate(np.array([1.0, np.nan, 3.0])).mean == 2
        assert paired(np.array([1.0, 5, np.nan]), np.array([0.0, np.nan, 2])).windows == 1
        with pytest.raises(ValueError, match="no window"):
            estimate(np.array([np.nan]))

    def test_the_same_seed_gives_the_same_interval(self):
        sample = np.random.default_rng(3).normal(size=30)
        assert estimate(sample, 4) == estimate(sample, 4) != estimate(sample, 5)


def test_an_evaluation_is_written_and_replaced_only_when_asked(tmp_path):
    from experiments.cli import main

    out = tmp_path / "found"
    command = ["evaluate", "--scenario", "tiny", "--windows", "validation-00", "--scheduler", "easy,fcfs"]
    command += ["--quiet", "--workers", "1", "--out", str(out)]
    assert main(command) == 0
    names = {"evaluate.json", "evaluate.csv", "objective.png", "objective.svg", "provenance.json"}
    assert {path.name for path in out.iterdir()} == names
    assert main(command) == 2
    assert main([*command, "--force"]) == 0
    assert {path.name for path in out.iterdir()} == names
