"""The benchmark runs, and compares replays that are the same replay."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import replay


@pytest.mark.parametrize("scheduler", replay.SCHEDULERS)
def test_a_synthetic_trace_starts_alike_everywhere(scheduler: str) -> None:
    row = replay.measure(replay.synthetic(1500), scheduler, repeats=1)
    assert row["jobs"] == 1500 and all(value > 0 for value in row["jobs_per_s"].values())


def test_without_shared_data_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RARE_SHARED", str(tmp_path))
    replay.main(["--repeats", "1", "--jobs", "200"])
    printed = capsys.readouterr().out
    assert "synthetic" in printed and "plain SimPy" in printed
    replay.main(["--repeats", "1", "--jobs", "200", "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["scheduler"] for row in rows] == list(replay.SCHEDULERS)
