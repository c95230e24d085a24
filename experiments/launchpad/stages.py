"""What each kind of stage does: in its own folder, with the results of what it needs, until it is done.

All of it goes on where it was stopped: datasets, training runs and evaluations are kept as they grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.launchpad.stage_plan import CHOOSE, DATA, OFFLINE, ONLINE, REFERENCE
from traces.errors import InputError
from traces.files.documents import reading

Result = dict[str, Any]
GROWTH = 1.1  # more episodes than seem needed, for windows differ
ROUNDS = 12


def do_stage(kind: str, given: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    """Do a stage. needs: role -> result, with "folder" of the stage it comes from."""
    return _KINDS[kind](given, needs, folder)


def _place(given: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return given["scenario"], tuple(given["settings"])


def _evaluated(given: Mapping[str, Any], names: list[str], split: str, folder: Path) -> Result:
    """(W,) objectives of schedulers on the windows of a split that hold jobs."""
    from experiments.evaluation.evaluate import choose_windows, evaluate
    from rare.scenario.load import Wishes, load_scenario
    from rare.scenario.scenario_episodes import episodes_of

    scenario, settings = _place(given)
    windows = [episode.name for episode in episodes_of(scenario, settings).of(split)]
    loaded = load_scenario(scenario, Wishes(settings=settings))
    found = evaluate(loaded, names, choose_windows(loaded, windows), kept_in=folder / "rows")
    return {
        "windows": [window.name for window in found.windows],
        "objectives": {name: found.values(name, "objective").tolist() for name in names},
    }


def _choose(given: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    found = _evaluated(given, given["heuristics"], "validation", folder)
    means = {name: _mean(values) for name, values in found["objectives"].items()}
    return {"means": means, "best": max(means, key=lambda name: means[name])}


def _reference(given: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    return _evaluated(given, given["schedulers"], "test", folder)


def _data(given: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    """Log until there are as many transitions as every tier has."""
    from experiments.data.log_dataset import dataset_run
    from rare.scenario.scenario_episodes import episodes_of

    scenario, settings = _place(given)
    schedulers = given.get("schedulers") or [needs["best"]["best"]]
    episodes = max(len(episodes_of(scenario, settings).of("train")) * len(schedulers), 1)
    episodes = max(episodes, _held(folder / "dataset"))
    for _ in range(ROUNDS):
        sheet = dataset_run(
            schedulers, folder / "dataset", scenario=scenario, settings=settings, episodes=episodes,
            epsilon=given["epsilon"], queue_slots=given["queue_slots"],
            forecast_hours=given["forecast_hours"],
        )  # fmt: skip
        if sheet["transitions"] >= given["transitions"]:
            return {
                "schedulers": list(schedulers),
                "returns": sheet["returns"],
                **{name: sheet[name] for name in ("transitions", "episodes", "episodes_distinct")},
                "left_out": sheet["episodes_played"] - sheet["episodes"],
                # those of episodes that do not count were simulated too; taken to be as long as the others
                "decisions": round(sheet["transitions"] * sheet["episodes_played"] / sheet["episodes"]),
            }
        share = given["transitions"] / max(sheet["transitions"], 1)
        episodes = int(episodes * max(GROWTH * share, GROWTH)) + 1
    raise InputError(
        f"{', '.join(schedulers)}: {sheet['transitions']} transitions after {episodes} episodes, not "
        f"{given['transitions']}; ask for fewer with tiers.transitions, or give more network.queue_slots"
    )


def _offline(given: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    from experiments.training.train_offline import train_offline

    scenario, settings = _place(given)
    run = folder / "run"
    summary = train_offline(
        [Path(needs["data"]["folder"]) / "dataset"], run, algorithm=given["algorithm"], scenario=scenario,
        settings=settings, steps=given["updates"], batch=given["batch"], network=given["network"],
        width=given["width"], transitions=given["transitions"], gamma=given["gamma"], seed=given["seed"],
        device="cpu", resume=_is_begun(run), baselines=(), figure=False,
        validate_every=max(given["updates"] // given["validations"], 1),
    )  # fmt: skip
    return {**_learned(given, run, summary), "updates": given["updates"]}


def _online(given: Mapping[str, Any], needs: Mapping[str, Result], folder: Path) -> Result:
    from experiments.training.train_online import train_online
    from rare.env.observation.layout import Layout

    scenario, settings = _place(given)
    options, run = dict(given["options"]), folder / "run"
    trials = {role: each for role, each in needs.items() if role.startswith("trial ")}
    if trials:
        best = max(trials.values(), key=lambda each: each["validation"])
        options["learning_rate"] = best["learning_rate"]
    start = Path(needs["start"]["folder"]) / "run" / "best" if "start" in needs else None
    summary = train_online(
        scenario, run, steps=given["steps"], start=start, settings=settings, seed=given["seed"], device="cpu",
        network=None if start else given["network"], width=None if start else given["width"],
        layout=Layout(queue_slots=given["queue_slots"], forecast_hours=given["forecast_hours"]),
        resume=_is_begun(run), options=options, figure=False,
        validate_every=max(given["steps"] // given["validations"], 1),
    )  # fmt: skip
    return {
        **_learned(given, run, summary), "steps": summary["environment_steps"],
        "first": summary["first"]["objective"], "lowest": summary["first"]["lowest_since"],
        "learning_rate": options["learning_rate"],
    }  # fmt: skip


def _learned(given: Mapping[str, Any], run: Path, summary: Mapping[str, Any]) -> Result:
    """What every training run gives: its curve, its seconds, and its best checkpoint on the test windows."""
    windows, objectives = judged(run / "best", *_place(given))
    return {
        "validation": summary["best"]["objective"], "last": summary["last"]["objective"],
        "training_s": summary["wall_s"], "curve": read_curve(run), "windows": windows, "test": objectives,
    }  # fmt: skip


def judged(
    checkpoint_folder: Path, scenario: str, settings: tuple[str, ...]
) -> tuple[list[str], list[float]]:
    """Test windows, and the objective of a checkpoint's best actions on each: those of `rare evaluate`."""
    from rare.scenario.scenario_episodes import episodes_of
    from schedulers.training import checkpoint
    from schedulers.training.greedy_windows import greedy_scores

    found = checkpoint.load(checkpoint_folder)
    episodes = episodes_of(scenario, settings)
    windows = episodes.of("test")
    scores = greedy_scores(found.net, episodes, windows, head=found.head)
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


def _held(dataset: Path) -> int:
    """Episodes that an earlier session has played: a dataset only grows."""
    from rare.dataset.dataset_folder import existing
    from rare.dataset.shards import read_shards

    data = existing(dataset) / "data"
    shards = read_shards(data) if data.is_dir() else []
    return int(shards[-1].last) + 1 if shards else 0


def _mean(values: list[float]) -> float:
    kept = [value for value in values if value == value]
    return sum(kept) / len(kept) if kept else float("-inf")


_KINDS = {CHOOSE: _choose, REFERENCE: _reference, DATA: _data, OFFLINE: _offline, ONLINE: _online}
