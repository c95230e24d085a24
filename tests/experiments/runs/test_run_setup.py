"""Keyword arguments and a request ask for different things, or a misspelt field is passed over."""

import pytest

from experiments.evaluation.evaluate_run import EvaluationRequest, evaluate_run
from experiments.runs import Settings, SimulationRequest, compare_run, simulate_run
from rare.scenario.load import Wishes
from traces.errors import InputError


@pytest.fixture
def jobs(here, stub):
    return Wishes(workload="jobs.csv")


def test_keywords_are_fields_of_the_request(jobs):
    by_keyword = simulate_run("easy", wishes=jobs, settings=Settings(seed=3))
    request = SimulationRequest(wishes=jobs, settings=Settings(seed=3))
    assert simulate_run("easy", request) == by_keyword and by_keyword["seed"] == 3


def test_keywords_change_a_request(jobs):
    request = SimulationRequest(wishes=jobs, settings=Settings(seed=3))
    assert simulate_run("easy", request, settings=Settings(seed=4))["seed"] == 4
    assert compare_run(["easy"], request, settings=None)["results"][0]["seed"] == 0
    assert request.settings == Settings(seed=3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: simulate_run("easy", scenarios="tiny"),
        lambda: compare_run(["easy"], EvaluationRequest(), scenarios="tiny"),
        lambda: evaluate_run(["easy"], ["test"], scenarios="tiny"),
    ],
)
def test_a_misspelt_field_is_refused(call):
    with pytest.raises(TypeError, match="scenarios"):
        call()


def test_a_clock_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="clock 'quartz' is unknown; known are compiled, simpy"):
        Settings(clock="quartz")
