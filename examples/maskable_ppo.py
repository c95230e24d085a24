"""MaskablePPO of sb3-contrib on sixteen environments in one process (needs the extra `learn`).

python examples/maskable_ppo.py [STEPS]
"""

import sys

import numpy as np

SCENARIO, ENVIRONMENTS = "tiny", 16


def objective(model, episodes=8):
    """Mean objective on validation windows, of a model or (None) of random valid actions."""
    from rare import GreenClusterEnv

    env, generator, found = GreenClusterEnv(SCENARIO, split="validation"), np.random.default_rng(0), []
    for seed in range(episodes):
        obs, info = env.reset(seed=seed)
        terminated = False
        while not terminated:
            mask = info["action_mask"]
            if model is None:
                action = generator.choice(np.flatnonzero(mask))
            else:
                action, _ = model.predict(obs, action_masks=mask, deterministic=True)
            obs, _, terminated, _, info = env.step(int(action))
        found.append(info["episode_summary"]["objective"])
    return float(np.mean(found))


def main(steps=100_000):
    """Train for so many steps; the mean objective of random actions and of the trained policy."""
    import torch
    from sb3_contrib import MaskablePPO

    torch.set_num_threads(1)  # small networks gain nothing from more, and lose much on a busy machine
    from rare.sb3_vec_env import GreenClusterSB3VecEnv

    env = GreenClusterSB3VecEnv(ENVIRONMENTS, scenario=SCENARIO)
    model = MaskablePPO("MlpPolicy", env, n_steps=min(256, max(steps // ENVIRONMENTS, 2)), batch_size=256,
                        gamma=0.999, seed=0, device="cpu")  # fmt: skip
    model.learn(steps)
    found = objective(None), objective(model)
    print(f"{SCENARIO}: objective of random actions {found[0]:.3f}, after {steps} steps {found[1]:.3f}")
    return found


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
