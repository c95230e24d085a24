"""Experiment files and their stages: what is refused, what changes a key and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.cli.root import main
from experiments.launchpad.cases import cases_of
from experiments.launchpad.claims.judge_claims import PARAMETERS
from experiments.launchpad.experiment_file import DEFAULT, QUICK, WorkloadTable, read_experiment
from experiments.launchpad.launch import with_traces
from experiments.launchpad.stage_plan import ONLINE, TUNING_SEED, plan
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of

MINI = Path(__file__).parent / "mini.toml"


def stages_of(path, tmp_path):
    experiment = read_experiment(path)
    return experiment, plan(experiment, cases_of(experiment, tmp_path))


DESIGN = DEFAULT.with_name("design.toml")


@pytest.mark.parametrize("path", [DEFAULT, QUICK, MINI, DESIGN])
def test_plans_are_whole_and_always_the_same(path, tmp_path):
    _, stages = stages_of(path, tmp_path)
    assert stages == stages_of(path, tmp_path)[1]
    labels = [stage.label for stage in stages]
    assert len(set(labels)) == len(labels) == len({stage.folder for stage in stages})
    for place, stage in enumerate(stages):
        assert set(stage.needs.values()) <= set(labels[:place]), stage


def test_scratch_and_handover_have_equal_trials_and_equal_steps(tmp_path):
    experiment, stages = stages_of(DEFAULT, tmp_path)
    online = [stage for stage in stages if stage.kind == ONLINE]
    assert {stage.given["steps"] for stage in online} == {experiment.online.steps}
    trials = {
        kind: [s.given["options"]["learning_rate"] for s in online
               if s.about.get("trial") == kind and s.case == "tiny"]
        for kind in ("scratch", "handover")
    }  # fmt: skip
    assert trials["scratch"] == trials["handover"] == list(experiment.online.learning_rates)
    judged = [stage for stage in online if "online" in stage.about]
    assert TUNING_SEED not in {stage.given["seed"] for stage in judged}
    assert all(sum(role.startswith("trial") for role in stage.needs) == 2 for stage in judged)


def test_an_ablation_from_scratch_needs_no_logs_of_its_own(tmp_path):
    """A heuristic that wants jobs beyond a small window cannot be logged there."""
    experiment, stages = stages_of(DESIGN, tmp_path)
    changed = [stage for stage in stages if stage.about.get("variant")]
    assert {stage.about["online"] for stage in changed} == {"scratch"}
    assert {stage.about["variant"].split("=")[0] for stage in changed} == set(PARAMETERS)
    assert len(changed) == experiment.seeds * 4
    assert not [stage for stage in stages if "layout" in stage.about]


def test_the_shipped_experiment_covers_what_it_says(tmp_path):
    experiment, stages = stages_of(DEFAULT, tmp_path)
    cases = cases_of(experiment, tmp_path)
    assert experiment.seeds >= 5 and len(experiment.workload) >= 4
    assert {case.supply for case in cases} == {"both", "wind", "sun"} and len(
        {case.load for case in cases}
    ) == 3
    models = {load_scenario(each.scenario).scenario.workload.model for each in experiment.workload}
    assert models == {"lublin", "gpu"}
    variants = {stage.about["variant"].split("=")[0] for stage in stages if stage.about.get("variant")}
    assert variants == {"window", "horizon", "network", "discount"}


def test_a_key_follows_what_a_stage_depends_on_and_nothing_else(tmp_path):
    experiment, stages = stages_of(MINI, tmp_path)
    keys = {stage.label: stage.key for stage in stages}

    def changed(**tables):
        made = experiment.model_copy(update=tables)
        now = {stage.label: stage.key for stage in plan(made, cases_of(made, tmp_path))}
        return {label for label in keys if now.get(label) != keys[label]}

    online = changed(online=experiment.online.model_copy(update={"steps": 4096}))
    assert online == {label for label in keys if "scratch" in label or "handover" in label}
    data = changed(tiers=experiment.tiers.model_copy(update={"transitions": 300}))
    assert data == {
        label for label in keys if not label.endswith(("choose", "reference")) and "scratch" not in label
    }
    assert changed(seeds=1) == set() == changed(name="other")


def test_supply_and_load_change_the_case_and_nothing_but_it(tmp_path):
    table = WorkloadTable(name="t", scenario="tiny", supplies=("both", "wind", "sun"), loads=(1.0, 0.5))
    experiment = read_experiment(MINI).model_copy(update={"workload": (table,)})
    both, wind, sun, half = cases_of(experiment, tmp_path)
    assert (both.name, wind.name, sun.name, half.name) == ("t", "t-wind", "t-sun", "t-load-0.5")
    assert both.settings == () and both.first and not wind.first
    for case, kinds in ((wind, ["wind"]), (sun, ["solar"]), (half, ["solar", "wind"])):
        scenario = load_scenario(case.scenario, Wishes(settings=case.settings)).scenario
        assert [source.kind for source in scenario.supply.source] == kinds
        assert sum(source.capacity for source in scenario.supply.source) == pytest.approx(1.8)
        assert scenario.workload.load == (0.25 if case is half else 0.5)


def test_a_trace_gets_windows_that_hold_its_jobs_and_less_supply_for_more_load(tmp_path):
    lines = ["; UnixStartTime: 1546300800", "; MaxProcs: 16"]  # a job a day from 2019-01-01
    for day in range(0, 364):
        fields = [day + 1, day * 86400 + 60, 0, 3600, 4, -1, -1, 4, 7200, -1, 1, 1, 1, 1, 1, 1, -1, -1]
        lines.append(" ".join(map(str, fields)))
    trace = tmp_path / "mine.swf"
    trace.write_text("\n".join(lines) + "\n")
    experiment = with_traces(read_experiment(MINI).model_copy(update={"workload": ()}), [str(trace)])
    table = experiment.workload[0].model_copy(update={"loads": (1.0, 2.0)})
    case, more = cases_of(experiment.model_copy(update={"workload": (table,)}), tmp_path)
    episodes = episodes_of(case.scenario, case.settings)
    assert {split: len(episodes.of(split)) for split in ("train", "validation", "test")} == {
        "train": 26, "validation": 13, "test": 13,
    }  # fmt: skip
    assert episodes.case.workload.submit_s.shape == (364,)
    scenarios = [
        load_scenario(each.scenario, Wishes(settings=each.settings)).scenario for each in (case, more)
    ]
    capacities = [sum(source.capacity for source in each.supply.source) for each in scenarios]
    assert capacities == pytest.approx([2.6, 1.3])
    assert len(case.files) == 2


WRONG = {
    "no workload": ('name = "x"', "workload is missing"),
    "unknown key": ('[[workload]]\nname = "a"\n[onlin]\nsteps = 3', "did you mean 'online'?"),
    "unknown tier": ('[[workload]]\nname = "a"\n[tiers]\nnames = ["best"]', "tiers.names has 'best'"),
    "unknown training": ('[[workload]]\nname = "a"\n[ablation]\nof = "offline"', "ablation.of has 'offline'"),
    "unknown supply": ('[[workload]]\nname = "a"\nsupplies = ["coal"]', "workload.0.supplies has 'coal'"),
    "no number": ('[[workload]]\nname = "a"\nloads = ["x"]', "workload.0.loads.0 must be a number"),
    "twice": ('[[workload]]\nname = "a"\n[[workload]]\nname = "a"', "has a name twice"),
    "a case twice": (
        '[[workload]]\nname = "a"\nsupplies = ["both", "wind"]\n[[workload]]\nname = "a-wind"',
        "two cases are called 'a-wind'",
    ),
    "no TOML": ("[[", "cannot be read as TOML"),
    "no such scenario": ('[[workload]]\nname = "a"\nscenario = "isle"', "scenario 'isle' is unknown"),
    "no wind there": (
        '[[workload]]\nname = "a"\nscenario = "solar-night"\nsupplies = ["wind"]', "has no wind source",
    ),
    "no windows": ('[[workload]]\nname = "a"\nscenario = "plain"', "has no [windows]"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_experiment_is_one_line(name, tmp_path, capsys):
    pytest.importorskip("torch")
    text, words = WRONG[name]
    (tmp_path / "x.toml").write_text(text)
    assert main(["launchpad", "--experiment", str(tmp_path / "x.toml"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and words in said[0], said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--quick", "--experiment", "x.toml"], "leave out --experiment"),
        (["--experiment", "none.toml"], "none.toml: cannot be read"),
        (["--quick", "--workload", "none.swf"], "--workload none.swf: is no file"),
        (["--quick", "--out", "thesis"], "holds something that no launchpad wrote"),
    ],
)
def test_wrong_options_are_one_line(more, words, tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    assert main(["launchpad", "--quiet", *more]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and words in said[0], said
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"
