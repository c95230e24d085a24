"""Runs that completed different jobs are compared as if they had completed the same."""

import re

import numpy as np
import pytest

from experiments.figures import best_place, objective_parts, slowdown_curve
from experiments.figures.drawing import style
from experiments.report.metric_tables import compare_table, run_table
from experiments.report.narrative import compare_sentences, run_sentences
from experiments.report.terminal_table import compare_text, run_text
from experiments.results.ranking import not_arrived, order, same_jobs_done, slowdown_key, with_arrivals
from experiments.results.run_folder import load_compare, load_run
from tests.experiments.fake_runs import fake_compare, fake_run

CUT = {"jobs_submitted": 100, "jobs_unfinished": 60, "jobs_not_arrived": 50, "jobs_completed": 40}


def result(name, **metrics):
    return {"scheduler": name, "seed": 0, "scenario": "s", "ended": "supply_end", "metrics": metrics}


@pytest.fixture
def cut(tmp_path):
    """Two runs without values that the supply cut off after different numbers of jobs."""
    compare = load_compare(fake_compare(tmp_path / "c", {"few": 1, "many": 3}, 40, values=False))
    few, many = (each["metrics"] for each in compare.results)
    many |= {**CUT, "jobs_completed": 40, "mean_bounded_slowdown_with_unfinished": 5.0, "makespan_s": 9000}
    few |= {**CUT, "jobs_completed": 10, "mean_bounded_slowdown_with_unfinished": 90.0, "makespan_s": 100}
    few |= {"jobs_unfinished": 90, "mean_wait_with_unfinished_s": 5.0, "mean_bounded_slowdown": 1.0}
    many |= {"mean_wait_with_unfinished_s": 3.0, "mean_bounded_slowdown": 4.0}
    return compare


class TestRanking:
    def test_unfinished_jobs_count_where_they_differ(self, cut):
        runs = [each["metrics"] for each in cut.results]
        assert not same_jobs_done(runs)
        assert slowdown_key(runs) == "mean_bounded_slowdown_with_unfinished"
        assert order(runs) == [1, 0] and best_place(cut) == 1
        assert compare_sentences(cut)[0].startswith(
            "Of 2 schedulers, many had the lowest mean bounded slowdown ("
        )

    def test_the_objective_comes_first_and_missing_ones_last(self):
        assert order([{}, {"objective": -1.0}, {"objective": 0.5}]) == [2, 1, 0]
        assert order([{"mean_bounded_slowdown": 3.0}, {}, {"mean_bounded_slowdown": 2.0}]) == [2, 0, 1]

    def test_jobs_that_never_came_are_counted_apart(self):
        assert not_arrived({}) == 0 and not_arrived({"jobs_not_arrived": 9, "jobs_unfinished": 4}) == 4
        assert with_arrivals(CUT)["jobs_unfinished"] == 10
        assert with_arrivals({"jobs_unfinished": 3})["jobs_unfinished"] == 3


class TestTables:
    def bold(self, compare):
        """Keys of the columns that hold a bold cell, by heading."""
        found = set()
        for table in re.findall(r"<table.*?</table>", compare_table(compare)):
            heads = re.findall(r"<button[^>]*>([^<]+)", table)
            for row in re.findall(r"<tr><th scope=\"row\".*?</tr>", table):
                cells = re.findall(r"<td.*?</td>", row)
                found |= {heads[place + 1] for place, cell in enumerate(cells) if "<b>" in cell}
        return found

    def test_no_best_among_means_over_different_jobs(self, cut):
        bold = self.bold(cut)
        assert "Completed" in bold and "Bounded slowdown, with unfinished" in bold
        assert not {"Makespan", "Wait, mean", "Wait, median", "Bounded slowdown, mean", "Utilization"} & bold
        assert "different numbers of jobs" in compare_table(cut)

    def test_the_best_is_bold_where_all_did_the_same(self, cut):
        for each in cut.results:
            each["metrics"] |= {"jobs_completed": 10}
        assert {"Makespan", "Bounded slowdown, mean"} <= self.bold(cut)

    def test_not_arrived_stands_apart(self, cut, tmp_path):
        text = compare_text({"scenario": "s", "results": [result("a", **CUT), result("b", **CUT)]})
        head, row = (line.split("  ") for line in text.splitlines()[1:3])
        assert [cell.strip() for cell in head if cell.strip()][-2:] == ["unfinished", "not arrived"]
        assert [cell.strip() for cell in row if cell.strip()][-2:] == ["10", "50"]
        one = run_text(result("a", **CUT))
        assert re.search(r"unfinished +10\n", one) and re.search(r"not arrived by the end +50$", one)
        assert "not arrived" not in run_text(result("a", jobs_unfinished=3))
        assert re.search(r"Not arrived</th><td class=\"num\">50<", run_table(CUT))
        assert "Not arrived" in compare_table(cut)

    def test_the_order_shown_is_the_order_sorted_by(self, cut):
        text = compare_text({"scenario": "s", "results": cut.results})
        assert "with unfinished" in text and text.index("many") < text.index("few ")

    def test_words(self, tmp_path):
        run = load_run(fake_run(tmp_path / "r"))
        run.result["metrics"] = dict(CUT)
        assert "(10 not finished, 50 not arrived by the end of the run)" in run_sentences(run)[0]


class TestSlowdownFigure:
    def title(self, curves):
        with style.drawing():
            return slowdown_curve._draw(curves)._suptitle.get_text()

    def curve(self, name, median, done, admitted=10):
        return name, np.full(done, float(median)), admitted

    def test_the_lowest_median_is_named_only_where_there_is_one(self):
        assert "a has the lowest median" in self.title([self.curve("a", 2, 10), self.curve("b", 3, 10)])
        tie = self.title([self.curve("a", 2, 10), self.curve("b", 2, 10), self.curve("c", 5, 10)])
        assert "a, b share the lowest median" in tie
        none = self.title([self.curve("a", 2, 3), self.curve("b", 3, 3)])
        assert "lowest" not in none and "no scheduler completed half" in none
        assert "lowest" not in self.title([self.curve("a", 2, 10), self.curve("b", 2, 10)])

    def test_jobs_that_never_came_are_no_part_of_the_whole(self, tmp_path):
        run = load_run(fake_run(tmp_path / "r", 40))
        _, before = slowdown_curve.bounded_slowdown(run)
        run.jobs.loc[run.jobs.index[-6:], "status"] = "unfinished"
        run.result["metrics"] |= {"jobs_not_arrived": 5, "jobs_unfinished": 8}
        _, admitted = slowdown_curve.bounded_slowdown(run)
        assert admitted == len(run.jobs) - int(run.jobs["status"].eq("rejected").sum()) - 5 <= before


class TestWaitingFigure:
    def draw(self, tmp_path, values):
        compare = load_compare(fake_compare(tmp_path / "c", dict.fromkeys(values, 1), 20, values=False))
        for each, slow in zip(compare.results, values.values(), strict=True):
            each["metrics"] = {"mean_bounded_slowdown": slow, "mean_wait_s": slow * 60, "jobs_completed": 5}
        with style.drawing():
            figure = objective_parts.draw(compare)
            figure.canvas.draw()
        return figure

    def test_a_logarithmic_axis_has_few_plain_numbers(self, tmp_path):
        figure = self.draw(tmp_path, {"a": 3.0, "b": 900.0, "c": 2.0e6})
        assert figure.axes
        for axes in figure.axes:
            labels = [each for each in axes.get_xticklabels(which="both") if each.get_text()]
            texts = [each.get_text() for each in labels]
            assert 2 <= len(texts) <= 9 and not any("$" in text or "mathdefault" in text for text in texts)
            boxes = [each.get_window_extent() for each in labels]
            low, high = axes.get_window_extent().x0, axes.get_window_extent().x1
            boxes = sorted(
                (box for box in boxes if low <= box.x0 and box.x1 <= high + 20), key=lambda box: box.x0
            )
            assert all(one.x1 < other.x0 for one, other in zip(boxes, boxes[1:], strict=False))

    def test_the_title_claims_no_more_than_it_shows(self, tmp_path):
        assert "a has the lowest" in self.draw(tmp_path / "1", {"a": 3.0, "b": 9.0})._suptitle.get_text()
        assert "a, b share" in self.draw(tmp_path / "2", {"a": 3.0, "b": 3.0, "c": 4.0})._suptitle.get_text()


def test_powers_of_ten_are_written_out_or_raised():
    shown = [style.plain_power(value) for value in (0.01, 1, 1000, 1e5, 1e6, 1e12)]
    assert shown == ["0.01", "1", "1,000", "100,000", "10⁶", "10¹²"]


def test_costs_too_small_for_their_bar_are_written_beside_it(tmp_path):
    compare = load_compare(fake_compare(tmp_path / "c", {"a": 1, "b": 2}, 20))
    for each in compare.results:
        parts = {"value": 0.9, "penalties": 0, "grid_cost": 0.0123, "carbon_cost": 0.0002}
        each["metrics"] = {"objective": 0.8875, "objective_parts": parts}
    with style.drawing():
        texts = [text.get_text() for text in objective_parts.draw(compare).axes[0].texts]
    assert {"−0.012", "−0.0002", "0.900", "0.887"} & set(texts) >= {"−0.012", "−0.0002", "0.900"}
