"""Datasets as they are defined: one episode after the other, in one process, straight into the shards.

A second implementation, against which the files of `log_dataset` are compared byte for byte.
"""

from __future__ import annotations

import json

import h5py
import numpy as np

from rare.dataset.episode_draws import draw
from rare.dataset.logged_episode import LoggedEpisode, write_episode
from rare.dataset.play_episode import Player


def sequential(task, count, folder, shard_decisions):
    """Write the shards of episodes 0 to count - 1 into `folder`."""
    folder.mkdir(parents=True)
    player, windows = Player(task.episodes, task.layout), task.episodes.of(task.split)
    number = 0
    while number < count:
        first, decisions, rows = number, 0, []
        with h5py.File(folder / "unnamed", "w") as file:
            while number < count and decisions < shard_decisions:
                drawn = draw(task.seed, number, len(windows), len(task.policies))
                window, policy = windows[drawn.window], task.policies[drawn.policy]
                played = player.play(window, policy, drawn.seed, task.most_decisions)
                facts = {
                    "number": number, "seed": drawn.seed, "window": window.name, "case": window.case_index,
                    "scheduler": policy.name, "epsilon": policy.epsilon,
                }  # fmt: skip
                rows.append(facts)
                number += 1
                if played.why_not is not None:
                    facts["why_not"] = played.why_not
                    continue
                episode = _logged(player.log, played, facts)
                write_episode(file, f"number_{facts['number']}", episode)
                decisions += len(episode)
            file.create_dataset("table", data=json.dumps(rows))
        (folder / "unnamed").rename(folder / f"episodes-{first:06d}-{number - 1:06d}.hdf5")


def _logged(log, played, facts):
    steps, ends = log.steps, np.zeros((2, log.steps), np.bool_)
    ends[0 if played.terminated else 1, -1] = True
    facts.update(
        decisions=steps,
        objective=played.summary["objective"],
        total_reward=float(log.reward[:steps].sum()),
        terminated=played.terminated,
        simulated_s=played.summary["simulated_s"],
    )
    episode = LoggedEpisode(
        log.obs[: steps + 1],
        log.action[:steps],
        log.reward[:steps],
        *ends,
        log.mask[: steps + 1],
        log.probability[:steps],
        log.time_s[: steps + 1],
        facts,
    )
    facts["sha256"] = episode.content_hash()
    return episode
