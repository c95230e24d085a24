"""A policy earns another sum in `simulate` than in the environment, or a wrong answer is not told."""

import numpy as np
import pytest

import rare
from rare.env.policies.play import play
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import load_episodes
from traces.errors import InputError

SMALL = {"queue_slots": 6, "running_slots": 3, "forecast_hours": 4}


class Weighted:
    """Scores of a fixed random matrix: every number of the observation counts."""

    def __init__(self, layout=None, seed=0):
        self.seen = []
        if layout is not None:
            self.layout = layout
        sizes = rare.Layout(**layout) if isinstance(layout, dict) else layout or rare.Layout()
        self.weights = np.random.default_rng(seed).normal(size=(sizes.size, sizes.actions))

    def act(self, observation, mask):
        assert observation.dtype == np.float32 and mask.dtype == np.bool_ and mask.sum() >= 2
        action = int(np.where(mask, observation @ self.weights, -np.inf).argmax())
        self.seen.append((observation.copy(), mask.copy(), action))
        observation[:], mask[:] = 7, False  # its own copies
        return action


def case_of(window, scenario="tiny"):
    return build(load_scenario(scenario, Wishes(window=window))).case


def env_return(policy, window, **layout):
    env = rare.GreenClusterEnv("tiny", **layout)
    observation, info = env.reset(options={"window": window})
    total, over = 0.0, False
    while not over:
        action = policy.act(observation, np.asarray(info["action_mask"]).astype(bool))
        observation, reward, over, _, info = env.step(action)
        total += reward
    return total, info["episode_summary"]["objective"]


@pytest.mark.parametrize("layout", [None, SMALL, SMALL | {"reservations": True}, rare.Layout(6, 3, 4)])
@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_it_earns_what_an_episode_of_the_environment_returns(layout, clock):
    sizes = layout if isinstance(layout, dict) else {} if layout is None else SMALL
    played, simulated = Weighted(layout), Weighted(layout)
    total, objective = env_return(played, "test-01", **sizes)
    metrics = rare.simulate(case_of("test-01"), simulated, clock=clock).metrics
    assert metrics["objective"] == pytest.approx(total, abs=1e-9)
    assert metrics["objective"] == objective
    assert len(played.seen) == len(simulated.seen) > 10
    for one, other in zip(played.seen, simulated.seen, strict=True):
        assert (one[0] == other[0]).all() and (one[1] == other[1]).all() and one[2] == other[2]


def test_it_drives_the_environment_too():
    driven = play(load_episodes("tiny"), Weighted(SMALL), "test-01", layout=rare.Layout(**SMALL))
    total, _ = env_return(Weighted(SMALL), "test-01", **SMALL)
    assert driven["return"] == pytest.approx(total, abs=1e-12) and driven["outside"] == 0


class Answers:
    layout = SMALL

    def __init__(self, answer):
        self.answer = answer

    def act(self, observation, mask):
        return self.answer(mask) if callable(self.answer) else self.answer


@pytest.mark.parametrize("form", [
    int, np.int64, np.int8, lambda action: np.array(action), lambda action: np.array([action]),
])  # fmt: skip
def test_an_action_may_come_as_any_whole_number(form):
    case, first = case_of("test-00"), lambda mask: np.flatnonzero(mask)[1]
    plain = rare.simulate(case, Answers(lambda mask: int(first(mask)))).metrics["objective"]
    assert rare.simulate(case, Answers(lambda mask: form(first(mask)))).metrics["objective"] == plain


@pytest.mark.parametrize("answer, said", [
    (10, "10 .*from 0 .* to 9"), (-1, "-1"), (1.7, r"1\.7"),
    (1.0, r"1\.0"), (None, "None"), (True, "True"), ("1", "'1'"),
    (np.array([1, 2]), "array"), (np.True_, "np.True_"), (float("nan"), "nan"),
    (lambda mask: int(np.flatnonzero(~mask)[0]), r"not valid there .*mask\[action\] true: 0, 1"),
])  # fmt: skip
def test_an_answer_that_is_no_valid_action_is_told(answer, said):
    with pytest.raises(InputError, match=rf"Answers\.act returned.*{said}"):
        rare.simulate(case_of("test-00"), Answers(answer))


@pytest.mark.parametrize("layout", [5, "default", {"slots": 3}, [64, 16, 24], {"queue_slots": 0}])
def test_a_layout_that_is_none_is_told(layout):
    policy = Answers(0)
    policy.layout = layout
    with pytest.raises(InputError, match="queue_slots"):
        rare.simulate(case_of("test-00"), policy)


def test_its_name_is_the_results():
    policy = Answers(0)
    assert rare.simulate(case_of("test-00"), policy).scheduler == "Answers"
    policy.name = "never starts"
    assert rare.simulate(case_of("test-00"), policy).scheduler == "never starts"
    assert isinstance(policy, rare.Policy) and not isinstance(policy, rare.Scheduler)
