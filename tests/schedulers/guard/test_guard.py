"""NETWORK+guard: its belief is the world where all is known, and a bad network does no harm."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import rare
from rare.env.observation.features import look
from rare.env.stepping import view_at
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.state.compile import rule
from schedulers import describe, make_scheduler
from schedulers.guard.network_rollout import forget_all
from schedulers.guard.policy_switch import Checkpoint, PolicySwitch, policy_switch
from schedulers.guard.switching_decider import CheckEffort, SwitchingDecider
from schedulers.heuristics.heuristic import parse
from schedulers.lookahead.rollout import fork
from schedulers.network.shipped_folder import SHIPPED_FOLDER as FOLDER
from tests.builders import make_case
from tests.rare.twins import history
from tests.schedulers.lookahead.test_lookahead import HOUR, WATT, busy_case, flat_forecast, job
from traces.errors import InputError

RULE = "atc+easy"


@rule
def see_anew(w, view, slots):
    """Look at an environment of which nothing has been seen; the number of valid actions."""
    v = view_at(view, 0)
    forget_all(v, slots)
    return look(w, v)


@pytest.fixture(scope="module")
def network():
    """The weights that ship, deciding everywhere."""
    return Checkpoint(FOLDER)


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """A network of random weights that would rather wait than do anything."""
    folder = tmp_path_factory.mktemp("idle")
    rng = np.random.default_rng(3)
    weights = load_file(FOLDER / "weights.safetensors")
    noise = {name: rng.normal(0, 0.3, part.shape).astype(part.dtype) for name, part in weights.items()}
    noise["logits.wait.bias"] += 50
    save_file(noise, folder / "weights.safetensors")
    (folder / "checkpoint.json").write_bytes((FOLDER / "checkpoint.json").read_bytes())
    return Checkpoint(folder)


def guarded(network, options=""):
    return policy_switch("net+guard", network, f"={RULE}{options}")


def tiny(window):
    return build(load_scenario("tiny", Wishes(window=window))).case


def known_case(seed):
    """Everything known: all jobs are there at once, and run as long as their users say; the supply stays."""
    rng = np.random.default_rng(seed)
    jobs = []
    for k in range(24):
        work_h = float(rng.uniform(0.5, 4))
        wide = int(rng.choice((5, 10, 20)))
        one = job(int(rng.integers(1, 20)), work_h, work_h * rng.uniform(1.2, 8), wide, job_id=k)
        jobs.append({**one, "estimate_s": one["work_s"], "preemptible": bool(rng.random() < 0.7)})
    case = make_case(
        jobs, rare.Partition(nodes=8), [{"t": 0, "supply": 30 * WATT}], begin_s=0, end_s=40 * HOUR
    )
    forecast = flat_forecast(48, steps=96)
    supply = forecast.supply_mw * 3
    return replace(case, forecast=replace(forecast, supply_mw=supply, low_mw=supply, high_mw=supply))


# --- the belief ---


def test_the_belief_shows_what_the_world_shows(network, monkeypatch):
    """Right after it is laid, whatever run times are drawn: what may be seen is the same, bit for bit."""
    seen = []

    def compare(self, at, codes):
        believed = self._belief_of(at.world)
        self._lay(believed, at)
        for sample in range(2):
            believed.draw(sample)
            self._play_network(believed, believed.handles[sample], -1, at.until_s)  # leaves another view
            view = self._view
            fork(believed.words, believed.slots)
            valid = see_anew(believed.handles[sample], view.address, believed.slots)
            assert valid == self.network.observer.look(at.world, at.e)
            assert view.obs.tobytes() == self.network.observer.obs.tobytes()
            seen.append(len(believed.drawn_jobs))

    monkeypatch.setattr(SwitchingDecider, "_gains", compare)
    rare.simulate(tiny("train-00"), guarded(network, "+samples=2+arrivals=1"), record=False)
    rare.simulate(busy_case(1), guarded(network, "+samples=2+arrivals=1"), record=False)
    assert len(seen) > 50
    assert max(seen) > 0


@pytest.mark.parametrize("seed", range(3))
def test_where_all_is_known_a_check_foresees_the_whole_run(network, seed, monkeypatch):
    """The gain of the first check is the difference of the two runs."""
    case = known_case(seed)
    gains = []
    found = SwitchingDecider._gains

    def kept(self, at, codes):
        gains.append(found(self, at, codes))
        return gains[-1]

    monkeypatch.setattr(SwitchingDecider, "_gains", kept)
    alone = rare.simulate(case, network.beside(parse(RULE), case)).metrics["objective"]
    of_rule = rare.simulate(case, make_scheduler(RULE)).metrics["objective"]
    rare.simulate(case, guarded(network, "+samples=3+horizon=72+every=720"))
    offered = int(case.workload.value_u.sum())
    assert len(gains) == 1
    assert np.allclose(gains[0] / offered, alone - of_rule, atol=1e-12)
    assert alone != of_rule


@pytest.mark.parametrize("seed", range(2))
def test_the_true_future_changes_no_decision_before_it(network, seed):
    until_s = 20 * HOUR + 1
    scheduler = guarded(network, "+samples=3+arrivals=1+margin=0")
    result = rare.simulate(busy_case(seed), scheduler)
    ends = result.jobs["end_s"]
    other = rare.simulate(busy_case(seed, longer_after=until_s, ends=ends), scheduler)
    before = [run.events[run.events["time_s"] <= until_s] for run in (result, other)]
    assert len(before[0]) > 40
    assert (before[0] == before[1]).all()
    assert not np.array_equal(result.events, other.events)


# --- who decides ---


def test_a_bad_network_does_no_harm(idle):
    """It would leave every job lie. Under guard nearly all is earned that the heuristic earns."""
    earned = []
    for window in ("train-00", "train-03", "train-06"):
        case = tiny(window)
        runs = (idle.beside(parse(RULE), case), make_scheduler(RULE), guarded(idle))
        earned.append([rare.simulate(case, run, record=False).metrics["objective"] for run in runs])
    alone, rule, both = np.mean(earned, axis=0)
    assert rule - alone > 0.3
    assert both > rule - 0.02


def test_two_equal_policies_are_never_compared(network):
    case = busy_case(2)
    decider = guarded(network).for_case(case)
    decider.__dict__["rule"] = network.beside(parse(RULE), case)
    result = rare.simulate(case, decider)
    alone = rare.simulate(case, network.beside(parse(RULE), case))
    assert (decider.checks, decider.overruled, decider.simulated_jobs) == (0, 0, 0)
    assert (result.events == alone.events).all()


def test_a_network_that_no_gain_relieves_decides_alone(network):
    case = busy_case(2)
    decider = guarded(network, "+margin=100").for_case(case)
    result = rare.simulate(case, decider)
    alone = rare.simulate(case, network.beside(parse(RULE), case))
    assert decider.checks > 5
    assert (decider.overruled, decider.fallback_decisions) == (0, 0)
    assert (result.events == alone.events).all()


def test_what_cannot_be_checked_is_left_to_the_heuristic(network):
    case = busy_case(2)
    decider = guarded(network, "+budget=1").for_case(case)
    result = rare.simulate(case, decider)
    rule = rare.simulate(case, make_scheduler(RULE))
    assert decider.checks == 0 < decider.unaffordable
    assert decider.overruled > 0
    # up to the first decision in which they differ they are equal, and then the heuristic leads
    assert result.metrics["objective"] == rule.metrics["objective"]
    assert "for which the budget did not suffice" in decider.remarks(1)[0]


def test_its_counts_are_told(network):
    case = busy_case(1)
    decider = guarded(network, "+margin=0").for_case(case)
    result = rare.simulate(case, decider)
    led, decisions, checks = decider.fallback_decisions, result.metrics["decisions"], decider.checks
    assert 0 < decider.overruled <= led < decisions
    assert result.metrics["fallback_decisions"] == led
    assert decider.remarks(decisions)[0] == (
        f"{RULE} led for {led} of {decisions} decisions, by {checks} comparisons in simulated futures, "
        f"and decided {decider.overruled} of them otherwise than the network would have"
    )


def test_checks_keep_their_distance(network):
    case = busy_case(1)
    often, seldom = (guarded(network, f"+every={hours}").for_case(case) for hours in (0, 12))
    for decider in (often, seldom):
        rare.simulate(case, decider)
    assert seldom.checks <= 48 / 12 + 1 < often.checks


def test_where_the_network_is_of_no_use_nobody_is_compared():
    """No job has a value: `rare` leaves the run to a heuristic, and so does `rare+guard`."""
    case = make_case([{"work_s": 10}], rare.Partition(nodes=4), [{"t": 0, "supply": WATT}])
    decider = make_scheduler("rare+guard").for_case(case)
    rare.simulate(case, decider)
    assert decider.checks == 0
    assert "no job has a value" in decider.remarks(1)[0]


# --- same answer every time ---


@pytest.mark.parametrize("seed", range(2))
def test_both_clocks_copies_and_two_runs_agree(network, seed):
    case = busy_case(seed)
    scheduler = guarded(network, "+samples=3+every=2")
    first = history(case, scheduler, "compiled")
    assert first == history(case, scheduler, "simpy")
    for again in (copy.deepcopy(scheduler), pickle.loads(pickle.dumps(scheduler))):
        assert first == history(case, again, "compiled")


def test_more_jobs_than_there_was_room_for(network):
    """The copy grows with the queue."""
    jobs = [job(1 + k % 7, 1, 50, 1, submit_s=k) for k in range(700)]
    case = make_case(jobs, rare.Partition(nodes=4), [{"t": 0, "supply": 4 * WATT}], window_s=HOUR)
    decider = guarded(network, "+horizon=0.25+samples=3+arrivals=1").for_case(case)
    assert rare.simulate(case, decider).metrics["jobs_submitted"] == 700
    assert decider.checks > 0


# --- names ---


def test_names_carry_network_heuristic_and_effort():
    plain = make_scheduler("rare+guard")
    assert isinstance(plain, PolicySwitch)
    assert (plain.name, plain.rule, plain.effort) == ("rare+guard", None, CheckEffort())
    full = make_scheduler(" RARE+guard=hvf+easy+every=2+samples=4", seed=7)
    assert (full.rule.name, full.effort) == ("hvf+easy", CheckEffort(every=2.0, samples=4, seed=7))
    assert make_scheduler("rare+guard+samples=4").effort.samples == 4
    assert make_scheduler(f"{FOLDER}+guard=atc=0.5+easy").rule.name == "atc=0.5+easy"
    assert any("+guard" in form for form in describe()["trained"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rare+guard=hfv", "did you mean 'hvf'"),
        ("rare+guard+samples=two", "samples=two must be a number from 1 to 64, as in samples=8"),
        ("rare+guard+every=-1", "every=-1 must be a number from 0"),
        ("rare+guard+bugdet=3", "unknown parameter 'bugdet'; known: every"),
        ("rare+guards", "takes no parts but .guard and prices"),
        ("rare+easy+guard", "takes no parts but .guard and prices"),
        ("no/such/folder+guard", "there is no folder no/such/folder"),
    ],
)
def test_wrong_names_are_refused_in_one_line(name, message):
    with pytest.raises(InputError, match=message) as refused:
        make_scheduler(name)
    assert "\n" not in str(refused.value)


def test_a_rule_that_cannot_work_on_the_case_is_refused():
    case = make_case([{"work_s": 10}], rare.Partition(nodes=4), [{"t": 0, "supply": WATT}])
    with pytest.raises(InputError, match="ranks by value, and no job has one"):
        make_scheduler("rare+guard=hvf+easy").for_case(case)
