"""The catalogue and a simulation have the same metrics; what is said of each metric agrees with itself."""

import pytest

from docs.scripts.metrics_page import PAGE, refreshed
from experiments.evaluation.evaluation_table import SHARE, TOTALS
from experiments.report import metric_tables, narrative, terminal_table
from experiments.results.ranking import OF_COMPLETED
from experiments.results.window_results import ADDED, COLUMNS, POOLED
from experiments.runs import simulate_run
from rare.metric_catalogue import CATALOGUE, METRICS, Adds, Form, catalogued
from rare.metric_definitions import DEFINITIONS, NULL_CONDITIONS

SHARES = {
    "utilization", "busy_share", "renewable_share", "renewable_utilization", "objective", "objective_parts",
    "grid_event_depth", "least_class_served_share", "mean_user_served_share", "lowest_user_served_share",
}  # fmt: skip


def test_every_metric_of_a_simulation_is_in_the_catalogue_and_the_reverse():
    assert simulate_run("easy", scenario="tiny")["metrics"].keys() == METRICS.keys()


def test_a_metric_that_the_catalogue_lacks_is_a_bug_that_shows():
    with pytest.raises(AssertionError, match="metrics and catalogue differ in new_metric"):
        catalogued({**dict.fromkeys(METRICS), "new_metric": 1.0})
    with pytest.raises(AssertionError, match="differ in objective"):
        catalogued({key: 0 for key in METRICS if key != "objective"})


def test_keys_are_unique_and_every_metric_is_defined():
    assert len(METRICS) == len(CATALOGUE)
    assert METRICS.keys() == DEFINITIONS.keys()
    used = {word for metric in CATALOGUE for word in metric.null_when.split(", ")}
    assert used == {word for condition in NULL_CONDITIONS for word in condition.split(", ")}


def test_no_share_mean_or_extreme_is_ever_summed():
    summed = {metric.key for metric in CATALOGUE if metric.adds is Adds.SUM}
    assert not summed & SHARES
    assert not [key for key in summed if key.startswith(("mean_", "median_", "p95_", "max_"))]
    assert not {"makespan_s", "jobs_per_s", "estimates"} & summed
    assert {metric.key for metric in CATALOGUE if metric.form in (Form.SHARE, Form.SCORE)} <= SHARES


def test_a_mean_is_weighed_by_a_metric_that_adds_up():
    weighers = {metric.weighed_by for metric in CATALOGUE} - {""}
    assert weighers and all(METRICS[key].adds is Adds.SUM for key in weighers)
    assert all(metric.adds is Adds.MEAN for metric in CATALOGUE if metric.weighed_by)


def test_totals_of_an_evaluation_follow_the_catalogue():
    assert {METRICS[key].adds for key in (*ADDED, *TOTALS)} == {Adds.SUM}
    assert POOLED == ("mean_wait_s", "mean_bounded_slowdown", "renewable_share")
    alone = {"objective", "busy_share", "renewable_utilization", "lowest_class_wait_s"}
    assert set(COLUMNS) - set(ADDED) - set(POOLED) == alone
    assert METRICS[SHARE].adds is Adds.MEAN


def test_every_table_names_metrics_of_the_catalogue():
    placed = {key for _, keys in (*metric_tables.GROUPS, *terminal_table.SINGLE) for key in keys}
    placed |= {*terminal_table.COMPARED, *terminal_table.QUIET_WHERE_NARROW, *narrative.BESIDE_BASELINE}
    placed |= metric_tables.NOT_COMPARED | metric_tables.OF_ALL | OF_COMPLETED
    assert placed <= METRICS.keys()


def test_names_of_a_metric_follow_from_its_label():
    wait, late, grid = METRICS["mean_wait_s"], METRICS["qos_violations"], METRICS["grid_kwh"]
    assert (wait.words, wait.line_name, wait.column_name) == ("mean wait", "mean wait", "mean wait")
    assert (late.words, late.line_name, late.column_name) == ("missed deadlines", "late jobs", "late")
    assert (grid.words, grid.line_name, grid.column_name) == ("grid import", "from the grid", "grid")
    units = {key: METRICS[key].report_unit for key in ("mean_wait_s", "busy_share", "objective", "kills")}
    expected = {
        "mean_wait_s": "h",
        "busy_share": "% of the run",
        "objective": "of value offered",
        "kills": "",
    }
    assert units == expected


def test_the_page_of_metrics_is_what_the_catalogue_says():
    text = PAGE.read_text(encoding="utf-8")
    assert text == refreshed(text), "write it again: python -m docs.scripts.metrics_page"
    assert all(f"| `{key}` |" in text for key in METRICS)
