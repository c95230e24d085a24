"""`make gpu`: without a CUDA device it says so; its figures and its comparison, with the CPU twice."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")
pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")

from experiments.benchmarks import gpu_training  # noqa: E402
from experiments.benchmarks.training_frames import learner, network_s, round_s  # noqa: E402


def test_without_a_device_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = CliRunner().invoke(gpu_training.main, ["--out", str(tmp_path / "gpu.md")])
    assert said.exit_code == 0 and len(said.output.splitlines()) == 1 and "no CUDA device" in said.output
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_is_told_before_measuring(tmp_path):
    said = CliRunner().invoke(gpu_training.main, ["--out", str(tmp_path / "none" / "gpu.md")])
    assert said.exit_code == 2 and "its folder does not exist" in said.output


@pytest.mark.slow
def test_a_device_agrees_with_itself():
    small = gpu_training.SMALLEST
    figures = gpu_training.measure(
        ("cpu", "cpu"), offline=[(8, 16)], online=[small], seconds=0.01, episodes=26
    )
    assert [each["algorithm"] for each in figures["agreements"]] == ["crr", "cql", "bcq", "ppo"]
    assert all(each["agrees"] and each["weights"] == each["losses"] == 0 for each in figures["agreements"])
    assert len(figures["rows"]) == 4 and all(min(row["per_s"]) > 0 for row in figures["rows"])


def test_the_table_says_whether_the_devices_agree(tmp_path, monkeypatch):
    row = {"what": "ppo, frames/s", "width": 16, "batch": "16, 4 environments", "per_s": [10.0, 25.0]}
    agreements = [gpu_training._agreement("ppo", 0.0, 0.001)]
    figures = {"devices": ["cpu", "cuda"], "agreements": agreements, "rows": [row]}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a device")
    monkeypatch.setattr(gpu_training, "measure", lambda devices: figures)
    out = tmp_path / "gpu.md"
    assert CliRunner().invoke(gpu_training.main, ["--out", str(out)]).exit_code == 0
    assert "| ppo, frames/s | 16 | 16, 4 environments | 10 | 25 | 2.5x |" in out.read_text()
    agreements[0]["agrees"] = False
    said = CliRunner().invoke(gpu_training.main, ["--out", str(out)])
    assert said.exit_code == 1 and "disagree" in said.output and "DISAGREES" in out.read_text()


def test_what_differs_or_is_not_finite_does_not_agree():
    before = torch.zeros(2).double()
    moved = torch.tensor([1.0, 1.0]).double()
    assert gpu_training._distance(before, moved, moved * 1.1) == pytest.approx(0.1)
    assert gpu_training._distance(before, moved, moved * float("nan")) == float("inf")
    assert gpu_training._loss_distance({"loss": 1.0}, {"loss": float("nan")}) == float("inf")


def test_nothing_is_begun_after_the_budget(monkeypatch):
    monkeypatch.setattr(gpu_training, "transitions", lambda episodes: None)
    monkeypatch.setattr(gpu_training, "offline_agreement", lambda *_: gpu_training._agreement("crr", 0, 0))
    monkeypatch.setattr(gpu_training, "online_agreement", lambda *_: gpu_training._agreement("ppo", 0, 0))
    figures = gpu_training.measure(("cpu", "cuda"), budget_s=-1.0)
    assert {tuple(row["per_s"]) for row in figures["rows"]} == {(None, None)}
    assert "not measured" in gpu_training.markdown(figures, "a machine")


def test_frames_with_the_learner():
    ppo = learner("tiny", gpu_training.SMALLEST)
    assert round_s(ppo, 1) > 0 and network_s(ppo, gpu_training.SMALLEST, 1) > 0
