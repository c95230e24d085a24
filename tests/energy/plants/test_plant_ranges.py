"""What a plant may be: the ends of each range are allowed and what lies beyond is refused, by name."""

import dataclasses

import pytest

from energy.plants.plant_power import check_capacity
from energy.plants.solar_plant import SolarPlant
from energy.plants.wind import WindPlant, wind_power
from tests.energy.weather.weather_makers import made_weather
from traces.errors import InputError

SOLAR = {
    "tilt_deg": (0, 90),
    "azimuth_deg": (0, 360),
    "gamma_pdc": (-0.02, 0),
    "dc_ac_ratio": (0.1, 5),
    "losses_percent": (0, 99),
    "albedo": (0, 1),
    "ground_cover": (0.05, 0.99),
}
WIND = {
    "hub_height_m": (10, 300),
    "roughness_m": (1e-5, 5),
    "hellman_exponent": (0.01, 1),
    "losses_percent": (0, 99),
}
RANGES = [
    (kind, name, *ends)
    for kind, table in ((SolarPlant, SOLAR), (WindPlant, WIND))
    for name, ends in table.items()
]


@pytest.mark.parametrize(("kind", "name", "low", "high"), RANGES)
def test_both_ends_are_allowed_and_nothing_beyond(kind, name, low, high):
    for value in (low, high):
        assert getattr(kind(**{name: value}), name) == value
    for value in (low - (high - low) * 1e-6, high + (high - low) * 1e-6, float("nan"), True, "1"):
        with pytest.raises(InputError, match=f"{name} is .*give a number from"):
            kind(**{name: value})


def test_what_may_be_left_to_the_weather_may_be_none_and_nothing_else():
    free = {
        (kind, field.name)
        for kind in (SolarPlant, WindPlant)
        for field in dataclasses.fields(kind)
        if field.default is None
    }
    for kind, name, *_ in RANGES:
        if (kind, name) in free:
            assert getattr(kind(**{name: None}), name) is None
        else:
            with pytest.raises(InputError, match=f"{name} is None"):
                kind(**{name: None})


def test_a_plant_cannot_be_changed_behind_its_checks():
    for plant in (SolarPlant(), WindPlant()):
        with pytest.raises(dataclasses.FrozenInstanceError):
            plant.losses_percent = 200.0


def test_capacities():
    assert check_capacity(1e9) == 1e9 and check_capacity(1) == 1.0
    for value in (1.0000001e9, 0, -1.0, float("inf"), True, None):
        with pytest.raises(InputError, match="capacity_kw is"):
            check_capacity(value)


def test_where_nobody_knows_the_roughness_it_is_that_of_farmland():
    weather = made_weather()
    assert weather.roughness_m is None
    assert wind_power(weather) == wind_power(weather, WindPlant(roughness_m=0.15))
