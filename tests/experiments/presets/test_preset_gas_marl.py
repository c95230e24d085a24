"""`rare compare --preset gas-marl` on files that the test writes, and its figures on the real ones."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.cli.root import main
from experiments.engine.where import Where
from experiments.presets.gas_marl import gas_marl_agent, gas_marl_cells, run_gas_marl
from experiments.presets.gas_marl.gas_marl_case import (
    FIRST_JOBS,
    HOUR_S,
    JOBS_PER_WINDOW,
    TEST_YEARS,
    TRAIN_YEARS,
    judged_cases,
    perfect_forecast,
    read_data,
    sun_mw,
    supply_mw,
    wind_mw,
)
from experiments.presets.gas_marl.gas_marl_cells import Files, WindowJudging
from experiments.presets.gas_marl.gas_marl_forecast import PERFECT, REALISTIC, forecast_for
from experiments.presets.gas_marl.gas_marl_judge import blocks, interval, judge, row_of, summary
from experiments.presets.gas_marl.gas_marl_schedulers import DEFERRAL, Entrant, deferral, heuristic
from experiments.presets.gas_marl.gas_marl_training import outside_test, training_episodes
from experiments.presets.preset_files import cell_results
from rare import WAIT, simulate
from traces.errors import InputError

JOBS, GAP_S, FIRST_S = max(FIRST_JOBS) + JOBS_PER_WINDOW, 60, 100
TESTED_W, OTHER_W = 40, 10
HOURS = 24 * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small jobs, one a minute; sun by day; jobs of the test windows draw other watts than the rest."""
    place = tmp_path_factory.mktemp("gas-marl")
    rows = [
        f"{i + 1} {FIRST_S + GAP_S * i} -1 {5 + i % 40} {1 + i % 8} -1 -1 {1 + i % 8} {5 + i % 40}"
        + " -1" * 9
        for i in range(JOBS)
    ]
    (place / "lublin_256.swf").write_text("; MaxProcs: 256\n" + "\n".join(rows) + "\n")
    watts = np.where(outside_test(JOBS), OTHER_W, TESTED_W)
    (place / "watts_per_processor.csv").write_text("\n".join(map(str, watts)) + "\n")
    years = TEST_YEARS + TRAIN_YEARS
    rng = np.random.default_rng(0)
    for name, low, high in (("windspeed.csv", 0, 20), ("irradiance.csv", 0, 900)):
        values = rng.uniform(low, high, (HOURS, len(years))).round(1)
        if name == "irradiance.csv":
            values[(np.arange(HOURS) % 24 < 7) | (np.arange(HOURS) % 24 > 17)] = 0
        lines = [",".join(("TimeStamp", *years))]
        lines += [f"{i}," + ",".join(map(str, row)) for i, row in enumerate(values)]
        (place / name).write_text("\n".join(lines) + "\n")
    return place


def line_of(error: pytest.ExceptionInfo[InputError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_power_curves() -> None:
    assert wind_mw(np.array([2.5, 2.6, 15, 29.9, 30])).tolist() == [0, 57_600, 7_200_000, 7_200_000, 0]
    assert sun_mw(np.array([0, 1, 500.5])).tolist() == [0, 40_000, 20_020_000]


def test_a_window_has_its_own_jobs_and_the_years_one_after_the_other(folder: Path) -> None:
    data = read_data([folder])
    cases = judged_cases(data)
    assert [case.first_instant_s for case in cases] == [FIRST_S + GAP_S * first for first in FIRST_JOBS]
    assert {len(case.workload) for case in cases} == {JOBS_PER_WINDOW}
    assert (cases[0].workload.power_mw == cases[0].workload.cores * TESTED_W * 1000).all()
    inputs = cases[0].inputs
    assert int(inputs.change_s[0]) == FIRST_S and len(inputs.change_s) == 3 * HOURS
    assert (inputs.supply_mw[HOURS : 2 * HOURS] == supply_mw(data, ("2017",))).all()


def test_waiting_comes_to_a_decision_at_every_hour(folder: Path) -> None:
    """Who waits while jobs fit is asked again when the supply changes."""

    class Waits:
        asked: list[int] = []

        def choose(self, view: Any) -> int:
            self.asked.append(view.now_s)
            return view.startable[0].index if len(self.asked) > 5 else WAIT

    case = judged_cases(read_data([folder]))[2]
    case = dataclasses.replace(case, workload=case.workload.select(0, 1))
    simulate(case, Waits())
    hours = [second for second in case.inputs.change_s.tolist() if second > case.first_instant_s]
    assert Waits.asked[0] == case.first_instant_s and Waits.asked[1:6] == hours[:5]


def test_missing_and_wrong_files_are_told_in_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_data([tmp_path])
    assert "lublin_256.swf" in line_of(error) and str(tmp_path) in line_of(error)
    assert "deep-batch-scheduler" in line_of(error)
    with pytest.raises(InputError) as error:
        read_data([tmp_path / "nowhere"])
    assert "is no folder" in line_of(error)
    (tmp_path / "watts_per_processor.csv").write_text("1\n2\n")
    with pytest.raises(InputError) as error:
        read_data([tmp_path, folder])
    assert "has 2 rows" in line_of(error)
    (tmp_path / "watts_per_processor.csv").unlink()
    (tmp_path / "windspeed.csv").write_text("TimeStamp,2016\n0,1.0\n")
    with pytest.raises(InputError) as error:
        read_data([tmp_path, folder])
    assert "'2017'" in line_of(error)


def test_nothing_tested_is_trained_on(folder: Path) -> None:
    data = read_data([folder])
    assert int(outside_test(10_000).sum()) == 10_000 - 6_182  # as GAS-MARL's windows cover
    for year in TEST_YEARS:  # a tested year that reached training would stop it
        data.wind_m_s.pop(year)
    episodes = training_episodes(data)
    for case in episodes.cases:
        assert (case.workload.power_mw == case.workload.cores * OTHER_W * 1000).all()
    weather = {episode.split: set() for episode in episodes.episodes}
    for episode in episodes.episodes:
        weather[episode.split].add(episode.name.split("-")[1])
    assert weather == {"train": {"2019", "2020"}, "validation": {"2021"}}


def test_forecasts(folder: Path) -> None:
    data = read_data([folder])
    supply = supply_mw(data, TEST_YEARS)
    perfect = forecast_for(data, PERFECT)
    assert (perfect.supply_mw[5] == supply[5:29]).all() and perfect.begin_s == FIRST_S
    one, other = (forecast_for(data, REALISTIC, seed) for seed in (1, 2))
    assert (one.supply_mw == forecast_for(data, REALISTIC, 1).supply_mw).all()
    assert (one.supply_mw != other.supply_mw).any()
    assert not (one.supply_mw[5] == supply[5:29]).all()


def test_deferral_holds_long_jobs_for_the_sun_and_starts_short_ones(folder: Path) -> None:
    case = judged_cases(read_data([folder]))[0]
    jobs = case.workload.select(0, 2)
    jobs = dataclasses.replace(
        jobs, submit_s=np.array([0, 0]), work_s=np.array([7200, 5]), estimate_s=np.array([7200, 5]),
        cores=np.array([64, 1]), power_mw=np.array([3_000_000, 30_000]),
    )  # fmt: skip
    supply = np.array([0, 0, 0, 9_000_000, 9_000_000, 9_000_000, 0, 0])
    inputs = dataclasses.replace(
        case.inputs, change_s=HOUR_S * np.arange(8), supply_mw=supply, end_s=8 * HOUR_S,
        import_limit_mw=case.inputs.import_limit_mw[:8], price_u_per_kwh=np.zeros(8, int),
        carbon_ukg_per_kwh=np.zeros(8, int),
    )  # fmt: skip
    sunny = dataclasses.replace(case, workload=jobs, inputs=inputs, forecast=perfect_forecast(inputs))
    for clock in ("compiled", "simpy"):
        found = simulate(sunny, deferral(), clock=clock)
        assert found.jobs["start_s"].tolist() == [3 * HOUR_S, 0]
        assert found.metrics["renewable_share"] > 0.5
    with pytest.raises(InputError, match="forecast"):
        simulate(dataclasses.replace(sunny, forecast=None), deferral())


def test_windows_that_share_jobs_are_one_block() -> None:
    assert [len(block) for block in blocks()] == [1, 9]
    assert blocks([5000, 0, 1000]) == [[1, 2], [0]]
    scores = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert interval(scores, [[0, 1], [2]]) == (0.0, 1.0)
    assert interval(np.ones((2, 3)), [[0, 1], [2]]) == (1.0, 1.0)


def test_summary_takes_means_over_seeds_and_windows(folder: Path) -> None:
    data = read_data([folder])
    cases, forecasts = judged_cases(data)[:2], {PERFECT: forecast_for(data, PERFECT)}
    entrants = [Entrant("agent", PERFECT, deferral(), seed) for seed in (0, 1)]
    rows = judge(entrants, cases, forecasts)
    assert len(rows) == 4
    (found,) = summary(rows, FIRST_JOBS[:2])
    assert found["seeds"] == 2 and found["windows"] == 2
    assert found["score"] == pytest.approx(np.mean([row["score"] for row in rows]))
    for row in rows:
        assert row["score"] == row["renewable_share"] - 0.002 * row["mean_bounded_slowdown"]


def test_the_command_without_agents(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "--preset", "gas-marl", "--data", str(folder), "--out", str(tmp_path / "out")]
    assert main([*words, "--scheduler", "fcfs,deferral", "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "GAS-MARL (published)" in printed and "0.703" in printed and "clairvoyant" in printed
    assert (tmp_path / "out/table.txt").read_text() in printed
    found = json.loads((tmp_path / "out/results.json").read_text())
    assert [row["scheduler"] for row in found["summary"]] == ["fcfs", DEFERRAL, DEFERRAL]
    assert len(found["rows"]) == 30 and len(found["provenance"]["inputs"]) == 4
    assert not (tmp_path / "out/train").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "x"], "--data goes with --preset"),
        (["--workers", "2"], "--workers goes with --preset"),
        (["--preset", "gas-marl", "--out", "x"], "--preset needs --data"),
        (["--preset", "gas-marl", "--data", "x"], "--preset needs --out"),
        (["--preset", "gas", "--data", "x", "--out", "y"], "known are gas-marl"),
        (
            ["--preset", "gas-marl", "--data", "x", "--out", "y", "--scenario", "tiny"],
            "--scenario does not go",
        ),
        (["--preset", "gas-marl", "--data", "x", "--out", "y", "--scheduler", "sjf+green"], "no deadlines"),
        (["--preset", "gas-marl", "--data", "x", "--out", "y"], "is no folder"),
    ],
)
def test_wrong_options(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *words]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert not any(tmp_path.iterdir())


def without_times(results: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in results.items() if key not in ("train_s", "judge_s")}
    facts = {key: value for key, value in results["provenance"].items() if key != "created_utc"}
    return {**kept, "provenance": facts}


def test_judging_goes_on_where_it_was_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated, most = [], 7

    def stopping(entrant: Entrant, window: int, *given: Any) -> dict[str, Any]:
        if len(simulated) == most:
            raise KeyboardInterrupt
        simulated.append(window)
        return row_of(entrant, window, *given)

    monkeypatch.setattr(gas_marl_cells, "row_of", stopping)
    with pytest.raises(KeyboardInterrupt):
        run_gas_marl.run([folder], tmp_path / "out", schedulers=["fcfs"])
    assert not (tmp_path / "out/results.json").exists()
    most = 100
    found = run_gas_marl.run([folder], tmp_path / "out", schedulers=["fcfs"])
    assert simulated == list(range(10)) and sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "results.json",
        "table.txt",
    ]
    monkeypatch.undo()
    whole = run_gas_marl.run([folder], tmp_path / "whole", schedulers=["fcfs"])
    assert without_times(found) == without_times(whole)
    assert whole["rows"] == judge(
        [Entrant("fcfs", None, heuristic("fcfs"))], judged_cases(read_data([folder])), {}
    )


def test_a_class_of_ones_own_begins_each_window_anew(folder: Path, tmp_path: Path) -> None:
    """So a row does not depend on which windows the same worker has judged before."""
    (tmp_path / "mine.py").write_text(
        "class Tires:\n"
        "    started = 0\n"
        "    def choose(self, view):\n"
        "        self.started += 1\n"
        "        fits = view.startable if self.started < 2000 else view.startable[:1]\n"
        "        return fits[-1].index if fits else -1\n"
    )
    name = f"{tmp_path / 'mine.py'}:Tires"
    found = run_gas_marl.run([folder], tmp_path / "out", schedulers=[name])
    (alone,) = judge(
        [Entrant(name, None, heuristic(name))], judged_cases(read_data([folder]))[5:6], {}, FIRST_JOBS[5:]
    )
    assert {**alone, "window": 5} == found["rows"][5]


def test_workers_that_see_other_files_judge_nothing(folder: Path, tmp_path: Path) -> None:
    files = Files.of([folder], read_data([folder]))
    changed = files._replace(hashes=(("lublin_256.swf", "0" * 64), *files.hashes[1:]))
    judging = WindowJudging(changed, cell_results(tmp_path), seed=0)
    with pytest.raises(InputError, match="reads other files"):
        judging.run(judging.cells(["fcfs"], 1)[0])


@pytest.mark.slow
def test_two_workers_find_the_same(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    one, two = (
        run_gas_marl.run([folder], tmp_path / str(n), schedulers=["fcfs", "deferral"], where=Where(workers=n))
        for n in (1, 2)
    )
    assert without_times(one) == without_times(two)
    assert (tmp_path / "1/table.txt").read_bytes() == (tmp_path / "2/table.txt").read_bytes()


@pytest.mark.slow
def test_agents_are_trained_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    for name in ("ROUNDS", "WINDOWS"):
        monkeypatch.setattr(gas_marl_agent, name, 1)
    monkeypatch.setattr(gas_marl_agent, "UPDATES", 20)
    monkeypatch.setitem(gas_marl_agent.PPO, "rollout", 8)
    found = run_gas_marl.run([folder], tmp_path, schedulers=["agent"], seeds=1, steps=256)
    assert [row["forecast"] for row in found["summary"]] == [PERFECT, REALISTIC]
    weights = tmp_path / "train/seed-0/play/best/weights.safetensors"
    before = weights.stat().st_mtime_ns
    again = run_gas_marl.run([folder], tmp_path, schedulers=["agent"], seeds=1, steps=256)
    assert weights.stat().st_mtime_ns == before and again["rows"] == found["rows"]


def test_deferral_beats_what_is_published_on_the_real_windows(shared: Path) -> None:
    data = read_data([shared / "data/workloads", shared / "data/gas_marl"])
    forecasts = {PERFECT: forecast_for(data, PERFECT)}
    (found,) = summary(judge([Entrant(DEFERRAL, PERFECT, deferral())], judged_cases(data), forecasts))
    assert found["score"] > 0.9 and found["mean_bounded_slowdown"] < 29.83
    assert found["renewable_share"] > 0.7623 and found["lowest_window"] > 0.703
