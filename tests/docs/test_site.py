"""The site: pages written from the code are current, every page is listed, links and identifiers are right."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.scripts import api_page, command_page, site_pages
from docs.scripts.page_paths import all_pages
from docs.scripts.site_check import anchors, broken_links, check, local_links, misshapen_identifiers
from docs.scripts.tutorial_kernel import run_checked

ROOT = Path(__file__).resolve().parents[2]
PARTS = [site_pages.DOCS / f"{name}.md" for name in site_pages.INDEXES[1:]]
PAGES = [ROOT / "README.md", ROOT / "rare" / "RULES.md", *all_pages()]


# --- pages that are written from the code ---------------------------------------------------------------------


def test_the_page_of_commands_is_current():
    remedy = "python -m docs.scripts.command_page"
    assert command_page.PAGE.read_text(encoding="utf-8") == command_page.commands_page(), remedy


def test_the_pages_of_the_python_interface_are_current():
    # an algorithm's module needs torch, which may be missing
    pytest.importorskip("stable_baselines3", reason="the extra `learn` is not installed")
    written = {path.name: path.read_text(encoding="utf-8") for path in api_page.FOLDER.glob("*.md")}
    assert written == api_page.pages(), "python -m docs.scripts.api_page"


def test_what_packages_export_is_in_the_python_interface():
    shown = {(module, name) for task in api_page.TASKS for module, name in api_page.names_of(task)}
    for module in (
        "rare",
        "schedulers",
        "traces",
        "rare.scenario",
        "rare.dataset",
        "energy.plants",
        "energy.grid",
    ):
        exported = set(importlib.import_module(module).__all__)
        assert exported - {name for place, name in shown if place == module} == set()


# --- parts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PARTS, ids=lambda page: page.parent.name)
def test_the_index_of_a_part_lists_each_of_its_pages(page):
    text = page.read_text(encoding="utf-8")
    assert site_pages.unlisted(page, text) == []
    listed = [name for _, names in site_pages.listed(text) for name in names]
    assert len(listed) == len(set(listed))
    assert [name for name in listed if not (page.parent / f"{name}.md").exists()] == []


def test_navigation_follows_the_list():
    text = "# Guides\n\n## Data\n\n- [A](a.md): one.\n- [B](b.md): two.\n"
    trees = site_pages.navigation(text, site_pages.DOCS / "nowhere" / "index.md")
    assert trees == "\n```{toctree}\n:hidden:\n:caption: Data\n\na\nb\n```\n"


# --- links ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page):
    assert broken_links(page) == []


def test_the_pages_have_many_links():
    assert sum(len(local_links(page)) for page in PAGES) > 300


def test_anchors_are_those_of_a_forge():
    text = "# A `b` c\n## Same\n## Same\n```sh\n# no heading\n```\n## What's [this](x.md), then?\n"
    assert anchors(text) == {"a-b-c", "same", "same-1", "whats-this-then"}


def test_links_out_of_docs_become_pages_and_names_become_titles():
    page = site_pages.DOCS / "guides" / "own-cluster"
    assert site_pages.relinked("[rules](../../rare/RULES.md#1-quantities)", page) == (
        "[rules](../reference/rules.md#1-quantities)"
    )
    assert site_pages.relinked("[names.md](../reference/names.md)", page) == "[](../reference/names.md)"
    assert site_pages.relinked("see docs/reference/names.md.", page) == "see [](../reference/names.md)."
    kept = "`docs/reference/names.md` [a file](../../examples/size.toml) [x](https://example.org/y.md)"
    assert site_pages.relinked(kept, page) == kept


def test_a_text_that_moves_keeps_its_links():
    moved = site_pages.moved("[a](docs/index.md) [b](#c) [d](https://e)", ROOT, site_pages.DOCS)
    assert moved == "[a](index.md) [b](#c) [d](https://e)"


def test_paragraphs_of_the_rules_have_anchors_and_continued_lines_have_none():
    text = "## 3 Ends\n\n3.1 First, see\n3.2 of old.\n\n3.2 Second.\n"
    assert re.findall(r"\(rule-(.*)\)=", site_pages.with_rule_anchors(text)) == ["3.1", "3.2"]


def test_the_glossary_is_in_order_and_becomes_a_glossary():
    text = (site_pages.DOCS / "reference" / "glossary.md").read_text(encoding="utf-8")
    terms = [match[1].lower() for match in site_pages.TERM.finditer(text)]
    assert len(terms) > 50
    assert terms == sorted(terms)
    assert (
        site_pages.with_glossary("# G\n\n- **a** (of b): c\n  d.\n")
        == "# G\n\n```{glossary}\na (of b)\n  c\n  d.\n```\n"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_dois_and_numbers_of_arxiv_have_the_right_shape(page):
    assert misshapen_identifiers(page.read_text(encoding="utf-8")) == []


def test_a_wrong_identifier_is_seen():
    assert misshapen_identifiers("doi:10.1016/j.x.2020.1, arXiv 2211.05346") == []
    assert misshapen_identifiers("doi:11.1016/j.x, https://arxiv.org/abs/221.05") == ["11.1016/j.x", "221.05"]


# --- the built pages ------------------------------------------------------------------------------------------


def test_what_is_wrong_in_a_built_page_is_found(tmp_path):
    head = '<article><h1 id="a">A</h1>'
    (tmp_path / "good.html").write_text(f'{head}<a href="bad.html#b">b</a></article>')
    assert check(tmp_path).problems == ["good.html: bad.html#b: no such file"]
    (tmp_path / "bad.html").write_text(
        f'{head}<h3>C</h3><img src="x.png" alt="x.png"><a href="good.html#z">z</a><a href="https://e.org">e</a>'
        "</article>"
    )
    result = check(tmp_path)
    assert result.problems == [
        "bad.html: good.html#z: no such anchor",
        "bad.html: picture x.png has no words for those who do not see it",
        "bad.html: picture x.png is missing",
        "bad.html: a heading of level 3 below one of level 1",
        "good.html: bad.html#b: no such anchor",
    ]
    assert result.summary() == "2 pages, 2 anchors, 1 external links, 1 pictures"


# --- tutorials ------------------------------------------------------------------------------------------------


def test_a_command_of_a_tutorial_shows_its_output_and_errors(capsys):
    run_checked("echo out; echo err >&2")
    assert capsys.readouterr().out == "out\nerr\n"


def test_a_command_of_a_tutorial_that_fails_is_an_error(capsys):
    with pytest.raises(subprocess.CalledProcessError):
        run_checked("echo before; exit 3")
    assert capsys.readouterr().out == "before\n"


def test_tutorials_are_spread_over_the_processes_that_read_pages():
    names = [f"guides/{letter}" for letter in "abcdef"] + ["tutorials/one", "tutorials/two"]
    spread = list(names)
    site_pages.spread_tutorials(None, None, spread)
    assert sorted(spread) == names
    assert [spread.index("tutorials/one"), spread.index("tutorials/two")] == [0, 4]


def test_the_folder_of_a_build_is_not_shown(capsys):
    run_checked("echo $PWD/report.html")
    assert capsys.readouterr().out == "report.html\n"


# --- doctests -------------------------------------------------------------------------------------------------


def test_doctests_of_all_modules_pass():
    from docs.scripts.site_counts import doctest_results

    results = doctest_results()
    assert {module: failed for module, (failed, _) in results.items() if failed} == {}
    assert sum(attempted for _, attempted in results.values()) > 20


# --- versions -------------------------------------------------------------------------------------------------


def test_versions_are_listed_with_addresses_that_need_no_host(tmp_path):
    from docs.scripts.site_versions import Version, write_lists

    write_lists(
        [Version("v1", "v1", "a" * 40, "2026-01-01"), Version("x/y", "x-y", "b" * 40, "2026-02-01")], tmp_path
    )
    assert 'href="x-y/index.html">x/y</a>' in (tmp_path / "index.html").read_text()
    assert (tmp_path / "switcher.js").read_text().startswith("window.rareVersions = [")


def test_a_ref_that_does_not_exist_is_refused_before_anything_is_built(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "docs.scripts.site_versions", tmp_path / "out", "no-such-ref"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "no-such-ref" in done.stderr
    assert not (tmp_path / "out").exists()
