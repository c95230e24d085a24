"""A script that imports a module by the place that the documentation named before must go on."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from traces.moved import MOVED

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("old", sorted(MOVED))
def test_the_old_name_is_the_module_at_its_new_place(old):
    if "learned" in old:
        pytest.importorskip("torch")
    new = importlib.import_module(MOVED[old])
    spec = new.__spec__
    with pytest.warns(DeprecationWarning, match=MOVED[old]):
        sys.modules.pop(old, None)
        assert importlib.import_module(old) is new
    assert new.__spec__ is spec


def test_in_a_fresh_process_too():
    code = (
        "from experiments.scenario import load_scenario\nfrom rare.layout import Layout\n"
        "from energy.solar import SolarPlant\nimport rare\n"
        "assert Layout is rare.Layout and load_scenario('tiny').scenario.name == 'tiny'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
