"""`rare train offline`: whole runs on `tiny`, resumed runs, and what cannot be done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")
pytest.importorskip("d3rlpy", reason="needs the extra 'learn'")

from experiments.cli.root import main  # noqa: E402
from experiments.training.train_offline import train_offline  # noqa: E402
from rare.dataset.load_dataset import load  # noqa: E402
from schedulers.network.forward import CHOICES_OF_POLICY  # noqa: E402
from schedulers.training import checkpoint  # noqa: E402
from schedulers.training.journal import read_rows  # noqa: E402
from schedulers.training.offline import offline_loop as loop  # noqa: E402
from schedulers.training.offline.algorithms import OFFLINE_ALGORITHMS  # noqa: E402
from schedulers.training.offline.transitions import read_transitions  # noqa: E402
from schedulers.training.scheduler_net import NetworkSize, SchedulerNet  # noqa: E402
from tests.schedulers.training.offline_data import SMALL  # noqa: E402
from traces.errors import InputError  # noqa: E402

QUICK = {"steps": 40, "validate_every": 20, "batch": 32, "width": 8, "baselines": [], "figure": False}


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("logged") / "easy"
    words = ["--scheduler", "easy", "--scenario", "tiny", "--episodes", "26", *SMALL]
    assert main(["dataset", *words, "--out", str(folder), "--quiet"]) == 0
    return folder


def weights(folder):
    return (folder / checkpoint.WEIGHTS).read_bytes()


def test_the_command_from_data_to_checkpoint(logged, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["--data", str(logged), "--algorithm", "crr", "--beta", "0.5", "--out", str(out), "--json"]
    words += ["--steps", "40", "--validate-every", "20", "--width", "8", "--batch", "32", "--quiet"]
    assert main(["train", "offline", *words]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads((out / "summary.json").read_text())
    assert set(said["baselines"]) == {"easy"} and 0 < said["baselines"]["easy"] <= 1
    names = {
        "config.json",
        "progress.csv",
        "tensorboard",
        "state.pt",
        "best",
        "last",
        "curve.png",
        "curve.svg",
    }
    assert names <= {path.name for path in out.iterdir()}
    rows = read_rows(out)
    assert [int(row["step"]) for row in rows] == [0, 20, 40]
    best = max(float(row["objective"]) for row in rows)
    assert said["best"]["objective"] == pytest.approx(best)
    facts = checkpoint.load(out / "best").facts
    assert (
        facts["trained"] == "offline crr"
        and facts["head"] in CHOICES_OF_POLICY
        and facts["scenario"] == "tiny"
    )
    assert facts["data"][0]["content_sha256"] == load(logged).sheet["content_sha256"]
    assert facts["validation_objective"] == pytest.approx(best)
    assert main(["train", "offline", *words, "--resume"]) == 0  # finished: nothing to do
    assert json.loads(capsys.readouterr().out) == said


def test_cloning_takes_the_logged_actions(logged, tmp_path):
    """In more than nine states of ten; the same network with random weights does not."""
    train_offline(
        [logged],
        tmp_path / "bc",
        **{**QUICK, "steps": 1500, "validate_every": 1500, "width": 32, "batch": 64},
    )
    data = read_transitions([logged])
    net = checkpoint.load(tmp_path / "bc" / "last").net
    with torch.no_grad():
        same = net.policy(data.obs[data.at]).argmax(dim=1) == data.action
        untrained = SchedulerNet(net.layout, net.size).policy(data.obs[data.at]).argmax(dim=1) == data.action
    assert same.float().mean() > 0.9 > untrained.float().mean()


class Killed(Exception):
    """Stands for a kill at a moment of the test's choice."""


@pytest.mark.parametrize("algorithm", OFFLINE_ALGORITHMS.built_in)
def test_an_interrupted_run_ends_in_the_same_weights(logged, tmp_path, monkeypatch, algorithm):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    options = {**QUICK, "steps": 24, "validate_every": 8, "algorithm": algorithm}
    train_offline([logged], whole, **options)
    learn, calls = loop.Training._add, []

    def killing(self, losses):
        calls.append(1)
        if len(calls) == 13:  # between two saved states
            raise Killed
        learn(self, losses)

    monkeypatch.setattr(loop.Training, "_add", killing)
    with pytest.raises(Killed):
        train_offline([logged], parts, **options)
    with pytest.raises(InputError, match="give --resume to go on, or another folder"):
        train_offline([logged], parts, **options)
    train_offline([logged], parts, resume=True, **options)
    for name in ("best", "last"):
        assert weights(whole / name) == weights(parts / name)
    assert read_rows(whole) == read_rows(parts)
    one, other = (json.loads((folder / "summary.json").read_text()) for folder in (whole, parts))
    assert one["best"] == other["best"] and one["last"] == other["last"]


@pytest.mark.slow
def test_kill_9_at_any_moment_ends_in_the_same_weights(logged, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    words = ["--data", str(logged), "--algorithm", "crr", "--steps", "600", "--validate-every", "50"]
    words += ["--width", "16", "--batch", "64", "--quiet"]
    assert main(["train", "offline", *words, "--out", str(whole)]) == 0
    command = [sys.executable, "-m", "experiments.cli", "train", "offline", *words, "--out", str(parts)]
    for wait_s in (0.0, 0.7, 1.9):
        process = subprocess.Popen([*command, "--resume"], env={**os.environ, "OMP_NUM_THREADS": "1"})
        limit_s = time.monotonic() + 120
        while not (parts / "state.pt").exists() and time.monotonic() < limit_s:
            time.sleep(0.05)
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert main(["train", "offline", *words, "--out", str(parts), "--resume"]) == 0
    for name in ("best", "last"):
        assert weights(whole / name) == weights(parts / name)
    assert read_rows(whole) == read_rows(parts)


def test_it_starts_from_a_checkpoint_of_the_same_network(logged, tmp_path):
    net = SchedulerNet(load(logged).layout, NetworkSize(width=8))
    checkpoint.save(tmp_path / "net", checkpoint.Checkpoint(net))
    run = train_offline([logged], tmp_path / "run", start=tmp_path / "net", **{**QUICK, "steps": 1})
    assert run["last"]["step"] == 1
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["start"]["folder"] == "net" and len(config["start"]["sha256"]) == 64
    with pytest.raises(InputError, match="give --network pointwise --width 8"):
        train_offline([logged], tmp_path / "other", start=tmp_path / "net", **{**QUICK, "width": 16})


def test_patience_ends_a_run_early(logged, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "schedulers.training.greedy_windows.greedy_scores",
        lambda *arguments, **options: torch.tensor([0.5]).numpy(),
    )
    run = train_offline([logged], tmp_path / "run", patience=2, **{**QUICK, "steps": 400})
    assert run["last"]["step"] == 60 and run["best"]["step"] == 20  # an untrained network is never the best


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--algorithm", "dqn"], "--algorithm: unknown offline algorithm 'dqn'; known: bc, crr"),
        (["--network", "mlp"], "--network 'mlp' is unknown; known are pointwise, attention"),
        (["--beta", "1"], "bc has no option 'beta'; leave it out"),
        (["--data", "nowhere"], "nowhere: holds no dataset; name another folder"),
        (["--steps", "0"], "--steps must be at least 1, got 0"),
        (["--gamma", "1.5"], "--gamma must be above 0 and at most 1 (per hour), got 1.5"),
        (["--transitions", "99999999"], "--transitions 99999999: the data hold"),
        (["--device", "tpu"], "--device 'tpu' is unknown; known are auto, cpu, cuda"),
        (["--from", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(logged, tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "offline", "--data", str(logged), "--out", "run", *words]) == 2
    output = capsys.readouterr()
    assert said in output.err and output.err.count("\n") == 1 and not output.out
    assert not (tmp_path / "run").exists()


def test_folders_of_others_are_left_alone(logged, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert main(["train", "offline", "--data", str(logged), "--out", str(tmp_path / "mine")]) == 2
    assert "holds 'notes.txt' and no training run" in capsys.readouterr().err
    train_offline([logged], tmp_path / "run", **QUICK)
    with pytest.raises(InputError, match="was begun with another seed \\(0, not 1\\)"):
        train_offline([logged], tmp_path / "run", resume=True, seed=1, **QUICK)
