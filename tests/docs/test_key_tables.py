"""The documentation has other keys, bounds or defaults than the files are checked by."""

import pytest

from docs.scripts.scenario_tables import LEVELS_PAGE, PAGES, levels_refreshed, refreshed
from experiments.engine.slurm.slurm_file import SlurmFile
from experiments.launchpad.experiment_file import Experiment
from experiments.size.size_file import SizeFile
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.config.toml_tables import inner_table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_of_keys_are_those_of_the_fields(page):
    remedy = "change the fields, then: python -m docs.scripts.scenario_tables"
    assert refreshed(page) == page.read_text("utf-8"), remedy


def keys(table):
    for name, field in table.fields_by_key().items():
        inner = inner_table(field)
        yield from [name] if inner is None else keys(inner)


MODELS = (Scenario, Experiment, SlurmFile, SizeFile)


@pytest.mark.parametrize("page, model", list(zip(PAGES, MODELS, strict=True)))
def test_every_key_is_documented(page, model):
    text = page.read_text("utf-8")
    assert [key for key in keys(model) if f"`{key}`" not in text] == []


def test_speed_levels_are_those_of_the_file():
    remedy = "change the file, then: python -m docs.scripts.scenario_tables"
    assert levels_refreshed(LEVELS_PAGE.read_text("utf-8")) == LEVELS_PAGE.read_text("utf-8"), remedy
