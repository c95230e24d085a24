"""The examples run, and do what their first lines say."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def example(name):
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_gymnasium_loop_plays_episodes_and_draws(tmp_path, monkeypatch, capsys):
    loop = example("gymnasium_loop")
    monkeypatch.setattr(loop, "SCENARIO", "tiny")
    objectives = loop.main(250, tmp_path)
    assert objectives and all(0 < each <= 1 for each in objectives)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "step-00000.png", "step-00100.png", "step-00200.png",
    ]  # fmt: skip
    assert "objective" in capsys.readouterr().out


def test_the_cross_entropy_loop_improves_its_mean(monkeypatch):
    loop = example("cross_entropy")
    monkeypatch.setattr(loop, "CANDIDATES", 16)
    means = loop.main(5)
    assert len(means) == 5 and means[-1] > means[0] and max(means) <= 1


def test_maskable_ppo_trains_and_plays():
    pytest.importorskip("sb3_contrib", reason="the extra `learn` is not installed")
    before, after = example("maskable_ppo").main(64, windows=2)
    assert 0 <= before <= 1 and 0 <= after <= 1


def test_the_cooling_loop_makes_energy_dearer(capsys):
    example("cosimulation").main()
    assert "PUE between 1.10 and" in capsys.readouterr().out


def test_vessim_and_rare_count_the_same_energy():
    pytest.importorskip("vessim", reason="the extra `test` is not installed: pip install vessim")
    vessim_wh, rare_wh, after_wh = example("vessim_cosimulation").main()
    assert vessim_wh == pytest.approx(rare_wh + after_wh, rel=1e-9)
    assert rare_wh > 1000 and after_wh > 10
