"""What the README and docs tell readers to run works and prints what they show; no metric is left out."""

import re

import click
import pytest

from docs.scripts.docs_pages import (
    PAGES,
    ROOT,
    furnish,
    learned_part,
    run,
    snippets,
)
from docs.scripts.page_paths import page_path
from docs.scripts.wrap_pages import wrapped, wrapped_pages
from experiments.cli.root import rare as command
from experiments.runs import simulate_run

ALL = [snippet for page in PAGES for snippet in snippets(page)]
METRIC = re.compile(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
RARE_CONDITIONS = {
    "no speed levels",
    "no grid events",
    "no grid events, none met",
    "no grid events, no deadlines",
    "not charged",
}
ABSENT_IN_PLAIN = RARE_CONDITIONS | {
    "no values", "nothing offered", "no deadlines", "no renewable supply", "no renewable supply, no energy",
    "no renewable supply, no supply", "no battery", "no price", "no carbon intensity", "no fallback",
    "no classes", "no classes, no job counted", "no classes, no job completed",
}  # fmt: skip
PAGES_OF_EXAMPLES = ("add-gate.md", "add-scheduler.md", "cosimulation.md")
PRESENT_IN_GRID_TIED = (ABSENT_IN_PLAIN - RARE_CONDITIONS) | {"never", "no job completed", "no job counted"}


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A reader's folder: empty but for the files that the pages take for granted."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def agrees(snippet) -> None:
    printed = run(snippet)
    if snippet.shown is not None:
        shown = snippet.shown.replace(learned_part(snippet.shown), "")
        assert printed == shown, "if the new output is right: python -m docs.scripts.docs_pages"


@pytest.mark.parametrize("snippet", [each for each in ALL if not each.needs_shared], ids=str)
def test_it_runs_and_prints_what_the_page_shows(snippet, reader):
    agrees(snippet)


@pytest.mark.slow
@pytest.mark.parametrize("snippet", [each for each in ALL if each.needs_shared], ids=str)
def test_it_prints_what_the_page_shows_on_real_data(snippet, shared, tmp_path, monkeypatch):
    furnish(tmp_path, shared)
    monkeypatch.chdir(tmp_path)
    agrees(snippet)


def test_the_pages_have_something_to_run():
    assert len([each for each in ALL if each.shown]) >= 5


# --- metrics ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def documented():
    """Metric -> when it is null, as docs/reference/metrics.md has it."""
    return dict(METRIC.findall(page_path("metrics.md").read_text(encoding="utf-8")))


def test_every_metric_is_documented_and_every_documented_one_exists(documented):
    assert set(documented) == set(simulate_run("easy", scenario="grid-tied")["metrics"])


def test_every_condition_for_null_is_explained(documented):
    text = page_path("metrics.md").read_text(encoding="utf-8")
    explained = {word.strip() for row in re.findall(r"^\| (no[^|`]+|never) \| [^|]+ \|$", text, re.MULTILINE)
                 for word in row.split(",")}  # fmt: skip
    used = {word.strip() for condition in documented.values() for word in condition.split(",")}
    assert used == explained


def test_exactly_the_metrics_that_the_page_names_are_null(documented, reader):
    from rare.scenario.load import Wishes

    plain = simulate_run("easy", wishes=Wishes(workload="my_trace.swf.gz"))["metrics"]
    null = {name for name, value in plain.items() if value is None}
    assert null == {name for name, condition in documented.items() if condition in ABSENT_IN_PLAIN}
    found = simulate_run("easy", scenario="grid-tied")["metrics"]
    null = [name for name, value in found.items() if value is None and documented[name] != "no fallback"]
    assert not [name for name in null if documented[name] in PRESENT_IN_GRID_TIED]


# --- commands, links, pictures ----------------------------------------------------------------------------


def commands(group: click.Group, above: str) -> list[str]:
    names = []
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        one = group.get_command(ctx, name)
        names += commands(one, f"{above} {name}") if isinstance(one, click.Group) else [f"{above} {name}"]
    return names


def test_every_command_is_documented():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in commands(command, "rare") if name not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_of_a_page_exists(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    named = re.findall(
        r"\b((?:docs|examples|tests|rare|schedulers|traces|experiments)/[\w/-]+\.(?:md|py|toml))", text
    )
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_pictures_are_small_and_shown():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = sorted((ROOT / "docs" / "img").iterdir())
    assert len(pictures) >= 5
    assert [path.name for path in pictures if f"img/{path.name}" not in text] == []
    assert [path.name for path in pictures if path.stat().st_size >= 150_000] == []


@pytest.mark.parametrize("page", wrapped_pages(), ids=lambda page: page.name)
def test_prose_is_wrapped_evenly(page):
    text = page.read_text(encoding="utf-8")
    assert wrapped(text) == text, "python -m docs.scripts.wrap_pages wraps it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_no_path_of_a_machine(page):
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?<![\w.~])/(?:home|work|root|tmp|opt|Users)/\S*", text)


def test_the_pages_show_the_examples_as_they_are():
    pages = {name: page_path(name).read_text(encoding="utf-8") for name in PAGES_OF_EXAMPLES}
    assert (ROOT / "examples" / "my_scheduler.py").read_text(encoding="utf-8") in pages["add-scheduler.md"]
    assert (ROOT / "examples" / "evening_gate.py").read_text(encoding="utf-8") in pages["add-gate.md"]
    example = (ROOT / "examples" / "cosimulation.py").read_text(encoding="utf-8")
    coupled = re.search(r"^def cooling.*?\n\n\n", example, re.MULTILINE | re.DOTALL)
    assert coupled is not None and coupled.group().rstrip() in pages["cosimulation.md"]
