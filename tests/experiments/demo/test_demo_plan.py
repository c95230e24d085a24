"""How long the demo says that it will take."""

from experiments.demo import demo_plan
from experiments.demo.demo_plan import (
    DemoPlan,
    LearningStep,
    TimeEstimate,
    about,
    learning_steps,
    week_seconds,
)


def test_an_estimate_is_as_exact_as_it_can_be():
    assert [about(value) for value in (0.3, 44, 61, 119, 150, 1000)] == [
        "about 10 s", "about 40 s", "about 1 min 0 s", "about 2 min", "about 2 min", "about 17 min",
    ]  # fmt: skip


def test_steps_are_corrected_by_those_that_are_done():
    steps = [LearningStep("one", "", 100), LearningStep("two", "", 200), LearningStep("three", "", 600)]
    estimate = TimeEstimate(steps, 0.1)
    assert estimate.text(["two"]) == "about 20 s"
    estimate.done("one", 40.0)  # four times as long as expected
    assert estimate.text(["two"]) == "about 1 min 20 s"
    assert estimate.text(["two", "three"]) == "about 5 min"


def test_code_that_is_not_compiled_yet_is_counted(monkeypatch):
    step = LearningStep("one", "", 100, shared=True, entry="loop", compile_weeks=50)
    monkeypatch.setattr(demo_plan, "is_compiled", lambda entry: entry == "loop")
    assert step.seconds(0.2, cores=2) == 10.0
    monkeypatch.setattr(demo_plan, "is_compiled", lambda entry: False)
    assert step.seconds(0.2, cores=2) == 20.0


def test_the_pace_leaves_out_the_first_run_which_compiles():
    results = [{"metrics": {"simulate_s": value}} for value in (20.0, 0.1, 0.3)]
    assert week_seconds(results) == 0.2
    assert week_seconds(results[:1]) is None
    assert TimeEstimate(learning_steps(DemoPlan()), None).text(["bc"]) == ""


def test_entries_are_names_of_compiled_functions():
    """One that is renamed would make every estimate too long."""
    from pathlib import Path

    root = Path(demo_plan.__file__).parents[2]
    packages = ("rare", "schedulers", "experiments")
    text = "".join(path.read_text("utf-8") for name in packages for path in (root / name).rglob("*.py"))
    for step in learning_steps(DemoPlan()):
        assert not step.entry or f"\ndef {step.entry}(" in text
