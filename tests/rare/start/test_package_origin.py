"""A folder, file or distribution with one of our names is told in one line, before the import fails inside."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rare.start import package_origin
from rare.start.package_origin import MARK, OTHERS, check_packages

ROOT = Path(__file__).resolve().parents[3]
EDITABLE = """
import sys
from importlib.util import spec_from_file_location
class Finder:  # as setuptools appends it for an editable installation
    @staticmethod
    def find_spec(fullname, path=None, target=None):
        folder = MAPPING.get(fullname)
        return folder and spec_from_file_location(
            fullname, folder + "/__init__.py", submodule_search_locations=[folder])
MAPPING = {name: ROOT + "/" + name for name in ("traces", "energy", "rare", "schedulers", "experiments")}
sys.meta_path.append(Finder)
"""


def python(*words, cwd, path=ROOT, site=False):
    """Exit code and lines on stderr of a Python with this PYTHONPATH, and with nothing that is installed."""
    words = words if site else ("-S", *words)
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")
    }
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr.strip().splitlines()


def package(folder, name, text=""):
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(text)
    return folder / name


def test_the_packages_are_marked_and_found():
    for name in OTHERS:
        assert MARK in (ROOT / name / "__init__.py").read_bytes()
    check_packages(str(ROOT / "rare" / "__init__.py"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("traces", "folder"), ("energy", "file"), ("schedulers", "folder"), ("experiments", "file")],
)
def test_a_name_in_the_current_folder(tmp_path, name, kind):
    place = package(tmp_path, name) if kind == "folder" else tmp_path / f"{name}.py"
    if kind == "file":
        place.write_text("")
    code, lines = python("-c", "import rare", cwd=tmp_path)
    assert code == 1 and lines[-1] == (
        f"ImportError: {place} hides the package {name!r} of RARE ({ROOT / name}); it is in the current folder: "
        f"rename this {kind}, or work in another folder"
    )


def test_a_folder_beside_the_script_and_other_doors_to_rare(tmp_path):
    package(tmp_path / "scripts", "traces")
    (tmp_path / "scripts" / "mine.py").write_text("import schedulers\n")
    code, lines = python(str(tmp_path / "scripts" / "mine.py"), cwd=tmp_path)
    assert code == 1 and lines[-1].endswith("; rename this folder, or move it away from your script")
    (tmp_path / "scripts" / "mine.py").write_text("import experiments.results\n")
    assert "hides the package 'traces'" in python(str(tmp_path / "scripts" / "mine.py"), cwd=tmp_path)[1][-1]


@pytest.mark.parametrize("module", ["rare", "experiments.cli"])
def test_the_command_line_ends_with_2_and_one_line(tmp_path, module):
    package(tmp_path, "energy")
    code, lines = python("-m", module, "--version", cwd=tmp_path)
    assert code == 2 and len(lines) == 1 and lines[0].startswith("rare: ") and str(tmp_path) in lines[0]


def test_a_module_of_the_users_run_with_m_gets_an_import_error(tmp_path):
    package(tmp_path, "energy")
    (tmp_path / "mine.py").write_text("import rare\n")
    code, lines = python("-m", "mine", cwd=tmp_path)
    assert code == 1 and lines[-1].startswith("ImportError: ")


def test_the_installed_command_ends_with_2_though_experiments_itself_is_hidden(tmp_path):
    place = package(tmp_path / "mine", "experiments")
    script = tmp_path / "bin" / "rare"
    script.parent.mkdir()
    script.write_text("import sys\nfrom rare.__main__ import main\nsys.exit(main())\n")  # as pip writes it
    path = os.pathsep.join([str(tmp_path / "mine"), str(ROOT)])
    code, lines = python(str(script), "--version", cwd=tmp_path, path=path)
    assert code == 2 and len(lines) == 1
    assert str(place) in lines[0] and "take its folder out of PYTHONPATH" in lines[0]
    assert python(str(script), "--version", cwd=tmp_path, site=True)[0] == 0


def test_a_folder_without_init_hides_an_editable_installation_alone(tmp_path):
    """Python prefers a package to a plain folder, but asks an editable installation last."""
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "my_trace.csv").write_text("")
    assert python("-c", "import rare, traces; traces.InputError", cwd=tmp_path) == (0, [])
    editable = f"ROOT = {str(ROOT)!r}\n{EDITABLE}\nimport rare"
    code, lines = python("-c", editable, cwd=tmp_path, path=None)
    assert code == 1 and f"{tmp_path / 'traces'} hides the package 'traces'" in lines[-1]
    (tmp_path / "elsewhere").mkdir()
    assert python("-c", editable, cwd=tmp_path / "elsewhere", path=None) == (0, [])


def test_a_zip_file_of_the_packages_is_whole(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in (*OTHERS, "rare"):
            for path in [*(ROOT / name).glob("*.py"), *(ROOT / name).glob("start/*.py")]:
                archive.write(path, path.relative_to(ROOT))
    assert python("-c", "import rare, energy", cwd=tmp_path, path=tmp_path / "all.zip") == (0, [])
    package(tmp_path, "energy")
    assert (
        "hides the package 'energy'"
        in python("-c", "import rare", cwd=tmp_path, path=tmp_path / "all.zip")[1][-1]
    )


class TestAnotherDistribution:
    """Files as pip leaves them when a distribution `traces` is installed into the same environment."""

    @pytest.fixture
    def site(self, tmp_path):
        for name in (*OTHERS, "rare"):
            for path in [*(ROOT / name).glob("*.py"), *(ROOT / name).glob("start/*.py")]:
                copy = tmp_path / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
        info = tmp_path / "traces-0.6.6.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: traces\nVersion: 0.6.6\n")
        (info / "RECORD").write_text("traces/__init__.py,,\n")
        return tmp_path

    def test_whose_package_was_written_over_ours(self, site, tmp_path_factory):
        (site / "traces" / "__init__.py").write_text("from .timeseries import TimeSeries\n")
        code, lines = python("-c", "import rare", cwd=tmp_path_factory.mktemp("work"), path=site)
        assert code == 1 and lines[-1].startswith(
            "ImportError: the distribution traces 0.6.6 has written its package 'traces' over that of RARE in "
        )
        assert "--force-reinstall --no-deps" in lines[-1]

    def test_which_took_ours_with_it_when_it_was_uninstalled(self, site, tmp_path_factory):
        (site / "traces" / "__init__.py").unlink()
        code, lines = python("-c", "import rare", cwd=tmp_path_factory.mktemp("work"), path=site)
        assert code == 1 and "has lost its __init__.py; install RARE again" in lines[-1]

    def test_or_all_of_the_package(self, site, tmp_path_factory):
        shutil.rmtree(site / "traces")
        code, lines = python("-c", "import rare", cwd=tmp_path_factory.mktemp("work"), path=site)
        assert code == 1 and "'traces' of RARE is missing in" in lines[-1]

    def test_in_another_folder_of_the_path(self, site, tmp_path_factory):
        path = os.pathsep.join([str(site), str(ROOT)])
        (site / "traces" / "__init__.py").write_text("")
        shutil.rmtree(site / "rare")
        code, lines = python("-c", "import rare", cwd=tmp_path_factory.mktemp("work"), path=path)
        assert code == 1 and "it belongs to the distribution traces 0.6.6" in lines[-1]


def test_a_stub_without_a_spec_is_looked_at_by_its_file(monkeypatch):
    import types

    monkeypatch.setitem(sys.modules, "energy", types.ModuleType("energy"))  # neither spec nor file
    check_packages(str(ROOT / "rare" / "__init__.py"))


def test_nothing_is_searched_for_while_all_is_well(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "distributions", lambda *_: pytest.fail("slow"))
    monkeypatch.setattr(package_origin, "_owner", lambda *_: pytest.fail("slow"))
    check_packages(str(ROOT / "rare" / "__init__.py"))
