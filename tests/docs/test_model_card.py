"""The model card names commands that exist, and a refresh changes their outputs alone."""

import shlex

from click.testing import CliRunner

from docs.scripts.model_card import PAGE, commands, printed, refreshed
from experiments.training.recipes.release import command

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_scenario_of_the_card_is_judged_on_its_test_windows():
    judged = [each for each in commands(TEXT) if each.startswith("rare evaluate")]
    assert [shlex.split(each)[3] for each in judged] == [
        "islanded",
        "grid-tied",
        "solar-night",
        "gpu-cluster",
        *(f"{name}-served" for name in ("islanded", "grid-tied", "solar-night", "gpu-cluster", "shaped")),
    ]
    assert all("--windows test" in each and ",rare" in each for each in judged)


def test_what_is_shipped_is_told_by_the_first_command():
    first = commands(TEXT)[0]
    assert first == "python -m experiments.training.recipes.release"
    told = CliRunner().invoke(command, [])
    assert told.exit_code == 0
    assert printed(first) == told.output
    assert '"weights_sha256"' in told.output
    assert '"features"' not in told.output


def test_a_refresh_leaves_the_words_alone():
    only = "Before.\n\n```text\n$ python -m experiments.training.recipes.release\nold\n```\n\nAfter.\n"
    new = refreshed(only, shared=False)
    assert new.startswith("Before.\n\n```text\n$ python -m experiments.training.recipes.release\n{")
    assert new.endswith("}\n```\n\nAfter.\n")
    assert refreshed(new, shared=False) == new
