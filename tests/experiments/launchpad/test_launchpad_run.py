"""A whole launchpad in miniature, killed in the middle; and the pool that does its stages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

for library in ("torch", "d3rlpy", "sb3_contrib", "h5py"):
    pytest.importorskip(library, reason="needs the extra 'learn'")

from experiments.cli.root import main  # noqa: E402
from experiments.engine.where import Where  # noqa: E402
from experiments.evaluation.evaluate import choose_windows, evaluate  # noqa: E402
from experiments.launchpad import run_stages  # noqa: E402
from experiments.launchpad.stage_plan import Stage  # noqa: E402
from experiments.process.progress import QUIET  # noqa: E402
from rare.scenario.load import load_scenario  # noqa: E402
from traces.errors import InputError  # noqa: E402

MINI = Path(__file__).parent / "mini.toml"
WORDS = ["launchpad", "--experiment", str(MINI), "--workers", "1"]


def done_files(out):
    return sorted(out.glob("stages/*/*/done.json"))


@pytest.mark.slow
def test_a_killed_launchpad_goes_on_and_ends_in_claims(tmp_path, capsys):
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-c",
        "from experiments.cli.root import main; main()",
        *WORDS,
        "--out",
        str(out),
    ]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while len(done_files(out)) < 6 and child.poll() is None:
        time.sleep(0.1)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    time.sleep(2.0)  # its worker ends with it
    held = {path: path.stat().st_mtime_ns for path in done_files(out)}
    assert len(held) >= 6 and not (out / "claims.json").exists()

    assert main([*WORDS, "--out", str(out), "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((out / "claims.json").read_text())
    assert {path: path.stat().st_mtime_ns for path in held} == held, "a finished stage was done again"
    assert found["verdicts"]["O1"] in ("holds", "does not hold") and not found["failed"]
    every = {path: path.stat().st_mtime_ns for path in done_files(out)}
    assert main([*WORDS, "--out", str(out), "--quiet"]) == 0
    assert {path: path.stat().st_mtime_ns for path in done_files(out)} == every
    assert main(["report", str(out), "--quiet"]) == 0
    _agrees_with_evaluate(out)


def _agrees_with_evaluate(out):
    """A checkpoint's objectives are those that `rare evaluate` gives it."""
    done = next(path for path in done_files(out) if path.parent.name.startswith("handover-s0-"))
    result = json.loads(done.read_text())["result"]
    loaded = load_scenario("tiny")
    name = str(done.parent / "run" / "best")
    found = evaluate(loaded, [name], choose_windows(loaded, result["windows"][:4]))
    assert found.values(name, "objective").tolist() == pytest.approx(result["test"][:4], abs=1e-12)


# --- execution, with stages that do nothing ---------------------------------------------------------------


HERE = Where(workers=1)


def stage(label, needs=(), **given):
    return Stage(f"x/{label}", "note", "x", given, {each: f"x/{each}" for each in needs}, key=label * 3)


def note(kind, given, needs, folder):
    """A stage of tests: fails, or writes that it was done once more."""
    if given.get("fails"):
        raise InputError("no room")
    with (folder / "times").open("a") as file:
        file.write("x")
    return {"of": sorted(needs), "n": 1 + sum(each["n"] for each in needs.values())}


@pytest.fixture
def inline(monkeypatch):
    monkeypatch.setattr(run_stages, "do_stage", note)


def test_stages_wait_for_what_they_need_and_none_is_done_twice(inline, tmp_path):
    stages = [stage("a"), stage("b", ["a"]), stage("c", ["a", "b"])]
    for _ in range(2):
        done, failed = run_stages.run_stages(stages, tmp_path, HERE, QUIET)
        assert not failed and done["x/c"]["result"] == {"of": ["a", "b"], "n": 4}
    for each in stages:
        assert (tmp_path / "stages" / each.folder / "times").read_text() == "x"


def test_what_fails_takes_its_own_with_it_and_no_other(inline, tmp_path):
    stages = [stage("a", fails=True), stage("b", ["a"]), stage("c", ["b"]), stage("d")]
    done, failed = run_stages.run_stages(stages, tmp_path, HERE, QUIET)
    assert set(done) == {"x/d"}
    assert failed == {
        "x/a": "no room", "x/b": "needs x/a, which failed", "x/c": "needs x/b, which failed",
    }  # fmt: skip


def test_a_result_that_was_cut_off_is_made_again(inline, tmp_path):
    run_stages.run_stages([stage("a")], tmp_path, HERE, QUIET)
    done = tmp_path / "stages" / stage("a").folder / "done.json"
    done.write_text(done.read_text()[:-9])
    found, _ = run_stages.run_stages([stage("a")], tmp_path, HERE, QUIET)
    assert found["x/a"]["result"]["n"] == 1 and json.loads(done.read_text())["result"]["n"] == 1


def test_two_launchpads_cannot_share_a_folder(tmp_path):
    with run_stages.opened(tmp_path / "out"), pytest.raises(InputError, match="another launchpad"), \
            run_stages.opened(tmp_path / "out"):  # fmt: skip
        pass
