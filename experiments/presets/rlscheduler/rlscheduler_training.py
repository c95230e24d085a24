"""Training of the agents of RLScheduler's case: on synthetic Lublin-model jobs, never on lublin_256."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import rare
from experiments.presets.preset_files import Record
from experiments.presets.rlscheduler.rlscheduler_agents import ALL_JOBS, InOrder, waiting_only, where_it_fits
from experiments.presets.rlscheduler.rlscheduler_case import PROCESSORS, case_of, windows_of
from experiments.presets.rlscheduler.rlscheduler_teacher import first_in_order, patient
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.train_folder import CONFIG, check_extra
from experiments.training.train_online import train_online
from rare.env.batch import Batch
from rare.env.observation.layout import Layout
from rare.episodes import Episode, Episodes, window_case
from schedulers.network.forward import TWO_STEP
from schedulers.training.online.online_options import FADING_ANCHOR
from traces.synthetic import lublin

if TYPE_CHECKING:
    from torch import Tensor

    from schedulers.training.scheduler_net import SchedulerNet

LOAD = 1.06
"""Of lublin_256: sum(processors x run time) / (256 x time from the first submit to the last) is 1.061."""
TRACE_JOBS = 10_000
TRACES, WINDOWS_A_TRACE = 6, 30
VALIDATION_SEED, VALIDATION_WINDOWS = 900, {256: 39, 1024: 9}
LAYOUT = Layout(queue_slots=256, running_slots=64, forecast_hours=0)
WIDTH = 32
REWARD = "slowdown"
ROUNDS, ENVIRONMENTS, STEPS_A_ROUND, PASSES, BATCH, LEARNING_RATE = 40, 64, 32, 3, 256, 3e-3  # of cloning
OPTIONS: dict[str, float | str] = {
    **FADING_ANCHOR,
    "reward_scale": 0.05,
    "learning_rate": 5e-4,
    "epochs": 2,
    "critic_steps": 10_000,
    "clone_weight": 0.3,
    "clone_steps": 40_000,
}
VALIDATE_EVERY = 10_000
JUDGE_EVERY = 5  # rounds
AGENT, ORDER = "agent", "order"

Teacher = Callable[[np.ndarray, Layout], np.ndarray]
"""Observations (E, D) of a layout -> actions (E,)."""
Transform = Callable[[np.ndarray, Layout], np.ndarray]
"""Observations (E, D) of a layout -> observations (E, D) for the network."""


def training_episodes(seed: int, traces: int = TRACES) -> Episodes:
    """Windows of 256 jobs of synthetic traces (train), and of another one of 256 and 1,024 (validation)."""
    seeds = [VALIDATION_SEED, *(1000 * (seed + 1) + number for number in range(traces))]
    cases, episodes = [], []
    for index, number in enumerate(seeds):
        jobs = lublin(TRACE_JOBS, processors=PROCESSORS, load=LOAD, seed=number)
        cases.append(case_of(jobs))
        split = "train" if index else "validation"
        for length, count in ({256: WINDOWS_A_TRACE} if index else VALIDATION_WINDOWS).items():
            first = np.linspace(0, len(jobs) - length, count).astype(int).tolist()
            episodes += windows_of(jobs, first, length, split, index)
    return Episodes("rlscheduler", tuple(cases), tuple(episodes))


class Player:
    """Environments that play random training windows, one after the other."""

    def __init__(self, episodes: Episodes, layout: Layout, environments: int, seed: int) -> None:
        self.windows = episodes.of("train")
        self.batch = Batch(episodes, layout, environments, reward=REWARD)
        self.rng = np.random.default_rng(seed)
        for e in range(environments):
            self._restart(e)

    def _restart(self, e: int) -> None:
        window: Episode = self.windows[int(self.rng.integers(len(self.windows)))]
        self.batch.set_up(e, window)
        self.batch.begin(e)

    def step(self, actions: np.ndarray) -> None:
        """One decision (E,) in all environments; ended ones begin another window."""
        self.batch.step(np.ascontiguousarray(actions, np.int64))
        for e in np.flatnonzero(self.batch.ended()).tolist():
            self._restart(e)


def clone(
    net: SchedulerNet,
    episodes: Episodes,
    teacher: Teacher,
    *,
    seed: int,
    rounds: int,
    transform: Transform | None = None,
) -> Iterator[float]:
    """Train a network to imitate a teacher in the states that it visits; yields its agreement by round.

    Like schedulers.training.distil.imitate, but for teachers of observations, in many environments at once.
    Each round learns from its own decisions alone, because forty rounds exceed the memory. The teacher acts
    in the first round, and with a falling share in later ones (DAgger: Ross, Gordon, Bagnell 2011, arXiv
    1011.0686). transform: of the network's observations. An invalid choice is played as WAIT.
    """
    import torch

    from schedulers.training.scheduler_net import two_step

    torch.set_num_threads(1)
    player = Player(episodes, net.layout, ENVIRONMENTS, seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for number in range(rounds):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1.0 - number / rounds)
        obs, action = _labelled(player, net, teacher, max(0.0, 1.0 - 2.0 * number / rounds), transform)
        agreements = []
        for _ in range(PASSES):
            for rows in torch.from_numpy(player.rng.permutation(len(obs))).split(BATCH):
                logits = net.policy(obs[rows])
                loss = torch.nn.functional.cross_entropy(logits, action[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                agreements.append(float((two_step(logits.detach()) == action[rows]).float().mean()))
        yield float(np.mean(agreements))


def _labelled(
    player: Player,
    net: SchedulerNet,
    teacher: Teacher,
    teacher_share: float,
    transform: Transform | None,
) -> tuple[Tensor, Tensor]:
    """The network's observations in a round (N, D), and the teacher's actions there (N,).

    teacher_share: probability that the teacher's action is played.
    """
    import torch

    from schedulers.training.scheduler_net import two_step

    observations, labels = [], []
    for _ in range(STEPS_A_ROUND):
        obs = player.batch.obs
        visible = obs.copy() if transform is None else transform(obs, net.layout)
        taught = teacher(obs, net.layout)
        with torch.no_grad():
            chosen = two_step(net.policy(torch.from_numpy(visible))).numpy()
        observations.append(visible)
        labels.append(taught)
        teacher_acts = player.rng.random(len(obs)) < teacher_share
        player.step(where_it_fits(obs, np.where(teacher_acts, taught, chosen)))
    return torch.from_numpy(np.concatenate(observations)), torch.from_numpy(np.concatenate(labels))


class Ranking(NamedTuple):
    """For a network that only ranks jobs: its view of an observation, and its validation score.

    validate: lower is better; evaluated every JUDGE_EVERY rounds.
    """

    transform: Transform
    validate: Callable[[SchedulerNet], float]


def cloned(
    folder: Path,
    episodes: Episodes,
    teacher: Teacher,
    *,
    seed: int,
    rounds: int,
    ranking: Ranking | None = None,
    display: ProgressDisplay = QUIET,
) -> Path:
    """The checkpoint folder of a network trained by `clone`; one with the same facts is not trained again.

    ranking: for a network that only ranks; the round with the best validation score is kept. Without it the
    last round is kept.
    """
    transform, validate = ranking or (None, None)
    import torch

    from schedulers.network.checkpoint_files import FACTS
    from schedulers.training import checkpoint
    from schedulers.training.scheduler_net import NetworkSize, SchedulerNet

    facts: Record = {
        "trained": f"clone of {teacher.__name__}",
        "head": TWO_STEP,
        "seed": seed,
        "rounds": rounds,
        "windows": len(episodes.of("train")),
        "judged": validate is not None,
    }
    if (folder / FACTS).is_file():
        previous = checkpoint.load(folder).facts
        if {name: previous.get(name) for name in facts} == facts:
            return folder
    torch.manual_seed(seed)
    net, lowest = SchedulerNet(LAYOUT, NetworkSize(width=WIDTH)), float("inf")
    best: checkpoint.Checkpoint | None = None
    with display.task(f"imitating {teacher.__name__}", "rounds") as task:
        learning = clone(net, episodes, teacher, seed=seed, rounds=rounds, transform=transform)
        for done, agreement in enumerate(learning, 1):
            task.update(done, rounds)
            if done < rounds and (validate is None or done % JUDGE_EVERY):
                continue
            score = 0.0 if validate is None else validate(net)
            if score < lowest:
                lowest = score
                round_facts = {**facts, "round": done, "agreement": agreement, "validation": score}
                best = checkpoint.Checkpoint(copy.deepcopy(net), round_facts)
    assert best is not None
    checkpoint.save(folder, best)
    return folder


def order_judge(episodes: Episodes) -> Callable[[SchedulerNet], float]:
    """A function of a ranking network: its mean bounded slowdown over the validation windows, in order."""
    cases = [window_case(episodes.cases[window.case_index], window) for window in episodes.of("validation")]

    def of(net: SchedulerNet) -> float:
        from schedulers.training import checkpoint
        from schedulers.training.greedy_windows import forward_of_net

        ranking = forward_of_net(checkpoint.resized(net, ALL_JOBS), TWO_STEP)
        scheduler = InOrder("order", ranking.best)
        slowdowns = [rare.simulate(case, scheduler).metrics["mean_bounded_slowdown"] for case in cases]
        return float(np.mean(slowdowns))

    return of


def widened(source: Path, folder: Path) -> Path:
    """Write a checkpoint with slots for every waiting job of the longest window; returns `folder`."""
    from schedulers.training import checkpoint

    trained = checkpoint.load(source)
    checkpoint.save(folder, checkpoint.Checkpoint(checkpoint.resized(trained.net, ALL_JOBS), trained.facts))
    return folder


def train_seed(
    out: Path,
    seed: int,
    steps: int,
    rounds: int = ROUNDS,
    traces: int = TRACES,
    display: ProgressDisplay = QUIET,
) -> Record:
    """Train the networks `agent` and `order` of one seed in the folder `out`; resumes an interrupted run.

    The agent imitates the rule `patient` and then learns by PPO for `steps` decisions (0: no PPO); the best
    on the validation windows is kept. `order` imitates the rule `first_in_order`; the best round on the
    validation windows is kept. Returns validation scores and times, for results.json.
    """
    check_extra()
    began_s = time.monotonic()
    episodes = training_episodes(seed, traces)
    display.note(f"{out.name}: imitates the rules")
    start = cloned(out / "clone", episodes, patient, seed=seed, rounds=rounds, display=display)
    ranking = Ranking(waiting_only, order_judge(episodes))
    ranks = cloned(
        out / "clone-order",
        episodes,
        first_in_order,
        seed=seed,
        rounds=rounds,
        ranking=ranking,
        display=display,
    )
    report: Record = {"seed": seed, "steps": steps, "validation": None}
    best = start
    if steps:
        summary = train_online(
            "lublin-synthetic",
            out / "ppo",
            steps=steps,
            start=start,
            episodes=episodes,
            reward=REWARD,
            options=OPTIONS,
            seed=seed,
            device="cpu",
            resume=(out / "ppo" / CONFIG).is_file(),
            validate_every=VALIDATE_EVERY,
            figure=False,
            display=display,
        )
        best = out / "ppo" / "best"
        report["validation"] = {
            "clone": -summary["first"]["objective"],
            "best": -summary["best"]["objective"],
            "step": summary["best"]["step"],
            "wall_s": summary["wall_s"],
        }
    widened(best, out / AGENT)
    widened(ranks, out / ORDER)
    return {**report, "seconds": time.monotonic() - began_s}
