"""What a user gets from `pip install`: the five packages, the command, the data; no tests, no torch."""

import configparser
import datetime
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import rare

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
HEAVY = ("torch", "d3rlpy", "stable_baselines3", "sb3_contrib", "minari")
CITATION_KEYS = {
    "cff-version", "message", "type", "title", "version", "date-released", "abstract", "authors", "license",
    "keywords", "references", "contact", "doi", "identifiers", "preferred-citation", "repository-code", "url",
}  # fmt: skip
FILES_OF_THE_BUILD = ("setup.cfg", "pyproject.toml", "LICENSE", "NOTICE.md")


@pytest.fixture(scope="module")
def setup_cfg():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel's file list and metadata, built from a copy (a build leaves files beside its sources)."""
    source = tmp_path_factory.mktemp("source")
    for name in FILES_OF_THE_BUILD:
        shutil.copy(ROOT / name, source / name)
    for name in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "README.md").write_text("stand-in\n", encoding="utf-8")
    (source / "dist").mkdir()
    build = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, "dist"], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (path,) = (source / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        texts = {name: archive.read(name).decode() for name in names if ".dist-info/" in name}
    return names, texts


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel):
    names, _ = wheel
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(PACKAGES)
    assert not [name for name in names if "test" in Path(name).name or "/tests/" in f"/{name}"]


def test_every_module_of_the_tree_is_in_the_wheel(wheel):
    names, _ = wheel
    modules = {
        path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    }
    assert modules - set(names) == set(), "a folder without __init__.py, or one that setup.cfg leaves out"


def test_every_data_file_of_the_tree_is_in_the_wheel(wheel):
    # A scenario or table that works from the checkout and is missing after an install.
    names, _ = wheel
    data = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc")
    }
    assert data - set(names) == set(), "add the pattern to [options.package_data] in setup.cfg"


def test_the_wheel_brings_the_command(wheel):
    _, texts = wheel
    (points,) = (text for name, text in texts.items() if name.endswith("entry_points.txt"))
    assert re.search(r"^rare *= *rare\.__main__:main$", points, re.MULTILINE)


def test_type_checkers_see_the_types_of_each_package(wheel):
    names, _ = wheel
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)


def test_the_licence_and_the_notice_come_with_it(wheel):
    names, texts = wheel
    held = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    assert held == {"LICENSE", "NOTICE.md"}
    (metadata,) = (text for name, text in texts.items() if name.endswith("METADATA"))
    for name in held:
        assert f"\nLicense-File: {name}\n" in metadata


def test_the_notice_names_every_folder_with_data():
    """Who adds a table says where its numbers come from."""
    notice = (ROOT / "NOTICE.md").read_text("utf-8")
    named = re.findall(r"^\| `([\w/.]+)`", notice, re.MULTILINE)
    assert [name for name in named if not (ROOT / name).exists()] == []
    own = (
        "experiments/launchpad",
        "experiments/report",
        "rare/RULES.md",
    )  # settings, templates and text of ours
    data = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc", ".typed")
    ]
    assert [path for path in data if not path.startswith((*named, *own))] == []


def test_an_upper_bound_has_its_reason_above_it():
    lines = (ROOT / "setup.cfg").read_text("utf-8").splitlines()
    bounded = [place for place, line in enumerate(lines) if re.match(r"    [a-z0-9-]+ .*<", line)]
    assert len(bounded) > 3
    assert [lines[place] for place in bounded if not lines[place - 1].lstrip().startswith("#")] == []


def test_a_users_file_gets_types_from_the_installed_packages(tmp_path):
    """In an environment with these files alone; py.typed is what makes mypy look into them."""
    pytest.importorskip("mypy", reason="needs the extra 'test'")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (site / "traces").mkdir()
    for name in ("__init__.py", "py.typed", "lazy_exports.py", "moved.py", "errors.py"):
        shutil.copy(ROOT / "traces" / name, site / "traces" / name)
    (tmp_path / "mine.py").write_text("from traces import InputError\nreveal_type(InputError)\n", "utf-8")
    assert "traces.errors.InputError" in mypy_on(tmp_path, python)
    (site / "traces" / "py.typed").unlink()
    assert "missing library stubs or py.typed marker" in mypy_on(tmp_path, python)


def mypy_on(folder, python):
    """What mypy prints about mine.py with the packages of this interpreter."""
    words = [sys.executable, "-m", "mypy", "--python-executable", str(python), "--cache-dir", ".cache"]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(
        [*words, "mine.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_source_distribution_holds_tests_pages_and_examples(tmp_path):
    """And nothing that only this checkout has."""
    for entry in ROOT.iterdir():
        if entry.is_dir() and entry.name in (*PACKAGES, "tests", "docs", "examples"):
            shutil.copytree(
                entry, tmp_path / entry.name, ignore=shutil.ignore_patterns("__pycache__", "_build")
            )
        elif entry.is_file():
            shutil.copy(entry, tmp_path / entry.name)
    (tmp_path / "demo-out").mkdir()
    (tmp_path / "demo-out" / "report.html").write_text("")
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, "dist"], cwd=tmp_path, capture_output=True, check=True)
    (path,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "NOTICE.md",
        "LICENSE",
        "Makefile",
        "constraints.txt",
        "docs/conf.py",
        "tests/test_tree.py",
    } <= held
    for folder in (*PACKAGES, "tests", "docs", "examples"):
        sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}
        assert sources - held == set()
    assert not [name for name in held if "demo-out" in name or "__pycache__" in name]


def test_the_citation_is_of_this_version():
    """The keys that the Citation File Format 1.2.0 requires or knows, and the version of the package."""
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extras 'cluster' and 'docs'")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation) <= CITATION_KEYS
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert str(citation["version"]) == rare.__version__
    assert citation["license"] == "MIT"
    released = datetime.date.fromisoformat(citation["date-released"])
    assert datetime.date(2026, 1, 1) < released
    for entry in [citation, *citation["references"]]:
        assert entry["title"] and all({"name", "family-names"} & set(author) for author in entry["authors"])
    assert all({"type", "title", "authors"} <= set(entry) for entry in citation["references"])


def test_the_distribution_is_not_named_like_a_package_of_somebody_else(wheel):
    _, texts = wheel
    (metadata,) = (text for name, text in texts.items() if name.endswith("METADATA"))
    assert "\nName: rare-datacenter\n" in metadata
    assert f"\nVersion: {rare.__version__}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata


def test_the_core_needs_no_learning_library(setup_cfg):
    needed = setup_cfg["options"]["install_requires"].lower()
    assert not [name for name in HEAVY if name.replace("_", "-") in needed.replace("_", "-")]


def test_importing_the_core_loads_no_learning_library():
    code = f"import sys, {', '.join(PACKAGES)}; print([m for m in {HEAVY!r} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout.strip() == "[]", done.stderr[-2000:]


def test_every_requirement_has_an_exact_version_in_the_constraints(setup_cfg):
    pins = re.findall(
        r"^([A-Za-z0-9_.-]+)==\S+$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
    )
    pinned = {name.lower().replace("_", "-") for name in pins}
    extras = setup_cfg["options.extras_require"]
    wanted = setup_cfg["options"]["install_requires"] + extras["test"] + extras["learn"]
    names = set(re.findall(r"^([A-Za-z0-9_.-]+)", wanted, re.MULTILINE)) - {"torch"}  # setup.cfg pins it
    assert [name for name in sorted(names) if name.lower().replace("_", "-") not in pinned] == []
