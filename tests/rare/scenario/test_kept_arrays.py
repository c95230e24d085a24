"""A kept array is not the one that would be computed, or the disk fills up with them."""

import os

import numpy as np
import pytest

from rare.model import Forecast
from rare.scenario import build, kept_arrays, load_scenario
from rare.scenario.inputs import forecast_inputs, site_inputs
from rare.scenario.load import Wishes

NUMBERS = np.arange(6).reshape(2, 3)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder for kept arrays, and a process that has kept and remembers none."""
    monkeypatch.setattr(kept_arrays, "_folder", lambda: tmp_path)
    monkeypatch.setattr(kept_arrays, "_written", set())
    _forget()
    yield tmp_path
    _forget()


def _forget():
    site_inputs._kept_plant.cache_clear()
    site_inputs._plant.cache_clear()


class TestKeeping:
    def test_gives_back_what_was_kept(self, folder):
        kept_arrays.keep(["a", b"b"], NUMBERS)
        found = kept_arrays.find(["a", b"b"])
        assert found.dtype == NUMBERS.dtype and (found == NUMBERS).all()

    @pytest.mark.parametrize("other", [["a"], ["ab"], ["a", b"b", ""], ["", "ab"]])
    def test_other_keys_find_nothing(self, folder, other):
        kept_arrays.keep(["a", b"b"], NUMBERS)
        assert kept_arrays.find(other) is None

    def test_another_version_of_code_library_or_processor_finds_nothing(self, folder, monkeypatch):
        kept_arrays.keep(["a"], NUMBERS)
        monkeypatch.setattr(kept_arrays, "_origin", lambda: b"edited")
        assert kept_arrays.find(["a"]) is None

    def test_origin_changes_with_the_sources(self, tmp_path, monkeypatch):
        monkeypatch.setattr(kept_arrays, "_ROOT", tmp_path)
        source = tmp_path / "energy" / "a.py"
        source.parent.mkdir()
        origins = set()
        for text in ("A = 1", "A = 2"):
            source.write_text(text)
            origins.add(kept_arrays._origin.__wrapped__())
        assert len(origins) == 2

    @pytest.mark.parametrize(
        "damage", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" + data[1:]]
    )
    def test_damaged_file_counts_as_absent(self, folder, damage):
        kept_arrays.keep(["a"], NUMBERS)
        (path,) = folder.iterdir()
        path.write_bytes(damage(path.read_bytes()))
        assert kept_arrays.find(["a"]) is None

    def test_no_objects_are_read(self, folder):
        with pytest.raises(ValueError, match="pickle"):
            kept_arrays.keep(["a"], np.array([print]))

    def test_large_arrays_are_not_kept(self, folder, monkeypatch):
        monkeypatch.setattr(kept_arrays, "MOST_BYTES", NUMBERS.nbytes - 1)
        kept_arrays.keep(["a"], NUMBERS)
        assert not list(folder.iterdir())

    def test_a_process_keeps_a_few(self, folder, monkeypatch):
        monkeypatch.setattr(kept_arrays, "FROM_ONE_PROCESS", 2)
        for name in "abca":
            kept_arrays.keep([name], NUMBERS)
        assert [kept_arrays.find([name]) is not None for name in "abc"] == [True, True, False]

    def test_those_read_last_stay(self, folder, monkeypatch):
        monkeypatch.setattr(kept_arrays, "MOST_FILES", 2)
        for when, name in enumerate("ab"):
            kept_arrays.keep([name], NUMBERS)
            os.utime(folder / kept_arrays._name([name]), (when, when))
        kept_arrays.find(["a"])  # now the last
        kept_arrays.keep(["c"], NUMBERS)
        assert [kept_arrays.find([name]) is not None for name in "abc"] == [True, False, True]

    def test_without_a_folder_nothing_is_kept(self, monkeypatch):
        monkeypatch.setattr(kept_arrays, "_folder", lambda: None)
        kept_arrays.keep(["a"], NUMBERS)
        assert kept_arrays.find(["a"]) is None


class TestCases:
    def test_plants_and_forecasts_are_those_that_were_computed(self, folder, monkeypatch):
        computed = _power_and_forecast()
        _forget()

        def refuse(*_):
            raise AssertionError("computed again")

        with monkeypatch.context() as patched:
            patched.setattr(site_inputs, "_plant", refuse)
            patched.setattr(forecast_inputs, "_tables", refuse)
            kept = _power_and_forecast()
        assert kept[0] == computed[0]
        for name in ("name", "begin_s", "issue_step_s", "step_s"):
            assert getattr(kept[1], name) == getattr(computed[1], name)
        for name in ("supply_mw", "low_mw", "high_mw", "price_u", "carbon_u"):
            assert (getattr(kept[1], name) == getattr(computed[1], name)).all()

    @pytest.mark.parametrize("change", ["forecast.seed=1", "supply.source.1.hub_height_m=100"])
    def test_another_plant_or_forecast_is_computed(self, folder, change):
        _power_and_forecast()
        before = len(list(folder.iterdir()))
        _forget()
        _power_and_forecast(change)
        assert len(list(folder.iterdir())) > before


def _power_and_forecast(*settings: str) -> tuple[list[list[int]], Forecast]:
    """The supply of `tiny`, its changes and powers, and its forecast."""
    case = build(load_scenario("tiny", Wishes(settings=settings))).case
    assert case.forecast is not None
    return [case.inputs.change_s.tolist(), case.inputs.supply_mw.tolist()], case.forecast
