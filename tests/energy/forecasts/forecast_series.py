"""Series and forecasters that the tests of forecasts share."""

import numpy as np

from energy.forecasts import Climate, Climatology, DayAhead, PerfectForecast, Persistence, Synthetic
from energy.hash_noise import autocorrelated

DAYS = 84
HOURS = DAYS * 24
STEPS = 24
CAPACITY = 100.0


def red_noise(seed: int, length: int = HOURS, link: float = 0.9) -> np.ndarray:
    draws = np.random.default_rng(seed).standard_normal(length)
    return autocorrelated(draws, link)


def wind(seed: int = 1, length: int = HOURS) -> np.ndarray:
    return CAPACITY / (1 + np.exp(-1.5 * red_noise(seed, length) + 1))


def sun(seed: int = 2) -> np.ndarray:
    height = np.maximum(np.sin((np.arange(HOURS) % 24 - 6) / 12 * np.pi), 0.0)
    height[height < 1e-9] = 0.0
    return CAPACITY * height / (1 + np.exp(-red_noise(seed) - 1))


SERIES = {
    "wind": wind(),
    "solar": sun(),
    "supply": wind(3) / 2 + sun() / 2,
    "price": 50 + 40 * red_noise(4),
    "carbon": np.maximum(0.3 + 0.2 * red_noise(5), 0.0),
}
# Two weeks of four train, as in the scenarios' splits.
TRAIN = np.arange(HOURS) // 168 % 4 < 2


def synthetic(quantity="wind", actual=None, steps=STEPS, **more) -> Synthetic:
    actual = SERIES[quantity] if actual is None else actual
    options = {"seed": 7, "site": "here", "train": TRAIN} | more
    if "climate" in more:
        options.pop("train")
    return Synthetic(actual, steps, quantity=quantity, **options)


def product(actual) -> np.ndarray:
    return np.clip(actual + 12 * red_noise(9, len(actual), 0.7), 0, None)


MAKERS = {
    "perfect": lambda actual: PerfectForecast(actual, STEPS),
    "persistence": lambda actual: Persistence(actual, STEPS, quantity="wind", train=TRAIN, capacity=CAPACITY),
    "daily": lambda actual: Persistence(
        actual, STEPS, quantity="wind", train=TRAIN, capacity=CAPACITY, daily=True
    ),
    "climatology": lambda actual: Climatology(
        HOURS, STEPS, climate=Climate.fit(actual, train=TRAIN, quantity="wind")
    ),
    "day-ahead": lambda actual: DayAhead(
        actual, product(SERIES["wind"]), STEPS, quantity="wind", train=TRAIN
    ),
    "synthetic": lambda actual: synthetic(actual=actual),
}
