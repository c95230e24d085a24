"""What is held and suspended: whose jobs, how many, how often, for how long."""

from __future__ import annotations

import time

import pytest

from experiments.operate.shadow.acting.actor import ActLimits, Actor
from experiments.operate.shadow.acting.allow_list import AllowList
from experiments.operate.shadow.acting.held_jobs import LONGEST, Journal
from experiments.operate.shadow.opinion_types import Opinion
from experiments.operate.shadow.polls import Poller
from experiments.operate.shadow.sources.slurm_source import CommandSource

ANN = AllowList(users=frozenset(["ann"]))
BOTH = AllowList(users=frozenset(["ann"]), actions=frozenset(["hold", "suspend"]))


class Case:
    """An actor beside a fake Slurm."""

    def __init__(self, slurm, tmp_path, allowed=ANN, **limits):
        self.slurm, self.notes = slurm, []
        self.journal = Journal(tmp_path / "journal.jsonl")
        self.actor = Actor(self.journal, slurm.commands, allowed, ActLimits(**limits), self.notes.append)
        self.poller = Poller(CommandSource(slurm.words("squeue"), slurm.words("sinfo")))

    def follow(self, holds=(), suspends=(), starts=()):
        opinion = Opinion("easy", starts=starts, suspends=suspends, holds=dict.fromkeys(holds, "no power"))
        self.actor.follow(self.poller.poll(), opinion)
        return self.slurm.held()


@pytest.fixture
def case(slurm_file, tmp_path):
    for name in range(1, 5):
        slurm_file.job(name)
    slurm_file.job(5, "RUNNING")
    return Case(slurm_file, tmp_path)


def test_it_holds_what_rare_would_hold_and_lets_it_go_again(case):
    assert case.follow(holds=["1", "2"]) == {"1", "2"}
    assert case.slurm.state["jobs"]["1"]["admin_comment"].startswith("rare-shadow:")
    assert case.follow(holds=["2"]) == {"2"}
    assert case.follow() == set()
    assert case.slurm.state["jobs"]["2"]["admin_comment"] == ""
    assert case.journal.held() == []


def test_every_action_is_in_the_journal_before_it_is_done(case, monkeypatch):
    def fails(*words):
        raise AssertionError(case.journal.records()[-1])

    monkeypatch.setattr("experiments.operate.shadow.acting.slurm_answers.SlurmCommands.put_off", fails)
    with pytest.raises(AssertionError, match=r"'intend', 'action': 'hold', 'job': '1'"):
        case.follow(holds=["1"])


def test_nothing_is_done_where_the_journal_cannot_be_written(case, monkeypatch):
    def full(**record):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(case.journal, "write", full)
    with pytest.raises(OSError, match="No space"):
        case.follow(holds=["1"])
    assert case.slurm.held() == set()


def test_jobs_outside_the_allow_list_are_never_touched(case):
    case.slurm.job(1, user_name="bob")
    case.slurm.job(2, user_name="root")
    case.slurm.job(3, resv_name="maintenance")
    case.slurm.job(6, deadline=int(time.time()) + 9000)
    case.slurm.job(7, batch_flag=False)
    assert case.follow(holds=["1", "2", "3", "4", "6", "7"]) == {"4"}


def test_a_job_that_its_user_holds_or_delays_is_never_touched(case):
    case.slurm.job(1, state_reason="JobHeldUser", priority=0)
    case.slurm.job(2, eligible_time=int(time.time()) + 50, state_reason="BeginTime")
    case.follow(holds=["1", "2"])
    assert case.slurm.asked("update") == []


def test_a_job_that_its_user_releases_is_not_held_again(case):
    case.follow(holds=["1"])
    case.slurm.commands.let_go("1", False)
    assert case.follow(holds=["1"]) == set()
    assert case.follow(holds=["1"]) == set()
    assert "job 1 is no longer held by us: not ours any more" in case.notes


def test_a_job_that_its_user_releases_and_that_starts_is_not_suspended(slurm_file, case, tmp_path):
    both = Case(slurm_file, tmp_path, BOTH)
    both.follow(holds=["1"])
    slurm_file.job(1, "RUNNING", admin_comment="rare-shadow:1")
    assert both.follow(suspends=["1"]) == set()
    assert "job 1 is no longer held by us: released by somebody else" in both.notes


def test_running_jobs_are_suspended_only_where_the_list_says_so(case, slurm_file, tmp_path):
    assert case.follow(suspends=["5"]) == set()
    both = Case(slurm_file, tmp_path, BOTH)
    assert both.follow(suspends=["5"]) == {"5"}
    assert both.follow(suspends=[]) == {"5"}  # until RARE would resume it
    assert both.follow(starts=("5",)) == set()
    assert slurm_file.state["jobs"]["5"]["admin_comment"] == ""


def test_no_more_jobs_are_held_than_allowed(slurm_file, case, tmp_path):
    few = Case(slurm_file, tmp_path, most_held=2)
    assert few.follow(holds=["1", "2", "3"]) == {"1", "2"}
    assert few.follow(holds=["2", "3"]) == {"2", "3"}


def test_no_more_actions_a_minute_than_allowed_but_any_number_of_releases(slurm_file, case, tmp_path):
    slow = Case(slurm_file, tmp_path, actions_per_minute=3)
    assert slow.follow(holds=["1", "2", "3", "4"]) == {"1", "2", "3"}
    assert slow.follow(holds=["1", "2", "3", "4"]) == {"1", "2", "3"}
    assert slow.follow() == set()
    assert slow.follow(holds=["4"]) == set()


def test_a_job_is_held_for_the_longest_time_once(slurm_file, case, tmp_path):
    brief = Case(slurm_file, tmp_path, longest_hold_s=0.2)
    assert brief.follow(holds=["1"]) == {"1"}
    time.sleep(0.3)
    assert brief.follow(holds=["1"]) == set()
    assert brief.follow(holds=["1"]) == set()
    assert f"released job 1: {LONGEST}" in brief.notes


def test_the_longest_time_is_of_all_holds_of_a_job(slurm_file, case, tmp_path):
    brief = Case(slurm_file, tmp_path, longest_hold_s=0.4)
    for _ in range(2):
        assert brief.follow(holds=["1"]) == {"1"}
        time.sleep(0.25)
        assert brief.follow() == set()
    assert brief.follow(holds=["1"]) == set()


def test_the_begin_time_is_renewed_while_rare_would_hold(slurm_file, case, tmp_path):
    short = Case(slurm_file, tmp_path, lease_s=2)
    short.follow(holds=["1"])
    first_s = slurm_file.state["jobs"]["1"]["eligible_time"]
    time.sleep(1.1)
    assert short.follow(holds=["1"]) == {"1"}
    assert slurm_file.state["jobs"]["1"]["eligible_time"] > first_s
    assert [job.job for job in short.journal.held()] == ["1"]


def test_a_comment_of_somebody_else_stays(case):
    case.slurm.job(1, admin_comment="ask Eve")
    assert case.follow(holds=["1"]) == {"1"}
    case.follow()
    assert case.slurm.state["jobs"]["1"]["admin_comment"] == "ask Eve"


def test_a_refusal_is_told_and_leaves_nothing_open(case):
    case.slurm.change(refuses=["1"])
    assert case.follow(holds=["1", "2"]) == {"2"}
    assert [job.job for job in case.journal.held()] == ["2"]
    assert any("job 1 could not be held" in note for note in case.notes)


def test_a_job_that_started_meanwhile_is_not_held(case, monkeypatch):
    poll = case.poller.poll()
    case.slurm.job(1, "RUNNING")
    case.actor.follow(poll, Opinion("easy", holds={"1": "no power"}))
    assert case.slurm.asked("update") == []


def test_a_dry_run_says_what_it_would_do_and_does_nothing(case):
    case.actor.dry_run = True
    for _ in range(2):
        case.follow(holds=["1", "2"])
    case.follow(holds=["2"])
    assert case.notes == [
        "dry run: would hold job 1: no power",
        "dry run: would hold job 2: no power",
        "dry run: would release job 1: RARE would let it go",
    ]
    assert case.slurm.state["calls"] == [["squeue", "--json"]] * 3
    assert case.journal.records() == []
