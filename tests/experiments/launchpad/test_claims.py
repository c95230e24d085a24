"""Each claim's rule on results that no run gave: every verdict is reached, and never by too few seeds."""

from __future__ import annotations

import json

import pytest

from experiments.launchpad.claims.curve_facts import deepest_fall, early_mean, level_of, steps_to
from experiments.launchpad.claims.judge_claims import CLAIMS, claims_json, claims_of
from experiments.launchpad.claims.verdicts import FAILS, HOLDS, UNDECIDED
from experiments.launchpad.pages.launchpad_report import redraw, write_all
from tests.experiments.launchpad.made_up import TIER_LEVELS, curve, results
from traces.errors import InputError
from traces.files.atomic import write_json

NOISE = 0.5  # apart by so much that no interval of a small difference leaves out 0
ALL_MATTER = {"window=1": 0.5, "horizon=1": 0.5, "network=x": 0.8, "discount=0.5": 0.5}
FLAT = curve(0.7, 0.7, 1000)
EQUAL_TIERS = dict.fromkeys(TIER_LEVELS, 0.65)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr("experiments.results.statistics.STRATIFIED_RESAMPLES", 250)


def of(name, **made):
    return claims_of(results(**made), [name])[0]


@pytest.mark.parametrize(
    ("name", "made", "verdict"),
    [
        ("R1", {"learned": 0.66}, HOLDS),
        ("R1", {"learned": 0.55}, FAILS),
        ("R1", {"learned": 0.61, "noise": NOISE}, UNDECIDED),
        ("R2", {"learned": 0.66}, HOLDS),
        ("R2", {"learned": 0.55}, FAILS),
        ("R2", {"learned": 0.61, "noise": NOISE}, UNDECIDED),
        ("R3", {"variants": ALL_MATTER}, HOLDS),
        ("R3", {"variants": ALL_MATTER | {"window=1": 0.661}, "noise": 0.001}, HOLDS),
        ("R3", {"variants": ALL_MATTER | {"window=1": 0.66}}, FAILS),
        ("R3", {"variants": {"window=1": 0.5}}, UNDECIDED),
        ("R3", {"variants": ALL_MATTER, "ablated": "scratch"}, HOLDS),
        ("R4", {"offline": 0.62}, HOLDS),
        ("R4", {"offline": 0.58}, FAILS),
        ("R4", {"offline": 0.60, "noise": NOISE}, UNDECIDED),
        ("L1", {"scratch": curve(0.3, 0.7, 60_000), "hand": curve(0.69, 0.7, 12_000)}, HOLDS),
        ("L1", {"scratch": curve(0.3, 0.7, 40_000), "hand": curve(0.3, 0.7, 40_000)}, FAILS),
        ("L1", {"scratch": FLAT, "hand": FLAT}, UNDECIDED),
        ("L2", {"scratch": curve(0.3, 0.7, 50_000)}, HOLDS),
        ("L2", {"scratch": curve(0.3, 0.7, 5_000)}, FAILS),
        ("L2", {"seeds": 2}, UNDECIDED),
        ("L3", {"offline": 0.59}, HOLDS),
        ("L3", {"offline": 0.55}, FAILS),
        ("L3", {"offline": 0.58, "noise": NOISE}, UNDECIDED),
        ("L4", {"tiers": TIER_LEVELS}, HOLDS),
        ("L4", {"tiers": TIER_LEVELS | {"random": 0.9}}, FAILS),
        ("L4", {"tiers": EQUAL_TIERS, "noise": NOISE}, UNDECIDED),
        ("L5", {}, HOLDS),
        ("L5", {"hand": curve(0.1, 0.7, 40_000)}, FAILS),
        ("L5", {"hand": curve(0.3, 0.7, 40_000)}, UNDECIDED),
        ("L6", {}, HOLDS),
        ("L6", {"hand": [[0, 0.6], [1000, 0.2], [100_000, 0.7]]}, FAILS),
        ("L6", {"seeds": 2}, UNDECIDED),
        ("O1", {}, HOLDS),
        ("O1", {"bound": 0.65}, FAILS),
    ],
)
def test_every_verdict_is_reached(name, made, verdict):
    found = of(name, **made)
    assert found.verdict == verdict, found
    assert bool(found.why) == (verdict == UNDECIDED and not found.parts) or verdict == UNDECIDED


@pytest.mark.parametrize("name", [name for name in CLAIMS if name != "O1"])
def test_two_seeds_decide_nothing_but_the_bound(name):
    found = of(name, seeds=2, variants=ALL_MATTER, learned=0.66)
    assert found.verdict == UNDECIDED
    assert of("O1", seeds=2).verdict == HOLDS


def test_nothing_measured_is_undecided():
    made = results()
    made["runs"], made["cases"] = [], [{**case, "reference": {"h": [0.6]}} for case in made["cases"]]
    for finding in claims_of(made):
        assert finding.verdict == UNDECIDED and finding.why, finding
    made = results()
    del made["cases"][0]["best"]  # the stage that chooses it failed
    assert of("R1").verdict == HOLDS and claims_of(made, ["R1"])[0].verdict == UNDECIDED


def test_one_workload_below_refutes_r1_though_the_mean_is_above():
    made = results(learned=0.9)
    for run in made["runs"]:
        if run["case"] == "b" and run["role"] == "handover":
            run["test"] = [0.5] * len(run["test"])
    (found,) = claims_of(made, ["R1"])
    assert found.parts[0].measured > 0 and found.verdict == FAILS


def test_seconds_count_offline_learning_and_logging():
    """Scratch: 40,000 of 100,000 steps, 100 s in all; hand-over: 20,000, and 100 s + 10 s before."""
    made = results(scratch=[[0, 0.1], [20_000, 0.2], [40_000, 0.7], [100_000, 0.7]],
                   hand=[[0, 0.1], [20_000, 0.7], [100_000, 0.7]])  # fmt: skip
    parts = {part.what: part for part in claims_of(made, ["L1"])[0].parts}
    assert parts["online steps, to 99 %"].measured == pytest.approx(2.0)
    assert parts["steps, those of the log too, to 99 %"].measured == pytest.approx(40_000 / 21_000)
    assert parts["seconds, offline too, to 99 %"].measured == pytest.approx(40 / 130)


def test_l1_has_no_number_where_scratch_has_nothing_to_learn():
    found = of("L1", scratch=FLAT, hand=FLAT)
    assert "scratch is there by its first validation" in found.why
    assert found.as_dict()["measured"] is None and found.as_dict()["interval"] is None


def test_what_a_curve_tells():
    points = [[0, 0.0], [10, 0.5], [20, 0.4], [100, 1.0]]
    assert level_of([points, points]) == 1.0  # the last fifth holds one validation
    assert steps_to(points, 0.4) == (10, True) and steps_to(points, 0.9) == (100, True)
    assert steps_to(points, -1.0) == (10, True)  # not told apart below the first interval
    assert steps_to(points, 2.0) == (100, False)
    assert early_mean(points) == pytest.approx(0.25) and early_mean(points, 0.05) == pytest.approx(0.125)
    assert deepest_fall(points) == 0.0 and deepest_fall([[0, 0.5], [1, 0.2], [2, 0.9]]) == pytest.approx(0.3)


def test_the_report_tells_rules_numbers_and_failures_and_is_drawn_again_from_results(tmp_path):
    made = results(variants=ALL_MATTER) | {"failed": {"a/x": "<no room>"}}
    found = write_all(made, tmp_path)
    assert found == json.loads((tmp_path / "claims.json").read_text()) == claims_json(made)
    assert set(found["verdicts"]) == set(CLAIMS)
    for claim in found["claims"]:
        assert {"measured", "interval", "verdict", "rule", "parts"} <= set(claim) and claim["rule"]
    page = (tmp_path / "report.html").read_text("utf-8")
    for words in (
        "Tier by coverage: a",
        "Gap to oracle",
        "Ablation",
        "99 %",
        "&lt;no room&gt;",
        "discount=0.5",
    ):
        assert words in page, words
    assert "reproduces its results" not in page
    write_json(tmp_path / "results.json", made)
    (tmp_path / "report.html").unlink()
    assert redraw(tmp_path).read_text("utf-8") == page
    with pytest.raises(InputError, match="results.json: cannot be read"):
        redraw(tmp_path / "none")


def test_hostile_names_are_only_text_in_the_report(tmp_path):
    evil = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
    text = json.dumps(results(variants=ALL_MATTER) | {"failed": {evil: evil}})
    made = json.loads(text.replace('"a"', json.dumps(evil)))  # the name of a case, wherever it stands
    made["experiment"]["name"] = evil
    write_all(made, tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<script>") == 1 and "<img src=x" not in page
    assert page.count("&lt;script&gt;alert(1)") > 5


def test_the_report_command_knows_the_folder_of_an_experiment(tmp_path):
    from experiments.page_makers import redraw_page

    write_json(tmp_path / "launchpad.json", {"format": 1})
    write_json(tmp_path / "results.json", results())
    assert redraw_page(tmp_path) == tmp_path / "report.html"
    assert "the papers&#39; claims, tested" in (tmp_path / "report.html").read_text("utf-8")
    (tmp_path / "launchpad.json").unlink()
    with pytest.raises(InputError):  # no longer marked: read as a run, which it is not
        redraw_page(tmp_path)


def test_no_module_of_runs_or_reports_stands_on_the_launchpad():
    """The page of a launchpad is found by a table, not by an import from below."""
    from pathlib import Path

    import experiments

    root = Path(experiments.__file__).parent
    for folder in ("runs", "report", "figures", "results", "evaluation"):
        for source in (root / folder).rglob("*.py"):
            assert "experiments.launchpad" not in source.read_text("utf-8"), source
