"""The documentation has other keys, bounds or defaults than the files are checked by."""

import re
import tomllib

import pytest

from docs.scripts.page_paths import page_path
from docs.scripts.scenario_tables import (
    LEVELS_PAGE,
    PAGES,
    SCENARIO_PAGES,
    blocks_in,
    levels_refreshed,
    refreshed,
)
from experiments.engine.slurm.slurm_file import SlurmFile
from experiments.launchpad.experiment_file import Experiment
from experiments.size.size_file import SizeFile
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.config.toml_tables import inner_table, parse_table


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_of_keys_are_those_of_the_fields(page):
    remedy = "change the fields, then: python -m docs.scripts.scenario_tables"
    assert refreshed(page) == page.read_text("utf-8"), remedy


def keys(table):
    for name, field in table.fields_by_key().items():
        inner = inner_table(field)
        yield from [name] if inner is None else keys(inner)


DOCUMENTED = {
    "scenario": (SCENARIO_PAGES, Scenario),
    "launchpad": ((page_path("launchpad.md"),), Experiment),
    "slurm": ((page_path("clusters.md"),), SlurmFile),
    "size": ((page_path("size.md"),), SizeFile),
}


@pytest.mark.parametrize("pages, model", DOCUMENTED.values(), ids=DOCUMENTED)
def test_every_key_is_documented(pages, model):
    text = "".join(page.read_text("utf-8") for page in pages)
    assert [key for key in keys(model) if f"`{key}`" not in text] == []


def test_each_table_of_a_scenario_is_in_one_of_its_pages():
    written = [name for page in SCENARIO_PAGES for name in blocks_in(page)]
    assert sorted(written) == sorted(PAGES[SCENARIO_PAGES[0]]())


EXAMPLES = [
    (page.stem, text)
    for page in SCENARIO_PAGES
    for text in re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=[stem for stem, _ in EXAMPLES])
def test_an_example_of_a_page_is_a_part_of_a_scenario(text):
    parse_table(Scenario, {"name": "example", **tomllib.loads(text)})


def test_speed_levels_are_those_of_the_file():
    remedy = "change the file, then: python -m docs.scripts.scenario_tables"
    assert levels_refreshed(LEVELS_PAGE.read_text("utf-8")) == LEVELS_PAGE.read_text("utf-8"), remedy
