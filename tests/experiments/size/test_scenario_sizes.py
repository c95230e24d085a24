"""A plant's capacities become the keys that the scenario already has; what cannot be sized is one line."""

import pytest

from experiments.process.progress import QUIET
from experiments.runs.run_setup import prepare
from experiments.size.plant_costs import Plant
from experiments.size.run_size import bought_plant
from experiments.size.scenario_sizes import sizes_of
from experiments.size.search_space import search_space
from experiments.size.size_cases import CaseRequest
from experiments.size.size_file import SizeFile
from rare.scenario.config.toml_tables import parse_table
from rare.scenario.load import Overrides
from traces.errors import InputError

RANGES = {
    "solar": {"ratio": [0, 2], "steps": 4},
    "wind": {"kw": [0, 1], "steps": 4},
    "battery": {"hours": [0, 4], "steps": 4},
    "grid": {"kw": [0, 0.5], "steps": 4},
}
PLANT = Plant(0.5, 0.25, 1.0, 0.25, 0.125)


def built(*settings, scenario="tiny"):
    request = CaseRequest("year", scenario, Overrides(settings=settings), 0)
    return prepare(request.simulation(), ["fcfs"], QUIET).built


def question(**tables):
    return parse_table(SizeFile, {"name": "q", **tables})


@pytest.fixture(scope="module")
def tiny():
    return built()


def test_sizes_go_to_the_keys_that_the_scenario_uses(tiny):
    """tiny has ratios of the peak draw, hours and no import limit."""
    sizes = sizes_of(tiny, question(**RANGES))
    peak_kw = tiny.case.cluster.peak_draw_mw / 1e6
    settings = dict(setting.split("=") for setting in sizes.settings(PLANT))
    assert list(settings) == [
        "supply.source.0.capacity", "supply.source.1.capacity", "battery.hours", "battery.charge_ratio",
        "battery.discharge_ratio", "grid.import_kw",
    ]  # fmt: skip
    ratios = [0.5, 0.25, 1.0, 0.25, 0.25]
    assert [float(value) * peak_kw for value in list(settings.values())[:5]] == pytest.approx(ratios)
    assert settings["grid.import_kw"] == "0.125"


def test_the_built_scenario_has_the_plant(tiny):
    """Read back from the case, to the rounding of a milliwatt."""
    sizes = sizes_of(tiny, question(**RANGES))
    again = built(*sizes.settings(PLANT))
    own = sizes_of(again, question(solar={"kw": 1})).own
    assert own.battery_kwh == pytest.approx(1.0, abs=1e-6)
    assert own.battery_kw == pytest.approx(0.25, abs=1e-6)
    assert own.grid_kw == pytest.approx(0.125)
    sources = again.loaded.scenario.supply.source
    assert [source.capacity * sizes.peak_kw for source in sources] == pytest.approx([0.5, 0.25])


def test_a_plant_of_nothing_can_be_built(tiny):
    """A source of 0 kW is none; a battery of 0 kWh and a line of 0 kW are given as such."""
    sizes = sizes_of(tiny, question(**RANGES))
    nothing = built(*sizes.settings(Plant()))
    assert nothing.case.inputs.supply_mw.max() <= 2
    assert nothing.case.battery.capacity_mj == 0
    assert nothing.case.inputs.import_limit_mw.max() == 0


def test_absolute_keys_stay_absolute():
    settings = ("battery={kwh=2.0,charge_kw=1.0,discharge_kw=0.5}", "grid.import_kw=0.2")
    case = built(*settings)
    found = sizes_of(case, question(battery={"kwh": [0, 4]}, grid={"kw": [0, 1]}))
    assert found.settings(PLANT) == (
        "battery.kwh=1.0", "battery.charge_kw=0.25", "battery.discharge_kw=0.25", "grid.import_kw=0.125",
    )  # fmt: skip
    assert (found.own.battery_kwh, found.own.battery_kw, found.own.grid_kw) == (2.0, 1.0, 0.2)


def test_an_unlimited_grid_becomes_a_line():
    found = sizes_of(built("grid.unlimited=true", "grid.price_per_kwh=0.1"), question(grid={"ratio": [0, 1]}))
    assert found.settings(Plant(grid_kw=0.3)) == ("grid.unlimited=false", "grid.import_kw=0.3")
    assert found.own.grid_kw == found.peak_kw, "no line draws more than the peak"


def test_what_is_not_sized_stays_and_is_paid_for(tiny):
    asked = question(solar={"ratio": [0, 2], "nameplate_ratio": 1.5})
    sizes = sizes_of(tiny, asked)
    space = search_space(asked, sizes)
    plant = space.plant(space.candidate({"solar_kw": 20}, "easy"))
    assert [scale.name for scale in space.free] == ["solar_kw"]
    peak_kw = sizes.peak_kw
    assert plant.solar_kw == pytest.approx(2 * peak_kw)
    assert (plant.wind_kw, plant.battery_kwh) == pytest.approx((0.8 * peak_kw, 1.5 * peak_kw))
    bought = bought_plant(plant, asked, sizes)
    assert bought.solar_kw == pytest.approx(3 * peak_kw), "nameplate"
    assert bought.wind_kw == plant.wind_kw


def test_a_second_source_of_the_kind_is_paid_for_besides():
    case = built("supply.source.2.kind=solar", "supply.source.2.capacity=0.5")
    with pytest.raises(InputError, match=r"several solar sources \(0, 2\)"):
        sizes_of(case, question(solar={"kw": 1}))
    asked = question(solar={"kw": 1, "source": 2})
    sizes = sizes_of(case, asked)
    assert sizes.settings(Plant(solar_kw=1))[0].startswith("supply.source.2.capacity=")
    assert bought_plant(Plant(solar_kw=1), asked, sizes).solar_kw == pytest.approx(1 + sizes.peak_kw)


def test_the_power_of_a_battery_follows_its_energy_or_is_its_own(tiny):
    follows = question(battery={"kwh": [0, 8], "steps": 8, "duration_h": 2})
    space = search_space(follows, sizes_of(tiny, follows))
    plant = space.plant(space.candidate({"battery_kwh": 3}, "easy"))
    assert (plant.battery_kwh, plant.battery_kw) == (3, 1.5)
    own = question(battery={"kwh": 8, "kw": [0, 2], "kw_steps": 4})
    space = search_space(own, sizes_of(tiny, own))
    assert [scale.name for scale in space.free] == ["battery_kw"]
    assert space.plant(space.candidate({"battery_kw": 1}, "easy")).battery_kw == 0.5
    standard = question(battery={"kwh": 8})
    space = search_space(standard, sizes_of(tiny, standard))
    assert space.plant(space.candidate({}, "easy")).battery_kw == 2, "four hours"


@pytest.mark.parametrize(
    ("tables", "settings", "message"),
    [
        ({"solar": {"kw": 1, "source": 5}}, (), "solar.source is 5, but the scenario's sources are 2"),
        ({"solar": {"kw": 1, "source": 0}, "wind": {"kw": 1, "source": 0}}, (), "are the same; keep one"),
        ({"solar": {"kw": 1}}, ("supply.source.0.kind=wind",), "has no solar source to be sized"),
        ({"solar": {"kw": 1}}, ('supply={kind="unlimited"}', "window=all"), "power without limit"),
    ],
)
def test_what_cannot_be_sized_is_one_line(tables, settings, message):
    with pytest.raises(InputError, match=message):
        sizes_of(built(*settings), question(**tables))
