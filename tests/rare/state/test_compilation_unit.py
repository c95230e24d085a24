"""Compiled functions give what Python gives, across units, processes and a cache with parts missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = """
import json, sys
import numpy as np
from rare.state.compile import rule, shared_rule

PAIR = np.dtype([("first", np.int64), ("second", np.int32)])

@rule
def halved(number, twice):
    return number // 2 if not twice else number // 4

@shared_rule(PAIR, np.dtype(np.int64))
def part(pair, factor):
    pair.first += halved(pair.second, False) * factor
    return pair.first

@rule
def entry(pair, factor):
    return part(pair, factor) + halved(7, True) + halved(np.int32(9), False)

@rule
def other(pair):
    return part(pair, 2)

if __name__ == "__main__":
    row = np.zeros(1, PAIR)
    row["first"], row["second"] = 5, 40
    handle = list(row.view(np.dtype((np.void, PAIR))))[0]
    numbers = [int(entry(handle, 3)), int(other(handle)), int(row["first"][0])]
    print(json.dumps({
        "numbers": numbers,
        "loaded": sum(entry.stats.cache_hits.values()),
        "compiled": sum(entry.stats.cache_misses.values()),
        "variants": len(halved._inner.overloads),
        "entries": len(halved.overloads),
        "units": [unit.__name__ for unit in entry.units()],
    }))
"""


def run(folder: Path) -> dict:
    (folder / "functions.py").write_text(SOURCE, encoding="utf-8")
    os.utime(folder / "functions.py", (1, 1))  # numba compares the time of the source
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "NUMBA_DISABLE_JIT": "0"}
    done = subprocess.run(
        [sys.executable, str(folder / "functions.py")],
        env={**environment, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_units_call_each_other_across_processes(tmp_path: Path) -> None:
    first = run(tmp_path)
    # 5 + 20 * 3 = 65, and 7 // 4 + 9 // 2 = 5; then 65 + 20 * 2
    assert first["numbers"] == [70, 105, 105]
    assert first["units"] == ["part"]
    assert first["variants"] == 1  # one for int32, int64 and literal numbers
    assert first["entries"] == 0  # nobody called it from Python
    again = run(tmp_path)
    assert again["numbers"] == first["numbers"]
    assert (again["loaded"], again["compiled"]) == (1, 0)
    # a unit that others call by name is missing: it is compiled before they are loaded
    gone = [path for path in (tmp_path / "cache").rglob("functions.part-*.nb*")]
    assert gone
    for path in gone:
        path.unlink()
    assert run(tmp_path)["numbers"] == first["numbers"]
