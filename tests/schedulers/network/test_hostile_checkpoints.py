"""Checkpoints that lie: whatever takes one says so in a line and exits 2, and no memory is taken for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from experiments.cli.root import main
from rare import Layout
from schedulers import make_scheduler
from schedulers.network.network_shapes import weight_shapes
from tests.schedulers.network.hostile_checkpoints import EVERY, FACTS, WEIGHTS
from traces.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
LAYOUT = Layout(queue_slots=16, running_slots=6, forecast_hours=4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A checkpoint of a small pointwise network, made without torch."""
    folder = tmp_path_factory.mktemp("whole") / "best"
    folder.mkdir()
    draws = np.random.default_rng(0)
    weights = {name: draws.normal(size=shape).astype(np.float32) for name, shape in weight_shapes(8).items()}
    save_file(weights, folder / WEIGHTS)
    table = {"version": 1, "layout": json.loads(LAYOUT.to_json()), "facts": {"head": "policy"},
             "network": {"kind": "pointwise", "width": 8, "heads": 4}}  # fmt: skip
    (folder / FACTS).write_text(json.dumps(table), "utf-8")
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "best")


def refused(words, said, capsys):
    """One line on stderr with these words, nothing on stdout, exit 2."""
    capsys.readouterr()
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert said in err and err.count("\n") == 1 and "Traceback" not in err and "a bug" not in err
    assert not out


def test_unchanged_it_schedules(folder):
    assert make_scheduler(str(folder)).layout == LAYOUT


def test_there_are_many():
    assert len(EVERY) >= 70


@pytest.mark.parametrize("name", EVERY)
def test_as_a_scheduler_it_is_refused(name, folder, capsys):
    damage, said = EVERY[name]
    damage(folder)
    refused(["simulate", "--scenario", "tiny", "--scheduler", str(folder), "--quiet"], said, capsys)


@pytest.mark.parametrize("name", EVERY)
def test_its_weights_are_not_loaded_into_torch(name, folder):
    pytest.importorskip("torch", reason="needs the extra 'learn'")
    from schedulers.training import checkpoint

    damage, said = EVERY[name]
    damage(folder)
    with pytest.raises(InputError) as error:
        checkpoint.load(folder)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["facts are deep", "heads is a list", "half precision", "weights are a pipe",
                                  "a weight is NaN", "header claims terabytes"])  # fmt: skip
def test_training_does_not_begin(name, folder, tmp_path, capsys):
    for library in ("torch", "d3rlpy", "sb3_contrib"):
        pytest.importorskip(library, reason="needs the extra 'learn'")
    damage, said = EVERY[name]
    damage(folder)
    run = tmp_path / "run"
    online = ["train", "online", "--scenario", "tiny", "--from", str(folder), "--out", str(run)]
    refused(online, said, capsys)
    refused(["train", "distil", "--teacher", f"tiny={folder}", "--out", str(run)], said, capsys)
    assert not run.exists()


@pytest.mark.parametrize("name", ["heads is a list", "weights are a pipe", "a weight is NaN"])
def test_offline_training_does_not_begin_from_it(name, folder, tmp_path, capsys):
    for library in ("torch", "d3rlpy"):
        pytest.importorskip(library, reason="needs the extra 'learn'")
    words = ["dataset", "--scenario", "tiny", "--scheduler", "easy", "--episodes", "1", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "log-v0")]) == 0
    damage, said = EVERY[name]
    damage(folder)
    words = ["train", "offline", "--data", str(tmp_path / "log-v0"), "--from", str(folder), "--width", "8"]
    refused([*words, "--out", str(tmp_path / "run")], said, capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["pointwise", "attention"])
@pytest.mark.parametrize("width", [4, 64])
def test_shapes_are_those_of_the_network(kind, width):
    pytest.importorskip("torch", reason="needs the extra 'learn'")
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    state = SchedulerNet(LAYOUT, NetworkSize(kind, width)).state_dict()
    assert weight_shapes(width, kind) == {name: tuple(values.shape) for name, values in state.items()}


def test_an_attention_network_goes_through_the_same_checks(tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra 'learn'")
    from schedulers.training import checkpoint
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    net = SchedulerNet(LAYOUT, NetworkSize("attention", 8, 2))
    checkpoint.save(tmp_path / "best", checkpoint.Checkpoint(net))
    again = checkpoint.load(tmp_path / "best").net
    for name, values in net.state_dict().items():
        assert torch.equal(again.state_dict()[name], values)
    EVERY["half precision"][0](tmp_path / "best")
    with pytest.raises(InputError, match="not F32"):
        make_scheduler(str(tmp_path / "best"))


BOUNDED = """
import resource, sys
from schedulers import make_scheduler
from traces.errors import InputError
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
for folder in sys.argv[1:]:
    try:
        make_scheduler(folder)
    except InputError as error:
        print(error)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_claims_take_no_memory(whole, tmp_path):
    names = ("width is the widest", "shape of terabytes", "header claims terabytes", "weights are endless",
             "facts are endless", "offsets are beyond")  # fmt: skip
    folders = [shutil.copytree(whole, tmp_path / str(place) / "best") for place in range(len(names))]
    for name, folder in zip(names, folders, strict=True):
        EVERY[name][0](folder)
    command = [sys.executable, "-c", BOUNDED, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    lines = done.stdout.splitlines()
    assert len(lines) == len(names), done.stderr
    for name, line in zip(names, lines, strict=True):
        assert EVERY[name][1] in line


# --- interrupted training ----------------------------------------------------------------------------------


def _state(damage):
    def change(run):
        from schedulers.training.resume import load_state, save_state

        save_state(run, damage(load_state(run)))

    return change


def _flipped(run):
    """One bit among the weights, which torch would not notice."""
    data = bytearray((run / "state.pt").read_bytes())
    data[len(data) // 2] ^= 1
    (run / "state.pt").write_bytes(data)


def _unmarked(run):
    import torch

    torch.save(torch.load(run / "state.pt", weights_only=True), run / "state.pt")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "state.pt").write_bytes(b"x"), "state.pt: cannot be read"),
        (lambda run: (run / "state.pt").write_bytes(b""), "state.pt: cannot be read"),
        (_state(lambda state: [1, 2]), "it holds a list"),
        (_state(lambda state: {}), "state.pt: cannot be read"),
        (_state(lambda state: state | {"net": {}}), "state.pt: cannot be read"),
        (_state(lambda state: state | {"batches": {"state": "x"}}), "state.pt: cannot be read"),
        (_state(lambda state: state | {"progress": {"step": "x", "y": 1}}), "state.pt: cannot be read"),
        (_state(lambda state: state | {"progress": {}}), "progress lacks 'step'"),
        (_state(lambda state: state | {"progress": [1]}), "progress is no table"),
        (
            _state(lambda state: state | {"progress": state["progress"] | {"best": "x"}}),
            "'best' is a str, not a float",
        ),
        (_flipped, "state.pt: cannot be read (it is cut off, was changed"),
        (_unmarked, "state.pt: cannot be read (it is cut off, was changed"),
        (
            lambda run: (run / "progress.csv").write_text("step\nx\n"),
            "progress.csv: step 'x' is not a number",
        ),
        (
            lambda run: (run / "progress.csv").write_bytes(b"step\n\xff\n"),
            "progress.csv:2: is not UTF-8 text",
        ),
        (lambda run: (run / "config.json").write_text("[" * 10_000), "config.json: cannot be read"),
    ],
)
def test_a_damaged_run_does_not_go_on(damage, said, trained, tmp_path, capsys):
    data, run = trained
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "summary.json").unlink()
    damage(tmp_path / "run")
    refused([*_train(data, tmp_path / "run"), "--resume"], said, capsys)


def test_a_run_that_was_killed_before_its_figure_gets_it(trained, tmp_path):
    """Its summary is there already, so the same command found nothing to do."""
    from experiments.cli.root import main

    data, run = trained
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "curve.svg").unlink(missing_ok=True)
    assert main([*_train(data, tmp_path / "run"), "--resume"]) == 0
    assert (tmp_path / "run" / "curve.svg").exists()


def _train(data, run):
    return ["train", "offline", "--data", str(data), "--out", str(run), "--steps", "2", "--batch", "4",
            "--width", "4", "--quiet"]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A dataset, and a training run that has come to its end."""
    for library in ("torch", "d3rlpy"):
        pytest.importorskip(library, reason="needs the extra 'learn'")
    place = tmp_path_factory.mktemp("trained")
    words = ["dataset", "--scenario", "tiny", "--scheduler", "easy", "--episodes", "1", "--quiet"]
    assert main([*words, "--out", str(place / "log-v0")]) == 0
    assert main(_train(place / "log-v0", place / "run")) == 0
    return place / "log-v0", place / "run"
