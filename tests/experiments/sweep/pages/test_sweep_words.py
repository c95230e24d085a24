"""The page or the terminal names the wrong winner, or calls an order stable that is not."""

import re

import numpy as np
import pytest
from scipy.stats import kendalltau

from experiments.sweep.pages.sweep_report import ReportChoice
from experiments.sweep.pages.sweep_text import sweep_text
from experiments.sweep.pages.sweep_view import SweepView, kendall_matrix, rank_agreement
from experiments.sweep.pages.sweep_words import interval_words, sentences, tau_by_axis, title
from rare.metric_catalogue import METRICS
from tests.experiments.sweep.pages.made_tables import made, noise

NAMES = ("easy", "fcfs", "sjf")
OBJECTIVE = METRICS["objective"]
RANK = {"easy": 0.5, "fcfs": 0.3, "sjf": 0.6}


def view_of(table, **choice):
    return SweepView(table, ReportChoice(**choice))


def reversed_in(axis, level):
    """Objectives by RANK, and the other way round at one level of an axis."""

    def objective(point):
        sign = -1 if point.get(axis) == level else 1
        return sign * RANK[point["scheduler"]] + noise(point, 0.001)

    return objective


class TestWinner:
    def test_the_best_of_one_group_and_its_lead(self):
        best, lead, *_ = sentences(view_of(made({"scheduler": NAMES, "seed": range(6)}, reversed_in("", ""))))
        assert best.startswith("sjf has the best mean objective: 0.6")
        assert lead.startswith("The difference to easy, the second, is +0.100") and "excludes 0" in lead

    def test_within_chance_is_said(self):
        table = made({"scheduler": NAMES, "seed": range(8)}, lambda point: noise(point, 1.0))
        assert "within chance" in sentences(view_of(table))[1]

    def test_lower_is_better_where_the_metric_says_so(self):
        table = made(
            {"scheduler": NAMES, "seed": range(6)},
            lambda point: None,
            metrics=lambda point: {"mean_wait_s": 3600 * (1 + RANK[point["scheduler"]])},
        )
        text = sentences(view_of(table, metrics=("mean_wait_s",)))[0]
        assert text.startswith("fcfs has the best mean wait: 78.0 min")

    def test_wins_are_counted_by_group(self):
        axes = {"supply": ("CISO", "ERCOT", "DK1"), "scheduler": NAMES, "seed": range(5)}
        view = view_of(made(axes, reversed_in("supply", "DK1")))
        assert sentences(view)[0] == "Best mean objective in 3 cases (supply): sjf in 2, fcfs in 1."
        sure = "The difference of the best to the second, paired by repetition, excludes 0 in 3 of 3 cases."
        assert sentences(view)[1] == sure
        assert title(view, OBJECTIVE) == "sjf is best in 2 of 3"

    def test_one_winner_of_all(self):
        view = view_of(made({"supply": ("a", "b"), "scheduler": NAMES}, reversed_in("", "")))
        assert sentences(view)[0] == "sjf has the best mean objective in all 2 cases (supply)."

    def test_equal_means_share_the_win(self):
        table = made(
            {"scheduler": NAMES, "seed": range(2)}, lambda point: float(point["scheduler"] != "fcfs")
        )
        assert sentences(view_of(table))[0] == "easy and sjf share the best mean objective: 1.000."

    def test_the_best_place_of_a_sweep_without_schedulers(self):
        table = made({"hours": (1, 2, 4), "seed": range(6)}, lambda point: point["hours"] / 10 + noise(point))
        assert "at hours 4." in sentences(view_of(table))[0]

    def test_a_metric_without_a_direction_ranks_nothing(self):
        table = made(
            {"scheduler": NAMES}, lambda point: 1.0, metrics=lambda point: {"energy_kwh": noise(point)}
        )
        view = view_of(table, metrics=("energy_kwh",))
        assert "nothing is ranked" in sentences(view)[0] and title(view, METRICS["energy_kwh"]) == ""

    def test_nothing_finished(self):
        table = made({"scheduler": NAMES}, lambda point: 1.0, failed=lambda point: True)
        assert sentences(view_of(table))[0].startswith("No cell has finished")

    def test_a_metric_without_numbers_is_named(self):
        table = made({"scheduler": NAMES}, lambda point: None)
        assert "No cell has a number for mean bounded slowdown" in " ".join(sentences(view_of(table)))


class TestOrder:
    def test_tau_is_scipys(self):
        rng = np.random.default_rng(3)
        scores = rng.integers(0, 4, (5, 9)).astype(float)  # with ties
        scores[1, 2] = scores[3, 4] = np.nan
        matrix = kendall_matrix(scores)
        for one in range(5):
            for other in range(5):
                known = ~np.isnan(scores[one] + scores[other])
                expected = kendalltau(scores[one][known], scores[other][known]).statistic
                assert matrix[one, other] == pytest.approx(expected)

    def test_the_same_order_everywhere_is_said(self):
        table = made({"supply": ("a", "b"), "scheduler": NAMES, "seed": range(3)}, reversed_in("", ""))
        assert "The order of the schedulers is the same in all cases." in sentences(view_of(table))

    def test_a_reversed_order_has_tau_minus_one(self):
        table = made({"supply": ("a", "b"), "scheduler": NAMES, "seed": range(3)}, reversed_in("supply", "b"))
        text = sentences(view_of(table))[1]
        assert text.startswith("The order of the schedulers depends on the case") and "is −1.00;" in text

    def test_the_axis_that_turns_the_order_is_named(self):
        axes = {"workload": ("KTH", "HPC2N"), "supply": ("a", "b"), "scheduler": NAMES, "seed": range(3)}
        view = view_of(made(axes, reversed_in("workload", "HPC2N")))
        assert tau_by_axis(view, rank_agreement(view, OBJECTIVE)) == {"workload": -1.0, "supply": 1.0}
        assert "Where one axis alone differs: workload −1.00, supply 1.00." in sentences(view)[1]


class TestWhatWasRun:
    def test_axes_cells_and_failures(self):
        axes = {"scenario": ("tiny",), "supply": ("a", "b"), "scheduler": NAMES, "seed": range(3)}
        table = made(
            axes,
            reversed_in("", ""),
            failed=lambda point: (point["supply"], point["seed"], point["scheduler"]) == ("a", 0, "fcfs"),
            skipped=lambda point: (point["supply"], point["seed"]) == ("b", 2),
        )
        varied, counts = sentences(view_of(table))[-2:]
        assert "supply (a, b); scheduler (easy, fcfs, sjf)" in varied and "scenario tiny" in varied
        assert counts.startswith("18 cells: 14 finished, 1 failed, 3 not run. In 1 combination some")

    @pytest.mark.parametrize(
        ("axes", "words"),
        [
            ({}, "ran once"),
            ({"seed": range(3)}, "at most 3 repetitions"),
            ({"seed": range(5)}, "BCa"),
            ({"seed": range(3), "window": ("w1", "w2")}, "draws both"),
        ],
    )
    def test_what_the_intervals_mean(self, axes, words):
        table = made({"scheduler": NAMES, **axes}, noise, replicates=("seed", "window"))
        assert words in interval_words(view_of(table))


class TestText:
    def test_best_first_with_intervals(self):
        lines = sweep_text(made({"scheduler": NAMES, "seed": range(6)}, reversed_in("", ""))).splitlines()
        head = next(place for place, line in enumerate(lines) if line.startswith("scheduler"))
        heading = ["scheduler", "objective", "95 % interval", "difference to easy", "95 % interval", "runs"]
        assert re.split(" {2,}", lines[head].strip()) == heading
        assert [line.split()[0] for line in lines[head + 1 :]] == ["sjf", "easy", "fcfs"]
        best, base = (re.split(" {2,}", lines[place].strip()) for place in (head + 1, head + 2))
        assert " to " in best[2] and " to " in best[4] and best[5] == "6"
        assert best[3].startswith("+0.1") and base[3:5] == ["-", "-"]

    def test_of_many_the_best_and_the_worst_with_a_count(self):
        names = [f"s{place:02d}" for place in range(30)]
        table = made(
            {"supply": ("a", "b"), "scheduler": names, "seed": range(2)},
            lambda point: int(point["scheduler"][1:]),
        )
        text = sweep_text(table)
        assert text.count("… 13 between") == 2  # 20 rows for each of two groups: 13 best, 4 worst
        rows = [line for line in text.splitlines() if line.startswith(("a ", "b "))]
        assert all("s29" in row for row in rows) and "s00" in text and "s10" not in text

    def test_many_groups_are_cut_and_counted(self):
        axes = {"workload": [f"w{place}" for place in range(25)], "scheduler": NAMES}
        assert "… and 15 more of workload: summary.csv has everything" in sweep_text(made(axes, noise))

    @pytest.mark.parametrize("width", [50, 80, 120])
    def test_it_fits_the_terminal(self, width):
        axes = {"workload": ("KTH-SP2", "HPC2N"), "plant.scale": (1, 2), "scheduler": NAMES, "seed": range(6)}
        table = made(axes, noise, metrics=lambda point: {"renewable_share": 0.5 + noise(point)})
        assert max(map(len, sweep_text(table, width).splitlines())) <= width

    def test_failures_are_listed_and_counted(self):
        table = made(
            {"scheduler": NAMES, "seed": range(4)}, noise, failed=lambda point: point["scheduler"] != "easy"
        )
        text = sweep_text(table)
        assert "failed: 8" in text and "scheduler fcfs, seed 0: no job has a value" in text
        assert "and 3 more" in text and "0 of 4" in text

    def test_no_control_character_reaches_the_terminal(self):
        table = made({"scheduler": ("easy", "\x1b[2J"), "seed": (0, 1)}, noise, name="\x1b]0;x\x07")
        assert "\x1b" not in sweep_text(table)
