"""RLScheduler's case: the published windows, who may pass whom, training that goes on, errors in one line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import rare
from experiments.engine.where import Where
from experiments.presets.rlscheduler import run_rlscheduler
from experiments.presets.rlscheduler.rlscheduler_agents import InOrder, Rule, waiting_only, where_it_fits
from experiments.presets.rlscheduler.rlscheduler_case import (
    FIRST_JOBS,
    JOBS,
    WINDOW_SEED,
    blocks,
    draw_windows,
)
from experiments.presets.rlscheduler.rlscheduler_table import summary_of
from experiments.presets.rlscheduler.rlscheduler_teacher import first_in_order, patient
from experiments.presets.rlscheduler.rlscheduler_training import cloned, training_episodes
from experiments.presets.rlscheduler.run_rlscheduler import Plan, carry_out
from experiments.runs.provenance import file_hash
from rare.env.observation.layout import Layout
from rare.env.observation.observer import Observer
from rare.model import Case, Cluster, Partition, constant_inputs
from schedulers import make_scheduler
from tests.builders import make_workload
from traces.errors import InputError
from traces.jobs.workload import Workload
from traces.synthetic import lublin

SMALL = Layout(8, 8, 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a synthetic trace under the name of the real one."""
    jobs, folder = lublin(JOBS, processors=256, load=1.0, seed=7), tmp_path_factory.mktemp("data")
    rows = zip(jobs.submit_s, jobs.work_s, jobs.cores, strict=True)
    lines = [f"{n} {s} -1 {w} {c} -1 -1 {c} {w} -1 1 1 1 1 1 1 -1 -1" for n, (s, w, c) in enumerate(rows, 1)]
    (folder / "lublin_256.swf").write_text("; MaxProcs: 256\n" + "\n".join(lines) + "\n")
    return folder


def quick(steps: int = 0) -> Plan:
    names = ("sjf", "f1", "sjf+easy")
    return Plan({16: (0, 40, 80), 32: (100, 116)}, names, (0,), steps, rounds=10, traces=1)


def jobs(*rows: tuple[int, int, int]) -> Workload:
    """Jobs by submit [s], run time [s] and processors."""
    return make_workload(
        [{"submit_s": submit, "work_s": work, "cores": cores} for submit, work, cores in rows]
    )


def starts(case: Case, scheduler: object) -> list[int]:
    return rare.simulate(case, scheduler).jobs["start_s"].tolist()


class TestWindows:
    def test_they_are_what_their_seed_gives(self) -> None:
        assert draw_windows(WINDOW_SEED) == dict(FIRST_JOBS)

    def test_short_ones_share_no_job_and_one_pair_of_long_ones_does(self) -> None:
        assert blocks(FIRST_JOBS[256], 256) == [[place] for place in range(20)]
        assert sorted(map(len, blocks(FIRST_JOBS[1024], 1024))) == [1] * 8 + [2]
        assert all(0 <= first <= JOBS - length for length, all_ in FIRST_JOBS.items() for first in all_)


class TestInOrder:
    """4 processors: A takes 2 until 100 s; B needs all 4; C fits beside A, but is behind B; D is before B."""

    case = Case(
        jobs((0, 100, 2), (10, 10, 4), (20, 50, 1), (50, 1, 1)),
        Cluster((Partition(nodes=4, core_mw=1),)),
        constant_inputs(),
    )  # fmt: skip

    def test_nobody_passes_the_first_but_a_later_arrival_may_be_first(self) -> None:
        rule = Rule("rule", SMALL, in_order=True)
        network = InOrder("agent", lambda obs: int(first_in_order(obs[None], SMALL)[0]), layout=SMALL)
        assert starts(self.case, rule) == starts(self.case, network) == [0, 100, 110, 50]
        assert starts(self.case, make_scheduler("sjf")) == [0, 100, 110, 50]

    def test_with_backfill_whoever_fits_may_start(self) -> None:
        assert starts(self.case, Rule("rule", SMALL)) == [0, 100, 20, 50]

    def test_one_long_job_at_a_time_takes_more_than_half(self) -> None:
        case = Case(
            jobs((0, 5000, 2), (1, 5000, 1), (2, 5, 2)),
            Cluster((Partition(nodes=4, core_mw=1),)), constant_inputs(),
        )  # fmt: skip
        assert starts(case, Rule("rule", SMALL)) == [0, 5000, 2]
        assert starts(case, Rule("rule", SMALL, in_order=True)) == [0, 1, 5000]
        assert starts(case, Rule("rule", SMALL, in_order=True, may_wait=True)) == [0, 5000, 2]

    def test_who_ranks_sees_nothing_of_what_is_free(self) -> None:
        obs = np.zeros((2, SMALL.size), np.float32)
        for name, slot in (("present", 0), ("present", 1)):
            obs[:, SMALL.index("queue", name, slot)] = 1
        obs[1, [0, 1, SMALL.index("queue", "startable", 0), SMALL.index("running", "cores")]] = 1
        obs[1, SMALL.index("cluster", "free_cores")] = 0.5
        shown = waiting_only(obs, SMALL)
        assert np.array_equal(shown[0], shown[1])
        assert shown[0, : SMALL.actions].tolist() == [0, 1, 1] + [0] * (SMALL.actions - 3)
        assert where_it_fits(obs, np.array([1, 1])).tolist() == [0, 1]


class TestRun:
    def test_a_clone_is_not_taught_twice_unless_something_else_is_asked_for(self, tmp_path: Path) -> None:
        weights, found = tmp_path / "weights.safetensors", []
        for rounds in (1, 1, 2):
            cloned(tmp_path, training_episodes(0, traces=1), patient, seed=0, rounds=rounds)
            found.append((weights.stat().st_mtime_ns, file_hash(weights)))
        assert found[0] == found[1] != found[2]

    @pytest.mark.slow
    def test_it_trains_judges_and_goes_on(self, data: Path, tmp_path: Path) -> None:
        found = carry_out(quick(), [data], tmp_path)
        rows = json.loads((tmp_path / "results.json").read_text())["rows"]
        assert len(rows) == (3 + 3 + 3) * 5 and all(row["slowdown"] >= 1 for row in rows)
        table = (tmp_path / "table.txt").read_text()
        assert "agent, in order, may wait" in table and "agent - sjf+easy" in table
        weights = tmp_path / "train/seed-0/clone/weights.safetensors"
        before = weights.stat().st_mtime_ns
        assert carry_out(quick(), [data], tmp_path)["rows"] == found["rows"]
        assert weights.stat().st_mtime_ns == before

    @pytest.mark.slow
    def test_two_workers_train_and_judge_the_same(self, data: Path, tmp_path: Path) -> None:
        pytest.importorskip("distributed")
        plan = dataclasses.replace(quick(), seeds=(0, 1))
        one, two = (carry_out(plan, [data], tmp_path / str(n), where=Where(workers=n)) for n in (1, 2))
        assert one["rows"] == two["rows"] and one["summary"] == two["summary"]
        for seed in plan.seeds:
            weights = [tmp_path / str(n) / f"train/seed-{seed}/agent/weights.safetensors" for n in (1, 2)]
            assert file_hash(weights[0]) == file_hash(weights[1])

    @pytest.mark.slow
    def test_ppo_follows_imitation(self, data: Path, tmp_path: Path) -> None:
        found = carry_out(quick(steps=4096), [data], tmp_path)
        assert found["training"][0]["validation"]["best"] <= found["training"][0]["validation"]["clone"]

    def test_overlapping_windows_count_as_one(self) -> None:
        measured = {"agent": (1.0, 3.0, 8.0), "sjf+easy": (2.0, 4.0, 9.0)}
        common = {"setting": "backfill", "seed": None, "jobs": 32}
        rows = [
            {**common, "scheduler": name, "first_job": first, "slowdown": value}
            for name, values in measured.items()
            for first, value in zip((0, 16, 64), values, strict=True)
        ]
        found = summary_of(rows, {32: (0, 16, 64)})[0]
        assert found["blocks"] == 2 and found["schedulers"]["agent"]["mean"] == 5.0
        assert (found["differences"][0]["low"], found["differences"][0]["high"]) == (-1.0, -1.0)


class TestErrors:
    def test_each_is_one_line_that_says_what_to_do(self, data: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"lublin_256.swf: is not there; looked in .*; get it from"):
            run_rlscheduler.run([tmp_path], tmp_path / "out")
        (tmp_path / "lublin_256.swf").write_text("1 0 -1 5 1 -1 -1 1 5 -1 1 1 1 1 1 1 -1 -1\n")
        with pytest.raises(InputError, match="holds 1 jobs of up to 1 processors, not 10000"):
            run_rlscheduler.run([tmp_path], tmp_path / "out")
        with pytest.raises(InputError, match="--seeds must be at least 1, got 0"):
            run_rlscheduler.run([data], tmp_path / "out", seeds=0)
        with pytest.raises(InputError, match="unknown scheduler 'sjff'"):
            run_rlscheduler.run([data], tmp_path / "out", schedulers=["sjff"])
        assert not (tmp_path / "out" / "train").exists()


def test_an_observer_of_the_whole_window_has_a_slot_for_each_job() -> None:
    assert Observer(TestInOrder.case, Layout(1024, 64, 0)).mask.shape == (1 + 1024 + 64,)
