"""Yearly sums of a plant's runs, worked by hand; who serves enough, is on the front, and has a name."""

import math
from types import SimpleNamespace

import pytest

from experiments.size.judged_plants import SERVICES, PlantPair, judged, points_table, scores, service_of
from experiments.size.plant_costs import Plant
from experiments.size.size_file import SizeFile
from rare.scenario.config.toml_tables import parse_table
from tests.experiments.size.test_costs import table
from traces.errors import InputError

METRICS = {
    "jobs_submitted": 110, "jobs_rejected": 10, "jobs_completed": 90, "qos_violations": 12,
    "value_earned": 50.0,
    "energy_kwh": 200.0, "grid_kwh": 40.0, "grid_cost": 6.0, "carbon_kg": 16.0, "curtailed_kwh": 5.0,
    "renewable_share": 0.8, "mean_bounded_slowdown_with_unfinished": 3.0,
}  # fmt: skip


def case(name="year", scale=10.0):
    return SimpleNamespace(name=name, scale=scale, has_value=True, has_deadlines=True)


def row(metrics=(METRICS,), cases=None, plant=None, least=None):
    plant = plant or Plant(2, 4, 10, 2.5, 3)
    cases = cases or [case()]
    return judged(PlantPair(plant, plant), metrics, cases, least or [0.8] * len(cases), table())


def test_one_year_by_hand():
    found = row()
    capital = 2 * 1000 / 20 + 4 * 1500 / 25 + (3000 + 250) / 10 + 3 * 80 / 40
    running = 20 + 120 + 80 + 360
    assert found["capital_per_year"] == pytest.approx(capital)
    assert found["running_per_year"] == pytest.approx(running)
    assert found["grid_energy_cost_per_year"] == 60
    assert found["cost_per_year"] == pytest.approx(capital + running + 60)
    parts = [
        found[f"{name}_cost_per_year"] for name in ("solar", "wind", "battery", "grid_line", "grid_energy")
    ]
    assert sum(parts) == pytest.approx(found["cost_per_year"])
    embodied_kg = 40 + 80 + 95 + 0.3
    assert found["embodied_kg_per_year"] == pytest.approx(embodied_kg)
    assert found["carbon_kg_per_year"] == pytest.approx(embodied_kg + 160)
    assert (found["value_per_year"], found["late_per_year"], found["energy_kwh_per_year"]) == (500, 120, 2000)
    assert found["served_share"] == 0.9, "of the 100 that fit the machine"
    assert found["served_margin"] == pytest.approx(0.1)
    assert found["renewable_share"] == pytest.approx(0.8)


def test_years_are_averaged_and_the_worst_is_kept():
    bad = METRICS | {
        "jobs_completed": 70,
        "grid_cost": 10.0,
        "value_earned": 20.0,
        "energy_kwh": 600.0,
        "renewable_share": 0.4,
    }
    found = row([METRICS, bad], [case("wet"), case("dry", 5.0)])
    assert found["grid_energy_cost_per_year"] == (60 + 50) / 2
    assert found["value_per_year"] == (500 + 100) / 2
    assert found["worst_value_per_year"] == 100
    assert (found["served_share"], found["worst_served_share"], found["worst_served_year"]) == (
        0.8,
        0.7,
        "dry",
    )
    assert found["served_margin"] == pytest.approx(-0.1)
    assert found["worst_cost_per_year"] - found["cost_per_year"] == pytest.approx(5)
    assert found["renewable_share"] == pytest.approx((0.8 * 2000 + 0.4 * 3000) / 5000)


def test_a_grid_that_was_not_used_costs_nothing_and_one_that_was_needs_a_price():
    island = METRICS | {"grid_kwh": 0.0, "grid_cost": None, "carbon_kg": None}
    assert row([island])["grid_energy_cost_per_year"] == 0
    with pytest.raises(InputError, match="grid_cost nobody knows"):
        row([METRICS | {"grid_cost": None}])


def test_a_plant_that_serves_nobody_is_no_choice_however_cheap():
    nobody = row(
        [METRICS | {"jobs_completed": 0, "value_earned": 0.0, "grid_cost": 0.0, "carbon_kg": 0.0}],
        plant=Plant(),
    )
    good, better = row(), row([METRICS | {"value_earned": 60.0}])
    points = points_table([nobody, good, better], SERVICES["value"])
    assert nobody["cost_per_year"] == 0 and not math.isnan(nobody["carbon_kg_per_year"])
    assert points["serves_enough"].tolist() == [False, True, True]
    assert points["on_front"].tolist() == [False, False, True]
    assert points["choice"].tolist() == ["", "", "cheapest+cleanest+knee"]


def test_no_plant_serves_enough():
    points = points_table([row(least=[0.99])], SERVICES["value"])
    assert points[["serves_enough", "on_front"]].to_numpy().tolist() == [[False, False]]
    assert points["choice"].tolist() == [""]


def test_value_is_sought_high_and_delay_low():
    found = row()
    assert scores(found, SERVICES["value"]).objectives[2] == -500
    assert scores(found, SERVICES["late"]).objectives[2] == 120
    assert scores(found, SERVICES["unserved"]).objectives[2] == pytest.approx(0.1)
    assert scores(found, SERVICES["slowdown"]).objectives[2] == 3
    nothing = row([METRICS | {"mean_bounded_slowdown_with_unfinished": None}])
    assert scores(nothing, SERVICES["slowdown"]).objectives[2] == 1e12


def test_the_service_is_what_the_jobs_have():
    def asked(service, valued=True, dated=True):
        question = parse_table(SizeFile, {"name": "q", "solar": {"kw": 1}, "service": service})
        cases = [case(), SimpleNamespace(has_value=valued, has_deadlines=dated)]
        return service_of(question, cases).name

    assert [asked("auto"), asked("auto", False), asked("auto", False, False)] == ["value", "late", "slowdown"]
    assert asked("unserved", False, False) == "unserved"
    with pytest.raises(InputError, match="service is 'value', and the jobs have no value"):
        asked("value", False)
    with pytest.raises(InputError, match="have no deadline"):
        asked("late", True, False)
