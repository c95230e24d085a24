"""`rare dataset`: log schedulers on the training windows of a scenario into a Minari dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium

import rare
from experiments.case_hash import case_hash, config_hash
from experiments.episodes import episodes_of
from experiments.provenance import code_hash, commit, library_versions, scheduler_files
from experiments.scenario import Loaded, Wishes, load_scenario
from experiments.talk import QUIET, Talk
from rare.dataset.play import Policy
from rare.dataset.write import SHARD_DECISIONS, Task, check_folder, log_dataset
from rare.episodes import Episodes
from rare.layout import Layout
from schedulers import make_scheduler
from schedulers.record import RandomActions
from traces.documents import user_path
from traces.errors import InputError

RANDOM = "random"
SPLIT = "train"  # learners see nothing else (DESIGN §6)


def dataset_run(
    schedulers: Sequence[str],
    out: str | Path,
    *,
    scenario: str = "islanded",
    settings: Sequence[str] = (),
    episodes: int = 100,
    epsilon: float = 0.0,
    seed: int = 0,
    scenario_seed: int = 0,
    max_decisions: int | None = None,
    queue_slots: int = 64,
    running_slots: int = 16,
    forecast_hours: int = 24,
    reservations: bool = False,
    shard_decisions: int = SHARD_DECISIONS,
    talk: Talk = QUIET,
) -> dict[str, Any]:
    """Log episodes 0 to `episodes` - 1 into the folder `out`; the data sheet. Goes on where it stopped.

    Each episode draws a training window and one of the schedulers. epsilon: how often a random valid
    action takes the place of the scheduler's. reservations: of the mask (rare.withhold); the scheduler waits
    where its choice is withheld.
    """
    if episodes < 1:
        raise InputError(f"--episodes must be at least 1, got {episodes}")
    if not 0 <= epsilon <= 1:
        raise InputError(f"--epsilon must be a probability from 0 to 1, got {epsilon}")
    folder = user_path(out)
    check_folder(folder)
    layout = Layout(queue_slots, running_slots, forecast_hours, reservations)
    policies = [policy_of(name, epsilon) for name in schedulers]
    twice = [name for place, name in enumerate(schedulers) if name in schedulers[:place]]
    if twice:
        raise InputError(f"scheduler {twice[0]!r} is given twice; name each once")
    loaded = load_scenario(scenario, Wishes(settings=settings))
    found = episodes_of(scenario, tuple(settings), scenario_seed)
    windows = len(found.of(SPLIT))
    for policy in policies:
        for case in found.cases:
            decider = policy.decider(case)
            getattr(decider, "check_quickly", decider.check)(case)
    options = {
        "scenario": scenario, "settings": list(settings), "scenario_seed": scenario_seed,
        "queue_slots": queue_slots, "running_slots": running_slots, "forecast_hours": forecast_hours,
        **({"reservations": True} if reservations else {}),
    }  # fmt: skip
    spec = gymnasium.spec("rare/GreenCluster-v0")
    spec.kwargs = options
    task = Task(
        episodes=found,
        layout=layout,
        policies=policies,
        seed=seed,
        most_decisions=max_decisions,
        split=SPLIT,
        about=_about(loaded, found, schedulers, list(settings), scenario_seed),
        origin={"commit": commit()},
        env_spec=spec.to_json(),
    )
    if epsilon == 0 and RANDOM not in schedulers and episodes > windows * len(schedulers):
        talk.note(
            f"{scenario} has {windows} training windows: without --epsilon, episodes after the first "
            f"{windows * len(schedulers)} repeat them"
        )
    tell = talk.progress(f"logging {', '.join(schedulers)}", "episodes")
    try:
        sheet = log_dataset(task, episodes, folder, shard_decisions=shard_decisions, progress=tell)
    finally:
        talk.done()
    if not sheet["episodes"]:
        raise InputError(
            f"{out}: no episode counts, for {' and '.join(schedulers)} wanted jobs outside the {queue_slots} "
            f"queue slots and {running_slots} running slots; give more with --queue-slots and --running-slots"
        )
    return sheet


def policy_of(name: str, epsilon: float) -> Policy:
    """The behaviour policy of a scheduler's name; `random` has no choice of its own."""
    if name == RANDOM:
        return Policy(name, RandomActions, 1.0)
    scheduler = make_scheduler(name)
    # A heuristic remembers nothing, the oracle keeps its plans; others are made anew for each episode.
    keep = hasattr(scheduler, "record") or hasattr(scheduler, "prepare")
    make = (lambda: scheduler) if keep else (lambda: make_scheduler(name))
    return Policy(name, make, epsilon)


def _about(
    loaded: Loaded, episodes: Episodes, schedulers: Sequence[str], settings: list[str], scenario_seed: int
) -> dict[str, Any]:
    """Where the decisions come from: whatever would change them changes one of these."""
    return {
        "scenario": loaded.scenario.name,
        "settings": settings,
        "scenario_seed": scenario_seed,
        "config_sha256": config_hash(loaded.scenario),
        "case_sha256": [case_hash(case) for case in episodes.cases],
        "rare": rare.__version__,
        "code_sha256": code_hash(),
        "libraries": dict(library_versions()),
        "scheduler_files_sha256": scheduler_files(schedulers),
    }
