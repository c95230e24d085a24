"""What a dataset is asked for, and the task that it makes: windows, policies, and facts of their origin."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium

import rare
from experiments.process.code_identity import code_hash, library_versions
from experiments.runs.provenance import scheduler_files
from rare.dataset.logging_task import Task
from rare.dataset.play_episode import Policy
from rare.dataset.write_dataset import SHARD_DECISIONS
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.episodes import Episodes
from rare.scenario.case_hash import case_hash, config_hash
from rare.scenario.load import Loaded, Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from rare.scheduler import BaseScheduler
from schedulers import make_scheduler
from schedulers.heuristics.fused_record import RandomActions
from schedulers.user.user_class import users_error
from traces.errors import InputError

RANDOM = "random"
SPLIT = "train"  # the only split for training (DESIGN §6)
JUDGED = "validation"


@dataclass(frozen=True, slots=True)
class DatasetRequest:
    """Options of a dataset.

    scenario      : a shipped scenario's name, or a TOML file, with training windows
    settings      : changes of the scenario, `table.key=value`
    episodes      : how many to play
    epsilon       : probability of a random valid action instead of the scheduler's, 0 to 1
    seed          : of windows, schedulers and random actions
    scenario_seed : of service classes
    max_decisions : truncate episodes after this number of decisions; None: never
    queue_slots, running_slots, forecast_hours : of the observations
    reservations  : of the mask (rare.env.observation.mask); the scheduler waits where its choice is withheld
    author, author_email, code_permalink : for Minari's metadata
    shard_decisions : decisions in each file while episodes are played
    InputError for impossible values.
    """

    scenario: str = "islanded"
    settings: Sequence[str] = ()
    episodes: int = 100
    epsilon: float = 0.0
    seed: int = 0
    scenario_seed: int = 0
    max_decisions: int | None = None
    queue_slots: int = 64
    running_slots: int = 16
    forecast_hours: int = 24
    reservations: bool = False
    author: Sequence[str] = ()
    author_email: Sequence[str] = ()
    code_permalink: str | None = None
    shard_decisions: int = SHARD_DECISIONS

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise InputError(f"--episodes must be at least 1, got {self.episodes}")
        if not 0 <= self.epsilon <= 1:
            raise InputError(f"--epsilon must be a probability from 0 to 1, got {self.epsilon}")

    def layout(self) -> Layout:
        """The layout of the observations, but levels and events. InputError for impossible numbers."""
        return Layout(self.queue_slots, self.running_slots, self.forecast_hours, self.reservations)

    def environment(self) -> dict[str, Any]:
        """Arguments of the environment that plays these windows."""
        return {
            "scenario": self.scenario,
            "settings": list(self.settings),
            "scenario_seed": self.scenario_seed,
            "queue_slots": self.queue_slots,
            "running_slots": self.running_slots,
            "forecast_hours": self.forecast_hours,
            **({"reservations": True} if self.reservations else {}),
        }


def task_of(schedulers: Sequence[str], request: DatasetRequest) -> Task:
    """The task of logging these schedulers, without reference scores. InputError for bad input.

    Processes that play parts of one dataset each make it for themselves; equal plans mean equal tasks.
    """
    layout = request.layout()
    policies = [policy_of(name, request.epsilon) for name in schedulers]
    repeated = [name for place, name in enumerate(schedulers) if name in schedulers[:place]]
    if repeated:
        raise InputError(f"scheduler {repeated[0]!r} is given twice; name each once")
    loaded = load_scenario(request.scenario, Wishes(settings=request.settings))
    episodes = episodes_of(request.scenario, tuple(request.settings), request.scenario_seed)
    _check_policies(policies, episodes)
    return Task(
        episodes=episodes,
        layout=fitted(layout, episodes.cases),
        policies=policies,
        seed=request.seed,
        most_decisions=request.max_decisions,
        split=SPLIT,
        about=_provenance(loaded, episodes, schedulers, request),
    )


def _check_policies(policies: Sequence[Policy], episodes: Episodes) -> None:
    """InputError for a scheduler that refuses one of the cases, before any episode is played."""
    for policy in policies:
        for case in episodes.cases:
            policy.check(case)


def policy_of(name: str, epsilon: float) -> Policy:
    """The behaviour policy of a scheduler's name; `random` has no choice of its own."""
    if name == RANDOM:
        return Policy(name, RandomActions, 1.0)
    scheduler = make_scheduler(name)
    # A scheduler makes a decider for each episode. A user's object has state, so each episode gets a new one.
    keep = isinstance(scheduler, BaseScheduler)
    make = (lambda: scheduler) if keep else (lambda: make_scheduler(name))
    printable_name = name.encode("utf-8", "backslashreplace").decode()  # of a path that is no UTF-8
    return Policy(printable_name, make, epsilon, partial(users_error, name))


def minari_metadata(request: DatasetRequest, reference: dict[str, Any] | None) -> dict[str, Any]:
    """The additional metadata of the Minari dataset."""
    spec = copy.deepcopy(gymnasium.spec("rare/GreenCluster-v0"))  # a copy: the registered one must not change
    options = request.environment()
    spec.kwargs = options
    credits = {
        "author": list(request.author),
        "author_email": list(request.author_email),
        "code_permalink": request.code_permalink,
    }
    metadata = {"env_spec": spec.to_json(), **{key: value for key, value in credits.items() if value}}
    metadata.setdefault("author", [f"rare {rare.__version__}"])
    if reference is not None:
        spec.kwargs = {**options, "split": JUDGED}
        metadata |= {
            "eval_env_spec": spec.to_json(),
            "ref_min_score": reference["random"],
            "ref_max_score": reference["best"],
            "num_episodes_average_score": reference["windows"],
        }
    return metadata


def _provenance(
    loaded: Loaded, episodes: Episodes, schedulers: Sequence[str], request: DatasetRequest
) -> dict[str, Any]:
    """Scenario, hashes and versions that determine the logged decisions."""
    return {
        "scenario": loaded.scenario.name,
        "settings": list(request.settings),
        "scenario_seed": request.scenario_seed,
        "config_sha256": config_hash(loaded.scenario),
        "case_sha256": [case_hash(case) for case in episodes.cases],
        "rare": rare.__version__,
        "code_sha256": code_hash(),
        "libraries": dict(library_versions()),
        "scheduler_files_sha256": scheduler_files(schedulers),
    }
