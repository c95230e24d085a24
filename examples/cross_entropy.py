"""A loop of one's own over many environments: the cross-entropy method on a linear policy.

    python examples/cross_entropy.py [STEPS]

Each environment plays one candidate: weights of the features of a waiting job, and of waiting. After
every generation the weights are drawn anew around the mean of the best quarter.
"""

import sys

import numpy as np

from rare import GreenClusterVectorEnv
from rare.layout import QUEUE

SCENARIO, CANDIDATES, GENERATION_STEPS = "islanded", 64, 400


def choose(obs, mask, weights, layout):
    """Per environment the valid action with the highest score: WAIT, a job to start, or one to give up."""
    queue = obs[:, layout.slices["queue"]].reshape(len(obs), layout.queue_slots, len(QUEUE))
    slack = layout.index("running", "slack"), layout.slices["running"].stop
    score = np.concatenate(
        [
            weights[:, -1:],  # WAIT
            np.einsum("eqf,ef->eq", queue, weights[:, :-1]),
            obs[:, slack[0] : slack[1] : len(layout.features("running"))] - 1e3,  # only if nothing else may
        ],
        axis=1,
    )
    shortage = obs[:, layout.index("cluster", "shortage")] > 0
    score[shortage, 0] -= 1e6  # in a shortage, name a job rather than leave it to the rules
    return np.where(mask, score, -np.inf).argmax(axis=1)


def main(steps=8000):
    """Play so many steps of every environment; the mean return of each generation."""
    env = GreenClusterVectorEnv(CANDIDATES, scenario=SCENARIO, copy=False)
    layout, generator = env.layout, np.random.default_rng(0)
    mean, spread = np.zeros(len(QUEUE) + 1), np.ones(len(QUEUE) + 1)
    means = []
    for generation in range(max(steps // GENERATION_STEPS, 1)):
        weights = generator.normal(mean, spread, (CANDIDATES, len(mean)))
        obs, info = env.reset(seed=[generation] * CANDIDATES)  # the same windows for all
        score = np.zeros(CANDIDATES)
        for _ in range(min(GENERATION_STEPS, steps)):
            actions = choose(obs, info["action_mask"], weights, layout)
            obs, reward, _, _, info = env.step(actions)
            score += reward
        best = weights[np.argsort(score)[-CANDIDATES // 4 :]]
        mean, spread = best.mean(axis=0), best.std(axis=0) + 0.05
        means.append(float(score.mean()))
        print(f"generation {generation}: mean return {means[-1]:.3f}, best {score.max():.3f}")
    env.close()
    return means


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
