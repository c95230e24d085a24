"""A policy of a few lines in gymnasium's loop: masks, named features, a picture now and then.

    python examples/gymnasium_loop.py [STEPS] [FOLDER]

With FOLDER, a picture of the cluster is written there every hundred steps.
"""

import sys

import gymnasium
import numpy as np

SCENARIO = "islanded"


def most_urgent(obs, mask, layout):
    """The startable job with the least slack; in a shortage, the running job with the most."""
    waiting = np.flatnonzero(mask[1 : 1 + layout.queue_slots])
    if len(waiting):
        slack = [obs[layout.index("queue", "slack", slot)] for slot in waiting]
        return 1 + waiting[np.argmin(slack)]
    if obs[layout.index("cluster", "shortage")]:
        running = np.flatnonzero(mask[1 + layout.queue_slots :][: layout.running_slots])
        slack = [obs[layout.index("running", "slack", slot)] for slot in running]
        return 1 + layout.queue_slots + running[np.argmax(slack)]
    return 0


def main(steps=2000, folder=None):
    """Play so many steps; the objectives of the episodes that ended."""
    env = gymnasium.make("rare:rare/GreenCluster-v0", scenario=SCENARIO, render_mode="rgb_array")
    layout, objectives = env.unwrapped.layout, []
    obs, info = env.reset(seed=0)
    for step in range(steps):
        obs, _reward, terminated, _, info = env.step(most_urgent(obs, info["action_mask"], layout))
        if folder is not None and step % 100 == 0:
            from matplotlib.image import imsave

            imsave(f"{folder}/step-{step:05d}.png", env.render())
        if terminated:
            summary = info["episode_summary"]
            objectives.append(summary["objective"])
            print(f"{summary['window']}: objective {summary['objective']:.3f}")
            obs, info = env.reset()
    return objectives


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]), *sys.argv[2:3])
