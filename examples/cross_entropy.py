"""A loop of one's own over many environments: the cross-entropy method on a linear policy.

    python examples/cross_entropy.py [GENERATIONS]

Each environment plays one candidate: weights of the features of a waiting job, and of waiting. After
every generation the weights are drawn anew around the mean of the best quarter.
"""

import sys

import numpy as np

from rare import GreenClusterVectorEnv
from rare.env.observation.layout import QUEUE, RUNNING

SCENARIO, CANDIDATES, WINDOWS = "tiny", 64, 4


def choose(obs, mask, weights, layout):
    """Per environment the valid action with the highest score: WAIT, a job to start, or one to give up."""
    queue = obs[:, layout.slices["queue"]].reshape(len(obs), layout.queue_slots, len(QUEUE))
    running = obs[:, layout.slices["running"]].reshape(len(obs), layout.running_slots, len(RUNNING))
    slack = [feature.name for feature in RUNNING].index("slack")
    waiting = np.einsum("eqf,ef->eq", queue, weights[:, :-1])
    score = np.concatenate([weights[:, -1:], waiting, running[:, :, slack]], axis=1)
    shortage = obs[:, layout.index("cluster", "shortage")] > 0
    score[shortage, 0] = -1e6  # name a job rather than leave it to the rules
    return np.where(mask[:, : score.shape[1]], score, -np.inf).argmax(axis=1)


def play(env, weights, seeds):
    """Objective of each environment's next episode, under its own row of weights."""
    obs, info = env.reset(seed=seeds)
    found = np.full(env.num_envs, np.nan)
    while np.isnan(found).any():
        obs, _reward, ended, _, info = env.step(choose(obs, info["action_mask"], weights, env.layout))
        for e in np.flatnonzero(ended & np.isnan(found)):
            found[e] = info["episode_summary"][e]["objective"]
    return found


def main(generations=12):
    """Search for so many generations; the mean objective of the candidates of each."""
    env = GreenClusterVectorEnv(CANDIDATES, scenario=SCENARIO, copy=False)
    unseen = GreenClusterVectorEnv(CANDIDATES, scenario=SCENARIO, split="validation", copy=False)
    generator = np.random.default_rng(0)
    mean, spread = np.zeros(len(QUEUE) + 1), np.ones(len(QUEUE) + 1)
    means = []
    for generation in range(generations):
        weights = generator.normal(mean, spread, (CANDIDATES, len(mean)))
        # every candidate plays the same few training windows
        score = np.mean([play(env, weights, [seed] * CANDIDATES) for seed in range(WINDOWS)], axis=0)
        best = weights[np.argsort(score)[-CANDIDATES // 4 :]]
        mean, spread = best.mean(axis=0), best.std(axis=0) + 0.05
        means.append(float(score.mean()))
        print(f"generation {generation}: mean objective {means[-1]:.3f}, best {score.max():.3f}")
    held_out = play(unseen, np.tile(mean, (CANDIDATES, 1)), 0)
    print(f"mean objective on validation windows: {held_out.mean():.3f}")
    env.close()
    unseen.close()
    return means


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
