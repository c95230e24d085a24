"""Logs episodes into a folder, shard by shard, so that a killed run can be resumed.

FOLDER/plan.json           what is logged; a resumed run must mean the same
FOLDER/data/               the Minari dataset: shards, main_data.hdf5, metadata.json
FOLDER/datasheet.json, .md what came out, when all episodes have been played
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rare.dataset.data_sheet import make_sheet, sheet_text
from rare.dataset.dataset_folder import PLAN, SHEET, dataset_id, mark_namespace, versioned
from rare.dataset.episode_draws import EpisodeDraw, draw
from rare.dataset.logged_episode import LoggedEpisode
from rare.dataset.minari.minari_form import publish
from rare.dataset.play_episode import Played, Player, Policy
from rare.dataset.shards import Shard, ShardWriter, read_shards
from rare.env.observation.layout import Layout
from rare.episodes import Episodes
from traces.errors import InputError
from traces.files.atomic import folder_lock, is_partial, record_config, remove_partial, write_json, write_text

SHARD_DECISIONS = 20_000
SHARD_AGE_S = 60.0
NAMES = (PLAN, SHEET, "datasheet.md", "data", "figures")  # everything that a dataset's folder may hold


@dataclass(frozen=True)
class Task:
    """The task of a logging run.

    about: what a resumed run must have in common with the first, beside the rest, such as hashes of case and
    code. origin: what only the data sheet tells. minari: what only Minari's metadata tell, such as env_spec.
    """

    episodes: Episodes
    layout: Layout
    policies: Sequence[Policy]
    seed: int = 0
    most_decisions: int | None = None
    split: str = "train"
    about: dict[str, Any] = dataclasses.field(default_factory=dict)
    origin: dict[str, Any] = dataclasses.field(default_factory=dict)
    minari: dict[str, Any] = dataclasses.field(default_factory=dict)

    def plan(self) -> dict[str, Any]:
        """The object of plan.json; a resumed run must have an equal one."""
        plan = {
            **self.about,
            "schedulers": [policy.name for policy in self.policies],
            "epsilon": [policy.epsilon for policy in self.policies],
            "seed": self.seed,
            "max_decisions": self.most_decisions,
            "split": self.split,
            "layout": json.loads(self.layout.to_json()),
        }
        return dict(json.loads(json.dumps(plan)))


def log_dataset(
    task: Task,
    count: int,
    folder: Path,
    *,
    shard_decisions: int = SHARD_DECISIONS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Play and log episodes 0 to count - 1, resuming an earlier run; returns the data sheet.

    The folder's name gets a version (-v0) where it has none, as Minari wants it. InputError if the folder
    holds something else, or more episodes than are asked for.
    """
    if count < 1:
        raise InputError(f"episodes must be at least 1, got {count}")
    folder = versioned(folder)
    with _opened(folder, task.plan()) as data:
        shards = read_shards(data)
        played = shards[-1].last + 1 if shards else 0
        if played > count:
            raise InputError(
                f"{folder}: holds {played} episodes; ask for at least as many, or choose another folder"
            )
        if played < count:
            _play(task, data, shards, count, shard_decisions, progress)
        windows = len(task.episodes.of(task.split))
        sheet = {**task.origin, **make_sheet(task.plan(), count, shards, data, windows=windows)}
        if sheet["episodes"]:
            _publish(task, data, shards)
        write_text(folder / "datasheet.md", sheet_text(sheet))
        write_json(folder / SHEET, sheet)
    return sheet


def _play(
    task: Task,
    data: Path,
    shards: list[Shard],
    count: int,
    shard_decisions: int,
    progress: Callable[[int, int], None],
) -> None:
    """Add shards until all episode numbers have been played."""
    player = Player(task.episodes, task.layout)
    windows = task.episodes.of(task.split)
    number = shards[-1].last + 1 if shards else 0
    published = 0
    while number < count:
        writer, began_s, complete = ShardWriter(data, number), time.monotonic(), False
        try:
            while number < count and writer.decisions < shard_decisions:
                if time.monotonic() - began_s > SHARD_AGE_S:
                    break
                episode = draw(task.seed, number, len(windows), len(task.policies))
                policy = task.policies[episode.policy]
                played = player.play(windows[episode.window], policy, episode.seed, task.most_decisions)
                _note(writer, player, episode, policy, played, windows[episode.window].case_index)
                number += 1
                progress(number, count)
            shards.append(writer.close())
            complete = True
        finally:
            if not complete:
                writer.give_up()
        if number < count and number >= 1.25 * published:  # the cost of all of them stays that of the last
            _publish(task, data, shards)
            published = number


def _note(
    writer: ShardWriter, player: Player, drawn: EpisodeDraw, policy: Policy, played: Played, case_index: int
) -> None:
    summary, log = played.summary, player.log
    facts: dict[str, Any] = {
        "number": drawn.number,
        "seed": drawn.seed,
        "window": summary["window"],
        "case": case_index,
        "scheduler": policy.name,
        "epsilon": policy.epsilon,
    }
    if played.why_not is not None:
        writer.leave_out({**facts, "why_not": played.why_not})
        return
    steps = log.steps
    ends = np.zeros((2, steps), np.bool_)
    ends[0 if played.terminated else 1, -1] = True
    facts.update(
        decisions=steps,
        objective=summary["objective"],
        total_reward=float(log.reward[:steps].sum()),
        terminated=played.terminated,
        simulated_s=summary["simulated_s"],
    )
    episode = LoggedEpisode(
        observations=log.obs[: steps + 1],
        actions=log.action[:steps],
        rewards=log.reward[:steps],
        terminations=ends[0],
        truncations=ends[1],
        action_mask=log.mask[: steps + 1],
        probability=log.probability[:steps],
        time_s=log.time_s[: steps + 1],
        facts=facts,
    )
    facts["sha256"] = episode.content_hash()
    writer.add(episode)


def _publish(task: Task, data: Path, shards: list[Shard]) -> None:
    about = {
        "algorithm_name": ", ".join(policy.name for policy in task.policies),
        "description": f"Scheduling decisions on {task.episodes.scenario}; see datasheet.md",
    }
    publish(data, shards, task.layout, dataset_id(data.parent), {**about, **task.minari})


@contextmanager
def _opened(folder: Path, plan: dict[str, Any]) -> Iterator[Path]:
    """Context with the data folder, created if missing and locked against other runs."""
    try:
        check_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder, str(folder), "another run is logging into"):
            data = folder / "data"
            remove_partial(folder)
            _check_plan(folder, plan)
            data.mkdir(exist_ok=True)
            mark_namespace(folder)
            remove_partial(data)
            yield data
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}); choose another place, or free space"
        ) from error


def check_folder(folder: Path) -> None:
    """InputError for a folder with other files than those of a dataset."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, not a folder; choose another name")
    if not folder.exists() or (folder / PLAN).is_file():
        return
    foreign = [path.name for path in sorted(folder.iterdir()) if not is_partial(path.name)]
    if foreign:
        raise InputError(
            f"{folder}: holds {foreign[0]!r} and no dataset, so it is left alone; choose another folder"
        )


def _check_plan(folder: Path, plan: dict[str, Any]) -> None:
    """Write plan.json, or compare the plan with the recorded one."""
    difference = record_config(folder / PLAN, plan, "remove the folder")
    if difference is not None:
        key, recorded, new = difference
        raise InputError(
            f"{folder}: holds a dataset with another {key} ({recorded}, not {new}); choose another folder, "
            "or remove this one"
        )
