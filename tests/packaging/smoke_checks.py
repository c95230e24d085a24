"""What a fresh installation must be able to do. Run by tests/packaging/smoke.py, in an empty folder.

    python smoke_checks.py [--learn]

Uses the standard library and what is installed, nothing of the source tree.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

PACKAGES = ("traces", "energy", "rare", "schedulers", "experiments")
RARE = str(Path(sys.executable).with_name("rare"))


def rare(*words: str, code: int = 0) -> str:
    """Run the command; its standard output, of a failed one the line on standard error."""
    done = subprocess.run([RARE, *words], capture_output=True, text=True)
    assert done.returncode == code, f"rare {' '.join(words)}: code {done.returncode}\n{done.stderr[-2000:]}"
    return done.stdout if code == 0 else done.stderr


def check_imports() -> None:
    """Five packages, typed, from the installation; no torch with them."""
    import rare as package

    places = {name: importlib.util.find_spec(name) for name in PACKAGES}
    for name, spec in places.items():
        assert spec is not None and spec.origin is not None, name
        assert Path(spec.origin).is_relative_to(sys.prefix), f"{name} comes from {spec.origin}"
        assert Path(spec.origin).with_name("py.typed").is_file(), f"{name} has no py.typed"
    assert importlib.metadata.version("rare-datacenter") == package.__version__
    assert rare("--version").strip() == f"rare {package.__version__}"
    assert "torch" not in sys.modules


def check_commands() -> None:
    """Lists, a run, a comparison with its report, an evaluation with the network of the package."""
    assert "easy" in rare("schedulers") and "islanded" in rare("scenarios")
    rare("simulate", "--scenario", "tiny", "--scheduler", "easy", "--out", "run")
    rare("compare", "--scenario", "tiny", "--scheduler", "fcfs,easy", "--out", "comparison")
    for name in ("run", "comparison"):
        page = Path(name, "report.html").read_text("utf-8")
        assert "data:image/" in page, name
    found = json.loads(
        rare("evaluate", "--scenario", "tiny", "--windows", "test", "--scheduler", "easy,rare",
             "--workers", "1", "--json", "--quiet")
    )  # fmt: skip
    assert "rare" in json.dumps(found)


def check_environment() -> None:
    """An episode of the gymnasium environment begins and goes on."""
    import gymnasium

    env = gymnasium.make("rare:rare/GreenCluster-v0", scenario="tiny", queue_slots=20, running_slots=4)
    observation, info = env.reset(seed=0)
    for _ in range(5):
        action = int(info["action_mask"].nonzero()[0][-1])
        observation, _, _, _, info = env.step(action)
    assert env.observation_space.contains(observation)


def check_missing_extras() -> None:
    """A command that needs an extra says so in one line and ends with 2."""
    wanted = {
        "learn": ("train", "online", "--scenario", "tiny", "--steps", "1000", "--out", "trained"),
        "cluster": (
            "evaluate",
            "--scenario",
            "tiny",
            "--windows",
            "test",
            "--dask",
            "tcp://127.0.0.1:1",
            "--out",
            "far",
        ),
    }
    for extra, words in wanted.items():
        line = rare(*words, code=2)
        assert line.count("\n") == 1 and f"[{extra}]" in line, line
    assert importlib.util.find_spec("torch") is None


def check_learning() -> None:
    """Log, learn offline and online for a moment, and evaluate what came out, without torch."""
    rare("dataset", "--scenario", "tiny", "--scheduler", "easy", "--episodes", "4", "--out", "log")
    rare("train", "offline", "--data", "log", "--algorithm", "bc", "--width", "8", "--steps", "12",
         "--validate-every", "6", "--out", "bc")  # fmt: skip
    rare("train", "online", "--scenario", "tiny", "--from", "bc/best", "--steps", "4096", "--out", "ppo")
    rare("simulate", "--scenario", "tiny", "--scheduler", "ppo/best", "--out", "learned")


def main() -> int:
    """All checks, one line each."""
    assert not os.environ.get("PYTHONPATH")
    learn = "--learn" in sys.argv
    checks = [check_imports, check_commands, check_environment]
    for check in [*checks, check_learning if learn else check_missing_extras]:
        check()
        print(f"  {check.__name__}: passed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
