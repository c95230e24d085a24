"""Judge every case in a process that may die: `python -m tests.public_cases [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from tests.public_cases.all_cases import CASES
from tests.public_cases.registry import AREAS, CRASHED, RIGHT, WRONG, judge

LIMIT_S = 240  # of one case; the first ones may compile
MARK = "verdict "


def work(first: int) -> None:
    """Judge the cases from `first` on; one line of JSON after each."""
    for place in range(first, len(CASES)):
        print(MARK + json.dumps([place, *judge(CASES[place])]), flush=True)


def verdicts() -> list[tuple[str, str]]:
    """(verdict, seen) of every case, told as they come.

    A case that kills its process, or is silent for LIMIT_S, has crashed; the next ones go on in another.
    """
    found: dict[int, tuple[str, str]] = {}
    while len(found) < len(CASES):
        command = [sys.executable, "-m", "tests.public_cases", "--from", str(len(found))]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_pass_on, args=(child, lines), daemon=True).start()
        end = ""
        while not end:
            try:
                line = lines.get(timeout=LIMIT_S)
            except queue.Empty:
                child.kill()
                end = f"nothing for {LIMIT_S} s"
                continue
            if line.startswith(MARK):
                place, verdict, seen = json.loads(line.removeprefix(MARK))
                _tell(found, place, verdict, seen)
            elif not line:
                end = f"the process died ({child.wait()})"
        if len(found) < len(CASES):
            _tell(found, len(found), CRASHED, end)
    return [found[place] for place in range(len(CASES))]


def _tell(found: dict[int, tuple[str, str]], place: int, verdict: str, seen: str) -> None:
    """Note a verdict and print its line."""
    found[place] = (verdict, seen)
    one = CASES[place]
    why = "" if verdict == RIGHT else f": {seen[:200]}, right is {one.right!r}"
    print(f"{verdict:8} {one.area}: {one.name}{why}", flush=True)


def _pass_on(child: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Each line of a process, and an empty one when there are no more."""
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put("")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.public_cases")
    parser.add_argument("--json", metavar="FILE", help="also write the verdicts to FILE")
    parser.add_argument("--from", type=int, dest="first", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.first is not None:
        work(options.first)
        return 0
    judged = verdicts()
    for area in AREAS:
        counts = Counter(verdict for one, (verdict, _) in zip(CASES, judged, strict=True) if one.area == area)
        print(f"{area}: {counts[RIGHT]} right, {counts[WRONG]} wrong, {counts[CRASHED]} crashed")
    right = sum(verdict == RIGHT for verdict, _ in judged)
    print(f"{right} of {len(CASES)} cases right")
    if options.json:
        table = {one.name: list(seen) for one, seen in zip(CASES, judged, strict=True)}
        Path(options.json).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0 if right == len(CASES) else 1


if __name__ == "__main__":
    sys.exit(main())
