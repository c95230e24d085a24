"""MaskablePPO of sb3-contrib on 32 environments in one process, with our network (needs the extra `learn`).

python examples/maskable_ppo.py [STEPS] [SCENARIO]
"""

import sys
import time

import numpy as np

ENVIRONMENTS = 32


def objectives(scenario, model, windows):
    """Objective of each validation window, of a model or (None) of random valid actions."""
    from rare import GreenClusterEnv

    env, generator, found = GreenClusterEnv(scenario), np.random.default_rng(0), []
    for window in env.episodes.of("validation")[:windows]:
        obs, info = env.reset(seed=0, options={"window": window.name})
        terminated = False
        while not terminated:
            mask = info["action_mask"]
            if model is None:
                action = generator.choice(np.flatnonzero(mask))
            else:
                action, _ = model.predict(obs, action_masks=mask, deterministic=True)
            obs, _, terminated, _, info = env.step(int(action))
        found.append(info["episode_summary"]["objective"])
    return np.array(found)


def main(steps=200_000, scenario="tiny", windows=None):
    """Train for so many steps; mean objective of random actions and of the trained policy, frames/s."""
    import torch
    from sb3_contrib import MaskablePPO

    from rare.env.sb3_vec_env import GreenClusterSB3VecEnv
    from schedulers.training.sb3_policy import SchedulerPolicy
    from schedulers.training.scheduler_net import NetworkSize

    torch.set_num_threads(1)  # small networks gain nothing from more, and lose much on a busy machine

    class Timed(GreenClusterSB3VecEnv):
        """Counts the time spent in the environments."""

        spent_s = 0.0

        def step_wait(self):
            begin_s = time.perf_counter()
            found = super().step_wait()
            self.spent_s += time.perf_counter() - begin_s
            return found

    env = Timed(ENVIRONMENTS, scenario)
    model = MaskablePPO(
        SchedulerPolicy, env, n_steps=max(min(128, steps // ENVIRONMENTS), 2), batch_size=512, n_epochs=5,
        gamma=0.995, gae_lambda=0.95, learning_rate=1e-3, ent_coef=0.003, seed=0, device="cpu",
        policy_kwargs={"layout": env.layout, "size": NetworkSize(width=32)},
    )  # fmt: skip
    begin_s = time.perf_counter()
    model.learn(steps)
    took_s = time.perf_counter() - begin_s
    random, trained = objectives(scenario, None, windows), objectives(scenario, model, windows)
    gain = trained - random
    error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else float("nan")
    print(f"{scenario}: objective on {len(gain)} validation windows, random actions {random.mean():.3f},")
    print(f"after {steps} steps {trained.mean():.3f}; gain {gain.mean():.3f}, its error {error:.3f}")
    print(f"{steps / took_s:.0f} frames/s, {env.spent_s / took_s:.1%} of the time in the environments")
    return random.mean(), trained.mean()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 200_000, given[1] if len(given) > 1 else "tiny")
