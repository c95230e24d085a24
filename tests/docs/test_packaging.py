"""What a user gets from `pip install`: the five packages, the command, the data; no tests, no torch."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import rare

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
HEAVY = ("torch", "d3rlpy", "stable_baselines3", "sb3_contrib", "minari")
FILES_OF_THE_BUILD = ("setup.cfg", "pyproject.toml", "LICENSE")


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
    assert re.search(r"^rare *= *experiments\.cli:main$", points, re.MULTILINE)


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
