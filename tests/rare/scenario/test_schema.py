"""An editor with the JSON schema marks a right scenario as wrong, or passes over a wrong one."""

import json
import tomllib
from pathlib import Path

import pytest

from experiments.cli.root import main
from experiments.engine.slurm.slurm_file import slurm_file_schema
from experiments.launchpad.experiment_file import HERE, experiment_schema
from experiments.size.size_file import size_schema
from experiments.sweep.sweep_file import sweep_schema
from rare.scenario.config.scenario_config import Scenario, scenario_schema
from rare.scenario.config.toml_schema import unit_of
from rare.scenario.config.toml_tables import TableProblem, parse_table
from rare.scenario.load import SHIPPED
from tests.rare.scenario.scenario_texts import BASE
from tests.rare.scenario.schema_check import faults

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
OTHERS = {"sweep": sweep_schema(), "size": size_schema(), "slurm": slurm_file_schema()}
"""Schemas of examples that are no scenarios, by the beginning of their names."""
SCENARIOS = sorted([*SHIPPED.rglob("*.toml"), *EXAMPLES.rglob("*.toml")])
SCENARIO, EXPERIMENT = scenario_schema(), experiment_schema()
CLASS = '[[service_class]]\nname = "a"\nshare = 1\nvalue_per_core_hour = 1\n'
RIGHT = {
    "a list and a single text": '[[supply.source]]\nfile = "a.csv"\ncolumns = "a"\n'
    '[[supply.source]]\nfile = "a.csv"\ncolumns = ["a", "b"]\n',
    "a date of TOML's": "workload.from_date = 2022-03-01\n",
    "two numbers": CLASS + "slack_factor = [1, 2.5]\n",
}
WRONG = {
    "an unknown key": "[battery]\nhour = 1\n",
    "an unknown table": "[baterry]\nhours = 1\n",
    "a text for a number": '[battery]\nhours = "4"\n',
    "true for a number": "[battery]\nhours = true\n",
    "a fraction for a whole number": "[rules]\nmax_kills = 1.5\n",
    "too low": "[battery]\nhours = -1\n",
    "too high": "[battery]\ninitial_share = 1.5\n",
    "not above": '[[supply.source]]\nfile = "a.csv"\npeak = 0\n',
    "no choice": '[forecast]\nkind = "oracle"\n',
    "a number for a text": "[windows]\nfile = 3\n",
    "an empty text": '[windows]\nfile = " "\n',
    "a missing key": "[windows]\njobs = 3\n",
    "one number for two": CLASS + "slack_factor = [1]\n",
    "a table for an array": '[service_class]\nname = "a"\n',
}


def read(text):
    return {"name": "x", **tomllib.loads(text)}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_shipped_scenario_and_example_fits(path):
    schema = OTHERS.get(path.stem.partition("-")[0], SCENARIO) if EXAMPLES in path.parents else SCENARIO
    assert faults(tomllib.loads(path.read_text("utf-8")), schema, schema) == []


@pytest.mark.parametrize("path", sorted(HERE.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_fits(path):
    assert faults(tomllib.loads(path.read_text("utf-8")), EXPERIMENT, EXPERIMENT) == []


@pytest.mark.parametrize("name", RIGHT)
def test_what_the_reader_takes_the_schema_takes(name):
    table = read(RIGHT[name])
    parse_table(Scenario, table)
    assert faults(table, SCENARIO, SCENARIO) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_the_reader_refuses_the_schema_refuses(name):
    table = read(WRONG[name])
    with pytest.raises(TableProblem):
        parse_table(Scenario, table)
    assert faults(table, SCENARIO, SCENARIO)


def test_a_file_needs_no_name():
    assert faults(tomllib.loads(BASE.replace('name = "mine"\n', "")), SCENARIO, SCENARIO) == []


@pytest.mark.parametrize("schema", [SCENARIO, EXPERIMENT], ids=["scenario", "experiment"])
def test_every_value_is_described_and_named_with_its_unit(schema):
    values = [
        (key, value)
        for table in (schema, *schema["$defs"].values())
        for key, value in table["properties"].items()
        if "$ref" not in value and "$ref" not in value.get("items", {})
    ]
    assert len(values) > 30
    assert [key for key, value in values if not value.get("description")] == []
    assert all(value["title"].startswith(key) for key, value in values)
    assert "null" not in json.dumps(schema)


def test_units_are_those_of_the_keys_names():
    units = {key: unit_of(key) for key in ("wake_s", "idle_w", "import_kw", "kwh", "capacity", "dc_ac_ratio")}
    assert units == {
        "wake_s": "s", "idle_w": "W", "import_kw": "kW", "kwh": "kWh", "capacity": None, "dc_ac_ratio": None,
    }  # fmt: skip


@pytest.mark.parametrize("command, schema", [("scenarios", SCENARIO), ("launchpad", EXPERIMENT)])
def test_the_command_prints_one_object_and_nothing_else(command, schema, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([command, "--schema"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (schema, "")
    assert list(tmp_path.iterdir()) == []
