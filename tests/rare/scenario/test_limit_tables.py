"""[backfill] and [[limit]] of a scenario file."""

import pytest

from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import JobLimit
from rare.scenario.case_hash import config_hash
from traces.errors import InputError


def test_without_the_tables_nothing_is_limited(made):
    case = made().case
    assert case.options.backfill == BackfillOptions() and case.limits == ()


def test_keys_reach_the_case(made):
    case = made(
        "[backfill]\nwindow_s = 86400\nresolution_s = 60\nmax_jobs = 500\ninterval_s = 30\n"
        '[[limit]]\nqos = "short"\nuser = "*"\nrunning_jobs = 4\n[[limit]]\naccount = "lab"\ncores = 64\n'
        "submitted_jobs = 100\nwall_s = 3600\n"
    ).case
    assert case.options.backfill == BackfillOptions(86400, 60, 500, 30)
    assert case.limits == (
        JobLimit(user="*", qos="short", running_jobs=4),
        JobLimit(account="lab", cores=64, submitted_jobs=100, wall_s=3600),
    )


def test_a_limit_that_concerns_nobody_is_noted(made):
    notes = made('[[limit]]\nqos = "shrot"\nrunning_jobs = 4\n').warnings
    assert any("limit 1 (qos 'shrot') concerns no job" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[limit]]\ncores = 3\n", "limit.0.user is missing"),
        ('[[limit]]\nuser = "a"\n', "running_jobs"),
        ('[[limit]]\nuser = "a"\ncores = -1\n', "cores"),
        ('[[limit]]\nuser = "a"\ncores = 1.5\n', "cores"),
        ('[[limit]]\nuser = ""\ncores = 1\n', "user"),
        ('[[limit]]\nuser = "a"\ngpus = 1\n', "gpus"),
        ('[limit]\nuser = "a"\ncores = 1\n', "limit"),
        ('[[limit]]\npartition = "nope"\ncores = 1\n', "limit 1 names the partition 'nope'"),
        ("[backfill]\nwindow_s = 10000000000\n", "window_s"),
        ("[backfill]\nwindow_s = true\n", "window_s"),
        ("[backfill]\nbf_window = 3\n", "bf_window"),
    ],
)
def test_bad_values_are_one_line(made, text, message):
    with pytest.raises(InputError) as error:
        made(text)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_tables_that_are_not_there_leave_the_hash(made):
    hashes = {config_hash(made(text).loaded.scenario) for text in ("", "[backfill]\nmax_jobs = 5\n")}
    assert len(hashes) == 2
