"""The scheduler `rare`: the network where it is at home, a heuristic elsewhere, and a count of it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import rare
from experiments.data.log_dataset import dataset_run
from experiments.evaluation.evaluate import choose_windows, evaluate
from experiments.runs import compare_run
from experiments.runs.provenance import scheduler_files
from experiments.training.recipes.release import MOST_BYTES, ship
from rare.env.observation.layout import Layout
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.state.memory import arguments, records
from schedulers import describe, make_scheduler
from schedulers.network.checkpoint_files import describe_checkpoint
from schedulers.network.forward import NET
from schedulers.network.shipped_scheduler import ShippedScheduler
from schedulers.network.trained_range import INSIDE, NAMES, ODD_SHARE, TrainedRange, outside
from schedulers.registry import SHIPPED_FOLDER
from tests.builders import make_case, random_case
from tests.rare.rules.hand import at, cores
from tests.rare.twins import Unfused, history
from traces.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


def case_of(scenario="tiny", window="train-00", settings=()):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build(load_scenario(scenario, Wishes(window=window, settings=settings))).case


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The weights of the package, shipped as if trained on `tiny` alone, whatever they were trained on."""
    folder = tmp_path_factory.mktemp("shipped")
    ship(SHIPPED_FOLDER, scenario="tiny", target=folder)
    return folder


def changed(home, folder, weights=None, **facts):
    """A copy with other facts of its range or its fallback, and perhaps with other weights."""
    folder.mkdir()
    described = json.loads((home / "checkpoint.json").read_text())
    for key, value in facts.items():
        if key in ("features", "forecast_hours"):
            described["facts"]["range"][key] = value
        else:
            described["facts"][key] = value
    (folder / "checkpoint.json").write_text(json.dumps(described))
    save_file(load_file(home / "weights.safetensors") | (weights or {}), folder / "weights.safetensors")
    return folder


# --- what is in the package ---


def test_it_is_listed_and_made_by_its_name():
    assert make_scheduler("rare").name == make_scheduler(" RARE ").name == "rare"
    assert "rare" in describe()["trained"]
    with pytest.raises(InputError, match=r"takes no parts but \+guard and prices; write rare"):
        make_scheduler("rare+easy")
    with pytest.raises(InputError, match="takes no parameter"):
        make_scheduler("rare", k=1.0)


def test_the_package_holds_small_weights_and_says_whose_they_are():
    folder = SHIPPED_FOLDER
    weights, found = folder / "weights.safetensors", describe_checkpoint(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < MOST_BYTES / 2
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == found.facts["weights_sha256"]
    assert found.layout == Layout(reservations=True, levels=True, prices=True)
    played = found.facts["range"]
    assert {"windows", "decisions", "from"} <= played.keys()
    assert list(scheduler_files(["rare", "easy"])) == ["rare"]


@pytest.mark.parametrize("settings", [(), ("forecast.kind=none",), ("forecast.hours=6",)])
def test_one_network_decides_with_a_forecast_and_without(settings):
    case = case_of("islanded", settings=settings)
    result = rare.simulate(case, make_scheduler("rare"))
    assert result.metrics["decisions"] > 100
    assert result.metrics["fallback_decisions"] < result.metrics["decisions"] / 10


# --- the dial ---


def test_the_dial_turns_what_the_network_sees_and_not_what_it_is_judged_by():
    case = case_of("grid-tied")
    plain, same = (rare.simulate(case, make_scheduler(name)) for name in ("rare", "rare:carbon=0.19"))
    assert (plain.jobs == same.jobs).all()  # 0.19 is the scenario's own price
    dial = make_scheduler("rare:served=3,late=1,energy=0")
    assert dial.name == "rare:served=3,late=1,energy=0"
    turned = dial.for_case(case)
    assert turned.observer.tables.view["late"] == 1.0
    result = rare.simulate(case, turned)
    assert result.metrics["value_offered"] == plain.metrics["value_offered"]
    assert rare.simulate(case, dial, clock="simpy").metrics["objective"] == result.metrics["objective"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rare:", "'' is no price; known are late, served, carbon, energy"),
        ("rare:speed=2", "'speed' is no price"),
        ("rare:served", "served= must be a number from 0 to 10"),
        ("rare:served=-1", "served=-1 must be a number from 0 to 10, as in served=1"),
        ("rare:served=nan", "served=nan must be a number"),
        ("rare:served=1,served=2", "served is there twice"),
        ("rare+easy:served=1", "takes no parts but"),
    ],
)
def test_a_wrong_dial_is_told_in_one_line(name, says):
    with pytest.raises(InputError, match=re.escape(says)):
        make_scheduler(name)


# --- at home ---


@pytest.mark.parametrize("window", ["train-00", "train-07", "train-25"])
def test_where_it_was_trained_the_network_decides_alone(home, window):
    case = case_of(window=window)
    ours = rare.simulate(case, ShippedScheduler(home))
    plain = rare.simulate(case, make_scheduler(str(home)))
    assert (ours.jobs == plain.jobs).all()
    assert (ours.events == plain.events).all()
    assert ours.metrics["fallback_decisions"] == 0
    assert plain.metrics["fallback_decisions"] is None


def test_it_says_nothing_where_the_network_decides(home):
    case = case_of()
    decider = ShippedScheduler(home).for_case(case)
    assert decider.remarks(rare.simulate(case, decider).metrics["decisions"]) == []


# --- away from home ---


def same_as(heuristic, scheduler, case):
    """The schedule is the heuristic's own, and every decision is counted."""
    decider = scheduler.for_case(case)
    ours, theirs = rare.simulate(case, decider), rare.simulate(case, make_scheduler(heuristic))
    assert (ours.jobs == theirs.jobs).all()
    assert ours.metrics["fallback_decisions"] == ours.metrics["decisions"] == theirs.metrics["decisions"] > 0
    (said,) = decider.remarks(ours.metrics["decisions"])
    assert said.startswith(f"{heuristic} took all decisions: ")
    return said


def test_without_values_the_classical_heuristic_takes_the_whole_run(home):
    case = make_case([{"cores": 2, "work_s": 50}, {"cores": 3, "submit_s": 1}], cores(4), [at(0, 10**9)])
    assert "no job has a value" in same_as("easy", ShippedScheduler(home), case)


def test_without_a_forecast_the_heuristic_takes_the_whole_run(home):
    said = same_as("hvf+easy", ShippedScheduler(home), case_of(settings=("forecast.kind=none",)))
    assert "there is no forecast, and the network needs 24 h" in said


def test_a_shorter_forecast_than_in_training_counts_as_none(home):
    said = same_as("hvf+easy", ShippedScheduler(home), case_of(settings=("forecast.hours=6",)))
    assert "there is a forecast of 6 h" in said


def test_a_cluster_unlike_those_of_training_is_left_to_the_heuristic(home):
    case = case_of(settings=("cluster.pue=1.9",))
    decider = ShippedScheduler(home).for_case(case)
    ours, theirs = rare.simulate(case, decider), rare.simulate(case, make_scheduler("hvf+easy"))
    (said,) = decider.remarks(ours.metrics["decisions"])
    assert "outside what the network was trained on" in said
    assert "cluster.pue" in said
    assert 0 < ours.metrics["fallback_decisions"] <= ours.metrics["decisions"]
    assert (ours.jobs == theirs.jobs).all()  # all decisions with a choice lie outside


def test_a_network_that_would_wait_for_ever_is_overruled(home, tmp_path):
    """Nothing runs, and nothing is to come: the network alone stalls the run."""
    bias = load_file(home / "weights.safetensors")["logits.wait.bias"]
    everything = {name: [-2.0, 2.0] for name in NAMES}
    folder = changed(
        home, tmp_path / "lazy", {"logits.wait.bias": bias + 1e6}, features=everything, forecast_hours=0
    )
    jobs = [{"value_u": 10**6, "work_s": 50}, {"value_u": 10**6, "submit_s": 500, "work_s": 10}]
    case = make_case(jobs, cores(4), [at(0, 10**9)])
    assert rare.simulate(case, make_scheduler(str(folder))).ended == "stalled"
    scheduler = ShippedScheduler(folder)
    for clock in ("compiled", "simpy"):
        decider = scheduler.for_case(case)
        ours = rare.simulate(case, decider, clock=clock)
        assert ours.ended == "completed"
        assert ours.jobs["start_s"].tolist() == [500, 550]  # till 500 s an arrival is to come, then an end
        assert ours.metrics["fallback_decisions"] == 2
        (said,) = decider.remarks(ours.metrics["decisions"])
        assert "where to wait would have stalled the run (2)" in said


# --- the rule, read a second time ---


def test_out_of_range_is_what_the_model_card_says():
    layout, generator = Layout(), np.random.default_rng(3)
    sizes = [len(layout.features(block)) for block in ("queue", "running", "cluster", "forecast")]
    starts = np.cumsum([0, *sizes])
    row = records((1,), NET)
    row.queue_slots, row.running_slots = layout.queue_slots, layout.running_slots
    row.forecast_hours, row.actions = layout.forecast_hours, layout.actions
    net = arguments(row)[0]
    low, high = np.full(len(NAMES), -0.9, np.float32), np.full(len(NAMES), 0.9, np.float32)
    high[[0, sizes[0]]] = 1  # present
    seen = set()
    for _ in range(600):
        obs = generator.uniform(-0.89, 0.89, layout.size).astype(np.float32)
        odd_rows = shown = 0
        for block in ("queue", "running"):
            slots = obs[layout.slices[block]].reshape(layout.shapes[block])
            present = np.arange(len(slots)) < generator.integers(0, len(slots) + 1)
            slots[:, 0] = present
            odd = generator.random(len(slots)) < generator.choice([0, 0.2, 0.3])
            slots[odd, 4] = 0.95
            odd_rows, shown = odd_rows + (odd & present).sum(), shown + present.sum()
        wrong = {INSIDE}
        if odd_rows * ODD_SHARE > shown:
            wrong = {4, sizes[0] + 4}
        if generator.random() < 0.3:
            obs[layout.slices["forecast"].start + 7] = -0.95
            wrong = {int(starts[3]) + 2}
        if generator.random() < 0.3:
            obs[layout.index("cluster", "price")] = generator.choice([0.95, np.nan])
            wrong = {NAMES.index("cluster.price")}
        assert outside(net, obs, low, high) in wrong
        seen |= wrong
    assert len(seen) == 5


def test_the_margin_widens_the_range_and_the_end_of_the_run_is_not_checked(home):
    facts = describe_checkpoint(home).facts["range"]
    trained = TrainedRange.from_facts(facts, "here")
    low, high = trained.bounds
    assert trained.to_facts()["features"] == facts["features"]
    pue, left = NAMES.index("cluster.pue"), NAMES.index("cluster.time_left")
    assert (low[pue], high[pue]) == pytest.approx((-0.1, 0.1))  # tiny: a PUE of 1
    assert (low[left], high[left]) == (-np.inf, np.inf)


# --- both clocks ---


@pytest.mark.parametrize("fallback", ["hvf+easy", "atc=0.5+greedy"])
def test_both_clocks_and_both_ways_of_asking_decide_alike(home, tmp_path, fallback):
    """Random cases, with ranges so narrow that the network and the heuristic take turns."""
    narrow = {name: [-0.9, 0.9] for name in NAMES}
    narrow |= {name: [-1, 1] for name in NAMES if name.startswith("running") or name.endswith("present")}
    narrow |= {"cluster.free_cores": [-0.1, 0.65], "cluster.supply": [0, 1], "forecast.supply": [0, 1]}
    narrow |= {"cluster.shortage": [0, 1], "forecast.supply_low": [0, 1], "forecast.supply_high": [0, 1]}
    narrow |= {"cluster.import_limit": [0, 1], "cluster.battery": [0, 1], "cluster.pue": [0, 1]}
    narrow |= {f"cluster.{name}": [-1, 1] for name in ("hour_sin", "hour_cos", "spare", "jobs_power")}
    features = {name: narrow[name] for name in NAMES}
    folder = changed(home, tmp_path / "narrow", features=features, forecast_hours=0, fallback=fallback)
    taken = mixed = 0
    for seed in range(100):
        case = random_case(random.Random(seed))
        scheduler, counts, told = ShippedScheduler(folder), [], []
        for clock, asked in (("compiled", False), ("compiled", True), ("simpy", False)):
            decider = scheduler.for_case(case)
            told.append(history(case, Unfused(decider) if asked else decider, clock))
            counts.append(decider.fallback_decisions)
        assert told[0] == told[1] == told[2], seed
        assert counts[0] == counts[1] == counts[2], seed
        decisions = told[0]["counts"][0]
        taken += counts[0]
        mixed += 0 < counts[0] < decisions
    assert taken > 100
    assert mixed > 10


# --- wherever a name goes ---


def test_tables_evaluations_and_datasets_take_it(tmp_path):
    found = compare_run(["easy", "rare"], scenario="tiny", out=tmp_path / "out", figures=False)
    easy, ours = (each["metrics"] for each in found["results"])
    assert easy["fallback_decisions"] is None
    assert 0 <= ours["fallback_decisions"] <= ours["decisions"]
    assert "rare" in json.loads((tmp_path / "out" / "provenance.json").read_text())["scheduler_files"]
    loaded = load_scenario("tiny", Wishes())
    rows = evaluate(loaded, ["rare", "rare@perfect"], choose_windows(loaded, ["validation-00"])).rows
    assert all(row["fallback_decisions"] is not None for row in rows)
    sheet = dataset_run(["rare"], tmp_path / "log", scenario="tiny", episodes=2, epsilon=0.1)
    assert sheet["episodes"] == 2


USER_SCENARIO = """
[forecast]
kind = "persistence"
hours = 24
[[supply.source]]
columns = ["power"]
unit = "kW"
peak = 0.8
[[service_class]]
name = "normal"
share = 1.0
value_per_core_hour = 0.08
slack_factor = [3.0, 8.0]
"""


def test_a_users_trace_runs_without_torch(tmp_path):
    jobs = "".join(f"{n} {600 * n} -1 {900 + n} 2 -1 -1 2 1200 -1 1 1 1 1 1 1 -1 -1\n" for n in range(1, 200))
    head = "; MaxProcs: 8\n; UnixStartTime: 1654041600\n; TimeZoneString: UTC\n"
    (tmp_path / "mine.swf").write_text(head + jobs)
    hours = [f"2022-06-{1 + h // 24:02d}T{h % 24:02d}:00Z,{50 + h % 24}" for h in range(10 * 24)]
    (tmp_path / "power.csv").write_text("\n".join(["time,power", *hours]))
    (tmp_path / "mine.toml").write_text(USER_SCENARIO)
    code = (
        "import sys\nfrom experiments.cli.root import main\n"
        "code = main(['simulate', '--scenario', 'mine.toml', '--workload', 'mine.swf', '--power', "
        "'power.csv', '--scheduler', 'rare', '--json'])\n"
        "sys.exit(3 if 'torch' in sys.modules else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["metrics"]["objective"] > 0
    taken = found["metrics"]["fallback_decisions"]
    assert taken is not None
    assert bool(taken) == any("hvf+easy took" in note for note in found["notes"])


# --- shipping ---


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda described: described["network"].update(kind="attention"), "only pointwise ones run without"),
        (lambda described: described["layout"].update(sizes=[8, 4, 12]), "has 8 queue slots, 4 running"),
        (lambda described: described["facts"].pop("scenario"), "give --scenario"),
    ],
)
def test_what_cannot_be_shipped_is_refused_and_replaces_nothing(home, tmp_path, damage, says):
    folder = changed(home, tmp_path / "other")
    described = json.loads((folder / "checkpoint.json").read_text())
    damage(described)
    (folder / "checkpoint.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match=says):
        ship(folder, target=tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_heavy_weights_and_unknown_heuristics_are_refused(home, tmp_path):
    heavy = changed(home, tmp_path / "heavy", {"more": np.zeros(MOST_BYTES // 4, np.float32)})
    with pytest.raises(InputError, match="train a narrower network"):
        ship(heavy, target=tmp_path / "target")
    with pytest.raises(InputError, match="unknown scheduler 'best'"):
        ship(home, scenario="tiny", fallback="best", target=tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_checkpoint_that_was_not_shipped_has_no_range(home, tmp_path):
    folder = changed(home, tmp_path / "plain", features={})
    with pytest.raises(InputError, match="experiments.training.recipes.release CHECKPOINT"):
        ShippedScheduler(folder)
