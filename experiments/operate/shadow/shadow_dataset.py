"""`rare shadow dataset`: a log as a dataset for offline learning, the actions those of the scheduler.

The log is cut into pieces. Each is an episode: it begins with the jobs that are there, and every decision of
the environment from then on has the action that the scheduler took. The feed gives power, and a grid without
limit the rest, for the scheduler did not mind the power.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import rare
from experiments.operate.shadow.logged_run import (
    LAG_S,
    LoggedCase,
    LoggedTime,
    RecordedStarts,
    logged_case,
    logged_time,
)
from experiments.operate.shadow.logged_scenario import chosen_scenario
from experiments.operate.shadow.shadow_log import LogCounts, LoggedPoll, read_log
from rare.dataset.dataset_folder import versioned
from rare.dataset.episode_blocks import Block, is_played, play_block
from rare.dataset.logging_task import Task
from rare.dataset.play_episode import NO_DECISION, OUT_OF_SLOTS, Played, Player, Policy
from rare.dataset.write_dataset import check_folder, log_dataset
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.episodes import Episode, Episodes, counted
from rare.scenario.case_hash import case_hash
from rare.scenario.load import Loaded
from rare.state.arrays import SHEDDING
from rare.state.decisions import FULL, decision
from rare.world import build_jobs
from schedulers import make_scheduler
from traces.errors import InputError
from traces.files.documents import user_path

SCENARIO = "islanded"
MU = 1_000_000
TICK_S = 30
SPLIT = "train"


@dataclasses.dataclass
class Dropped:
    """What is no action in the dataset, or a later one, and why. Jobs as (number of the piece, job)."""

    unseen: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    misfit: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    never: int = 0
    placed_unseen: int = 0
    shed: int = 0

    def as_dict(self) -> dict[str, int]:
        """Counts by name.

        started_unseen : jobs outside the window of slots when the scheduler started them
        started_misfit : jobs that did not fit the simulated machine then, and come later
        never_started  : starts that the episode did not come to
        placed_unseen  : jobs that ran when a piece began, outside of the slots: the piece is left out
        shed           : decisions on jobs to give up, of which the scheduler took none
        """
        return {
            "started_unseen": len(self.unseen),
            "started_misfit": len(self.misfit),
            "never_started": self.never,
            "placed_unseen": self.placed_unseen,
            "shed": self.shed,
        }


def shadow_dataset(
    folder: str,
    out: str,
    *,
    scenario: str | None = None,
    settings: Sequence[str] = (),
    hours: float = 24.0,
    queue_slots: int = 64,
    running_slots: int = 16,
) -> dict[str, Any]:
    """Write the log in a folder as a dataset; its data sheet, with counts of what was dropped.

    scenario: its powers, service classes and prices; None: the one of the log, or `islanded` where that has
    no service classes. InputError where no job of it has a value, and where no
    piece of the log makes an episode.
    """
    counts = LogCounts()
    polls = list(read_log(user_path(folder), counts))
    chosen = chosen_scenario(polls, scenario, settings, SCENARIO)
    if scenario is None and not chosen.loaded.scenario.service_class:
        chosen = chosen_scenario(polls, SCENARIO, settings, SCENARIO)
        why = "because that of the log has no service classes"
        chosen = dataclasses.replace(chosen, text=f"{chosen.text}, {why}")
    loaded = chosen.loaded
    cases, too_short = _cases(polls, loaded, round(hours * 3600))
    if not cases:
        raise InputError("no piece of the log has jobs and two polls", where=folder)
    episodes = Episodes(
        f"shadow of {loaded.scenario.name}",
        tuple(one.part.case for one in cases),
        tuple(_episode(number, one) for number, one in enumerate(cases)),
    )
    layout = fitted(Layout(queue_slots, running_slots), episodes.cases)
    dropped = Dropped()
    policy = Policy("the scheduler", partial(make_scheduler, "fcfs"))  # _LogPlayer decides
    task = Task(
        episodes=episodes,
        layout=layout,
        policies=[policy],
        split=SPLIT,
        about={
            "scenario": episodes.scenario,
            "case_sha256": [case_hash(case) for case in episodes.cases],
            "rare": rare.__version__,
        },
        minari={"author": [f"rare {rare.__version__}"]},
    )
    target = versioned(user_path(out))
    check_folder(target)

    def play(task: Task, folder: Path, blocks: Sequence[Block], on_block: Callable[[], None]) -> None:
        player = _LogPlayer(episodes, layout, cases, dropped)
        for block in blocks:
            if not is_played(folder, block):
                play_block(task, player, block, folder)
            on_block()

    sheet = log_dataset(task, len(cases), target, play=play)
    return {
        **sheet,
        "folder": str(target),
        "scenario_chosen": chosen.text,
        "pieces": len(cases),
        "pieces_too_short": too_short,
        "polls": counts.polls,
        "polls_skipped": counts.skipped,
        "dropped": dropped.as_dict(),
        "jobs_left_out": sum(len(one.left_out) for one in cases),
    }


def shadow_dataset_text(sheet: dict[str, Any]) -> str:
    """What came out, for a terminal."""
    dropped = sheet["dropped"]
    left = sheet["episodes_left_out"]
    return "\n".join(
        [
            f"{sheet['episodes']:,} episodes of {sheet['pieces']:,} pieces of the log, "
            f"{sheet['transitions']:,} decisions",
            f"left out: {left.get(OUT_OF_SLOTS, 0):,} pieces {OUT_OF_SLOTS}, {left.get(NO_DECISION, 0):,} "
            f"{NO_DECISION}, {sheet['pieces_too_short']:,} too short",
            f"no actions: {dropped['started_unseen']:,} starts outside of the slots, "
            f"{dropped['started_misfit']:,} that did not fit at once and come later, "
            f"{dropped['never_started']:,} not reached, "
            f"{dropped['shed']:,} decisions on jobs to give up",
            f"scenario: {sheet['scenario_chosen']}",
            f"written: {Path(sheet['folder']) / 'datasheet.md'}",
        ]
    )


def _cases(polls: list[LoggedPoll], loaded: Loaded, piece_s: int) -> tuple[list[LoggedCase], int]:
    """The pieces of a log as cases; how many were too short."""
    if not polls:
        raise InputError("the log has no polls")
    if piece_s < 60:
        raise InputError("--hours must be at least a minute")
    pieces: dict[int, list[LoggedPoll]] = {}
    for poll in polls:
        pieces.setdefault((poll.snapshot.taken_s - polls[0].snapshot.taken_s) // piece_s, []).append(poll)
    cases, too_short = [], 0
    grid = loaded.scenario.grid
    price_u = round((grid.price_per_kwh or 0) * MU)
    carbon_u = round((grid.carbon_g_per_kwh or 0) * 1000)
    for piece in pieces.values():
        try:
            time = logged_time(piece)
            cases.append(logged_case(_ended(time), loaded).with_grid(TICK_S, price_u, carbon_u))
        except InputError:
            too_short += 1
    return cases, too_short


def _ended(time: LoggedTime) -> LoggedTime:
    """The piece without jobs that never started in it: what the scheduler would have done is not known."""
    return dataclasses.replace(time, jobs=tuple(one for one in time.jobs if one.start_s is not None))


def _episode(number: int, one: LoggedCase) -> Episode:
    offered_u, placed = counted(build_jobs(one.part.case))
    jobs = len(one.part.jobs)
    begin_s = one.part.case.first_instant_s
    return Episode(f"piece-{number:04d}", SPLIT, 0, jobs, begin_s, None, offered_u, placed, number)


class _LogPlayer(Player):
    """Plays pieces of a log: what runs at the begin is placed before the first decision is logged."""

    def __init__(
        self, episodes: Episodes, layout: Layout, cases: Sequence[LoggedCase], dropped: Dropped
    ) -> None:
        super().__init__(episodes, layout)
        self._cases, self._dropped = cases, dropped

    def play(self, episode: Episode, policy: Policy, seed: int, most: int | None = None) -> Played:
        """Play a piece; one whose running jobs could not be placed is left out."""
        batch, log = self.batch, self.log
        one = self._cases[episode.case_index]
        recorded = RecordedStarts(one.starts_s, LAG_S)
        batch.set_up(0, episode)
        batch.begin(0)
        placed = self._place(one)
        log.begin(batch, seed)
        why = None if placed else OUT_OF_SLOTS
        while why is None and not batch.is_over(0):
            log.make_room()
            action = self._action(recorded)
            log.decided(action, 1.0)
            batch.step_single(0, action)
            log.stepped(batch)
        if why is None:
            why = NO_DECISION if log.steps == 0 else None
            self._dropped.never += len(recorded.due(batch.world_of(0), 0))
        return Played(True, batch.summary(0), why)

    def _place(self, one: LoggedCase) -> bool:
        """Start the jobs that ran at the begin at their real starts; whether all were within the slots."""
        batch = self.batch
        runs = np.zeros(len(one.part.case.workload), bool)
        runs[one.part.running] = True
        placed = 0
        while not batch.is_over(0) and int(batch.world.env[0]["now_s"]) < one.begin_s:
            live = batch.world.live[0]
            action = 0
            for slot in batch.visible(0):
                if runs[live[slot]["job"]]:
                    action = batch.action_of(0, int(decision(slot, FULL))) or 0
                    break
            action = action if batch.mask[0, action] else 0
            placed += action != 0
            batch.step_single(0, action)
        self._dropped.placed_unseen += len(one.part.running) - placed
        return placed == len(one.part.running)

    def _action(self, recorded: RecordedStarts) -> int:
        """The action that the scheduler took: the first start that is due, visible and fits; else WAIT."""
        batch = self.batch
        world = batch.world_of(0)
        if int(world.env[0]["phase"]) == SHEDDING:
            self._dropped.shed += 1
            return 0
        piece = self.batch.playing[0].case_index if self.batch.playing[0] is not None else 0
        for slot in recorded.due(world, 0):
            job = (piece, int(world.live[0, slot]["job"]))
            action = batch.action_of(0, int(decision(slot, FULL)))
            if action is None:
                self._dropped.unseen.add(job)
            elif not batch.mask[0, action]:
                if recorded.is_past(world, 0, slot):
                    self._dropped.misfit.add(job)
            else:
                return action
        return 0
