"""`rare train offline` as a function: train a scheduler on logged decisions, validated by simulation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.evaluation.evaluate import choose_windows, evaluate
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.runs.provenance import file_hash
from experiments.training.train_folder import (
    SUMMARY,
    check_extra,
    device_for,
    objectives_text,
    opened,
    read_json,
    versions,
)
from experiments.training.training_requests import OfflineRequest
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of_all
from schedulers import make_scheduler
from schedulers.network.checkpoint_files import describe_checkpoint
from schedulers.network.weights_file import WEIGHTS, read_weights
from schedulers.training.discount import REWARD_SCALE
from traces.errors import InputError
from traces.files.atomic import write_json

if TYPE_CHECKING:
    from schedulers.training.offline.offline_loop import Progress
    from schedulers.training.offline.transitions import Transitions
    from schedulers.training.scheduler_net import SchedulerNet

SPLIT = "validation"


def train_offline(
    data: Sequence[str | Path],
    out: str | Path,
    request: OfflineRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> dict[str, Any]:
    """Train on the datasets `data` and write the run into `out`; returns the object of summary.json.

    changes: fields of OfflineRequest by name, such as algorithm="crr" and steps=2000. InputError for bad
    input, TypeError for an unknown field.
    """
    check_extra()
    request = dataclasses.replace(request or OfflineRequest(), **changes)
    import torch

    from schedulers.training.offline.algorithms import config_of
    from schedulers.training.offline.transitions import read_transitions

    torch.set_num_threads(1)
    options = {key: value for key, value in (request.options or {}).items() if value is not None}
    config_of(request.algorithm, **options)  # refuses wrong options before the data are read
    transitions = read_transitions(data, request.transitions, request.gamma)
    for note in transitions.notes:
        display.note(note)
    config = _config(request, options, transitions)
    run = _Run(config, transitions, display)
    net = run.network(request.start)
    with opened(out, config, request.resume) as folder:
        if (folder / SUMMARY).exists():
            display.note(f"{folder}: is finished; nothing to do")
            summary = dict(read_json(folder / SUMMARY))
        else:
            summary = run.train(folder, net)
            summary["baselines"] = baseline_objectives(config, request.baselines, display)
            write_json(folder / SUMMARY, summary)
        if request.figure and not (folder / "curve.svg").exists():  # also after a kill before it was drawn
            from experiments.figures.learning_curves import draw_learning

            draw_learning([folder], folder / "curve", summary.get("baselines"))
    return summary


def _config(request: OfflineRequest, options: dict[str, Any], transitions: Transitions) -> dict[str, Any]:
    """The object of config.json: everything that determines the run. A resumed run is compared with it."""
    scenario, settings, scenario_seed = _scenario(transitions, request.scenario, request.settings)
    return {
        "kind": "offline",
        "algorithm": request.algorithm,
        "scenario": scenario,
        "settings": list(settings),
        "scenario_seed": scenario_seed,
        "steps": request.steps,
        "batch": request.batch,
        "network": request.network,
        "width": request.width,
        "transitions": len(transitions),
        "gamma_per_hour": request.gamma,
        "reward_scale": REWARD_SCALE,
        "seed": request.seed,
        "device": device_for(request.device, request.width, request.batch),
        "validate_every": request.validate_every,
        "patience": request.patience,
        "options": options,
        "data": [dict(source) for source in transitions.sources],
        "start": None if request.start is None else _weights_hash(request.start),
        "versions": versions(),
    }


class _Run:
    """A training run, from its configuration to its summary."""

    def __init__(self, config: dict[str, Any], data: Transitions, display: ProgressDisplay) -> None:
        self.config, self.data, self.display = config, data, display
        names = config["scenario"].split(",")
        self.episodes = episodes_of_all(names, tuple(config["settings"]), config["scenario_seed"])
        self.windows = self.episodes.of(SPLIT)

    def network(self, start: str | Path | None) -> SchedulerNet:
        """A new network, or that of a checkpoint. InputError if the checkpoint has another kind or width."""
        import torch

        from schedulers.training import checkpoint
        from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

        size = NetworkSize(self.config["network"], self.config["width"])
        if start is None:
            torch.manual_seed(self.config["seed"])
            return SchedulerNet(self.data.layout, size)
        net = checkpoint.load(Path(start)).net
        if net.size != size:
            raise InputError(
                f"--from {start}: is a {net.size.kind} network of width {net.size.width}, not "
                f"{size.kind} of {size.width}; give --network {net.size.kind} --width {net.size.width}"
            )
        return checkpoint.resized(net, self.data.layout)

    def train(self, folder: Path, net: SchedulerNet) -> dict[str, Any]:
        """Train in a folder; returns the object of summary.json without the baselines."""
        from schedulers.training.offline.algorithms import algorithm, config_of
        from schedulers.training.offline.batches import Batches
        from schedulers.training.offline.offline_loop import Course, Training
        from schedulers.training.run_callbacks import Callbacks

        config = self.config
        learner_config = config_of(
            config["algorithm"],
            **config["options"],
            gamma=config["gamma_per_hour"],
            steps=config["steps"],
            layout=self.data.layout.to_json(),
            kind=config["network"],
            width=config["width"],
        )
        impl = algorithm(learner_config, net, config["device"]).impl
        batches = Batches(
            self.data.to(config["device"]), config["batch"], config["seed"], with_next=impl.looks_ahead
        )
        course = Course(config["steps"], config["validate_every"], config["patience"])
        with self.display.task(f"{config['algorithm']} on {config['scenario']}", "updates") as task:
            callbacks: Callbacks[Progress] = Callbacks(
                self.validate,
                self.facts(),
                lambda progress, total: task.update(progress.step, total, objectives_text(progress)),
            )
            training = Training(impl, batches, course, folder, callbacks, untrained=config["start"] is None)
            return self.summary(training.run())

    def validate(self, net: SchedulerNet, heads: Sequence[str]) -> tuple[str, Any]:
        """The best head of the network on the validation windows, and its objectives there (W,)."""
        from schedulers.training.greedy_windows import best_choice

        return best_choice(net, self.episodes, self.windows, heads)

    def facts(self) -> Callable[[int, float, str], dict[str, Any]]:
        """A function of step, objective and head: the facts of a checkpoint."""
        config = self.config
        copied_keys = ("scenario", "settings", "data", "seed", "gamma_per_hour", "reward_scale", "versions")

        def of(step: int, objective: float, head: str) -> dict[str, Any]:
            return {
                "trained": f"offline {config['algorithm']}",
                **{key: config[key] for key in copied_keys},
                "steps": step,
                "head": head,
                "validation_objective": objective,
                "from": config["start"],
            }

        return of

    def summary(self, progress: Progress) -> dict[str, Any]:
        """The object of summary.json without the baselines."""
        total_s = sum(progress.seconds.values())
        learning_s = progress.seconds.get("gather", 0.0) + progress.seconds.get("update", 0.0)
        return {
            **{key: self.config[key] for key in ("algorithm", "scenario", "seed", "transitions", "device")},
            "windows": [window.name for window in self.windows],
            "best": {
                "objective": progress.best,
                "step": progress.best_step,
                "head": progress.best_head,
                "objectives": progress.best_objectives,
            },
            "last": {
                "objective": progress.last,
                "step": progress.step,
                "head": progress.last_head,
                "objectives": progress.last_objectives,
            },
            "wall_s": total_s,
            "updates_per_s": progress.step / learning_s if learning_s else None,
            "shares": {part: seconds / total_s for part, seconds in progress.seconds.items()},
        }


def baseline_objectives(
    config: dict[str, Any], names: Sequence[str] | None = None, display: ProgressDisplay = QUIET
) -> dict[str, float]:
    """Mean objectives of schedulers on the validation windows, by name. names: None: the data's heuristics.

    Other schedulers can take minutes for each window, so they are only evaluated if named.
    """
    if names is None:
        logged = dict.fromkeys(name for source in config["data"] for name in source["schedulers"])
        names = [name for name in logged if name != "random" and ".py:" not in name and _is_heuristic(name)]
    objectives: dict[str, list[float]] = {name: [] for name in names}
    for scenario in config["scenario"].split(","):
        loaded = load_scenario(scenario, Wishes(settings=config["settings"]))
        if not names or loaded.scenario.windows is None:
            return {}
        windows = choose_windows(loaded, [SPLIT])
        evaluation = evaluate(loaded, names, windows, seed=config["scenario_seed"], display=display)
        for name in names:
            objectives[name] += evaluation.values(name, "objective").tolist()
    return {name: float(np.nanmean(values)) for name, values in objectives.items()}


def _is_heuristic(name: str) -> bool:
    """Whether a scheduler name of a dataset is known in this installation and is a heuristic."""
    from rare.scheduler import as_scheduler

    try:
        return as_scheduler(make_scheduler(name)).records
    except InputError:
        return False  # a name of another machine or version


def _scenario(
    data: Transitions, scenario: str | None, settings: Sequence[str]
) -> tuple[str, Sequence[str], int]:
    """Scenario, settings and scenario seed for validation: the requested ones, or those of the data."""
    first = data.sources[0]
    if scenario is not None:
        return scenario, settings, int(first["scenario_seed"])
    for source in data.sources:
        if source["scenario"] is None:
            raise InputError(
                f"--data {source['folder']}: does not say of which scenario it is; say with --scenario whose "
                "validation windows judge"
            )
        if source["settings"] != first["settings"]:
            raise InputError(
                f"--data {source['folder']}: is of {source['scenario']} with other settings than "
                f"{first['folder']}; say with --scenario whose validation windows judge"
            )
    names = dict.fromkeys(source["scenario"] for source in data.sources)
    _check_known(first["folder"], list(names), settings or first["settings"])
    return ",".join(names), settings or first["settings"], int(first["scenario_seed"])


def _check_known(folder: str, names: Sequence[str], settings: Sequence[str]) -> None:
    """InputError for a scenario of the data that cannot be loaded here, with the folder of the data."""
    for name in names:
        try:
            load_scenario(name, Wishes(settings=settings))
        except InputError as error:
            raise InputError(
                f"--data {folder}: is of a scenario that cannot be used here ({error}); say with --scenario "
                "whose validation windows judge"
            ) from None


def _weights_hash(start: str | Path) -> dict[str, str]:
    described = describe_checkpoint(Path(start))
    network = described.network
    read_weights(Path(start), network["width"], network["kind"], described.layout)  # a pipe, or endless?
    return {"folder": Path(start).name, "sha256": file_hash(Path(start) / WEIGHTS)}
