"""A whole search of tiny plants: its files, the same numbers by `simulate`, and going on where it stopped."""

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.cli.root import main
from experiments.engine.cells import Cell
from experiments.engine.where import Where
from experiments.page_makers import redraw_page
from experiments.size import run_size, size_cells
from experiments.size.run_size import SizeRequest, size_run
from experiments.size.size_cells import FullRun, FullRunWork, Trial
from traces.errors import InputError

pytest.importorskip("optuna", reason="the extra size is not installed")
TINY = Path(__file__).with_name("tiny.toml")
WRITTEN = (
    "points.csv",
    "points.parquet",
    "size.json",
    "report.html",
    "figures/front.svg",
    "figures/sizes.png",
)


def request(out, **changes):
    return replace(SizeRequest(TINY, out, where=Where(workers=1), runs=False), **changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a search that ran through, and what it returned."""
    out = tmp_path_factory.mktemp("size") / "out"
    return out, size_run(request(out))


def edited(tmp_path, old, new):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.read_text("utf-8").replace(old, new), "utf-8")
    return path


def test_the_folder_has_the_tables_the_figures_and_the_report(whole):
    out, facts = whole
    assert all((out / name).stat().st_size > 100 for name in WRITTEN)
    assert json.loads((out / "size.json").read_text("utf-8")) == facts
    points = pd.read_parquet(out / "points.parquet")
    pd.testing.assert_frame_equal(
        points, pd.read_csv(out / "points.csv", keep_default_na=True).fillna({"choice": ""})
    )
    assert facts["trials"] == 10 and facts["plants"] == len(points) == points["point"].nunique()
    assert points["origin"].iloc[0] == "sample" and set(facts["choices"]) == {"cheapest", "cleanest", "knee"}
    front = points[points["on_front"]]
    assert front["serves_enough"].all()
    assert facts["choices"]["cheapest"]["yearly"]["cost_per_year"] == front["cost_per_year"].min()
    assert facts["choices"]["cleanest"]["yearly"]["carbon_kg_per_year"] == front["carbon_kg_per_year"].min()
    page = (out / "report.html").read_text("utf-8")
    assert "rare simulate --scenario tiny" in page and "IRENA" in page and page.count("<img") == 2


def test_a_choice_by_itself_gives_the_same_numbers(whole, capsys):
    """The printed command, run on its own."""
    _, facts = whole
    run = facts["choices"]["knee"]["runs"][0]
    words = shlex.split(run["command"])
    assert words[:2] == ["rare", "simulate"]
    assert main([*words[1:], "--json", "--quiet"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert {key: metrics[key] for key in run["metrics"]} == run["metrics"]
    assert set(metrics) - set(run["metrics"]) == {"simulate_s", "jobs_per_s"}
    yearly = facts["choices"]["knee"]["yearly"]
    scale = facts["years"][0]["scale_to_year"]
    assert yearly["grid_energy_cost_per_year"] == pytest.approx(scale * metrics["grid_cost"])
    assert yearly["grid_carbon_kg_per_year"] == pytest.approx(scale * metrics["carbon_kg"])
    assert yearly["value_per_year"] == pytest.approx(scale * metrics["value_earned"])


def test_a_search_that_was_stopped_goes_on_and_ends_alike(whole, tmp_path, monkeypatch):
    out, facts = whole
    simulated = []
    real = size_cells.simulate_one

    def one(work, name, **options):
        if len(simulated) == 4:
            raise KeyboardInterrupt
        simulated.append(name)
        return real(work, name, **options)

    monkeypatch.setattr(size_cells, "simulate_one", one)
    with pytest.raises(KeyboardInterrupt, match="goes on from there"):
        size_run(request(tmp_path / "out"))
    kept = sorted(path.name for path in (tmp_path / "out/cells").iterdir())
    assert len(kept) == 4 and not (tmp_path / "out/size.json").exists()
    monkeypatch.setattr(size_cells, "simulate_one", real)
    assert size_run(request(tmp_path / "out")) == facts
    for name in ("points.csv", "points.parquet", "size.json", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes(), name


def test_the_same_again_simulates_nothing(whole, monkeypatch):
    out, facts = whole
    monkeypatch.setattr(size_cells, "simulate_one", None)
    assert size_run(request(out)) == facts


def test_more_trials_and_other_costs_use_what_is_there(whole, tmp_path):
    out, facts = whole
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    before = set((copy / "cells").iterdir())
    more = size_run(request(copy, file=edited(tmp_path, "trials = 10", "trials = 12")))
    assert more["trials"] == 12 and 1 <= len(set((copy / "cells").iterdir()) - before) <= 2
    path = edited(tmp_path, "[search]", "[cost.solar]\ncapital_per_kw = 5000\n[search]")
    dear = size_run(request(copy, file=path))
    assert dear["question"]["cost"]["solar"]["capital_per_kw"] == 5000
    assert (
        dear["choices"]["cheapest"]["yearly"]["cost_per_year"]
        > facts["choices"]["cheapest"]["yearly"]["cost_per_year"]
    )


def test_another_question_does_not_take_the_folder_unasked(whole, tmp_path):
    out, _ = whole
    path = edited(tmp_path, "ratio = [0, 0.5]", "ratio = [0, 0.25]")
    before = {name: (out / name).read_bytes() for name in WRITTEN}
    with pytest.raises(InputError, match="holds another question .grid was .* --force"):
        size_run(request(out, file=path))
    assert {name: (out / name).read_bytes() for name in WRITTEN} == before


def test_report_draws_the_folder_again(whole):
    out, _ = whole
    page, figure = (out / "report.html").read_bytes(), (out / "figures/front.png").read_bytes()
    (out / "report.html").unlink()
    (out / "figures/front.png").unlink()
    assert redraw_page(out) == out / "report.html"
    assert ((out / "report.html").read_bytes(), (out / "figures/front.png").read_bytes()) == (page, figure)


def test_years_are_judged_together(tmp_path):
    years = '[[year]]\nname = "winter"\nwindow = "validation-00"\n[[year]]\nname = "summer"\n'
    path = edited(tmp_path, "[solar]", f"{years}\n[solar]")
    text = path.read_text("utf-8").replace("trials = 10", "trials = 2").replace("sample = 6", "sample = 2")
    path.write_text(text.replace("settings = [", 'settings = ["windows.jobs=150", '), "utf-8")
    facts = size_run(request(tmp_path / "out", file=path))
    assert [year["name"] for year in facts["years"]] == ["winter", "summer"]
    points = pd.read_parquet(tmp_path / "out/points.parquet")
    assert set(points["worst_served_year"]) <= {"winter", "summer"}
    assert len(list((tmp_path / "out/cells").iterdir())) == 2 * 2 + 2, (
        "two plants and power in plenty, two years"
    )
    for choice in facts["choices"].values():
        assert ["--window validation-00" in run["command"] for run in choice["runs"]] == [True, False]


def test_a_failing_plant_is_told_in_one_line(tmp_path, monkeypatch):
    def one(work, name, **options):
        raise InputError("no such luck")

    monkeypatch.setattr(size_cells, "simulate_one", one)
    with pytest.raises(InputError, match="no such luck"):
        size_run(request(tmp_path / "out"))


@pytest.mark.slow
def test_the_same_bytes_by_two_workers_with_the_run_folders(tmp_path):
    """A LocalCluster and this process: tables, report and runs are equal."""
    one, two = tmp_path / "one", tmp_path / "two"
    facts = size_run(request(one, runs=True))
    assert size_run(request(two, runs=True, where=Where(workers=2))) == facts
    for name in ("points.csv", "points.parquet", "size.json", "report.html", "figures/front.png"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert sorted(path.name for path in (one / "runs").iterdir()) == ["cheapest", "cleanest", "knee"]
    for name in ("cheapest", "cleanest", "knee"):
        assert (one / "runs" / name / "jobs.csv").read_bytes() == (
            two / "runs" / name / "jobs.csv"
        ).read_bytes()
        metrics = json.loads((one / "runs" / name / "metrics.json").read_text("utf-8"))["metrics"]
        expected = facts["choices"][name]["runs"][0]["metrics"]
        assert {key: metrics[key] for key in expected} == expected
        assert (one / "runs" / name / "report.html").is_file()


def test_a_run_folder_that_another_plant_took_is_run_again(tmp_path):
    """After more trials, and then fewer, the cheapest plant is the first one again."""
    out = tmp_path / "runs/cheapest"
    out.mkdir(parents=True)
    first, second = (
        Cell(key, key, FullRun(Trial(0, "easy", ()), str(out), ("rare", "simulate", key))) for key in "ab"
    )
    work = FullRunWork(str(tmp_path), ())
    assert not work.is_done(first)
    for cell in (first, second):
        (tmp_path / f"{cell.key}.json").write_text('{"metrics": {}}', "utf-8")
        (out / "provenance.json").write_text(json.dumps({"command": cell.payload.command}), "utf-8")
        assert work.is_done(cell)
    assert not work.is_done(first)


def test_the_words_of_a_plant():
    assert run_size.plant_text(run_size.Plant(1.25, 0, 3, 1, 0.5)) == (
        "sun 1.25 kW, wind 0 kW, battery 3 kWh, grid 0.5 kW"
    )
