"""The function of each kind of stage. It works in its own folder and reads the results of other stages.

All of them resume after an interruption: datasets, training runs and evaluations are stored as they grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.launchpad.stage_plan import CHOOSE, DATA, OFFLINE, ONLINE, REFERENCE
from traces.errors import InputError
from traces.files.documents import reading

Result = dict[str, Any]
GROWTH = 1.1  # more episodes than extrapolated, because windows differ
ROUNDS = 12


def do_stage(kind: str, inputs: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    """The result of a stage.

    inputs: as planned. needs: role -> result of another stage, with its "folder".
    """
    return _KINDS[kind](inputs, needs, folder)


def _place(inputs: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return inputs["scenario"], tuple(inputs["settings"])


def _evaluated(inputs: Mapping[str, Any], names: list[str], split: str, folder: Path) -> Result:
    """Objectives (W,) of schedulers on the windows of a split that have jobs, and the windows' names."""
    from experiments.evaluation.evaluate import choose_windows, evaluate
    from rare.scenario.load import Wishes, load_scenario
    from rare.scenario.scenario_episodes import episodes_of

    scenario, settings = _place(inputs)
    windows = [episode.name for episode in episodes_of(scenario, settings).of(split)]
    loaded = load_scenario(scenario, Wishes(settings=settings))
    evaluation = evaluate(loaded, names, choose_windows(loaded, windows), kept_in=folder / "rows")
    return {
        "windows": [window.name for window in evaluation.windows],
        "objectives": {name: evaluation.values(name, "objective").tolist() for name in names},
    }


def _choose(inputs: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    evaluated = _evaluated(inputs, inputs["heuristics"], "validation", folder)
    means = {name: _mean(values) for name, values in evaluated["objectives"].items()}
    return {"means": means, "best": max(means, key=lambda name: means[name])}


def _reference(inputs: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    return _evaluated(inputs, inputs["schedulers"], "test", folder)


def _data(inputs: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    """Log episodes until the dataset has the planned number of transitions, equal for every tier."""
    from experiments.data.log_dataset import dataset_run
    from rare.scenario.scenario_episodes import episodes_of

    scenario, settings = _place(inputs)
    schedulers = inputs.get("schedulers") or [needs["best"]["best"]]
    episodes = max(len(episodes_of(scenario, settings).of("train")) * len(schedulers), 1)
    episodes = max(episodes, _episodes_logged(folder / "dataset"))
    for _ in range(ROUNDS):
        sheet = dataset_run(
            schedulers, folder / "dataset", scenario=scenario, settings=settings, episodes=episodes,
            epsilon=inputs["epsilon"], queue_slots=inputs["queue_slots"],
            forecast_hours=inputs["forecast_hours"],
        )  # fmt: skip
        if sheet["transitions"] >= inputs["transitions"]:
            return {
                "schedulers": list(schedulers),
                "returns": sheet["returns"],
                **{name: sheet[name] for name in ("transitions", "episodes", "episodes_distinct")},
                "left_out": sheet["episodes_played"] - sheet["episodes"],
                # left-out episodes were simulated too; assumed as long as the others
                "decisions": round(sheet["transitions"] * sheet["episodes_played"] / sheet["episodes"]),
            }
        share = inputs["transitions"] / max(sheet["transitions"], 1)
        episodes = int(episodes * max(GROWTH * share, GROWTH)) + 1
    raise InputError(
        f"{', '.join(schedulers)}: {sheet['transitions']} transitions after {episodes} episodes, not "
        f"{inputs['transitions']}; ask for fewer with tiers.transitions, or give more network.queue_slots"
    )


def _offline(inputs: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    from experiments.training.train_offline import train_offline

    scenario, settings = _place(inputs)
    run = folder / "run"
    summary = train_offline(
        [Path(needs["data"]["folder"]) / "dataset"], run, algorithm=inputs["algorithm"], scenario=scenario,
        settings=settings, steps=inputs["updates"], batch=inputs["batch"], network=inputs["network"],
        width=inputs["width"], transitions=inputs["transitions"], gamma=inputs["gamma"], seed=inputs["seed"],
        device="cpu", resume=_is_begun(run), baselines=(), figure=False,
        validate_every=max(inputs["updates"] // inputs["validations"], 1),
    )  # fmt: skip
    return {**_learned(inputs, run, summary), "updates": inputs["updates"]}


def _online(inputs: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    from experiments.training.train_online import train_online
    from rare.env.observation.layout import Layout

    scenario, settings = _place(inputs)
    options, run = dict(inputs["options"]), folder / "run"
    trials = {role: trial for role, trial in needs.items() if role.startswith("trial ")}
    if trials:
        best = max(trials.values(), key=lambda trial: trial["validation"])
        options["learning_rate"] = best["learning_rate"]
    start = Path(needs["start"]["folder"]) / "run" / "best" if "start" in needs else None
    summary = train_online(
        scenario, run, steps=inputs["steps"], start=start, settings=settings, seed=inputs["seed"],
        device="cpu",
        network=None if start else inputs["network"], width=None if start else inputs["width"],
        layout=Layout(queue_slots=inputs["queue_slots"], forecast_hours=inputs["forecast_hours"]),
        resume=_is_begun(run), options=options, figure=False,
        validate_every=max(inputs["steps"] // inputs["validations"], 1),
    )  # fmt: skip
    return {
        **_learned(inputs, run, summary), "steps": summary["environment_steps"],
        "first": summary["first"]["objective"], "lowest": summary["first"]["lowest_since"],
        "learning_rate": options["learning_rate"],
    }  # fmt: skip


def _learned(inputs: Mapping[str, Any], run: Path, summary: Mapping[str, Any]) -> Result:
    """The result of a training run: curve, seconds, and the best checkpoint's objectives on test windows."""
    windows, objectives = judged(run / "best", *_place(inputs))
    return {
        "validation": summary["best"]["objective"], "last": summary["last"]["objective"],
        "training_s": summary["wall_s"], "curve": read_curve(run), "windows": windows, "test": objectives,
    }  # fmt: skip


def judged(
    checkpoint_folder: Path, scenario: str, settings: tuple[str, ...]
) -> tuple[list[str], list[float]]:
    """Names of the test windows, and the objective of a checkpoint's greedy actions on each."""
    from rare.scenario.scenario_episodes import episodes_of
    from schedulers.training import checkpoint
    from schedulers.training.greedy_windows import greedy_scores

    trained = checkpoint.load(checkpoint_folder)
    episodes = episodes_of(scenario, settings)
    windows = episodes.of("test")
    scores = greedy_scores(trained.net, episodes, windows, head=trained.head)
    return [window.name for window in windows], scores.tolist()


def read_curve(run: Path) -> list[list[float]]:
    """[step, objective] of each validation of a run."""
    from schedulers.training.journal import read_rows

    with reading(run):
        return [
            [float(row["step"]), float(row["objective"])] for row in read_rows(run) if row.get("objective")
        ]


def _is_begun(run: Path) -> bool:
    return (run / "config.json").exists()


def _episodes_logged(dataset: Path) -> int:
    """Number of episodes in the dataset from earlier sessions."""
    from rare.dataset.dataset_folder import existing
    from rare.dataset.shards import read_shards

    data = existing(dataset) / "data"
    shards = read_shards(data) if data.is_dir() else []
    return int(shards[-1].last) + 1 if shards else 0


def _mean(values: list[float]) -> float:
    finite = [value for value in values if value == value]
    return sum(finite) / len(finite) if finite else float("-inf")


_KINDS = {CHOOSE: _choose, REFERENCE: _reference, DATA: _data, OFFLINE: _offline, ONLINE: _online}
