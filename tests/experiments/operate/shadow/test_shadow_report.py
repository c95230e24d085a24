"""A log compared with RARE's alternative, and as a dataset."""

from __future__ import annotations

import json

import pytest

import rare.dataset
from experiments.operate.shadow.shadow_dataset import shadow_dataset, shadow_dataset_text
from experiments.operate.shadow.shadow_log import LogCounts, read_log
from experiments.operate.shadow.shadow_report import agreement, shadow_report, shadow_report_text
from tests.experiments.operate.shadow.made_logs import BEGIN_S, made_log
from traces.errors import InputError

# submit after the begin, cores, run time; the last one has not ended when the log does
JOBS = [
    (-600, 4, 900),
    (-30, 6, 300),
    (40, 2, 200),
    (70, 4, 400),
    (100, 8, 300),
    (130, 2, 100),
    (1000, 1, 99999),
]


def test_the_scheduler_s_side_is_what_the_log_says(tmp_path):
    times = made_log(tmp_path / "log", JOBS)
    facts, page = shadow_report(str(tmp_path / "log"), None)
    waits = [times[str(name)][0] - BEGIN_S - JOBS[name - 1][0] for name in range(3, 8)]
    assert facts.actual.started == 5
    assert facts.actual.mean_wait_s == pytest.approx(sum(waits) / 5)
    assert (facts.jobs, facts.without_run_time, facts.actual.ended) == (7, 1, 6)
    assert facts.replay_off_s is not None and facts.replay_off_s[1] <= 5
    text = shadow_report_text(facts)
    assert "RARE's side is a simulation" in text
    html = page.read_text()
    assert "<h1>Shadow" in html and "simulation" in html
    assert json.loads((page.parent / "shadow.json").read_text())["polls"] == 60


def test_energy_is_the_scenario_s_figures_for_what_ran(tmp_path):
    made_log(tmp_path / "log", [(-600, 8, 10_000)], power_w=40.0)
    facts, _ = shadow_report(str(tmp_path / "log"), None)
    hours = 59 * 30 / 3600
    assert facts.actual.draw_kwh == pytest.approx(0.080 * hours, rel=1e-3)  # 4 nodes of 4 W, 8 cores of 8 W
    assert facts.actual.from_feed_kwh == pytest.approx(0.040 * hours, rel=1e-3)
    assert facts.feed_kwh == pytest.approx(0.040 * hours, rel=1e-3)
    assert facts.alternative.renewable_share == 1.0
    assert facts.alternative.draw_kwh < facts.actual.draw_kwh


def test_agreement_counts_starts_between_two_polls(tmp_path):
    made_log(tmp_path / "log", [(-600, 8, 615), (-30, 8, 300)], polls=4)
    found = agreement(list(read_log(tmp_path / "log", LogCounts())))
    assert (found.both, found.only_rare, found.only_scheduler, found.next_in_order) == (1, 0, 0, 1)


def test_without_power_nothing_is_said_of_it(tmp_path):
    made_log(tmp_path / "log", JOBS, power_w=None)
    facts, _ = shadow_report(str(tmp_path / "log"), None)
    assert facts.actual.renewable_share is facts.feed_kwh is None
    assert "nothing to say of power" in shadow_report_text(facts)


def test_too_little_is_refused(tmp_path):
    made_log(tmp_path / "log", JOBS, polls=1)
    with pytest.raises(InputError, match="fewer than two polls"):
        shadow_report(str(tmp_path / "log"), None)


def test_a_log_becomes_a_dataset_of_the_scheduler_s_actions(tmp_path):
    made_log(tmp_path / "log", JOBS)
    sheet = shadow_dataset(str(tmp_path / "log"), str(tmp_path / "ds"))
    assert (sheet["episodes"], sheet["pieces"]) == (1, 1)
    (episode,) = rare.dataset.load(str(tmp_path / "ds-v0"))
    starts = int((episode.actions > 0).sum())
    assert starts == 6  # all but the one that ran when the log began
    assert "1 episodes of 1 pieces" in shadow_dataset_text(sheet)


def test_pieces_of_a_long_log(tmp_path):
    made_log(tmp_path / "log", JOBS)
    sheet = shadow_dataset(str(tmp_path / "log"), str(tmp_path / "ds"), hours=0.2)
    assert sheet["pieces"] == 3
    assert sheet["dropped"]["never_started"] == 0


def test_starts_outside_of_the_slots_are_counted(tmp_path):
    made_log(tmp_path / "log", [(10 + 2 * place, 2, 200) for place in range(12)])
    sheet = shadow_dataset(str(tmp_path / "log"), str(tmp_path / "ds"), queue_slots=1)
    assert sheet["dropped"]["started_unseen"] > 0


def test_a_dataset_needs_values(tmp_path):
    made_log(tmp_path / "log", JOBS)
    with pytest.raises(InputError, match="no job has a value"):
        shadow_dataset(str(tmp_path / "log"), str(tmp_path / "ds"), scenario="plain")
