"""A request for training that cannot be is taken, or is refused only after the data were read."""

import pytest

from experiments.training.training_requests import OfflineRequest, OnlineRequest
from traces.errors import InputError


@pytest.mark.parametrize(
    ("request_class", "fields", "message"),
    [
        (OfflineRequest, {"algorithm": "ppo"}, "--algorithm"),
        (OfflineRequest, {"network": "deep"}, "--network 'deep' is unknown; known are pointwise"),
        (OfflineRequest, {"validate_every": 0}, "--validate-every must be at least 1, got 0"),
        (OfflineRequest, {"patience": -1}, "--patience must be at least 0, got -1"),
        (OfflineRequest, {"gamma": 1.5}, "--gamma must be above 0 and at most 1"),
        (OfflineRequest, {"gamma": float("nan")}, "--gamma must be above 0"),
        (OfflineRequest, {"network": "attention", "width": 6}, "--width must be a multiple of 4"),
        (OnlineRequest, {"algorithm": "bc"}, "--algorithm"),
        (OnlineRequest, {"steps": 0}, "--steps must be at least 1, got 0"),
        (OnlineRequest, {"mix": 1.0}, "--mix must be from 0 to below 1"),
        (OnlineRequest, {"data": ["log"]}, "--data: only dqn learns from logged transitions"),
        (OnlineRequest, {"limits": ["violations=0.1"], "algorithm": "dqn"}, "--limit: only ppo keeps limits"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(request_class, fields, message):
    with pytest.raises(InputError) as error:
        request_class(**fields)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("request_class", [OfflineRequest, OnlineRequest])
def test_a_field_that_there_is_not_is_a_slip_of_the_program(request_class):
    with pytest.raises(TypeError, match="stepz"):
        request_class(stepz=1)
