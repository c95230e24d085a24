"""Pages, docstrings and comments name a file, folder, module or function that is not in the tree."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from importlib import import_module
from pathlib import Path

import pytest

from docs.scripts.page_paths import all_pages

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
_TOP = "|".join((*PACKAGES, "tests", "docs", "examples"))
PATH = re.compile(
    rf"(?<![\w/.*-])(?:{_TOP})/[\w/*-]*(?:\.(?:md|py|toml|csv\.gz|csv|svg|png|html|css|txt|json|conf)\b)?"
)
MODULE = re.compile(rf"(?<![\w/.@:'\"\[-])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+")
BARE_FILE = re.compile(r"(?<![\w*/.-])[a-z]\w*\.py\b(?!:)")
ENTRY_POINTS = re.compile(r"rare\.(?:gates|schedulers|\w+_formats|\w+_algorithms)")
NAMES_OF_NO_FILE = {"rare/GreenCluster-v0"}  # of an environment of gymnasium
NAMES_OF_EXAMPLES = {"mine.py", "mine_command.py"}  # files that a reader is to write
FILE_ENDINGS = {"conf", "csv", "html", "json", "md", "png", "py", "toml", "txt"}
PAGES = [ROOT / "README.md", ROOT / "rare" / "RULES.md", *all_pages()]
MODULES = [path for folder in (*PACKAGES, "docs") for path in sorted((ROOT / folder).rglob("*.py"))]
FILE_NAMES = {path.name for path in (*MODULES, *(ROOT / "tests").rglob("*.py"), *ROOT.glob("examples/*.py"))}


def prose(path: Path) -> str:
    """A page; of a module the comments, and the texts that stand alone, such as docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    values = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr)]
    texts = [value.value for value in values if isinstance(value, ast.Constant)]
    return "\n".join([*comments, *(text for text in texts if isinstance(text, str))])


def is_in_tree(path: str) -> bool:
    """Whether a path from the root exists; one with a star, whether a file fits it."""
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists()


def is_importable(name: str) -> bool:
    """Whether a dotted name leads from a package to a module, or to a name in one.

    A module is searched as text, for its libraries may be missing; only packages are imported.
    """
    folder, words = ROOT, name.split(".")
    while words and (folder / words[0]).is_dir():
        folder = folder / words.pop(0)
    if not words:
        return True
    module = folder / f"{words[0]}.py"
    if module.is_file():
        return (
            len(words) == 1 or re.search(rf"\b{words[1]}\b", module.read_text(encoding="utf-8")) is not None
        )
    return hasattr(import_module(".".join(folder.relative_to(ROOT).parts)), words[0])


def stale(text: str) -> list[str]:
    """What a text names and the tree does not have."""
    paths = {match.rstrip("-") for match in PATH.findall(text)} - NAMES_OF_NO_FILE
    names = {
        name
        for name in MODULE.findall(text)
        if name.rpartition(".")[2] not in FILE_ENDINGS and not ENTRY_POINTS.fullmatch(name)
    }
    return sorted(
        [path for path in paths if not is_in_tree(path)]
        + [name for name in names if not is_importable(name)]
        + [name for name in set(BARE_FILE.findall(text)) - NAMES_OF_EXAMPLES if name not in FILE_NAMES]
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_in_the_tree(page):
    assert stale(prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_within_a_page_leads_to_a_heading(page):
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert [link for link in re.findall(r"\]\(#([^)]+)\)", text) if link not in anchors] == []


def test_what_comments_and_docstrings_name_is_in_the_tree():
    places = {str(path.relative_to(ROOT)): stale(prose(path)) for path in MODULES}
    assert {path: names for path, names in places.items() if names} == {}


def test_what_is_gone_is_found():
    gone = "rare/no_such.py, `schedulers/learned/`, rare.rules.nothing, rare.nothing, rules_jobs.py"
    assert stale(gone) == sorted(
        ["rare/no_such.py", "schedulers/learned/", "rare.rules.nothing", "rare.nothing", "rules_jobs.py"]
    )
    assert stale("rare/rules, rare/rules/*.py, rare.rules.orders.priority, rare.simulate, orders.py") == []
