"""The whole way of learning, by its commands: log, clone, filter, fine-tune, evaluate."""

from __future__ import annotations

import json

import pytest

for library in ("torch", "d3rlpy", "sb3_contrib", "h5py"):
    pytest.importorskip(library, reason="needs the extra 'learn'")

from experiments.cli.root import main  # noqa: E402


def run(*words: object) -> None:
    """One command, which must end well."""
    assert main([*map(str, words), "--quiet"]) == 0


@pytest.mark.slow
def test_log_clone_filter_fine_tune_evaluate(tmp_path):
    data, bc, crr, ppo = (tmp_path / name for name in ("log", "bc", "crr", "ppo"))
    logged = ("--scheduler", "atc+easy,hvf+easy+green", "--epsilon", 0.1)
    run("dataset", "--scenario", "tiny", *logged, "--episodes", 100, "--out", data)
    for out in (bc, crr):
        run(
            "train",
            "offline",
            "--data",
            data,
            "--algorithm",
            out.name,
            "--steps",
            2000,
            "--width",
            32,
            "--out",
            out,
        )
    run("train", "online", "--scenario", "tiny", "--from", crr / "last", "--steps", 200_000, "--out", ppo)
    names = f"atc+easy,{bc / 'last'},{crr / 'last'},{ppo / 'last'}"
    run(
        "evaluate",
        "--scenario",
        "tiny",
        "--windows",
        "test",
        "--scheduler",
        names,
        "--out",
        tmp_path / "judged",
    )
    evaluation = json.loads((tmp_path / "judged" / "evaluate.json").read_text("utf-8"))
    means = {scheduler["scheduler"]: scheduler["objective"]["mean"] for scheduler in evaluation["schedulers"]}
    heuristic = means["atc+easy"]
    assert means[str(bc / "last")] > heuristic - 0.1  # a clone is near what it cloned
    assert means[str(ppo / "last")] > heuristic - 0.05
    assert all(0 < mean < 1 for mean in means.values())
