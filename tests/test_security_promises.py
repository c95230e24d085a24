"""What SECURITY.md promises about code in data: the packages load no pickle and evaluate no text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    path
    for package in ("traces", "energy", "rare", "schedulers", "experiments")
    for path in sorted((ROOT / package).rglob("*.py"))
]
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
FORBIDDEN_CALLS = {"eval", "exec", "__import__", "os.system", "pd.read_pickle", "pandas.read_pickle"}
RUNS_USER_FILES = "schedulers/user/user_class.py"  # `file.py:Class`, which SECURITY.md calls a program


def unsafe(source: str) -> list[str]:
    """What a module does that could run what a file says: imports and calls, with their lines."""
    return [f"{line}: {what}" for line, what in sorted(_unsafe(ast.parse(source)))]


def _unsafe(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
            yield from ((node.lineno, name) for name in names if name.split(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if name in FORBIDDEN_CALLS or name.endswith(("spec_from_file_location", "run_path")):
                yield node.lineno, name
            if name == "torch.load" and keywords.get("weights_only") != "True":
                yield node.lineno, "torch.load without weights_only"
            for keyword in ("allow_pickle", "shell"):
                if keywords.get(keyword, "False") != "False":
                    yield node.lineno, f"{name}({keyword}=...)"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "np.load(path, allow_pickle=True)",
        "torch.load(path)",
        "subprocess.run(line, shell=True)",
        "importlib.util.spec_from_file_location(name, path)",
    ],
)
def test_it_would_be_found(source):
    assert unsafe(source)


def test_no_module_runs_what_a_data_file_says():
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in MODULES}
    cases = {name: unsafe(source) for name, source in sources.items() if name != RUNS_USER_FILES}
    assert {name: lines for name, lines in cases.items() if lines} == {}


def test_each_promise_names_a_test_that_exists():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = text[text.index("| promise |") : text.index("## What RARE does not promise")]
    rows = [row for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 8
    for row in rows:
        tests = re.findall(r"`(tests/[\w/.]+)`", row.rsplit("|", 2)[-2])
        assert tests and all((ROOT / test).exists() for test in tests), row
