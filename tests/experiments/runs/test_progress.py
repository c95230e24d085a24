"""Progress is silent for long, says too much, draws on what is no terminal, or leaves a bar behind."""

import io
import os
import pickle
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.process.progress import ProgressDisplay, rate_text, time_text

ROOT = Path(__file__).resolve().parents[3]
ON_TERMINAL = """
import sys, time
from experiments.process import interrupts, progress
progress.SILENT_S = progress.REDRAW_EVERY_S = 0.0
def work():
    display = progress.ProgressDisplay(quiet=sys.argv[1] == "quiet")
    with display.task("logging [b]easy[/b]", "episodes") as task:
        for done in range(1, 4):
            time.sleep(0.01)
            task.update(done, 4, "objective 0.5")
        display.note("a note [red]")
        task.update(4, 4, "objective 0.5")
        if sys.argv[1] == "stop":
            print("ready", flush=True)
            time.sleep(600)
with interrupts.command():
    work()
print("done", "rich" in sys.modules, flush=True)
"""


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now_s = [0.0]
    monkeypatch.setattr("experiments.process.progress.time.monotonic", lambda: now_s[0])
    return now_s


def drive(clock, display, seconds, total):
    with display.task("easy", "jobs") as task:
        for second in range(seconds):
            clock[0] = float(second)
            task.update(second, total)
            yield second


class TestPlainLines:
    def test_short_work_is_silent_and_long_work_says_where_it_is(self, clock):
        stream = io.StringIO()
        for second in drive(clock, ProgressDisplay(stream=stream), 12, 20):
            assert second >= 2 or stream.getvalue() == ""
        assert stream.getvalue() == (
            "easy: 25%, 5 of 20 jobs, 1.0/s, 15 s left\neasy: 50%, 10 of 20 jobs, 1.0/s, 10 s left\n"
        )

    def test_they_grow_rarer(self, clock):
        stream = io.StringIO()
        for _ in drive(clock, ProgressDisplay(stream=stream), 3600, 7200):
            pass
        assert 60 < stream.getvalue().count("\n") < 150  # a line every five seconds would be 720

    def test_the_pace_is_that_of_this_process(self, clock):
        """A run that goes on at step 900 of 1,000 has not done 900 steps in its first second."""
        stream = io.StringIO()
        with ProgressDisplay(stream=stream).task("ppo", "steps") as task:
            clock[0] = 10.0
            task.update(900, 1000)
            clock[0] = 20.0
            task.update(950, 1000)
        assert stream.getvalue().splitlines()[-1] == "ppo: 95%, 950 of 1,000 steps, 5.0/s, 10 s left"

    def test_units_can_be_counted_one_by_one(self, clock):
        stream = io.StringIO()
        with ProgressDisplay(stream=stream).task("judging", "windows") as task:
            task.update(0, 10)
            clock[0] = 30.0
            task.advance()
        assert stream.getvalue() == "judging: 10%, 1 of 10 windows, 2.0/min, 4 min 30 s left\n"

    def test_a_quiet_display_says_nothing(self, clock):
        stream = io.StringIO()
        display = ProgressDisplay(quiet=True, stream=stream)
        for _ in drive(clock, display, 60, 60):
            display.note("a note")
        assert stream.getvalue() == ""

    def test_a_closed_stderr_is_not_replaced_by_stdout(self, monkeypatch, capsys):
        monkeypatch.setattr("sys.stderr", None)
        ProgressDisplay().note("a note")
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("term", ["dumb", "xterm"])
    def test_only_a_terminal_that_can_be_drawn_on_counts(self, monkeypatch, term):
        ours, theirs = pty.openpty()
        monkeypatch.setenv("TERM", term)
        with os.fdopen(theirs, "w") as stream:
            assert ProgressDisplay(stream=stream).is_terminal == (term == "xterm")
        os.close(ours)
        assert not ProgressDisplay(stream=stream).is_terminal  # closed


def test_texts_of_rates_and_times():
    assert [rate_text(per_s) for per_s in (1234.5, 3.44, 0.2, 0.001)] == [
        "1,234/s",
        "3.4/s",
        "12.0/min",
        "3.6/h",
    ]
    assert [time_text(s) for s in (0.4, 59.4, 185, 7800)] == ["0 s", "59 s", "3 min 5 s", "2 h 10 min"]


# --- on a terminal --------------------------------------------------------------------------------------


def on_terminal(how, until=None):
    """What a process writes to a terminal as its stderr, its stdout, and its code; stopped at `until`."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    if until is not None:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(until)
    parts = []
    try:
        while part := os.read(ours, 4096):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    return b"".join(parts).decode(), out, process.returncode


def screen(text):
    """The lines that a terminal shows in the end; follows carriage returns, cursor up and erased lines."""
    lines, row, column = [""], 0, 0
    text = text.replace("\r\n", "\n\r")
    while text:
        if text.startswith("\x1b["):
            end = next(place for place, char in enumerate(text) if place > 1 and char.isalpha())
            code, text = text[2 : end + 1], text[end + 1 :]
            if code == "2K" or code == "K":
                lines[row] = "" if code == "2K" else lines[row][:column]
            elif code.endswith("A"):
                row -= int(code[:-1])
            else:
                assert code.endswith("m"), code  # colours; never a hidden cursor
            continue
        char, text = text[0], text[1:]
        if char == "\r":
            column = 0
        elif char == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        else:
            lines[row] = lines[row][:column].ljust(column) + char + lines[row][column + 1 :]
            column += 1
    return [line for line in lines if line.strip()]


class TestTerminal:
    def test_a_bar_is_drawn_on_stderr_and_is_gone_afterwards(self):
        drawn, out, code = on_terminal("draw")
        assert (out, code) == ("done True\n", 0)
        for part in ("logging [b]easy[/b]", "75 %", "3 of 4 episodes", "objective 0.5", "left"):
            assert part in drawn
        assert screen(drawn) == ["a note [red]"]

    def test_a_quiet_one_writes_nothing_and_imports_nothing(self):
        assert on_terminal("quiet") == ("", "done False\n", 0)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_nothing_is_left_of_it_after_a_signal(self, number):
        drawn, out, code = on_terminal("stop", number)
        assert (out, code) == ("", 128 + number)
        assert screen(drawn) == ["a note [red]"]


def test_in_another_process_it_is_quiet():
    display = pickle.loads(pickle.dumps(ProgressDisplay(stream=io.StringIO())))
    assert display.quiet


def test_a_process_that_ends_at_once_removes_its_bar():
    """The grace is over, or the signal came in the middle of a library: no `finally` runs."""
    code = ON_TERMINAL.replace("time.sleep(600)", "interrupts._end(2)")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code, "stop"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    drawn = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.returncode == 130
    assert screen(drawn) == ["a note [red]", "rare: interrupted"]
