"""`rare size` on the command line: one line and exit code 2 for what is wrong, and what it prints."""

import json
from pathlib import Path

import pytest

from experiments.cli.root import main

TINY = Path(__file__).resolve().parents[1] / "size/tiny.toml"


def refused(capsys, *words):
    assert main(["size", *map(str, words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "Traceback" not in captured.err
    return captured.err


def test_the_cost_table_names_who_published_it(capsys):
    assert main(["size", "--costs"]) == 0
    out = capsys.readouterr().out
    assert "battery.capital_per_kwh = 326  (USD/kWh)" in out and "NREL/TP-6A40-85332" in out


def test_the_schema_is_json(capsys):
    assert main(["size", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "RARE size"


def test_a_file_is_needed(capsys):
    assert "Missing argument 'FILE.toml'" in refused(capsys)


def test_a_file_that_is_not_there_leaves_nothing(capsys, tmp_path):
    err = refused(capsys, tmp_path / "no.toml", "--out", tmp_path / "out")
    assert "no.toml" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_wrong_setting_leaves_nothing(capsys, tmp_path):
    err = refused(capsys, TINY, "--out", tmp_path / "out", "--set", "battery.ours=3")
    assert "battery.ours is an unknown key" in err
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_there_is_not(capsys, tmp_path):
    path = tmp_path / "q.toml"
    path.write_text(TINY.read_text("utf-8").replace('["easy"]', '["eazy"]'), "utf-8")
    assert "'eazy'" in refused(capsys, path, "--out", tmp_path / "out")


def test_a_grid_without_a_price_is_not_taken_for_free(capsys, tmp_path):
    path = tmp_path / "q.toml"
    path.write_text(
        TINY.read_text("utf-8").replace("grid.price_per_kwh=0.2", "grid.unlimited=false"), "utf-8"
    )
    err = refused(capsys, path, "--out", tmp_path / "out")
    assert "grid.price_per_kwh is not given" in err


def test_other_money_is_refused(capsys, tmp_path):
    err = refused(capsys, TINY, "--out", tmp_path / "out", "--set", "grid.currency=EUR")
    assert "cost.currency is USD, and the scenario's money is EUR" in err


def test_a_folder_of_something_else_is_left_alone(capsys, tmp_path):
    (tmp_path / "letter.txt").write_text("mine", "utf-8")
    assert "did not write" in refused(capsys, TINY, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_what_is_printed(capsys, tmp_path):
    pytest.importorskip("optuna", reason="the extra size is not installed")
    path, out = tmp_path / "q.toml", tmp_path / "out"
    path.write_text(TINY.read_text("utf-8").replace("trials = 10", "trials = 6"), "utf-8")
    words = ["size", str(path), "--out", str(out), "--workers", "1", "--no-runs", "--quiet"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "6 plants were tried" in text and "Cheapest: " in text and "rare simulate --scenario tiny" in text
    assert f"written: {out}/report.html" in text
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "size.json").read_text("utf-8"))
    assert not (out / "runs").exists()
