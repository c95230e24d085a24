"""`rare train online` as a function: train a scheduler by RL in simulation, from scratch or a checkpoint."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from experiments.training.training_requests import OnlineRequest
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.episodes import Episodes, Randomise
from rare.scenario.case_hash import case_hash
from rare.scenario.scenario_episodes import episodes_of_all
from schedulers.network.checkpoint_files import KINDS, WEIGHTS
from schedulers.training.discount import REWARD_SCALE
from schedulers.training.online.online_algorithms import ONLINE_ALGORITHMS, OnlineTask
from traces.errors import InputError
from traces.files.atomic import write_json

if TYPE_CHECKING:
    from schedulers.training.checkpoint import Checkpoint
    from schedulers.training.offline.transitions import Transitions
    from schedulers.training.online.online_loop import Learner, Progress
    from schedulers.training.online.online_options import DqnOptions, PpoOptions
    from schedulers.training.scheduler_net import SchedulerNet

    OnlineOptions = PpoOptions | DqnOptions
SPLIT, TRAIN, REPLAY = "validation", "train", "replay"
WIDTH = 64


def train_online(
    scenario: str,
    out: str | Path,
    request: OnlineRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> dict[str, Any]:
    """Train on the training windows and write the run into `out`; returns the object of summary.json.

    scenario: one, or several joined by commas; the windows of all are used for training and validation.
    changes: fields of OnlineRequest by name, such as steps=50_000. InputError for bad input, TypeError for
    an unknown field.
    """
    check_extra()
    request = dataclasses.replace(request or OnlineRequest(), **changes)
    import torch

    from schedulers.training.offline.transitions import read_transitions
    from schedulers.training.online.online_options import with_changes

    torch.set_num_threads(1)
    changed = {key: value for key, value in (request.options or {}).items() if value is not None}
    options = with_changes(ONLINE_ALGORITHMS[request.algorithm].value.options(), changed)
    logged = read_transitions(request.data, gamma_per_hour=options.gamma) if request.data else None
    for note in logged.notes if logged else ():
        display.note(note)
    origin = _origin(request)
    judged = request.episodes or _episodes(scenario, request)
    net = _network(request, origin, logged, judged)
    config = _config(scenario, request, options, net, origin, logged)
    randomised = request.episodes is None and request.randomise is not None
    run = _Run(
        config, judged, _episodes(scenario, request, request.randomise) if randomised else judged, display
    )
    with opened(out, config, request.resume) as folder:
        if (folder / SUMMARY).exists():
            display.note(f"{folder}: is finished; nothing to do")
            summary = dict(read_json(folder / SUMMARY))
        else:
            summary = run.train(folder, net, options, logged)
            write_json(folder / SUMMARY, summary)
        shutil.rmtree(folder / REPLAY, ignore_errors=True)
        if request.figure and not (folder / "curve.svg").exists():  # also after a kill before it was drawn
            from experiments.figures.learning_curves import draw_learning

            draw_learning([folder], folder / "curve")
    return summary


def _config(
    scenario: str,
    request: OnlineRequest,
    options: OnlineOptions,
    net: SchedulerNet,
    origin: Checkpoint | None,
    logged: Transitions | None,
) -> dict[str, Any]:
    """The object of config.json: everything that determines the run. A resumed run is compared with it."""
    from schedulers.training.online.lagrangian import parsed

    episodes, randomise, layout = request.episodes, request.randomise, request.layout
    return {
        "kind": "online",
        "algorithm": request.algorithm,
        "scenario": scenario,
        "settings": list(request.settings),
        "scenario_seed": request.scenario_seed,
        "steps": request.steps,
        "reward": request.reward,
        "reward_eta": request.reward_eta,
        "cases": None if episodes is None else [case_hash(case) for case in episodes.cases],
        "network": net.size.kind,
        "width": net.size.width,
        "options": dataclasses.asdict(options),
        "limits": parsed(tuple(request.limits)),
        "gamma_per_hour": options.gamma,
        "reward_scale": REWARD_SCALE,
        "seed": request.seed,
        "device": device_for(request.device, net.size.width, options.batch),
        "validate_every": request.validate_every,
        "randomise": dataclasses.asdict(randomise) if randomise else None,
        "data": [dict(source) for source in logged.sources] if logged else [],
        "mix": request.mix if logged else 0.0,
        "start": _start_facts(request.start, origin),
        "versions": versions(),
        "layout": None if layout is None or origin or logged else dataclasses.asdict(layout),
        "reservations": net.layout.reservations,
    }


class _Run:
    """A training run, from its configuration to its summary."""

    def __init__(
        self,
        config: dict[str, Any],
        judged: Episodes,
        played: Episodes,
        display: ProgressDisplay,
    ) -> None:
        self.config, self.display = config, display
        self.kind = {"reward": config["reward"], "reward_eta": config["reward_eta"]}
        self.judged, self.played = judged, played
        self.windows = judged.of(SPLIT)

    def train(
        self, folder: Path, net: SchedulerNet, options: OnlineOptions, data: Transitions | None
    ) -> dict[str, Any]:
        """Train in a folder; returns the object of summary.json."""
        from schedulers.training.online.online_loop import Training
        from schedulers.training.run_callbacks import Callbacks

        learner = self.learner(folder, net, options, data)
        config, began_s = self.config, time.monotonic()
        with self.display.task(f"{config['algorithm']} on {config['scenario']}", "steps") as task:
            callbacks: Callbacks[Progress] = Callbacks(
                self.validate,
                self.facts(),
                lambda progress, total: task.update(progress.step, total, objectives_text(progress)),
            )
            training = Training(
                learner, config["validate_every"], folder, callbacks, untrained=config["start"] is None
            )
            progress = training.run()
        if progress.best_step == 0 and progress.unproven > progress.best:
            self.display.note(unproven_text(progress, getattr(options, "margin", 0.0)))
        return self.summary(progress, learner, time.monotonic() - began_s)

    def learner(
        self, folder: Path, net: SchedulerNet, options: OnlineOptions, data: Transitions | None
    ) -> Learner:
        """The learner of the algorithm, on new environments."""
        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv  # needs the extra
        from schedulers.training.online.learner_start import LearnerStart

        config, layout = self.config, net.layout
        env = GreenClusterSB3VecEnv(
            options.environments,
            self.played,
            split=TRAIN,
            queue_slots=layout.queue_slots,
            running_slots=layout.running_slots,
            forecast_hours=layout.forecast_hours,
            reservations=layout.reservations,
            levels=layout.levels,
            events=layout.events,
            prices=layout.prices,
            **self.kind,
        )
        env.seed(config["seed"])
        task = OnlineTask(
            env=env,
            options=options,
            start=LearnerStart(
                net,
                from_checkpoint=config["start"] is not None,
                from_logs=_is_offline(config["start"]),
                seed=config["seed"],
                device=config["device"],
            ),
            steps=config["steps"],
            data=data,
            mix=config["mix"],
            limits=config["limits"],
            folder=folder / REPLAY,
            spare_rows=math.ceil(config["validate_every"] / options.environments) + options.rollout,
        )
        return ONLINE_ALGORITHMS[config["algorithm"]].value.learner(task)

    def validate(self, net: SchedulerNet, heads: Sequence[str]) -> tuple[str, Any]:
        """The best head of the network on the validation windows, and its scores there (W,)."""
        from schedulers.training.greedy_windows import best_choice

        return best_choice(net, self.judged, self.windows, heads, **self.kind)

    def facts(self) -> Callable[[int, float, str], dict[str, Any]]:
        """A function of step, objective and head: the facts of a checkpoint."""
        config = self.config
        copied_keys = (
            "scenario",
            "settings",
            "scenario_seed",
            "data",
            "seed",
            "gamma_per_hour",
            "reward_scale",
            "limits",
            "randomise",
            "reward",
            "versions",
        )

        def of(step: int, objective: float, head: str) -> dict[str, Any]:
            return {
                "trained": f"online {config['algorithm']}",
                **{key: config[key] for key in copied_keys},
                "steps": step,
                "head": head,
                "validation_objective": objective,
                "from": config["start"],
            }

        return of

    def summary(self, progress: Progress, learner: Learner, wall_s: float) -> dict[str, Any]:
        """The object of summary.json.

        Seconds are totals of all sessions of the run, without their start-up.
        """
        seconds_of = {**learner.spent_s, "validation": progress.validation_s, "saving": progress.saving_s}
        total_s, learning_s = sum(seconds_of.values()), sum(learner.spent_s.values())
        return {
            **{key: self.config[key] for key in ("algorithm", "scenario", "seed", "steps", "device")},
            "windows": [window.name for window in self.windows],
            "first": {"objective": progress.first, "lowest_since": progress.lowest},
            "unproven": progress.unproven if progress.unproven > progress.best else None,
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
            "environment_steps": progress.step,
            "transitions": sum(source["transitions"] for source in self.config["data"]),
            "wall_s": total_s,
            "session_s": wall_s,
            "frames_per_s": progress.step / learning_s,
            "shares": {part: seconds / total_s for part, seconds in seconds_of.items()},
        }


def _is_offline(start: dict[str, Any] | None) -> bool:
    """Whether a start, as config.json has it, learned from logs: only such a policy is as blurred as they."""
    return start is not None and str(start["trained"]).startswith("offline")


def unproven_text(progress: Progress, margin: float) -> str:
    """Why `best` is the checkpoint that the run started from."""
    return (
        f"best is the start itself ({progress.best:.3f} on validation windows): {progress.unproven:.3f}, the "
        f"highest later, is not above it by {margin:g} standard errors of the difference"
    )


def _origin(request: OnlineRequest) -> Checkpoint | None:
    """The initial checkpoint; None without one. InputError if the request has another network."""
    if request.start is None:
        return None
    from schedulers.training import checkpoint

    origin = checkpoint.load(Path(request.start))
    size = origin.net.size
    kind = size.kind if request.network is None else request.network
    width = size.width if request.width is None else request.width
    if (kind, width) != (size.kind, size.width):
        raise InputError(
            f"--from {request.start}: is a {size.kind} network of width {size.width}; leave out --network "
            "and --width"
        )
    return origin


def _episodes(scenario: str, request: OnlineRequest, randomise: Randomise | None = None) -> Episodes:
    """The windows of the scenarios, which are joined by commas."""
    names = tuple(part.strip() for part in scenario.split(","))
    return episodes_of_all(names, tuple(request.settings), request.scenario_seed, randomise)


def _network(
    request: OnlineRequest, origin: Checkpoint | None, logged: Transitions | None, judged: Episodes
) -> SchedulerNet:
    """The initial network. InputError if the logged data has observations of another layout."""
    from schedulers.training.checkpoint import resized

    layout = logged.layout if logged else request.layout or fitted(Layout(), judged.cases)
    net = origin.net if origin else _new(layout, request)
    if request.reservations:
        net = resized(net, dataclasses.replace(net.layout, reservations=True))
    if logged is not None and logged.layout != net.layout:
        raise InputError(
            f"--data: its observations have another layout than --from {request.start}; log them anew"
        )
    return net


def _new(layout: Layout, request: OnlineRequest) -> SchedulerNet:
    """A network with random weights of the seed. InputError for an unknown kind or impossible width."""
    import torch

    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    kind = KINDS[0] if request.network is None else request.network
    width = WIDTH if request.width is None else request.width
    if kind not in KINDS:
        raise InputError(f"--network {kind!r} is unknown; known are {', '.join(KINDS)}")
    if width < 1 or (kind == "attention" and width % 4):
        raise InputError(f"--width must be above 0, for attention a multiple of 4; got {width}")
    torch.manual_seed(request.seed)
    return SchedulerNet(layout, NetworkSize(kind, width))


def _start_facts(start: str | Path | None, origin: Checkpoint | None) -> dict[str, Any] | None:
    """The facts in config.json about the initial checkpoint; None without one."""
    if start is None or origin is None:
        return None
    facts = {key: origin.facts.get(key) for key in ("trained", "steps", "head", "validation_objective")}
    return {"folder": Path(start).name, "sha256": file_hash(Path(start) / WEIGHTS), **facts}
