"""Schedulers are ranked by numbers that do not belong together, or with intervals that say nothing."""

import json
from contextlib import contextmanager

import pytest

from experiments.engine.where import Where
from experiments.evaluation.evaluate import COLUMNS, choose_windows, evaluate
from experiments.evaluation.evaluate_run import evaluate_text
from experiments.process.progress import ProgressDisplay
from rare.scenario.load import Wishes, load_scenario
from tests.rare.scenario.test_windows import CLASS, SCENARIO, WINDOWS
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
        from rare.scenario.case_builder import build
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
        assert evaluate(loaded, NAMES, windows, where=Where(workers=2)).rows == found.rows

    def test_progress_counts_windows(self, loaded):
        seen = []

        class Display(ProgressDisplay):
            @contextmanager
            def task(self, label, unit):
                with super().task(label, unit) as task:
                    update = task.update
                    task.update = lambda done, total, detail="": (
                        seen.append((done, total)),
                        update(done, total),
                    )
                    yield task

        windows = choose_windows(loaded, ["test", "validation"])
        evaluate(loaded, ["fcfs"], windows, display=Display(quiet=True))
        assert seen == [(done, len(windows)) for done in range(len(windows) + 1)]

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
        monkeypatch.setattr("experiments.evaluation.window_rows.code_hash", lambda: "edited")
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
        from schedulers.oracle import bound, oracle_scheduler

        solved, real = [], bound.relax
        for module in (bound, oracle_scheduler):
            monkeypatch.setattr(module, "relax", lambda *a, **k: solved.append(1) or real(*a, **k))
        found = evaluate(loaded, ["bound", "oracle=1000"], choose_windows(loaded, ["test"]))
        assert len(solved) == 1
        bound_row, oracle_row = found.rows
        assert bound_row["scheduler"] == "bound" and bound_row["objective"] >= oracle_row["objective"]
        assert bound_row["objective"] == evaluate(loaded, ["bound"], found.windows).rows[0]["objective"]

    def test_ctrl_c_says_where_the_rows_are_and_success_removes_them(self, tmp_path, monkeypatch, capsys):
        import rare
        from experiments.cli.root import main

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


def test_an_evaluation_is_written_and_replaced_only_when_asked(tmp_path, capsys):
    from experiments.cli.root import main

    out = tmp_path / "found"
    command = ["evaluate", "--scenario", "tiny", "--windows", "validation-00", "--scheduler", "easy,fcfs"]
    command += ["--quiet", "--workers", "1", "--out", str(out)]
    assert main(command) == 0
    names = {"evaluate.json", "evaluate.csv", "objective.png", "objective.svg", "provenance.json"}
    assert {path.name for path in out.iterdir()} == names
    written = (out / "provenance.json").stat().st_mtime_ns
    other = [word.replace("easy,fcfs", "fcfs,easy") for word in command]
    assert main(other) == 2
    assert "--force" in capsys.readouterr().err
    assert (out / "provenance.json").stat().st_mtime_ns == written
    assert main([*other, "--force"]) == 0
    assert {path.name for path in out.iterdir()} == names


def test_the_same_evaluation_again_is_read_and_what_a_kill_left_is_removed(tmp_path, monkeypatch, capsys):
    """A kill after the last file, before the process ended: the same command must finish."""
    import rare
    from experiments.cli.root import main
    from experiments.evaluation import evaluate_run

    out = tmp_path / "found"
    command = ["evaluate", "--scenario", "tiny", "--windows", "validation-00,validation-01"]
    command += ["--scheduler", "easy,fcfs", "--workers", "1", "--out", str(out)]

    class Killed(BaseException):
        pass

    def killed(*given, **how):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(evaluate_run.shutil, "rmtree", killed)
        main(command)
    assert (out / "evaluate.json").exists() and (tmp_path / ".found.unfinished-windows").is_dir()
    before, first = (out / "provenance.json").read_bytes(), capsys.readouterr()
    monkeypatch.setattr(rare, "simulate", lambda *given, **how: pytest.fail("it was there already"))
    for _ in range(2):
        assert main(command) == 0
        said = capsys.readouterr()
        assert "fcfs" in said.out and "holds this evaluation already" in said.err
        assert [path.name for path in tmp_path.iterdir()] == ["found"]
    assert (out / "provenance.json").read_bytes() == before and not first.out
    monkeypatch.undo()
    assert main([*command, "--seed", "1"]) == 2
    (out / "evaluate.json").write_text("[]", "utf-8")
    assert main(command) == 2  # damaged: not the same any more


class TestNull:
    """What does not apply is told as 0, as nan, or as a number that nobody can use."""

    ROWS = (
        {"energy_kwh": 10.0, "renewable_share": 1.0, "jobs_completed": 1, "mean_wait_s": 100},
        {"energy_kwh": 30.0, "renewable_share": 0.2, "jobs_completed": 3, "mean_wait_s": 20},
        {"energy_kwh": 0.0, "renewable_share": None, "jobs_completed": 0, "mean_wait_s": None},
    )

    def made(self, *rows, names=("easy",)):
        from experiments.evaluation.evaluate import Evaluation
        from rare.scenario.windows import Window

        windows = tuple(Window(f"w{place}", "test", place, 1) for place in range(len(rows)))
        whole = [
            {"window": window.name, "split": "test", "scheduler": name, "ended": "completed",
             **dict.fromkeys(COLUMNS), **row}
            for window, row in zip(windows, rows, strict=True) for name in names
        ]  # fmt: skip
        return Evaluation("mine", tuple(names), windows, whole)

    def test_totals_are_of_what_adds_up_and_the_rest_is_pooled(self):
        (told,) = json.loads(self.made(*self.ROWS).json_text())["schedulers"]
        assert not {"objective", "mean_wait_s", "mean_bounded_slowdown", "busy_share", "renewable_share",
                    "renewable_utilization"} & set(told["totals"])  # fmt: skip
        assert told["totals"]["energy_kwh"] == 40 and told["totals"]["jobs_completed"] == 4
        assert told["pooled"]["renewable_share"] == pytest.approx(0.4)  # 16 of 40 kWh
        assert told["pooled"]["mean_wait_s"] == 40  # 160 s of 4 jobs

    def test_what_applies_nowhere_is_null_and_a_dash(self):
        found = self.made(*self.ROWS)
        (told,) = json.loads(found.json_text())["schedulers"]
        for metric in ("grid_cost", "carbon_kg", "qos_violations", "fallback_decisions"):
            assert told["totals"][metric] is None
        assert told["pooled"]["mean_bounded_slowdown"] is None
        assert told["objective"] == {"mean": None, "iqm": None, "low": None, "high": None, "windows": 0}
        row = evaluate_text(found).splitlines()[3].split()
        assert row == ["easy", "-", "-", "-", "-", "60%"]

    def test_jobs_not_served_are_columns_where_they_cost_something(self):
        row = {"objective": 0.5, "jobs_unserved": 7, "jobs_expired": 4, "lowest_class_wait_s": 5400.0}
        free = evaluate_text(self.made(row))
        assert "unserved" not in free and "low wait" not in free
        lines = evaluate_text(self.made({**row, "unserved_price": 12.0})).splitlines()
        assert lines[2].split()[-6:] == ["unserved", "expired", "low", "wait", "h", "renewable"]
        assert lines[3].split()[-4:] == ["7", "4", "1.5", "-"] and "low wait: mean wait" in lines[-2]

    def test_no_share_anywhere_is_no_nan(self):
        rows = [{"objective": 0.5, "value_earned": 3.0}, {"objective": 0.25, "value_earned": None}]
        text = evaluate_text(self.made(*rows))
        assert "nan" not in text and "None" not in text
        assert text.splitlines()[3].split()[-2:] == ["3", "-"]

    def test_one_window_has_no_interval_anywhere(self, tmp_path):
        from experiments.figures.window_means import draw_windows

        found = self.made({"objective": 0.5, "renewable_share": 0.5}, names=("easy", "fcfs"))
        for each in json.loads(found.json_text())["schedulers"]:
            for key in ("objective", "difference"):
                assert (each[key]["low"], each[key]["high"], each[key]["windows"]) == (None, None, 1)
        text = evaluate_text(found)
        assert " to " not in text.split("objective: mean")[0] and "on 1 window," in text
        assert text.splitlines()[3].split() == ["easy", "0.500", "-", "+0.000", "-", "50%"]
        assert all(path.exists() for path in draw_windows(found, tmp_path / "one"))

    def test_a_scheduler_without_an_objective_comes_last(self, tmp_path):
        from experiments.figures.window_means import draw_windows

        found = self.made({"objective": 0.5}, {"objective": 0.7}, names=("easy", "fcfs"))
        for row in found.rows[::2]:
            row["objective"] = None
        assert found.ranked() == ["fcfs", "easy"]
        assert found.difference("fcfs", "easy").mean is None
        draw_windows(found, tmp_path / "none")

    def test_an_unpriced_grid_has_no_cost(self, loaded, found):
        assert found.total("easy", "grid_cost") is None and found.total("easy", "carbon_kg") is None
        assert found.total("easy", "jobs_submitted") == 36
        assert found.total("easy", "renewable_share") is None

    def test_the_demos_table_has_dashes_for_one_window(self, tmp_path):
        from experiments.report.learned_facts import learning_facts, learning_section, learning_text

        folder = tmp_path / "evaluation"
        folder.mkdir()
        found = self.made({"objective": 0.5}, names=("easy", "x/ppo/best"))
        (folder / "evaluate.json").write_text(found.json_text(), "utf-8")
        facts = learning_facts(tmp_path)
        for text in (learning_text(facts), learning_section(tmp_path)):
            assert "cannot be told from" in text and "None" not in text and "nan" not in text
