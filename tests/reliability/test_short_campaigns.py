"""Each campaign in seconds: it runs, counts, and notices what it is there to notice."""

import dataclasses
import json
import random

import numpy as np
import pytest

from tests.fuzz.campaign import batches_of, campaign, every_sample
from tests.fuzz.harness import Tally, try_damaged
from tests.fuzz.samples import put_beside
from tests.reliability import byte_campaign, kill_campaign, soak_campaign
from tests.reliability.hostile_count import KINDS, ROOT
from tests.reliability.kill_cases import CASES
from tests.reliability.result_files import Torn, check_whole, contents, differences, repeated

SIMULATE = dataclasses.replace(
    next(case for case in CASES if case.name == "simulate"),
    words="simulate --scenario tiny --scheduler easy --no-figures --quiet --out o",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return every_sample(folder)


def test_every_sample_of_the_campaign_is_whole(whole, tmp_path, monkeypatch):
    """Else damage would be tried on what no reader gets into."""
    monkeypatch.chdir(tmp_path)
    put_beside(tmp_path)
    assert len(whole) >= 100
    for sample in whole:
        if sample.reader == "rare report":  # draws figures
            continue
        path = tmp_path / sample.file
        kept = path.read_bytes() if path.exists() else None
        path.write_bytes(sample.data)
        sample.read(path)
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)


def test_a_campaign_reads_each_sample_by_its_share_and_in_turn(whole):
    batches = batches_of(whole, 100_000, 7)
    counts = [0] * len(whole)
    for batch in batches:
        counts[batch.sample] += batch.last - batch.first
    assert abs(sum(counts) - 100_000) < len(whole)
    assert {batch.sample for batch in batches[: 2 * len(whole)]} == set(range(len(whole)))
    assert min(batch.first for batch in batches) == 7


def test_a_reader_that_lets_another_error_through_is_a_fault(whole, tmp_path):
    def broken(path):
        raise KeyError("x")

    tally = Tally()
    sample = dataclasses.replace(whole[0], read=broken)
    try_damaged(sample, [b"x"], tmp_path, 1, tally)
    assert len(tally.faults) == 1 and "KeyError" in tally.faults[0]


@pytest.mark.slow
def test_a_short_campaign_finds_nothing():
    found = campaign(2_000, seed=77, workers=1, minutes=10)
    assert not found.faults and 1_900 <= found.executions <= 2_100


# --- kills -------------------------------------------------------------------------------------------------


def test_a_killed_command_ends_in_the_same_bytes(tmp_path):
    kill_campaign.made_before(tmp_path / "data", learning=False)
    command = kill_campaign.KilledCommand(SIMULATE, tmp_path / "place", tmp_path / "data", random.Random(3))
    assert {"jobs.csv", "events.csv"} <= {
        name.partition(" ")[0].rpartition("/")[2] for name in command.promised
    }
    command.round()
    assert command.tally.runs == 1 and not command.tally.faults


def test_a_result_that_is_torn_or_other_is_noticed(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"x": [{"y": 1}], "wall_s": 2}))
    (tmp_path / "b.csv").write_text("n,s\n1,2\n")
    (tmp_path / ".half.tmp").write_text("{")
    before = contents(tmp_path)
    assert check_whole(tmp_path) == 2 and len(before) == 4
    (tmp_path / "a.json").write_text(json.dumps({"x": [{"y": 1}], "wall_s": 3}))
    promised = repeated(before, contents(tmp_path))
    assert "a.json /wall_s" not in promised and len(promised) == 3
    (tmp_path / "b.csv").write_text("n,s\n1,3\n")
    assert differences(promised, contents(tmp_path)) == ["b.csv 1 s: differs"]
    (tmp_path / "a.json").write_text('{"x": ')
    with pytest.raises(Torn, match=r"a\.json"):
        check_whole(tmp_path)


# --- bytes and memory --------------------------------------------------------------------------------------


def test_the_clocks_and_the_reference_agree_and_are_counted():
    found = byte_campaign.random_cases(len(byte_campaign.KINDS), 40_900_000)
    total = byte_campaign.total(found)
    assert total.cases == len(byte_campaign.KINDS) and total.comparisons == 3 * total.cases - 1
    assert total.bytes > 8 * (total.events + total.instants) > 0


def test_a_leak_has_a_slope_and_a_flat_line_has_none():
    events = np.arange(1, 301) * 1e4
    noise = np.random.default_rng(1).normal(0, 0.05, 300)
    leak = soak_campaign.Soak("leak", events, 100 + 2 * events / 1e6 + noise, 1.0)
    slope, low, high = leak.slope()
    assert low < 2 < high and abs(slope - 2) < 0.2
    _, low, high = soak_campaign.Soak("flat", events, 100 + noise, 1.0).slope()
    assert low < 0.2 and high > -0.2 and low < 0 < high


@pytest.mark.parametrize("subject", ["shadow", pytest.param("vector environment", marks=pytest.mark.slow)])
def test_a_soak_counts_events_and_samples_memory(subject):
    steps = soak_campaign.SUBJECTS[subject]()
    found = soak_campaign.soak(subject, steps, 10, 1.0)
    assert found.events[-1] >= 10 and (found.memory_mb > 10).all()


def test_the_modules_of_hostile_inputs_are_there():
    assert all((ROOT / path).is_file() for paths in KINDS.values() for path in paths)
