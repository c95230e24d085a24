"""Blocks: consecutive episodes that are played together, each block by itself, in any order and anywhere.

FOLDER/blocks/episodes-000032-000047.hdf5 holds episodes 32 to 47 until they have been joined to the shards
of FOLDER/data (rare.dataset.join_blocks). It is laid out as a shard. Which episodes are a block depends on
the number of episodes asked for alone, not on who plays them or what a stopped run has left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rare.dataset.episode_draws import EpisodeDraw, draw
from rare.dataset.logged_episode import LoggedEpisode
from rare.dataset.logging_task import Task
from rare.dataset.play_episode import Played, Player, Policy
from rare.dataset.shards import ShardWriter, shard_name, shards_in

BLOCKS = "blocks"
BOOK = "book"
"""Folder in BLOCKS where those who play blocks may keep their own files while they do."""
SHARES = 64
"""A dataset is split into so many blocks, or more: enough for the workers of a small cluster."""
LARGEST = 64
"""Episodes in a block at most: a run that is stopped loses the blocks that are being played."""


class Block(NamedTuple):
    """The episodes `first` to `last`, which is included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of episodes."""
        return self.last - self.first + 1

    def path(self, folder: Path) -> Path:
        """The block's file in the folder of a dataset."""
        return folder / BLOCKS / shard_name(self.first, self.last)


def blocks_of(count: int) -> list[Block]:
    """The blocks of the episodes 0 to count - 1.

    >>> blocks_of(100)[:2], len(blocks_of(100)), blocks_of(5000)[-1]
    ([Block(first=0, last=1), Block(first=2, last=3)], 50, Block(first=4992, last=4999))
    """
    size = min(-(-count // SHARES), LARGEST)
    return [Block(first, min(first + size, count) - 1) for first in range(0, count, size)]


def is_played(folder: Path, block: Block) -> bool:
    """Whether the block, or its last episode in a shard, is on disk in a dataset's folder."""
    if block.path(folder).exists():
        return True
    return any(last >= block.last for _, _, last in shards_in(folder / "data"))


def play_block(task: Task, player: Player, block: Block, folder: Path) -> None:
    """Play the episodes of a block and write its file, atomically, in the folder of a dataset."""
    (folder / BLOCKS).mkdir(exist_ok=True)
    writer, complete = ShardWriter(folder / BLOCKS, block.first), False
    try:
        for number in range(block.first, block.last + 1):
            _play(task, player, number, writer)
        writer.close()
        complete = True
    finally:
        if not complete:
            writer.give_up()


def _play(task: Task, player: Player, number: int, writer: ShardWriter) -> None:
    """Play one episode, and write it or why it is left out."""
    windows = task.episodes.of(task.split)
    drawn = draw(task.seed, number, len(windows), len(task.policies))
    window, policy = windows[drawn.window], task.policies[drawn.policy]
    played = player.play(window, policy, drawn.seed, task.most_decisions)
    facts = _facts(drawn, policy, played, window.case_index)
    if played.why_not is not None:
        writer.leave_out({**facts, "why_not": played.why_not})
    else:
        writer.add(_logged(player, played, facts))


def _facts(drawn: EpisodeDraw, policy: Policy, played: Played, case_index: int) -> dict[str, Any]:
    return {
        "number": drawn.number,
        "seed": drawn.seed,
        "window": played.summary["window"],
        "case": case_index,
        "scheduler": policy.name,
        "epsilon": policy.epsilon,
    }


def _logged(player: Player, played: Played, facts: dict[str, Any]) -> LoggedEpisode:
    """The episode that was just played. `facts` get what came out."""
    log = player.log
    steps = log.steps
    ends = np.zeros((2, steps), np.bool_)
    ends[0 if played.terminated else 1, -1] = True
    facts.update(
        decisions=steps,
        objective=played.summary["objective"],
        total_reward=float(log.reward[:steps].sum()),
        terminated=played.terminated,
        simulated_s=played.summary["simulated_s"],
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
    return episode
