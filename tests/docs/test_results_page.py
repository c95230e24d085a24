"""The tables of docs/results/scenario-results.md are what the commands print."""

import pytest

from docs.scripts.results_page import PAGE, blocks, output_of

BLOCKS = blocks(PAGE.read_text(encoding="utf-8"))


def test_every_scenario_has_its_table():
    named = " ".join(command for command, _ in BLOCKS)
    shipped = ("islanded", "grid-tied", "solar-night", "gpu-cluster", "tiny")
    assert all(f"--scenario {name} " in named for name in shipped)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "printed"), BLOCKS, ids=[command.split()[3] for command, _ in BLOCKS])
def test_tables_are_what_the_commands_print(command, printed):
    assert output_of(command) == printed
