"""A policy of the user's is not taken by a command, sees something else there, or its errors become ours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rare
from experiments.cli.output import clean_stdout
from experiments.cli.root import main

SOURCE = """
import numpy as np
class First:
    name = "first valid"
    def __init__(self, seed=0, fails=""):
        self.generator, self.fails = np.random.default_rng(seed), fails
        if fails == "constructor":
            raise KeyError("gone")
    def act(self, observation, mask):
        if self.fails == "act":
            return {}[3]
        if self.fails == "answer":
            return -5
        print("thinking")
        return self.generator.choice(np.flatnonzero(mask))
"""
TINY = ("--scenario", "tiny")
WINDOWS = ("--windows", "validation-00,validation-01,validation-02")


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def told(capsys, *command):
    code = main([*command, "--json", "--quiet"])
    out, err = capsys.readouterr()
    return json.loads(out) if code == 0 else (code, err)


def objective(policy, window):
    env = rare.GreenClusterEnv("tiny")
    observation, info = env.reset(options={"window": window})
    total, over = 0.0, False
    while not over:
        mask = np.asarray(info["action_mask"]).astype(bool)
        observation, reward, over, _, info = env.step(int(policy.act(observation, mask)))
        total += reward
    return total


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_evaluate_gives_what_the_environment_returns_in_workers_too(own, capsys, workers):
    from schedulers import make_scheduler

    names = ["own.py:First(seed=3)", "own.py:First(seed=4)"]
    found = told(capsys, "evaluate", *TINY, *WINDOWS, "--scheduler", ",".join(names), "--workers", workers)
    for row in found["rows"]:
        played = objective(make_scheduler(row["scheduler"]), row["window"])
        assert row["objective"] == pytest.approx(played, abs=1e-9)
    assert [row["scheduler"] for row in found["rows"][:2]] == names
    assert found["rows"][0]["objective"] != found["rows"][1]["objective"]


def test_its_name_is_in_every_table_and_told_apart(own, capsys):
    one, two = "own.py:First", "own.py:First(seed=4)"
    window = ("--windows", "validation-00", "--workers", "1")
    assert main(["evaluate", *TINY, *window, "--scheduler", f"easy,{one}"]) == 0
    lines = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert "first valid" in lines and one not in lines
    found = told(capsys, "evaluate", *TINY, *window, "--scheduler", f"{one},{two}")
    assert [each["label"] for each in found["schedulers"]] == ["first valid"] * 2
    assert main(["compare", *TINY, "--scheduler", f"{one},{two}", "--out", "c", "--no-figures"]) == 0
    out = capsys.readouterr().out
    assert f"first valid ({one})" in out and f"first valid ({two})" in out
    from experiments.results.run_folder import load_compare

    assert load_compare("c").labels == [f"first valid ({one})", f"first valid ({two})"]
    assert main(["simulate", *TINY, "--scheduler", two]) == 0
    assert "tiny: first valid" in capsys.readouterr().out


@pytest.mark.parametrize("fails, said", [
    ("constructor", "First(...): own.py:8: KeyError: 'gone'"), ("act", "own.py:11: KeyError: 3"),
    ("answer", "First.act returned -5"),
])  # fmt: skip
@pytest.mark.parametrize("command", ["simulate", "compare", "evaluate"])
def test_its_errors_are_the_users_in_one_line(own, capsys, command, fails, said):
    words = [command, *TINY, "--scheduler", f"own.py:First(fails='{fails}')"]
    words += [*WINDOWS, "--workers", "1"] if command == "evaluate" else []
    code, err = told(capsys, *words)
    assert code == 2 and err.count("\n") == 1 and said in err and "bug" not in err


LATE = "late.py:5: OSError: late"


@pytest.fixture
def late(own):
    """Fails in windows after the first, which are run by workers."""
    (own / "late.py").write_text(
        "import os\nclass Late:\n    def choose(self, view):\n        if view.now_s > 10 * 86400:\n"
        "            raise OSError('late')\n        return -1\n", "utf-8",
    )  # fmt: skip
    return "late.py:Late"


def test_a_worker_hands_back_one_line(late, tmp_path):
    from experiments.engine.bundle import Bundle, run_bundle
    from experiments.engine.cell_book import CellBook
    from experiments.evaluation.evaluate import WindowWork, choose_windows
    from rare.scenario.load import load_scenario

    tiny = load_scenario("tiny")
    (window,) = choose_windows(tiny, ["validation-02"])
    work, book = WindowWork(tiny, (late,), 0, tmp_path / "rows"), CellBook.opened(tmp_path / "book")
    cell = work.cell(window)
    assert run_bundle(Bundle(work, (cell,), book.folder, book.session)).failed == [cell.key]
    failure = book.failure(cell.key)
    assert failure.kind == "input" and LATE in failure.line and "\n" not in failure.line


@pytest.mark.slow
def test_an_error_in_a_worker_is_the_users_too(late, capsys):
    words = ("evaluate", *TINY, *WINDOWS, "--workers", "2", "--scheduler", late)
    code, err = told(capsys, *words)
    assert code == 2 and LATE in err and err.count("\n") == 1


def test_a_torchscript_module_is_a_policy(tmp_path, capsys):
    torch = pytest.importorskip("torch", reason="the extra `learn` is not installed")
    layout = rare.Layout(8, 4)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(layout.size, 16), torch.nn.Tanh(), torch.nn.Linear(16, 13))
    torch.jit.trace(net, torch.zeros(1, layout.size)).save(str(tmp_path / "net.pt"))
    name = f'examples/my_policy.py:TorchScript(path="{tmp_path / "net.pt"}", slots=(8, 4))'
    found = told(capsys, "evaluate", *TINY, "--windows", "validation-00", "--scheduler", name)
    env = rare.GreenClusterEnv("tiny", queue_slots=8, running_slots=4)
    observation, info = env.reset(options={"window": "validation-00"})
    total, over = 0.0, False
    while not over:
        scores = net(torch.from_numpy(observation)[None])[0].detach().numpy()
        action = int(np.where(info["action_mask"], scores, -np.inf).argmax())
        observation, reward, over, _, info = env.step(action)
        total += reward
    assert found["rows"][0]["objective"] == pytest.approx(total, abs=1e-9)


def test_a_maskable_ppo_is_trained_saved_and_evaluated(tmp_path, capsys):
    sb3 = pytest.importorskip("sb3_contrib", reason="the extra `learn` is not installed")
    model = sb3.MaskablePPO("MlpPolicy", rare.GreenClusterEnv("tiny"), n_steps=16, batch_size=16, seed=0)
    model.learn(32)
    model.save(tmp_path / "model.zip")

    class Trained:
        def act(self, observation, mask):
            return model.predict(observation, action_masks=mask, deterministic=True)[0]

    name = f'examples/my_policy.py:MaskedPPO(path="{tmp_path / "model.zip"}")'
    words = ("--windows", "validation-00", "--scheduler", f"easy,{name}", "--workers", "1")
    found = told(capsys, "evaluate", *TINY, *words)
    (row,) = (row for row in found["rows"] if row["scheduler"] == name)
    assert row["objective"] == pytest.approx(objective(Trained(), "validation-00"), abs=1e-9)


ENDINGS = """
import sys
class Ends:
    def __init__(self, how):
        self.how = how
    def act(self, observation, mask):
        if self.how == "exit":
            sys.exit()
        if self.how == "file":
            open("is-not-there")
        if self.how == "pipe":
            raise BrokenPipeError("mine")
        raise type("Own", (BaseException,), {})("mine")
"""


@pytest.mark.parametrize(
    "how, said",
    [("exit", "SystemExit"), ("pipe", "BrokenPipeError"), ("own", "Own"), ("file", "FileNotFoundError")],
)
@pytest.mark.parametrize("command", [("simulate",), ("dataset", "--episodes", "1", "--out", "data-v0")])
def test_a_policy_cannot_end_the_command_in_its_own_way(own, capsys, command, how, said):
    (own / "ends.py").write_text(ENDINGS, encoding="utf-8")
    code, err = told(capsys, *command, *TINY, "--scheduler", f"ends.py:Ends('{how}')")
    assert code == 2 and err.count("\n") == 1 and f"{said}: " in err and "ends.py:" in err


PRINTS = """
import os, subprocess, sys
class Prints:
    def act(self, observation, mask):
        if not hasattr(self, "said"):
            self.said = print("print")
            sys.__stdout__.write("real\\n")
            os.write(1, b"raw\\n")
            subprocess.run(["echo", "child"])
        return 0
"""


@pytest.mark.slow
def test_stdout_is_one_object_whatever_a_policy_writes_past_python(own):
    (own / "prints.py").write_text(PRINTS, encoding="utf-8")
    words = ["simulate", *TINY, "--scheduler", "prints.py:Prints", "--json", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    done = subprocess.run(
        [sys.executable, "-m", "experiments.cli", *words],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["label" if "label" in done.stdout else "scheduler"] == "prints.py:Prints"
    assert sorted(done.stderr.split()) == ["child", "print", "raw", "real"]


def test_descriptor_1_is_stdout_again_after_the_work(capfd):
    with clean_stdout(True):
        os.write(1, b"inside\n")
    os.write(1, b"after\n")
    out, err = capfd.readouterr()
    assert (out, err) == ("after\n", "inside\n")
