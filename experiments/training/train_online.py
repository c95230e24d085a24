"""`rare train online`: learn a scheduler by playing, from scratch or from an offline checkpoint."""

from __future__ import annotations

import dataclasses
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.runs.progress import QUIET, ProgressDisplay
from experiments.runs.provenance import file_hash
from experiments.training.train_folder import (
    SUMMARY,
    check_extra,
    device_for,
    objectives_text,
    opened,
    read_json,
    versions,
    write_json,
)
from rare.env.observation.layout import Layout
from rare.episodes import Episodes, Randomise
from rare.scenario.case_hash import case_hash
from rare.scenario.scenario_episodes import episodes_of_all
from schedulers.network.checkpoint_files import KINDS, WEIGHTS
from schedulers.training.discount import REWARD_SCALE
from traces.errors import InputError

if TYPE_CHECKING:
    from schedulers.training.checkpoint import Checkpoint
    from schedulers.training.offline.transitions import Transitions
    from schedulers.training.online.dqn import SchedulerDQN
    from schedulers.training.online.online_loop import Progress
    from schedulers.training.online.online_options import DqnOptions, PpoOptions
    from schedulers.training.online.ppo import SchedulerPPO
    from schedulers.training.scheduler_net import SchedulerNet

    OnlineOptions = PpoOptions | DqnOptions
    Learner = SchedulerPPO | SchedulerDQN

ALGORITHMS = ("ppo", "dqn")
SPLIT, TRAIN, REPLAY = "validation", "train", "replay"
WIDTH = 64


@dataclass(frozen=True, slots=True)
class OnlineRequest:
    """What to learn by playing, and how.

    algorithm      : one of ALGORITHMS
    steps          : decisions to play
    start          : a checkpoint whose weights to start from; None: a new network
    data, mix      : dqn learns from these logged transitions too, this share of every batch
    settings       : `table.key=value`, what changes of the scenario
    network, width : of a new network; None: pointwise, 64, or the checkpoint's
    limits         : costs of episodes and what they may be, such as violations=0.1 (ppo)
    randomise      : training clusters drawn from ranges; the validation windows are the scenario's own
    reservations   : the mask withholds what would delay the most urgent job without room
                     (rare.env.observation.mask), in training and wherever the checkpoint is used
    layout         : of a new network's observations, where there is neither `start` nor `data`
    scenario_seed  : draws service classes
    episodes       : windows put together elsewhere, with the splits train and validation; the scenario then
                     only names them
    reward, reward_eta : what is learned and judged by, as an environment has them (docs/environment.md)
    seed           : draws first weights, windows and actions
    device         : auto, cpu or cuda
    resume         : go on where a run of this request was stopped
    validate_every : decisions between validations
    options        : of the algorithm (schedulers.training.online.online_options), such as {"rollout": 64};
                     None: its default
    figure         : draw curve.png
    InputError for values that cannot be.
    """

    algorithm: str = "ppo"
    steps: int = 200_000
    start: str | Path | None = None
    data: Sequence[str | Path] = ()
    mix: float = 0.5
    settings: Sequence[str] = ()
    network: str | None = None
    width: int | None = None
    limits: Sequence[str] = ()
    randomise: Randomise | None = None
    reservations: bool = False
    layout: Layout | None = None
    scenario_seed: int = 0
    episodes: Episodes | None = None
    reward: str = "objective"
    reward_eta: float = 0.002
    seed: int = 0
    device: str = "auto"
    resume: bool = False
    validate_every: int = 20_000
    options: Mapping[str, Any] | None = None
    figure: bool = True

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise InputError(f"--algorithm {self.algorithm!r} is unknown; known are {', '.join(ALGORITHMS)}")
        for name in ("steps", "validate_every"):
            if getattr(self, name) < 1:
                raise InputError(f"--{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.mix < 1:
            raise InputError(
                f"--mix must be from 0 to below 1, the share of logged transitions; got {self.mix}"
            )
        if self.data and self.algorithm != "dqn":
            raise InputError("--data: only dqn learns from logged transitions; start ppo --from a checkpoint")
        if self.limits and self.algorithm != "ppo":
            raise InputError("--limit: only ppo keeps limits; give --algorithm ppo")


def train_online(
    scenario: str,
    out: str | Path,
    request: OnlineRequest | None = None,
    *,
    display: ProgressDisplay = QUIET,
    **changes: Any,
) -> dict[str, Any]:
    """Play decisions of training windows and learn from them into the folder `out`; what summary.json holds.

    scenario: one, or several joined by commas; then the windows of all are played, and judged, alike.
    changes: fields of OnlineRequest by name, such as steps=50_000. InputError for whatever cannot be done,
    TypeError for a field that there is not.
    """
    check_extra()
    request = dataclasses.replace(request or OnlineRequest(), **changes)
    import torch

    from schedulers.training.offline.transitions import read_transitions
    from schedulers.training.online.online_options import DqnOptions, PpoOptions, with_changes

    torch.set_num_threads(1)
    changed = {key: value for key, value in (request.options or {}).items() if value is not None}
    options = with_changes(PpoOptions() if request.algorithm == "ppo" else DqnOptions(), changed)
    logged = read_transitions(request.data, gamma_per_hour=options.gamma) if request.data else None
    for note in logged.notes if logged else ():
        display.note(note)
    origin = _origin(request)
    net = _network(request, origin, logged)
    config = _config(scenario, request, options, net, origin, logged)
    run = _Run(config, request.episodes, request.randomise, display)
    with opened(out, config, request.resume) as folder:
        if (folder / SUMMARY).exists():
            display.note(f"{folder}: is finished; nothing to do")
            summary = dict(read_json(folder / SUMMARY))
        else:
            summary = run.train(folder, net, options, logged)
            write_json(folder / SUMMARY, summary)
        shutil.rmtree(folder / REPLAY, ignore_errors=True)
        if (
            request.figure and not (folder / "curve.svg").exists()
        ):  # also where a kill came before it was drawn
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
    """What decides the run: the object of config.json, with which a resumed run is compared."""
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
    """One training run: everything between its options and its summary."""

    def __init__(
        self,
        config: dict[str, Any],
        episodes: Episodes | None,
        randomise: Randomise | None,
        display: ProgressDisplay,
    ) -> None:
        self.config, self.display = config, display
        self.kind = {"reward": config["reward"], "reward_eta": config["reward_eta"]}
        if episodes is not None:
            self.judged = self.played = episodes
            self.windows = episodes.of(SPLIT)
            return
        names = tuple(part.strip() for part in config["scenario"].split(","))
        place = (names, tuple(config["settings"]), config["scenario_seed"])
        self.judged = episodes_of_all(*place)
        self.played = self.judged if randomise is None else episodes_of_all(*place, randomise)
        self.windows = self.judged.of(SPLIT)

    def train(
        self, folder: Path, net: SchedulerNet, options: OnlineOptions, data: Transitions | None
    ) -> dict[str, Any]:
        """Train in a folder; what summary.json holds."""
        from schedulers.training.online.online_loop import Training

        learner = self.learner(folder, net, options, data)
        config, began_s = self.config, time.monotonic()
        with self.display.task(f"{config['algorithm']} on {config['scenario']}", "steps") as task:
            training = Training(
                learner,
                config["validate_every"],
                folder,
                self.validate,
                self.facts(),
                lambda progress, total: task.update(progress.step, total, objectives_text(progress)),
                untrained=config["start"] is None,
            )
            return self.summary(training.run(), learner, time.monotonic() - began_s)

    def learner(
        self, folder: Path, net: SchedulerNet, options: OnlineOptions, data: Transitions | None
    ) -> Learner:
        """The algorithm on fresh environments."""
        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv  # needs the extra
        from schedulers.training.online.dqn import SchedulerDQN
        from schedulers.training.online.online_options import PpoOptions
        from schedulers.training.online.ppo import SchedulerPPO

        config, layout = self.config, net.layout
        env = GreenClusterSB3VecEnv(
            options.environments,
            self.played,
            split=TRAIN,
            queue_slots=layout.queue_slots,
            running_slots=layout.running_slots,
            forecast_hours=layout.forecast_hours,
            reservations=layout.reservations,
            **self.kind,
        )
        env.seed(config["seed"])
        common: dict[str, Any] = {
            "origin": config["start"] is not None,
            "seed": config["seed"],
            "device": config["device"],
        }
        if isinstance(options, PpoOptions):
            return SchedulerPPO(env, options, config["steps"], net, limits=config["limits"], **common)
        between = math.ceil(config["validate_every"] / options.environments) + options.rollout
        return SchedulerDQN(
            env,
            options,
            config["steps"],
            net,
            data=data,
            mix=config["mix"],
            folder=folder / REPLAY,
            spare_rows=between,
            **common,
        )

    def validate(self, net: SchedulerNet, heads: Sequence[str]) -> tuple[str, Any]:
        """How the network chooses best, and then its scores of the validation windows (W,)."""
        from schedulers.training.greedy_windows import best_choice

        return best_choice(net, self.judged, self.windows, heads, **self.kind)

    def facts(self) -> Callable[[int, float, str], dict[str, Any]]:
        """What a checkpoint says of itself."""
        config = self.config
        kept = (
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
                **{key: config[key] for key in kept},
                "steps": step,
                "head": head,
                "validation_objective": objective,
                "from": config["start"],
            }

        return of

    def summary(self, progress: Progress, learner: Learner, wall_s: float) -> dict[str, Any]:
        """What summary.json holds. Seconds are of all parts of an interrupted run, but for its start-ups."""
        spent = {**learner.spent_s, "validation": progress.validation_s, "saving": progress.saving_s}
        total_s, learning_s = sum(spent.values()), sum(learner.spent_s.values())
        return {
            **{key: self.config[key] for key in ("algorithm", "scenario", "seed", "steps", "device")},
            "windows": [window.name for window in self.windows],
            "first": {"objective": progress.first, "lowest_since": progress.lowest},
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
            "shares": {part: seconds / total_s for part, seconds in spent.items()},
        }


def _origin(request: OnlineRequest) -> Checkpoint | None:
    """The checkpoint to start from. InputError if another network is asked for."""
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


def _network(request: OnlineRequest, origin: Checkpoint | None, logged: Transitions | None) -> SchedulerNet:
    """The network before training. InputError if the logged data has observations of another layout."""
    from schedulers.training.checkpoint import resized

    layout = logged.layout if logged else request.layout or Layout()
    net = origin.net if origin else _new(layout, request)
    if request.reservations:
        net = resized(net, dataclasses.replace(net.layout, reservations=True))
    if logged is not None and logged.layout != net.layout:
        raise InputError(
            f"--data: its observations have another layout than --from {request.start}; log them anew"
        )
    return net


def _new(layout: Layout, request: OnlineRequest) -> SchedulerNet:
    """A network with first weights drawn from the seed. InputError for a kind or width that cannot be."""
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
    """What config.json says of the checkpoint that a run starts from."""
    if start is None or origin is None:
        return None
    facts = {key: origin.facts.get(key) for key in ("trained", "steps", "head", "validation_objective")}
    return {"folder": Path(start).name, "sha256": file_hash(Path(start) / WEIGHTS), **facts}
