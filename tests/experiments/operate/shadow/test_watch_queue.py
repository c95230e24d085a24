"""Observing and advising: what fails is logged and survived, and advice is told once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from experiments.operate.shadow.advice import Adviser
from experiments.operate.shadow.first_opinion import WrongSetup
from experiments.operate.shadow.opinion_types import Opinion, power_text
from experiments.operate.shadow.polls import Poller
from experiments.operate.shadow.shadow_log import LogCounts, ShadowLog, read_log
from experiments.operate.shadow.sources.power_feed import FeedOptions, PowerReading, power_feed
from experiments.operate.shadow.sources.slurm_source import CommandSource
from experiments.operate.shadow.watch_queue import Watch, pause_s
from traces.errors import InputError


class Seen:
    """A watch of some polls, and what came of it."""

    def __init__(self, slurm, folder, feed=None, opinion=lambda poll: Opinion("easy")):
        self.notes, self.told, self.naps = [], [], []
        source = CommandSource(slurm.words("squeue"), slurm.words("sinfo"))
        self.watch = Watch(
            Poller(source, feed), opinion, ShadowLog(folder), self.told.extend, self.notes.append, 5.0
        )
        self.watch.sleep = self.naps.append

    def polls(self, count, between=lambda number: None):
        def nap(seconds):
            self.naps.append(seconds)
            between(len(self.naps))
            if len(self.naps) == count:
                raise KeyboardInterrupt

        self.watch.sleep = nap
        with pytest.raises(KeyboardInterrupt):
            self.watch.run()
        return self


def test_a_lost_controller_is_survived_with_pauses_that_grow(slurm_file, tmp_path):
    def between(number):
        slurm_file.change(down=1 <= number <= 3)

    seen = Seen(slurm_file, tmp_path).polls(5, between)
    due_s = [round(nap) for nap in seen.naps]  # no time passes here, so that pauses add up
    assert [later - earlier for earlier, later in zip([0, *due_s], due_s, strict=False)] == [5, 10, 20, 40, 5]
    counts = LogCounts()
    assert len(list(read_log(tmp_path, counts))) == 2
    assert counts.skipped == 3
    assert all("Unable to contact slurm controller" in note for note in seen.notes)


def test_pauses_have_an_end():
    assert [pause_s(30, failed) for failed in (0, 1, 2, 9, 10**6)] == [30, 60, 120, 600, 600]
    assert pause_s(3600, 3) == 3600


def test_what_the_scheduler_did_is_logged_without_power_and_without_an_opinion(slurm_file, tmp_path):
    feed = power_feed(str(tmp_path / "none.txt"), FeedOptions())
    slurm_file.job(1)
    seen = Seen(slurm_file, tmp_path, feed).polls(2, lambda number: slurm_file.job(1, "RUNNING"))
    (change,) = list(read_log(tmp_path, LogCounts()))[1].did
    assert change.what == "started"
    assert [note.split(":")[0] for note in seen.notes[:2]] == ["no power", "no opinion"]

    def refuses(poll):
        raise InputError("the scenario does not fit")

    seen = Seen(slurm_file, tmp_path, None, refuses).polls(1)
    assert seen.notes == ["no opinion: the scenario does not fit"]


def test_the_setup_is_checked_at_the_first_look_alone(slurm_file, tmp_path):
    checked = []

    def refuses(poll):
        checked.append(poll)
        raise WrongSetup("nothing fits")

    seen = Seen(slurm_file, tmp_path)
    seen.watch.check = checked.append
    slurm_file.change(down=True)
    seen.polls(3, lambda number: slurm_file.change(down=False))
    assert len(checked) == 1  # a controller that is not there is survived, and the setup checked after it
    seen = Seen(slurm_file, tmp_path / "none")
    seen.watch.check = refuses
    with pytest.raises(WrongSetup):
        seen.watch.run()
    assert not (tmp_path / "none").exists()  # nothing is logged


def test_nothing_is_ever_asked_of_scontrol(slurm_file, tmp_path):
    slurm_file.job(1)
    Seen(slurm_file, tmp_path, None, lambda poll: Opinion("easy", holds={"1": "no power"})).polls(3)
    assert {call[0] for call in slurm_file.state["calls"]} == {"squeue"}


def test_advice_is_told_when_it_is_new(slurm_file, tmp_path):
    for name in (1, 2):
        slurm_file.job(name)
    poller = Poller(CommandSource(slurm_file.words("squeue"), slurm_file.words("sinfo")))
    poll, adviser = poller.poll(), Adviser()
    holds = Opinion(
        "easy",
        holds={"1": "short", "2": "short"},
        supply_w=30,
        draw_w=90,
        expected_start_s={"1": 1_796_040_000},
    )
    (line,) = [one.as_dict() for one in adviser.advice(poll, holds)]
    assert (line["kind"], line["jobs"], line["partition"], line["why"]) == (
        "hold",
        ["1", "2"],
        "main",
        "short",
    )
    assert line["expected_start"] == {"1": "2026-11-30T12:00:00Z"}
    assert (line["supply_w"], line["draw_w"]) == (30, 90)
    aged = replace(poll, read_s=poll.snapshot.taken_s + 2)
    slow = replace(holds, simulate_s=31.0)
    (line,) = [one.as_dict() for one in Adviser().advice(aged, slow)]
    assert line["snapshot_age_s"] == 33.0
    assert line["sure"].startswith("queue 33 s old; no power feed; ")
    fed = replace(aged, power=PowerReading(45.0, None, 1000.0, 1007.0))
    (line,) = [one.as_dict() for one in Adviser().advice(fed, slow)]
    assert line["sure"].startswith("queue 33 s old; power 40 s old; ")
    assert adviser.advice(poll, holds) == []
    lines = adviser.advice(poll, Opinion("easy", starts=("2",), supply_w=5000, draw_w=90))
    assert [(one.kind, one.jobs) for one in lines] == [("start", ("2",)), ("release", ("1",))]
    assert json.dumps(lines[0].as_dict())


def test_power_in_words():
    assert [power_text(watts) for watts in (0, 3, 21.5, 950, 1500, 12_500, 2e6)] == [
        "0 W", "3 W", "21.5 W", "950 W", "1.5 kW", "12.5 kW", "2,000 kW",
    ]  # fmt: skip
