"""`rare train offline`: learn a scheduler from logged decisions, judged by simulation as it learns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.progress import QUIET, Talk
from experiments.training.train_folder import (
    SUMMARY,
    check_extra,
    device_for,
    opened,
    read_json,
    versions,
    write_json,
)
from schedulers.training.discount import GAMMA_PER_HOUR, REWARD_SCALE
from schedulers.training.offline.algorithms import check_algorithm
from traces.errors import InputError

if TYPE_CHECKING:
    from schedulers.training.offline.offline_loop import Progress
    from schedulers.training.offline.transitions import Transitions
    from schedulers.training.scheduler_net import SchedulerNet

SPLIT = "validation"


def train_offline(
    data: Sequence[str | Path],
    out: str | Path,
    *,
    algorithm: str = "bc",
    scenario: str | None = None,
    settings: Sequence[str] = (),
    steps: int = 20_000,
    batch: int = 256,
    network: str = "pointwise",
    width: int = 64,
    transitions: int | None = None,
    gamma: float = GAMMA_PER_HOUR,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    start: str | Path | None = None,
    validate_every: int = 1000,
    patience: int = 0,
    baselines: Sequence[str] | None = None,
    options: dict[str, Any] | None = None,
    figure: bool = True,
    talk: Talk = QUIET,
) -> dict[str, Any]:
    """Train on the datasets in the folders `data` into the folder `out`; what summary.json holds.

    scenario, settings: whose validation windows judge, several joined by commas; default: the data's.
    transitions: use so many of the data. gamma: discount per hour. start: a checkpoint to start from.
    patience: end after so many validations without a better one (0: never). baselines: schedulers in the
    figure; default: the data's, where they are heuristics. options: of the algorithm, such as {"beta": 0.5}
    (its config class has them). InputError for whatever cannot be done.
    """
    check_extra()
    _check(algorithm, network, steps, batch, width, gamma, validate_every, patience)
    import torch

    from schedulers.training.offline.algorithms import config_of
    from schedulers.training.offline.transitions import read_transitions

    torch.set_num_threads(1)
    given = {key: value for key, value in (options or {}).items() if value is not None}
    config_of(algorithm, **given)  # a wrong option is told before the data are read
    found = read_transitions(data, transitions, gamma)
    for note in found.notes:
        talk.note(note)
    scenario, settings, scenario_seed = _scenario(found, scenario, settings)
    device = device_for(device, width, batch)
    config: dict[str, Any] = {
        "kind": "offline", "algorithm": algorithm, "scenario": scenario, "settings": list(settings),
        "scenario_seed": scenario_seed, "steps": steps, "batch": batch, "network": network, "width": width,
        "transitions": len(found), "gamma_per_hour": gamma, "reward_scale": REWARD_SCALE, "seed": seed,
        "device": device, "validate_every": validate_every, "patience": patience,
        "options": given, "data": [dict(source) for source in found.sources],
        "start": None if start is None else _weights_hash(start), "versions": versions(),
    }  # fmt: skip
    run = _Run(config, found, talk)
    net = run.network(start)
    with opened(out, config, resume) as folder:
        if (folder / SUMMARY).exists():
            talk.note(f"{folder}: is finished; nothing to do")
            summary = dict(read_json(folder / SUMMARY))
        else:
            summary = run.train(folder, net)
            summary["baselines"] = baseline_objectives(config, baselines)
            write_json(folder / SUMMARY, summary)
        if figure and not (folder / "curve.svg").exists():  # also where a kill came before it was drawn
            from experiments.figures.learning_curves import draw_learning

            draw_learning([folder], folder / "curve", summary.get("baselines"))
    return summary


class _Run:
    """One training run: everything between its options and its summary."""

    def __init__(self, config: dict[str, Any], data: Transitions, talk: Talk) -> None:
        from rare.scenario.scenario_episodes import episodes_of_all

        self.config, self.data, self.talk = config, data, talk
        names = config["scenario"].split(",")
        self.episodes = episodes_of_all(names, tuple(config["settings"]), config["scenario_seed"])
        self.windows = self.episodes.of(SPLIT)

    def network(self, start: str | Path | None) -> SchedulerNet:
        """A new network, or the one of a checkpoint. InputError if that is another kind of network."""
        import torch

        from schedulers.training import checkpoint
        from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

        size = NetworkSize(self.config["network"], self.config["width"])
        if start is None:
            torch.manual_seed(self.config["seed"])
            return SchedulerNet(self.data.layout, size)
        found = checkpoint.load(Path(start)).net
        if found.size != size:
            raise InputError(
                f"--from {start}: is a {found.size.kind} network of width {found.size.width}, not "
                f"{size.kind} of {size.width}; give --network {found.size.kind} --width {found.size.width}"
            )
        return checkpoint.resized(found, self.data.layout)

    def train(self, folder: Path, net: SchedulerNet) -> dict[str, Any]:
        """Train, and put what came of it into words and numbers."""
        from schedulers.training.offline.algorithms import algorithm, config_of
        from schedulers.training.offline.batches import Batches
        from schedulers.training.offline.offline_loop import Course, Training

        config = self.config
        made = config_of(
            config["algorithm"], **config["options"], gamma=config["gamma_per_hour"], steps=config["steps"],
            layout=self.data.layout.to_json(), kind=config["network"], width=config["width"],
        )  # fmt: skip
        impl = algorithm(made, net, config["device"]).impl
        batches = Batches(
            self.data.to(config["device"]), config["batch"], config["seed"], with_next=impl.looks_ahead
        )
        course = Course(config["steps"], config["validate_every"], config["patience"])
        training = Training(
            impl, batches, course, folder, self.validate, self.facts(), self.teller(config["steps"]),
            untrained=config["start"] is None,
        )  # fmt: skip
        try:
            return self.summary(training.run())
        finally:
            self.talk.done()

    def validate(self, net: SchedulerNet, heads: Sequence[str]) -> tuple[str, Any]:
        """How the network chooses best, and then its objectives of the validation windows (W,)."""
        from schedulers.training.greedy_windows import best_choice

        return best_choice(net, self.episodes, self.windows, heads)

    def facts(self) -> Callable[[int, float, str], dict[str, Any]]:
        """What a checkpoint says of itself."""
        config = self.config
        kept = ("scenario", "settings", "data", "seed", "gamma_per_hour", "reward_scale", "versions")

        def of(step: int, objective: float, head: str) -> dict[str, Any]:
            return {
                "trained": f"offline {config['algorithm']}", **{key: config[key] for key in kept},
                "steps": step, "head": head, "validation_objective": objective, "from": config["start"],
            }  # fmt: skip

        return of

    def teller(self, steps: int) -> Callable[[Progress, int], None]:
        """Progress with objective and time left."""
        say, began_s, first = self.talk.ticker(), time.monotonic(), -1
        label = f"{self.config['algorithm']} on {self.config['scenario']}"

        def of(progress: Progress, total: int) -> None:
            nonlocal first
            first = progress.step if first < 0 else first
            gone_s, done = time.monotonic() - began_s, progress.step - first
            left = f", {gone_s / done * (total - progress.step):.0f} s left" if done else ""
            say(
                f"{label}: {progress.step:,} of {total:,} updates, objective {progress.last:.4f}, best "
                f"{progress.best:.4f}{left}"
            )

        return of

    def summary(self, progress: Progress) -> dict[str, Any]:
        """What summary.json holds, but the baselines."""
        total_s = sum(progress.seconds.values())
        learning_s = progress.seconds.get("gather", 0.0) + progress.seconds.get("update", 0.0)
        return {
            **{key: self.config[key] for key in ("algorithm", "scenario", "seed", "transitions", "device")},
            "windows": [window.name for window in self.windows],
            "best": {
                "objective": progress.best, "step": progress.best_step, "head": progress.best_head,
                "objectives": progress.best_objectives,
            },
            "last": {
                "objective": progress.last, "step": progress.step, "head": progress.last_head,
                "objectives": progress.last_objectives,
            },
            "wall_s": total_s,
            "updates_per_s": progress.step / learning_s if learning_s else None,
            "shares": {part: seconds / total_s for part, seconds in progress.seconds.items()},
        }  # fmt: skip


def baseline_objectives(config: dict[str, Any], names: Sequence[str] | None = None) -> dict[str, float]:
    """Mean objectives on the validation windows of these schedulers; None: the data's heuristics.

    Other schedulers can take minutes for each window, so they have to be asked for.
    """
    import numpy as np

    from experiments.evaluation.evaluate import choose_windows, evaluate
    from rare.scenario.load import Wishes, load_scenario

    if names is None:
        every = dict.fromkeys(name for source in config["data"] for name in source["schedulers"])
        names = [name for name in every if name != "random" and ".py:" not in name and _is_heuristic(name)]
    found: dict[str, list[float]] = {name: [] for name in names}
    for scenario in config["scenario"].split(","):
        loaded = load_scenario(scenario, Wishes(settings=config["settings"]))
        if not names or loaded.scenario.windows is None:
            return {}
        judged = evaluate(loaded, names, choose_windows(loaded, [SPLIT]), seed=config["scenario_seed"])
        for name in names:
            found[name] += judged.values(name, "objective").tolist()
    return {name: float(np.nanmean(values)) for name, values in found.items()}


def _is_heuristic(name: str) -> bool:
    """Whether a scheduler that a dataset names is known here, and quick."""
    from schedulers import make_scheduler

    try:
        return hasattr(make_scheduler(name), "record")
    except InputError:
        return False  # of another machine, or another version


def _scenario(
    data: Transitions, scenario: str | None, settings: Sequence[str]
) -> tuple[str, Sequence[str], int]:
    """Whose windows judge: those asked for, or the data's."""
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
    """InputError that says where a scenario's name comes from, if it is not known here."""
    from rare.scenario.load import Wishes, load_scenario

    for name in names:
        try:
            load_scenario(name, Wishes(settings=settings))
        except InputError as error:
            raise InputError(
                f"--data {folder}: is of a scenario that cannot be used here ({error}); say with --scenario "
                "whose validation windows judge"
            ) from None


def _check(
    algorithm: str, network: str, steps: int, batch: int, width: int, gamma: float, every: int, patience: int
) -> None:
    from schedulers.training.scheduler_net import KINDS

    check_algorithm(algorithm)
    if network not in KINDS:
        raise InputError(f"--network {network!r} is unknown; known are {', '.join(KINDS)}")
    numbers = (("steps", steps), ("batch", batch), ("width", width), ("validate-every", every))
    for name, value in numbers:
        if value < 1:
            raise InputError(f"--{name} must be at least 1, got {value}")
    if patience < 0:
        raise InputError(f"--patience must be at least 0, got {patience}")
    if not (0 < gamma <= 1 and math.isfinite(gamma)):
        raise InputError(f"--gamma must be above 0 and at most 1 (per hour), got {gamma}")
    if network == "attention" and width % 4:
        raise InputError(f"--width must be a multiple of 4 for attention, got {width}")


def _weights_hash(start: str | Path) -> dict[str, str]:
    from experiments.runs.provenance import file_hash
    from schedulers.network.checkpoint_files import describe_checkpoint
    from schedulers.network.weights_file import WEIGHTS, read_weights

    network = describe_checkpoint(Path(start)).network
    read_weights(Path(start), network["width"], network["kind"])  # it may be a pipe, or endless
    return {"folder": Path(start).name, "sha256": file_hash(Path(start) / WEIGHTS)}
