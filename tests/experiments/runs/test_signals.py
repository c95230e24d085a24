"""A command outlives its signal, leaves processes or half a result behind, or ends in a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.process import interrupts

ROOT = Path(__file__).resolve().parents[3]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
LIMIT_S = 60  # generous: the machine may be busy; the promise of 3 s is measured by hand
BEGIN_LIMIT_S = 600  # rules may have to be compiled first
EVALUATE = ("evaluate", "--scenario", "tiny", "--windows", "validation-00,validation-01,validation-02",
            "--scheduler", "easy,slow.py:Slow", "--workers", "2", "--quiet", "--out", "found")  # fmt: skip
SLOW = """
import os, time
class Slow:
    def choose(self, view):
        with open(f"busy-{os.getpid()}", "w"):
            pass
        if MANY(os.listdir()):
            time.sleep(600)
        return -1
"""


def begin(words, folder):
    """The command in a session of its own, so that its processes can be told from others."""
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", *words], cwd=folder, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def session_of(pid):
    """The session of a process; None if it is gone, or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[3])


def until(holds, what, most_s=BEGIN_LIMIT_S):
    limit_s = time.monotonic() + most_s
    while not holds():
        assert time.monotonic() < limit_s, what
        time.sleep(0.02)


def none_left(session):
    def gone():
        return not any(session_of(name) == session for name in os.listdir("/proc") if name.isdigit())

    until(gone, "a process outlives the command", LIMIT_S)


def ended(process):
    out, err = process.communicate(timeout=LIMIT_S)
    none_left(process.pid)
    assert "Traceback" not in err and "ignored" not in err, err
    return process.returncode, out, err


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def busy(folder, count):
    return lambda: len(list(folder.glob("busy-*"))) >= count


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_single_process_ends_with_its_code_and_one_line(tmp_path, number):
    (tmp_path / "slow.py").write_text(SLOW.replace("MANY(os.listdir())", "True"), "utf-8")
    process = begin(("simulate", "--scenario", "tiny", "--scheduler", "slow.py:Slow", "--out", "r"), tmp_path)
    until(busy(tmp_path, 1), "it never began")
    os.killpg(process.pid, number)
    code, out, err = ended(process)
    assert (code, out) == (CODES[number], "") and err.splitlines()[
        -1
    ] == "rare: interrupted; nothing was kept"
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("busy")} <= {
        "slow.py", "__pycache__",
    }  # fmt: skip


POOL = """
import os, sys, time
from experiments.process import interrupts
from dataclasses import dataclass
from pathlib import Path
from experiments.engine.cells import Cell
from experiments.engine.run_cells import run_cells
from experiments.engine.where import Where

@dataclass(frozen=True)
class Sleep:
    def is_done(self, cell):
        return False

    def run(self, cell):
        open(f"busy-{os.getpid()}", "w").close()
        time.sleep(600)

if __name__ == "__main__":
    with interrupts.command():
        run_cells(Sleep(), [Cell("one", "one", 1), Cell("two", "two", 2)], Where(workers=2), Path("book"))
"""


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_a_bare_parent_however_that_ends(tmp_path, number):
    (tmp_path / "pool.py").write_text(POOL, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "pool.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(busy(tmp_path, 2), "no two workers began")
    (os.kill if number == signal.SIGKILL else os.killpg)(process.pid, number)
    code, _, err = ended(process)
    assert code == CODES.get(number, -number)
    if number != signal.SIGKILL:  # after that Python's resource tracker may tell what it cleans up
        assert err == ""


@linux
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent_however_that_ends(tmp_path, number):
    slow = SLOW.replace("MANY(os.listdir())", "view.now_s > 10 * 86400")  # the first window is quick
    (tmp_path / "slow.py").write_text(slow, "utf-8")
    process = begin(EVALUATE, tmp_path)
    until(busy(tmp_path, 2), "no two workers began")
    if number == signal.SIGKILL:
        os.kill(process.pid, number)
    else:
        os.killpg(process.pid, number)
    code, _, err = ended(process)
    if number != signal.SIGKILL:
        assert code == CODES[number] and "the same command goes on from there" in err
    assert (tmp_path / ".found.unfinished-windows").is_dir() and not (tmp_path / "found").exists()


IMPORT = """
import os, runpy, sys
class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            os.kill(os.getpid(), NUMBER)
sys.meta_path.insert(0, Sender())
sys.argv = ["rare", "simulate", "--scenario", "islanded", "--scheduler", "lookahead"]
runpy.run_module("experiments.cli", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("module", "number"), [("click", signal.SIGINT), ("numpy", signal.SIGTERM), ("numba", signal.SIGINT)]
)
def test_a_signal_while_a_library_is_imported_ends_it_at_once(tmp_path, module, number):
    """The signal comes as this import begins. A library may catch what an import raises, or print it."""
    program = IMPORT.replace("MODULE", repr(module)).replace("NUMBER", str(int(number)))
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr) == (CODES[number], "", "rare: interrupted\n")
    assert not list(tmp_path.iterdir())


COMMANDS = {
    "simulate": ("simulate", "--scenario", "islanded", "--scheduler", "lookahead", "--out", "o"),
    "compare": ("compare", "--scenario", "islanded", "--scheduler", "easy,lookahead", "--out", "o"),
    "evaluate": ("evaluate", "--windows", "test", "--scheduler", "easy,lookahead", "--workers", "2"),
    "dataset": ("dataset", "--scheduler", "lookahead", "--episodes", "50", "--out", "o"),
    "online": ("train", "online", "--scenario", "tiny", "--steps", "1000000", "--out", "o"),
    "demo": ("demo", "--out", "o"),
    "bench": ("bench",),
    "launchpad": ("launchpad", "--quick", "--workers", "2", "--out", "o"),
    "sweep": ("sweep", str(ROOT / "examples" / "sweep.toml"), "--workers", "2", "--out", "o"),
    "generate": (
        "traces",
        "generate",
        "lublin",
        "--processors",
        "256",
        "--jobs",
        "3000000",
        "--out",
        "o.csv",
    ),
}


@linux
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_at_any_moment(tmp_path, command, number):
    for wait_s in (0.2, 0.7, 1.5, 3.0, 6.0, 12.0):
        process = begin(COMMANDS[command], tmp_path)
        time.sleep(wait_s)
        if process.poll() is None:
            os.killpg(process.pid, number)
        code, _, _ = ended(process)
        assert code in (0, CODES[number], -number), wait_s
        assert not list(tmp_path.glob(".*.tmp")) and not list(tmp_path.glob("*.old"))


# --- the parts ------------------------------------------------------------------------------------------


@pytest.fixture
def signals(monkeypatch):
    """The state of a process that has got no signal, with its handlers put back afterwards."""
    before = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    monkeypatch.setattr(interrupts, "_state", interrupts._State())
    yield interrupts._install()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_folder_is_swapped_whole_before_a_signal_raises(tmp_path, signals, monkeypatch):
    from experiments.process import atomic_output

    real = Path.rename

    def rename(path, target):
        real(path, target)
        os.kill(os.getpid(), signal.SIGTERM)  # after each of the two renames

    for text in ("old", "new"):
        with monkeypatch.context() as patch:
            if text == "new":
                patch.setattr(Path, "rename", rename)
            try:
                with atomic_output.atomic_folder(tmp_path / "run") as folder:
                    (folder / "metrics.json").write_text(text)
            except interrupts.Terminated:
                assert text == "new"
    assert (
        atomic_output.is_own_folder(tmp_path / "run")
        and (tmp_path / "run" / "metrics.json").read_text() == "new"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_only_the_first_signal_raises(signals):
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)  # while `finally` cleans up
    assert interrupts.received_code() == 130


def test_handlers_are_put_back_after_a_command_inside_another_program():
    from experiments.cli.root import main

    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    assert main(["scenarios", "--help"]) == 0
    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before


@linux
def test_an_extension_that_never_returns_is_ended_by_the_watch(tmp_path):
    """Python raises nothing while compiled code runs; a swallowed interrupt raises nothing more."""
    (tmp_path / "deaf.py").write_text(
        "import time\nclass Deaf:\n    def choose(self, view):\n        open('busy-1', 'w').close()\n"
        "        while True:\n            try:\n                time.sleep(600)\n"
        "            except BaseException:\n                pass\n", "utf-8",
    )  # fmt: skip
    process = begin(("simulate", "--scenario", "tiny", "--scheduler", "deaf.py:Deaf", "--out", "r"), tmp_path)
    until(busy(tmp_path, 1), "it never began")
    os.kill(process.pid, signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130 and err.splitlines()[-1].startswith("rare: interrupted")
    assert not list(tmp_path.glob(".r.*"))


def test_an_interrupt_that_a_library_turned_into_another_error_is_still_one(monkeypatch, capsys):
    from experiments.cli import root

    monkeypatch.setattr(interrupts, "_state", interrupts._State())

    def stop(*given, **how):
        interrupts._state.received = int(signal.SIGTERM)
        raise ImportError("cannot import name")

    monkeypatch.setattr("rare.scenario.load.load_scenario", stop)
    assert root.main(["scenarios"]) == 143
    assert capsys.readouterr().err == "rare: interrupted\n"


@linux
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_commands_beside_rare_end_by_signals_as_it_does(tmp_path, number):
    words = ("out", "--seeds", "1", "--quiet")
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments.training.recipes.train_shipped", *words],
        cwd=tmp_path, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until(lambda: (tmp_path / "out").exists(), "it never began")
    process.send_signal(number)
    code, _, err = ended(process)
    assert code == CODES[number] and err.startswith("rare: interrupted")
