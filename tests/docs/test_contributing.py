"""CONTRIBUTING.md and the templates: what they name is there, and the forms have the shape a forge reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md")
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
ELEMENTS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
NAMED = re.compile(
    r"`((?:docs|examples|tests|rare|schedulers|traces|experiments|energy)(?:/[\w-]+)*(?:\.(?:md|py|csv))?)`"
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_file_and_link_exists(name):
    text = text_of(name)
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert [named for named in NAMED.findall(text) if not (ROOT / named).exists()] == []


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z][\w-]*):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][\w-]*)", "".join(text_of(name) for name in PAGES)))
    assert {"check", "test", "docs", "wheel"} <= named <= targets


def test_every_part_of_the_index_has_a_guide_and_every_guide_is_in_it():
    folder = ROOT / "docs" / "guides"
    index = text_of("docs/guides/extending.md")
    guides = {path.name for path in folder.glob("add-*.md")}
    assert guides == set(re.findall(r"\]\((add-[\w-]+\.md)\)", index))
    assert {name for name in guides if f"docs/guides/{name}" not in text_of("CONTRIBUTING.md")} == {
        "add-policy.md", "add-plugin.md",  # nothing of RARE is changed by these
    }  # fmt: skip


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "guides").glob("add-*.md")), ids=lambda path: path.name
)
def test_a_guide_says_what_it_is_for_how_to_try_it_and_what_tests_it(path):
    text = path.read_text(encoding="utf-8")
    assert re.match(r"# .+\n\nThis guide shows how to ", text)
    headings = " ".join(re.findall(r"^#+ (.+)$", text, re.MULTILINE)).lower()
    assert "try it" in text.lower() and "test" in headings + text[-900:].lower()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert len(prose.split()) <= 650


def form(path: Path) -> dict[str, Any]:
    yaml = pytest.importorskip(
        "yaml", reason="PyYAML is not installed; it comes with the extras cluster and docs"
    )
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.mark.parametrize(
    "path", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem
)
def test_a_form_is_one(path):
    content = form(path)
    assert set(content) == {"name", "description", "labels", "body"}
    assert all(isinstance(content[key], str) and content[key] for key in ("name", "description"))
    identifiers = [element["id"] for element in content["body"] if element["type"] != "markdown"]
    assert len(identifiers) == len(set(identifiers)) >= 4
    for element in content["body"]:
        assert element["type"] in ELEMENTS
        assert element["attributes"].get("label" if element["type"] != "markdown" else "value")
        if element["type"] in ("dropdown", "checkboxes"):
            assert element["attributes"]["options"]
            assert all(isinstance(each, str | dict) for each in element["attributes"]["options"])


def test_there_are_forms_for_a_bug_a_data_file_and_a_wish():
    assert [path.stem for path in FORMS] == ["bug", "config", "data_file", "feature"]
    assert form(ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml") == {"blank_issues_enabled": True}
