"""Kills commands at random moments, runs them again, and compares what they end in with undisturbed runs.

    python -m tests.reliability.kill_campaign --kills 500 --seed 1 --out kills.csv

Of each command two undisturbed runs are made first: what both have in common, byte for byte, is what a killed
and repeated run must end in. Three of five kills are SIGKILL, half of these of the command alone and half of
all its processes; the others are SIGTERM and SIGINT. After each kill no process may be left, and every file
under its final name must be whole.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.operate.shadow.shadow_log import LogCounts, read_log
from tests.reliability.kill_cases import CASES, LEARNING, KillCase, words_of
from tests.reliability.result_files import check_whole, contents, differences, repeated

MOST_TRIES = 6  # kills of one run before it is let go to its end
GONE_WITHIN_S = 60.0
ENDS_WITHIN_S = 900.0
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}
FIELDS = ("command", "kills", "sigkill", "sigterm", "sigint", "runs", "contents", "bytes", "faults")


@dataclass
class Tally:
    """What became of one command: kills by signal, runs to the end, what was compared, and faults."""

    command: str
    sigkill: int = 0
    sigterm: int = 0
    sigint: int = 0
    runs: int = 0
    contents: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All kills."""
        return self.sigkill + self.sigterm + self.sigint


# --- processes ---------------------------------------------------------------------------------------------


def begin(words: Sequence[str], folder: Path) -> int:
    """Run `rare` with these words in a forked process in a session of its own; its number.

    Forked, because what it imports has been imported here: a kill hits the command's work, not its imports.
    """
    pid = os.fork()
    if pid:
        while session_of(str(pid)) not in (pid, None):
            time.sleep(0.001)  # until it has a session, and can be killed with all that belongs to it
        return pid
    code = 1
    try:
        os.setsid()
        os.chdir(folder)
        with open(folder / ".output", "ab") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        from experiments.cli.root import rare
        from experiments.process.command_process import run_process

        sys.argv = ["rare", *words]
        code = run_process(rare, "rare")
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def session_of(pid: str) -> int | None:
    """The session of a process; None if it is gone, or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[3])


def left_of(session: int) -> list[str]:
    """The processes of a session that live."""
    return [name for name in os.listdir("/proc") if name.isdigit() and session_of(name) == session]


def ended(pid: int, within_s: float) -> int | None:
    """The code with which a process ends, negative for a signal; None if it does not in time."""
    limit_s = time.monotonic() + within_s
    while time.monotonic() < limit_s:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def run_whole(words: Sequence[str], folder: Path) -> float:
    """Run a command to its end; the seconds that it took. AssertionError if it does not end well."""
    began_s = time.monotonic()
    pid = begin(words, folder)
    code = ended(pid, ENDS_WITHIN_S)
    if code is None:
        os.killpg(pid, signal.SIGKILL)
    said = (folder / ".output").read_text("utf-8", "replace")[-600:]
    assert code == 0, f"{' '.join(words)}: code {code}: {said}"
    return time.monotonic() - began_s


# --- one command -------------------------------------------------------------------------------------------


class KilledCommand:
    """One command, its undisturbed result, and its kills."""

    def __init__(self, case: KillCase, place: Path, data: Path, draw: random.Random) -> None:
        self.case, self.place, self.data, self.draw = case, place, data, draw
        self.tally = Tally(case.name)
        found = []
        for name in ("one", "two"):
            folder, own = self._new(name)
            self.took_s = run_whole(words_of(case, own, False), folder)
            check_whole(folder)
            found.append(contents(folder))
        self.promised = {} if case.log else repeated(*found)
        for part in case.promised:
            assert any(part in name for name in self.promised), f"{case.name}: {part} does not repeat"

    def _new(self, name: str) -> tuple[Path, Path]:
        """An empty folder to run in, and a copy of the data, so that a command may change them."""
        folder = self.place / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        own = folder / "data"
        if "{data}" in self.case.words:
            shutil.copytree(self.data, own)
        self.case.prepare(folder)
        return folder, own

    def round(self) -> None:
        """Kill a run some times, let it end, and compare."""
        folder, own = self._new("cut")
        polls = 0
        for attempt in range(MOST_TRIES):
            words = words_of(self.case, own, attempt > 0 and self._can_go_on(folder))
            killed = self._kill(words, folder)
            check_whole(folder) if not self.case.log else None
            if self.case.log:
                polls = self._checked_log(folder, polls, attempt + 1)
            if not killed or self.draw.random() < 0.3:
                break
        run_whole(words_of(self.case, own, self._can_go_on(folder)), folder)
        self._compare(folder, polls)
        self.tally.runs += 1

    def _can_go_on(self, folder: Path) -> bool:
        """Whether the options of a second try are needed: there is something to go on with, or to replace."""
        return (folder / "o").exists() or (folder / "jobs.csv").exists()

    def _kill(self, words: Sequence[str], folder: Path) -> bool:
        """Begin the command and kill it at a random moment; False if it was faster."""
        number = self.draw.choice(SIGNALS)
        pid = begin(words, folder)
        code = ended(pid, self.draw.uniform(0.0, self.took_s))
        if code is None:
            whole_group = number != signal.SIGKILL or self.draw.random() < 0.5
            (os.killpg if whole_group else os.kill)(pid, number)
            code = ended(pid, GONE_WITHIN_S)
        limit_s = time.monotonic() + GONE_WITHIN_S
        while left_of(pid):
            if time.monotonic() > limit_s:
                os.killpg(pid, signal.SIGKILL)
                raise AssertionError(f"{number.name}: processes outlive the command")
            time.sleep(0.01)
        said = (folder / ".output").read_text("utf-8", "replace")
        assert "Traceback" not in said and "a bug in rare" not in said, said[-800:]
        if code == 0:
            return False
        expected = (-number, CODES.get(number))
        assert code in expected, f"{number.name}: ended with {code}: {said[-400:]}"
        counter = number.name.lower()
        setattr(self.tally, counter, getattr(self.tally, counter) + 1)
        return True

    def _checked_log(self, folder: Path, before: int, kills: int) -> int:
        """The polls in a log, of which none that was there is lost and one a kill may be torn."""
        if not list(folder.glob("o/observed-*.jsonl")):
            assert before == 0
            return 0
        counts = LogCounts()
        polls = sum(1 for _ in read_log(folder / "o", counts))
        assert polls >= before and counts.torn <= kills, (polls, before, counts)
        return polls

    def _compare(self, folder: Path, polls: int) -> None:
        if self.case.log:
            after = self._checked_log(folder, polls, MOST_TRIES)
            assert after > polls
            self.tally.contents, self.tally.bytes = (
                after,
                sum(p.stat().st_size for p in folder.glob("o/*.jsonl")),
            )
            return
        check_whole(folder)
        wrong = differences(self.promised, contents(folder))
        assert not wrong, wrong[:5]
        left = [
            path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != ".output"
        ]
        assert not left, f"left behind: {left}"
        self.tally.contents = len(self.promised)
        self.tally.bytes = sum(map(len, self.promised.values()))


def made_before(folder: Path, learning: bool) -> None:
    """A run folder, and a dataset, that commands of the campaign read."""
    folder.mkdir(parents=True)
    run_whole(["simulate", "--scenario", "tiny", "--no-figures", "--quiet", "--out", "run"], folder)
    if learning:
        words = (
            "dataset --scheduler easy,random --scenario tiny --episodes 20 --queue-slots 8 --quiet --out d"
        )
        run_whole([*words.split(), "--workers", "1"], folder)
    (folder / ".output").unlink()


def campaign(cases: Sequence[KillCase], kills: int, seed: int, minutes: float = 60.0) -> list[Tally]:
    """Kill each command about as often, until there are so many kills or the time is over."""
    until_s = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="rare-kills-") as name:
        place = Path(name)
        made_before(place / "data", any(case.extra == LEARNING for case in cases))
        commands: list[KilledCommand] = []
        failed: list[Tally] = []
        for number, case in enumerate(cases):
            try:
                draw = random.Random(f"{seed} {case.name}")
                commands.append(KilledCommand(case, place / str(number), place / "data", draw))
            except AssertionError as error:
                failed.append(Tally(case.name, faults=[f"undisturbed: {error}"]))
        while commands and time.monotonic() < until_s:
            if sum(command.tally.kills for command in commands) >= kills:
                break
            command = min(commands, key=lambda one: one.tally.kills * max(one.took_s, 2.0))
            try:
                command.round()
            except AssertionError as error:
                command.tally.faults.append(" ".join(str(error).split())[:1000])
                if len(command.tally.faults) >= 5:
                    commands.remove(command)
                    failed.append(command.tally)
    return [*failed, *(command.tally for command in commands)]


def main() -> int:
    """The command: print and write the table, exit with 1 if there are faults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", action="append", default=[], help="a command of the campaign; repeatable")
    parser.add_argument("--out", type=Path, default=Path("kills.csv"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    learning = all(importlib.util.find_spec(name) is not None for name in ("torch", "d3rlpy", "sb3_contrib"))
    cases = [
        case
        for case in CASES
        if (not options.only or case.name in options.only) and (learning or case.extra != LEARNING)
    ]
    if learning and any(case.extra for case in cases):
        import d3rlpy  # noqa: F401
        import sb3_contrib  # noqa: F401
    tallies = campaign(cases, options.kills, options.seed, options.minutes)
    with options.out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        for tally in tallies:
            writer.writerow(
                {name: getattr(tally, name) for name in FIELDS[:-1]} | {"faults": len(tally.faults)}
            )
    for tally in tallies:
        for fault in tally.faults:
            print(f"{tally.command}: {fault}")
    kills, faults = sum(tally.kills for tally in tallies), sum(len(tally.faults) for tally in tallies)
    print(f"{kills} kills of {len(tallies)} commands, {sum(tally.runs for tally in tallies)} runs to the end: "
          f"{faults} faults")  # fmt: skip
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
