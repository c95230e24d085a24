"""`rare train online`: learn a scheduler by playing, from scratch or from an offline checkpoint."""

from __future__ import annotations

import dataclasses
import math
import shutil
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
from rare.env.observation.layout import Layout
from rare.episodes import Episodes, Randomise
from rare.scenario.case_hash import case_hash
from schedulers.training.discount import REWARD_SCALE
from schedulers.training.online.online_algorithms import ONLINE_ALGORITHMS, OnlineTask, check_online
from traces.errors import InputError

if TYPE_CHECKING:
    from schedulers.training.checkpoint import Checkpoint
    from schedulers.training.offline.transitions import Transitions
    from schedulers.training.online.online_loop import Progress
    from schedulers.training.scheduler_net import SchedulerNet

SPLIT, TRAIN, REPLAY = "validation", "train", "replay"
WIDTH = 64


def train_online(
    scenario: str,
    out: str | Path,
    *,
    algorithm: str = "ppo",
    steps: int = 200_000,
    start: str | Path | None = None,
    data: Sequence[str | Path] = (),
    mix: float = 0.5,
    settings: Sequence[str] = (),
    network: str | None = None,
    width: int | None = None,
    limits: Sequence[str] = (),
    randomise: Randomise | None = None,
    reservations: bool = False,
    layout: Layout | None = None,
    scenario_seed: int = 0,
    episodes: Episodes | None = None,
    reward: str = "objective",
    reward_eta: float = 0.002,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    validate_every: int = 20_000,
    options: dict[str, Any] | None = None,
    figure: bool = True,
    talk: Talk = QUIET,
) -> dict[str, Any]:
    """Play `steps` decisions of training windows and learn from them into `out`; what summary.json holds.

    scenario: one, or several joined by commas; then the windows of all are played, and judged, alike.

    start: a checkpoint whose weights to start from. data, mix: dqn learns from logged transitions too, this
    share of every batch. network, width: of a new network; default pointwise, 64. limits: costs of episodes
    and what they may be, such as violations=0.1 (ppo). randomise: training clusters drawn from ranges; the
    validation windows are the scenario's own. reservations: the mask withholds what would delay the most
    urgent job without room (rare.env.observation.mask), in training and wherever the checkpoint is used.
    layout: of a
    new network's observations, where there is neither start nor data. episodes: windows put together
    elsewhere, with the splits train and validation; `scenario` then only names them. reward, reward_eta: what
    is learned and judged by, as an environment has them (docs/environment.md). options: of the algorithm
    (schedulers.training.online.online_options), such as {"rollout": 64}. InputError for whatever cannot be
    done.
    """
    check_extra()
    _check(algorithm, steps, validate_every, mix, bool(data), bool(limits))
    import torch

    from schedulers.training.checkpoint import resized
    from schedulers.training.offline.transitions import read_transitions
    from schedulers.training.online.lagrangian import parsed
    from schedulers.training.online.online_options import with_changes

    torch.set_num_threads(1)
    given = {key: value for key, value in (options or {}).items() if value is not None}
    chosen = with_changes(ONLINE_ALGORITHMS[algorithm].value.options(), given)
    logged = read_transitions(data, gamma_per_hour=chosen.gamma) if data else None
    for note in logged.notes if logged else ():
        talk.note(note)
    origin = _origin(start, network, width)
    net = (
        origin.net if origin else _new(logged.layout if logged else layout or Layout(), network, width, seed)
    )
    if reservations:
        net = resized(net, dataclasses.replace(net.layout, reservations=True))
    if logged is not None and logged.layout != net.layout:
        raise InputError(f"--data: its observations have another layout than --from {start}; log them anew")
    device = device_for(device, net.size.width, chosen.batch)
    config: dict[str, Any] = {
        "kind": "online", "algorithm": algorithm, "scenario": scenario, "settings": list(settings),
        "scenario_seed": scenario_seed, "steps": steps, "reward": reward, "reward_eta": reward_eta,
        "cases": None if episodes is None else [case_hash(case) for case in episodes.cases],
        "network": net.size.kind, "width": net.size.width,
        "options": dataclasses.asdict(chosen), "limits": parsed(tuple(limits)),
        "gamma_per_hour": chosen.gamma, "reward_scale": REWARD_SCALE, "seed": seed, "device": device,
        "validate_every": validate_every, "randomise": dataclasses.asdict(randomise) if randomise else None,
        "data": [dict(source) for source in logged.sources] if logged else [],
        "mix": mix if logged else 0.0, "start": _start_facts(start, origin), "versions": versions(),
        "layout": None if layout is None or origin or logged else dataclasses.asdict(layout),
        "reservations": net.layout.reservations,
    }  # fmt: skip
    run = _Run(config, episodes, randomise, talk)
    with opened(out, config, resume) as folder:
        if (folder / SUMMARY).exists():
            talk.note(f"{folder}: is finished; nothing to do")
            summary = dict(read_json(folder / SUMMARY))
        else:
            summary = run.train(folder, net, chosen, logged)
            write_json(folder / SUMMARY, summary)
        shutil.rmtree(folder / REPLAY, ignore_errors=True)
        if figure and not (folder / "curve.svg").exists():  # also where a kill came before it was drawn
            from experiments.figures.learning_curves import draw_learning

            draw_learning([folder], folder / "curve")
    return summary


class _Run:
    """One training run: everything between its options and its summary."""

    def __init__(
        self, config: dict[str, Any], episodes: Episodes | None, randomise: Randomise | None, talk: Talk
    ) -> None:
        from rare.scenario.scenario_episodes import episodes_of_all

        self.config, self.talk = config, talk
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
        self, folder: Path, net: SchedulerNet, options: Any, data: Transitions | None
    ) -> dict[str, Any]:
        """Train, and put what came of it into numbers."""
        from schedulers.training.online.online_loop import Training

        learner = self.learner(folder, net, options, data)
        config, began_s = self.config, time.monotonic()
        training = Training(
            learner, config["validate_every"], folder, self.validate, self.facts(), self.teller(),
            untrained=config["start"] is None,
        )  # fmt: skip
        try:
            return self.summary(training.run(), learner, time.monotonic() - began_s)
        finally:
            self.talk.done()

    def learner(self, folder: Path, net: SchedulerNet, options: Any, data: Transitions | None) -> Any:
        """The algorithm on fresh environments."""
        from rare.env.sb3_vec_env import GreenClusterSB3VecEnv

        config, layout = self.config, net.layout
        env = GreenClusterSB3VecEnv(
            options.environments, self.played, split=TRAIN, queue_slots=layout.queue_slots,
            running_slots=layout.running_slots, forecast_hours=layout.forecast_hours,
            reservations=layout.reservations, **self.kind,
        )  # fmt: skip
        env.seed(config["seed"])
        task = OnlineTask(
            env=env,
            options=options,
            net=net,
            steps=config["steps"],
            from_checkpoint=config["start"] is not None,
            seed=config["seed"],
            device=config["device"],
            data=data,
            mix=config["mix"],
            limits=config["limits"],
            folder=folder / REPLAY,
            spare_rows=math.ceil(config["validate_every"] / options.environments) + options.rollout,
        )
        return ONLINE_ALGORITHMS[config["algorithm"]].value.learner(task)

    def validate(self, net: SchedulerNet, heads: Sequence[str]) -> tuple[str, Any]:
        """How the network chooses best, and then its scores of the validation windows (W,)."""
        from schedulers.training.greedy_windows import best_choice

        return best_choice(net, self.judged, self.windows, heads, **self.kind)

    def facts(self) -> Callable[[int, float, str], dict[str, Any]]:
        """What a checkpoint says of itself."""
        config = self.config
        kept = (
            "scenario", "settings", "scenario_seed", "data", "seed", "gamma_per_hour", "reward_scale",
            "limits", "randomise", "reward", "versions",
        )  # fmt: skip

        def of(step: int, objective: float, head: str) -> dict[str, Any]:
            return {
                "trained": f"online {config['algorithm']}", **{key: config[key] for key in kept},
                "steps": step, "head": head, "validation_objective": objective, "from": config["start"],
            }  # fmt: skip

        return of

    def teller(self) -> Callable[[Progress, int], None]:
        """Progress with objective and time left."""
        say, began_s, first = self.talk.ticker(), time.monotonic(), -1
        label = f"{self.config['algorithm']} on {self.config['scenario']}"

        def of(progress: Progress, total: int) -> None:
            nonlocal first
            now_s = time.monotonic()
            if first < 0:  # the first round compiles
                first = progress.step
            rate = (progress.step - first) / max(now_s - began_s, 1e-9)
            left = f", {max(total - progress.step, 0) / rate:.0f} s left" if rate > 0 else ""
            say(
                f"{label}: {progress.step:,} of {total:,} steps, objective {progress.last:.4f}, best "
                f"{progress.best:.4f}{left}"
            )

        return of

    def summary(self, progress: Progress, learner: Any, wall_s: float) -> dict[str, Any]:
        """What summary.json holds. Seconds are of all parts of an interrupted run, but for its start-ups."""
        spent = {**learner.spent_s, "validation": progress.validation_s, "saving": progress.saving_s}
        total_s, learning_s = sum(spent.values()), sum(learner.spent_s.values())
        return {
            **{key: self.config[key] for key in ("algorithm", "scenario", "seed", "steps", "device")},
            "windows": [window.name for window in self.windows],
            "first": {"objective": progress.first, "lowest_since": progress.lowest},
            "best": {
                "objective": progress.best, "step": progress.best_step, "head": progress.best_head,
                "objectives": progress.best_objectives,
            },
            "last": {
                "objective": progress.last, "step": progress.step, "head": progress.last_head,
                "objectives": progress.last_objectives,
            },
            "environment_steps": progress.step,
            "transitions": sum(source["transitions"] for source in self.config["data"]),
            "wall_s": total_s,
            "session_s": wall_s,
            "frames_per_s": progress.step / learning_s,
            "shares": {part: seconds / total_s for part, seconds in spent.items()},
        }  # fmt: skip


def _origin(start: str | Path | None, network: str | None, width: int | None) -> Checkpoint | None:
    """The checkpoint to start from. InputError if another network is asked for."""
    if start is None:
        return None
    from schedulers.training import checkpoint

    found = checkpoint.load(Path(start))
    size = found.net.size
    asked = (size.kind if network is None else network, size.width if width is None else width)
    if asked != (size.kind, size.width):
        raise InputError(
            f"--from {start}: is a {size.kind} network of width {size.width}; leave out --network and --width"
        )
    return found


def _new(layout: Layout, network: str | None, width: int | None, seed: int) -> SchedulerNet:
    import torch

    from schedulers.training.scheduler_net import KINDS, NetworkSize, SchedulerNet

    kind, width = KINDS[0] if network is None else network, WIDTH if width is None else width
    if kind not in KINDS:
        raise InputError(f"--network {kind!r} is unknown; known are {', '.join(KINDS)}")
    if width < 1 or (kind == "attention" and width % 4):
        raise InputError(f"--width must be above 0, for attention a multiple of 4; got {width}")
    torch.manual_seed(seed)
    return SchedulerNet(layout, NetworkSize(kind, width))


def _start_facts(start: str | Path | None, origin: Checkpoint | None) -> dict[str, Any] | None:
    if start is None or origin is None:
        return None
    from experiments.runs.provenance import file_hash
    from schedulers.training.checkpoint import WEIGHTS

    told = {key: origin.facts.get(key) for key in ("trained", "steps", "head", "validation_objective")}
    return {"folder": Path(start).name, "sha256": file_hash(Path(start) / WEIGHTS), **told}


def _check(algorithm: str, steps: int, every: int, mix: float, data: bool, limits: bool) -> None:
    check_online(algorithm, data=data, limits=limits)
    for name, value in (("steps", steps), ("validate-every", every)):
        if value < 1:
            raise InputError(f"--{name} must be at least 1, got {value}")
    if not 0 <= mix < 1:
        raise InputError(f"--mix must be from 0 to below 1, the share of logged transitions; got {mix}")
