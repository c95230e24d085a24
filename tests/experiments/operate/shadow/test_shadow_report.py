"""A log compared with RARE's alternative, and as a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rare.dataset
from experiments.operate.shadow.logged_scenario import scenario_record
from experiments.operate.shadow.shadow_dataset import shadow_dataset, shadow_dataset_text
from experiments.operate.shadow.shadow_log import LogCounts, read_log
from experiments.operate.shadow.shadow_report import _kwh, agreement, shadow_report, shadow_report_text
from rare.scenario.load import SHIPPED, Overrides, load_scenario
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


PLAIN = SHIPPED / "plain.toml"
SETTINGS = ["cluster.node.core_w=80"]


def observed_with(folder, scenario, settings=()):
    """A log of one large job that was observed with this scenario."""
    about = scenario_record(scenario, load_scenario(scenario, Overrides(settings=settings)), settings)
    made_log(folder, [(-600, 8, 10_000)], about=about)


def test_the_scenario_of_the_log_is_taken_with_its_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("plain.toml").write_text(PLAIN.read_text())
    made_log(tmp_path / "bare", [(-600, 8, 10_000)])
    observed_with(tmp_path / "log", "plain.toml", SETTINGS)
    bare, _ = shadow_report(str(tmp_path / "bare"), None)
    assert "Scenario: 'plain', for the log does not say which." in shadow_report_text(bare)
    monkeypatch.chdir("/")
    facts, page = shadow_report(str(tmp_path / "log"), None)
    assert facts.actual.draw_kwh > 2 * bare.actual.draw_kwh
    words = f"Scenario: '{tmp_path}/plain.toml' --set '{SETTINGS[0]}', that of the log."
    assert words in shadow_report_text(facts)
    assert "that of the log" in page.read_text()
    given, _ = shadow_report(str(tmp_path / "log"), None, scenario="plain")
    assert given.actual.draw_kwh == bare.actual.draw_kwh
    assert given.scenario == "'plain'"


def test_a_scenario_that_is_gone_is_asked_for(tmp_path):
    (tmp_path / "mine.toml").write_text(PLAIN.read_text())
    observed_with(tmp_path / "log", str(tmp_path / "mine.toml"))
    (tmp_path / "mine.toml").unlink()
    with pytest.raises(InputError, match=r"mine.toml', and that file is gone; give --scenario"):
        shadow_report(str(tmp_path / "log"), None)


@pytest.mark.parametrize("record", [7, {"name": "plain"}, {"name": "plain", "settings": [1], "folder": "/"}])
def test_a_log_that_was_changed_is_refused(tmp_path, record):
    made_log(tmp_path / "log", JOBS, about={"scenario": record})
    with pytest.raises(InputError, match="the log names a scenario in no known form; give --scenario"):
        shadow_report(str(tmp_path / "log"), None)


def test_a_dataset_takes_the_scenario_of_the_log_if_it_has_service_classes(tmp_path):
    for name, words in (
        ("islanded", "scenario: 'islanded', that of the log"),
        ("plain", "scenario: 'islanded', because that of the log has no service classes"),
    ):
        about = scenario_record(name, load_scenario(name), ())
        made_log(tmp_path / name, JOBS, about=about)
        sheet = shadow_dataset(str(tmp_path / name), str(tmp_path / f"{name}-ds"))
        assert words in shadow_dataset_text(sheet).splitlines()


def test_small_energies_have_three_digits():
    written = [_kwh(kwh) for kwh in (None, 0.0, 0.0012345, 0.0999, 0.1, 2.5, 12_345.6)]
    assert written == ["-", "0 Wh", "1.23 Wh", "99.9 Wh", "0.100 kWh", "2.500 kWh", "12,345.6 kWh"]


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
