"""`rare bench` runs, says what it measured, and compares replays that are the same. Nothing is timed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments.benchmarks import environment_speed, memory_growth, order_speed, replay_speed
from experiments.benchmarks.bench import bench_text, run_bench
from experiments.cli.root import main
from traces.errors import InputError


@pytest.mark.parametrize("scheduler", replay_speed.SCHEDULERS)
def test_a_synthetic_trace_starts_alike_everywhere(scheduler: str) -> None:
    row = replay_speed.measure_one(replay_speed.synthetic(1500), scheduler, repeats=1)
    assert row["jobs"] == 1500 and all(value > 0 for value in row["jobs_per_s"].values())
    assert row["ratio"]["plain_simpy"] == 1


def test_the_environment_part_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "--only", "env", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert set(found) == {"machine", "env"} and found["machine"]["cpus"] >= 1
    assert "environment: tiny" in said.err
    rows = found["env"]["batched"]
    assert [(row["scenario"], row["threads"]) for row in rows] == [
        (scenario, threads)
        for scenario in environment_speed.SCENARIOS
        for threads in environment_speed.THREADS
    ]
    for row in rows:
        assert 0 < row["decisions"] <= 3 * 40 * 256 and row["observation_bytes"] == 4 * 1194
        assert row["ratio"] > 0 and row["ratio_to_one_thread"] > 0
    assert all(row["step_us"] > 0 for row in found["env"]["single"])
    printed = bench_text(found)
    assert "4,776 B" in printed and "islanded" in printed


def test_random_actions_are_valid_and_all_of_them_come() -> None:
    mask = np.random.default_rng(0).random((2000, 9)) < 0.4
    mask[:, 0] = True
    actions = environment_speed.random_actions(mask, np.random.default_rng(1))
    assert mask[np.arange(len(mask)), actions].all() and set(actions.tolist()) == set(range(9))


@pytest.mark.slow
def test_what_a_network_costs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "--only", "network", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (row,) = found["network"]["alone"]
    assert list(row["us"]) == ["64+16", "10+10", "2+5"] and min(row["us"].values()) > 0
    assert all(each["decisions"] > 100 and each["us_each"] > 0 for each in found["network"]["whole"])
    assert "13 validation windows" in bench_text(found)


def test_growth_counts_what_a_job_takes() -> None:
    found = memory_growth.measure_here(3000, load=0.8, repeats=1, beside_plain=True)
    assert found["us_per_job"] > 0 and found["plain_simpy_us_per_job"] > 0
    assert memory_growth.peak_bytes() >= memory_growth.held_bytes() > 0


def test_a_replay_of_a_file_that_does_not_fit_is_refused(
    tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no_machine.swf"
    path.write_text("1 0 -1 100 2 -1 -1 2 300 -1 1 1 1 1 1 1 -1 -1\n", encoding="utf-8")
    assert main(["bench", "--only", "replay", "--quick", "--workload", str(path)]) == 2
    assert "processors" in capsys.readouterr().err
    with pytest.raises(InputError, match="known are env, replay, orders, network, growth, startup"):
        run_bench(["speed"])


@pytest.mark.slow
def test_all_parts_print_their_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick"]) == 0
    printed = capsys.readouterr().out
    for word in ("Batched environment", "Replay", "power gates", "Growth", "Start-up", "plain SimPy"):
        assert word in printed


def test_orders_stand_beside_easy_on_the_same_jobs() -> None:
    case = replay_speed.case_of(order_speed.valued(200))
    rows = order_speed.rows_of(case, "200 jobs", order_speed.ORDERS, repeats=1)
    assert [row["scheduler"] for row in rows] == list(order_speed.ORDERS)
    assert rows[0]["ratio"] == 1 and all(row["us_each"] > 0 and row["decisions"] > 0 for row in rows)
    printed = order_speed.text({"rows": rows})
    assert "atc+easy" in printed and "1x" in printed
