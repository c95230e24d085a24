"""Wrong arguments to forecasters: one clear line each."""

import numpy as np
import pytest

from energy.forecasts import QUANTITIES, Climate, DayAhead, ErrorFit, PerfectForecast, shipped_fit
from tests.energy.forecasts.forecast_series import HOURS, SERIES, TRAIN, synthetic
from traces.errors import InputError

HOSTILE = {
    "unknown quantity": (lambda: synthetic("wave", SERIES["wind"]), "use one of wind, solar, supply, price"),
    "quantity of another type": (lambda: synthetic(["wind"], SERIES["wind"]), "unknown"),
    "a gap": (lambda: synthetic(actual=np.r_[SERIES["wind"][:-1], np.nan]), f"nan at step {HOURS - 1}"),
    "negative wind": (lambda: synthetic(actual=np.r_[-1.0, SERIES["wind"][1:]]), "-1 at step 0 is below 0"),
    "small capacity": (lambda: synthetic(capacity=50.0), "above the capacity 50"),
    "capacity of nothing": (lambda: synthetic(capacity=0), "capacity 0 of wind"),
    "capacity nan": (lambda: synthetic(capacity=float("nan")), "capacity nan"),
    "no steps": (lambda: synthetic(steps=0), "forecast steps 0"),
    "half a step": (lambda: synthetic(steps=1.5), "forecast steps 1.5"),
    "true steps": (lambda: synthetic(steps=True), "forecast steps True"),
    "no training": (lambda: synthetic(train=None), "give train"),
    "mask of the wrong length": (lambda: synthetic(train=TRAIN[1:]), "training mask"),
    "mask of numbers": (lambda: synthetic(train=np.arange(HOURS)), "training mask"),
    "empty mask": (lambda: synthetic(train=np.zeros(HOURS, bool)), "has 0 steps"),
    "sun that never shines": (lambda: synthetic("solar", np.zeros(HOURS)), "not dark"),
    "text": (lambda: synthetic(actual=["a"] * HOURS), "not a series of numbers"),
    "empty": (lambda: PerfectForecast([], 3), "at least one step"),
    "a table as series": (lambda: PerfectForecast([[1.0]], 3), "flat series"),
    "quantiles out of order": (lambda: synthetic(quantiles=(0.9, 0.1)), "increasing probabilities"),
    "quantile 1": (lambda: synthetic(quantiles=(0.5, 1.0)), "increasing probabilities"),
    "quantile above 1": (lambda: synthetic(quantiles=(0.5, 1.5)), "increasing probabilities"),
    "quantile 0": (lambda: synthetic(quantiles=(0.0, 0.5)), "increasing probabilities"),
    "quantile below 0": (lambda: synthetic(quantiles=(-0.5, 0.5)), "increasing probabilities"),
    "quantile of none": (lambda: synthetic(quantiles=(float("nan"),)), "increasing probabilities"),
    "no quantiles": (lambda: synthetic(quantiles=()), "increasing probabilities"),
    "uneven step": (lambda: synthetic(step_s=7000), "whole number of steps"),
    "another's climate": (
        lambda: synthetic("wind", climate=Climate.fit(SERIES["price"], train=TRAIN, quantity="price")),
        "climate of price given for wind",
    ),
    "issue between steps": (lambda: synthetic().table(0.5, 2), "outside the series"),
    "seed of text": (lambda: synthetic(seed="a"), "seed 'a'"),
    "no paths": (lambda: synthetic().sample(0, 0, 1), "sample paths 0"),
    "short product": (
        lambda: DayAhead(SERIES["wind"], SERIES["wind"][:5], 3, quantity="wind", train=TRAIN),
        "make them equal",
    ),
    "hour 24": (
        lambda: DayAhead(SERIES["wind"], SERIES["wind"], 3, quantity="wind", train=TRAIN, issue_hour=24),
        "issue_hour 24",
    ),
    "fit without leads": (lambda: ErrorFit((), (), 0.5, False, ""), "0 leads"),
    "fit that improves": (lambda: ErrorFit((1.0, 2.0), (0.5, 0.6), 0.5, False, ""), "falling numbers"),
    "fit at lead 0": (lambda: ErrorFit((0.0,), (0.5,), 0.5, False, ""), "increasing hours"),
    "fit link 1": (lambda: ErrorFit((1.0,), (0.5,), 1.0, False, ""), "noise_link_h"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_bad_input_is_one_clear_line(case):
    call, message = HOSTILE[case]
    with pytest.raises(InputError) as caught:
        call()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_shipped_fits_cover_every_quantity_and_say_what_is_validated():
    assert {name for name in QUANTITIES if shipped_fit(name).validated} == {"wind", "carbon"}
    assert all(shipped_fit(name).source for name in QUANTITIES)
