"""A mean is of the wrong cells, an interval of too few or of dependent ones, or a failure is lost."""

import numpy as np
import pytest

from experiments.results.statistics import estimate, stratified
from experiments.sweep.pages.axis_levels import axes_of, cut_labels
from experiments.sweep.pages.sweep_report import ReportChoice, summary_frame
from experiments.sweep.pages.sweep_summary import SweepSummary, mean_of
from tests.experiments.sweep.pages.made_tables import made, noise
from traces.errors import InputError

NAMES = ("easy", "fcfs")


class TestMean:
    def test_by_hand(self):
        # 1, 2, 3, 6: mean 3, deviations -2 -1 0 3, variance 14 / 3; four are too few for an interval
        mean = mean_of(np.array([[1.0], [2.0], [3.0], [6.0]]))
        assert (mean.mean, mean.count, mean.low, mean.high) == (3.0, 4, None, None)
        assert mean.sd == pytest.approx((14 / 3) ** 0.5)

    def test_five_repetitions_have_the_interval_of_the_bootstrap(self):
        values = np.array([1.0, 2, 3, 6, 4])
        mean, expected = mean_of(values[:, None]), estimate(values)
        assert (mean.low, mean.high) == (expected.low, expected.high)

    def test_seeds_and_windows_are_resampled_together(self):
        values = np.random.default_rng(0).normal(size=(3, 4))
        mean, expected = mean_of(values), stratified([values[None]])
        assert (mean.low, mean.high) == (expected.low, expected.high)
        alone = estimate(values.ravel())
        assert (mean.low, mean.high) != (alone.low, alone.high)

    def test_a_hole_in_seeds_by_windows_leaves_the_mean_and_no_interval(self):
        values = np.arange(12.0).reshape(3, 4)
        values[1, 1] = np.nan
        mean = mean_of(values)
        assert (mean.mean, mean.count, mean.low) == (pytest.approx((66 - 5) / 11), 11, None)

    def test_a_window_without_any_number_is_no_hole(self):
        values = np.random.default_rng(1).normal(size=(3, 4))
        values[:, 2] = np.nan
        assert mean_of(values).low == stratified([values[None][:, :, [0, 1, 3]]]).low

    def test_one_and_none(self):
        assert mean_of(np.array([[7.0]])).sd is None
        assert mean_of(np.array([[np.nan]])).mean is None

    def test_excludes_zero(self):
        assert mean_of(np.array([[1.0, 2, 3, 2, 1]])).excludes_zero
        assert not mean_of(np.array([[-1.0, 2, -3, 2, 1]])).excludes_zero
        assert not mean_of(np.array([[1.0, 2]])).excludes_zero, "no interval, nothing to exclude"


class TestSummary:
    def test_the_frame_by_hand(self):
        table = made(
            {"scheduler": NAMES, "seed": range(3)},
            lambda point: point["seed"] + 10 * (point["scheduler"] == "fcfs"),
            failed=lambda point: point == {"scheduler": "easy", "seed": 2},
        )
        frame = summary_frame(table)
        assert list(frame.columns) == [
            "scheduler",
            "count",
            "failed",
            *(f"objective.{part}" for part in ("count", "mean", "sd", "low", "high")),
        ]
        easy, fcfs = frame.to_dict("records")
        assert (easy["count"], easy["failed"], easy["objective.mean"]) == (2, 1, 0.5)
        assert (fcfs["count"], fcfs["failed"], fcfs["objective.mean"], fcfs["objective.sd"]) == (3, 0, 11, 1)
        assert np.isnan(fcfs["objective.low"]), "three repetitions have no interval"

    def test_a_combination_that_failed_throughout_is_a_row_without_a_mean(self):
        table = made(
            {"scheduler": NAMES, "seed": range(2)},
            lambda point: 1.0,
            failed=lambda point: point["scheduler"] == "fcfs",
        )
        row = summary_frame(table).to_dict("records")[1]
        assert (row["scheduler"], row["count"], row["failed"]) == ("fcfs", 0, 2)
        assert np.isnan(row["objective.mean"])

    def test_the_same_table_gives_the_same_bytes(self):
        table = made({"scheduler": NAMES, "seed": range(8)}, noise)
        assert summary_frame(table).to_csv() == summary_frame(table).to_csv()
        assert not summary_frame(table)["objective.low"].isna().any()

    def test_a_chosen_metric_without_numbers_keeps_its_columns(self):
        table = made({"scheduler": NAMES, "seed": range(2)}, lambda point: 1.0)
        frame = summary_frame(table, ReportChoice(metrics=("objective", "grid_kwh")))
        assert frame["grid_kwh.mean"].isna().all() and (frame["grid_kwh.count"] == 0).all()

    def test_differences_are_paired(self):
        table = made(
            {"scheduler": NAMES, "seed": range(6)},
            lambda point: 100 * point["seed"] + (point["scheduler"] == "fcfs") * (1 + point["seed"] % 2),
            failed=lambda point: point == {"scheduler": "easy", "seed": 5},
        )
        gain = SweepSummary(table).difference("objective", ("fcfs",), ("easy",))
        assert (gain.mean, gain.count) == (pytest.approx((1 + 2 + 1 + 2 + 1) / 5), 5)
        assert gain.excludes_zero, "the seeds differ by hundreds, but both share them"

    def test_cells_that_were_not_run_are_counted(self):
        table = made(
            {"scheduler": NAMES, "seed": range(3)},
            lambda point: 1.0,
            skipped=lambda point: point["seed"] == 1,
        )
        assert SweepSummary(table).not_run == 2


class TestLevels:
    def test_numbers_are_in_order_and_words_as_they_come(self):
        table = made({"size": (4, 1, 2), "scheduler": ("sjf", "easy")}, lambda point: 1.0)
        axes = axes_of(table)
        assert axes["size"].levels == (1, 2, 4) and axes["scheduler"].levels == ("sjf", "easy")

    def test_a_level_that_only_failed_is_a_level(self):
        table = made(
            {"scheduler": NAMES}, lambda point: 1.0, failed=lambda point: point["scheduler"] == "fcfs"
        )
        assert axes_of(table)["scheduler"].levels == NAMES

    def test_a_missing_value_is_called_not_set(self):
        table = made({"case": (None, "big"), "scheduler": NAMES}, lambda point: 1.0)
        assert axes_of(table)["case"].labels == ("not set", "big")

    def test_files_are_called_by_their_last_part_where_that_is_distinct(self):
        table = made({"workload": ("/a/KTH.swf", "/b/HPC2N.swf")}, lambda point: 1.0)
        assert axes_of(table)["workload"].labels == ("KTH.swf", "HPC2N.swf")
        alike = made({"workload": ("/a/jobs.swf", "/b/jobs.swf")}, lambda point: 1.0)
        assert axes_of(alike)["workload"].labels == ("/a/jobs.swf", "/b/jobs.swf")

    @pytest.mark.parametrize("most", [8, 12, 20])
    def test_cut_labels_stay_distinct(self, most):
        labels = [f"a-long-name-{digit}-of-something-long" for digit in range(12)]
        cut = cut_labels(labels, most)
        assert len(set(cut)) == 12 and max(map(len, cut)) <= most


class TestChoice:
    @pytest.mark.parametrize(
        ("choice", "words"),
        [
            ({"metrics": ("objectiv",)}, "did you mean objective"),
            ({"metrics": ("estimates",)}, "is not a number"),
            ({"x": "seed"}, "is a repetition"),
            ({"x": "battery"}, "has no such axis; it has scheduler, size"),
            ({"x": "size", "panels": "size"}, "both 'size'"),
        ],
    )
    def test_a_wrong_wish_is_refused(self, choice, words):
        table = made({"scheduler": NAMES, "size": (1, 2), "seed": range(2)}, lambda point: 1.0)
        with pytest.raises(InputError, match=words):
            summary_frame(table, ReportChoice(**choice))

    def test_slowdown_counts_the_unfinished_where_runs_finish_different_jobs(self):
        def metrics(point):
            done = 5 if point["scheduler"] == "easy" else 4
            slowdowns = {"mean_bounded_slowdown": 2.0, "mean_bounded_slowdown_with_unfinished": 3.0}
            return {"jobs_completed": done if point["size"] == 2 else 5, **slowdowns}

        axes = {"scheduler": NAMES, "size": (1, 2)}
        unequal = summary_frame(made(axes, lambda point: None, metrics=metrics))
        assert "mean_bounded_slowdown_with_unfinished.mean" in unequal
        equal = summary_frame(made({**axes, "size": (1,)}, lambda point: None, metrics=metrics))
        assert "mean_bounded_slowdown.mean" in equal
