"""GreenClusterVectorEnv as stable-baselines3 wants it, masks included. Needs the extra `learn`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from rare.vector_env import GreenClusterVectorEnv


class GreenClusterSB3VecEnv(VecEnv):
    """The environments of a GreenClusterVectorEnv as a VecEnv; options as there.

    `env_method("action_masks")` gives one (A,) mask an environment, as sb3-contrib's MaskablePPO asks for.
    `infos[e]` has the last observation of an episode under "terminal_observation", its summary under
    "episode_summary", and return and length under "episode", which is what Monitor would add. Environment e
    plays what a GreenClusterEnv seeded with `seed + e` plays.
    """

    def __init__(self, num_envs: int, scenario: Any = "islanded", **options: Any) -> None:
        self.vector = GreenClusterVectorEnv(num_envs, scenario, **options)
        self.layout = self.vector.layout
        space, actions = self.vector.single_observation_space, self.vector.single_action_space
        super().__init__(num_envs, space, actions)
        self._seed: int | None = None
        self._actions = np.zeros(num_envs, np.int64)
        self._returns, self._lengths = np.zeros(num_envs), np.zeros(num_envs, np.int64)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed of environment 0 at the next reset; the others follow by one."""
        self._seed = seed
        return [None if seed is None else seed + e for e in range(self.num_envs)]

    def reset(self) -> np.ndarray:
        """Begin an episode everywhere; (E, D) observations."""
        obs, _ = self.vector.reset(seed=self._seed)
        self._seed = None
        self._returns[:] = 0
        self._lengths[:] = 0
        return obs

    def step_async(self, actions: np.ndarray) -> None:
        """Remember the actions; step_wait carries them out."""
        self._actions = np.asarray(actions, np.int64)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Observations, rewards (float32), dones, infos."""
        obs, rewards, dones, _, info = self.vector.step(self._actions)
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for e in np.flatnonzero(dones).tolist():
            infos[e] = {
                "terminal_observation": info["final_obs"][e],
                "TimeLimit.truncated": False,
                "episode_summary": info["episode_summary"][e],
                "episode": {"r": float(self._returns[e]), "l": int(self._lengths[e])},
            }
            self._returns[e] = self._lengths[e] = 0
        return obs, rewards.astype(np.float32), dones, infos

    def action_masks(self) -> np.ndarray:
        """(E, A) bool: which actions are valid now."""
        return self.vector.action_masks()

    @property
    def elapsed_s(self) -> np.ndarray:
        """(E,) seconds that the last step took, as GreenClusterVectorEnv has them."""
        return self.vector.elapsed_s

    @property
    def costs(self) -> dict[str, np.ndarray]:
        """(E,) costs of the last step by name, as GreenClusterVectorEnv has them."""
        return self.vector.costs

    def save(self) -> dict[str, Any]:
        """All environments as bytes, numbers and text: `restore` goes on from there."""
        return {
            "vector": self.vector.save(),
            "returns": self._returns.tolist(),
            "lengths": self._lengths.tolist(),
        }

    def restore(self, saved: dict[str, Any]) -> np.ndarray:
        """Put everything where `save` found it; the (E, D) observations there."""
        self.vector.restore(saved["vector"])
        self._returns[:], self._lengths[:] = saved["returns"], saved["lengths"]
        return self.vector.batch.obs.copy()

    def close(self) -> None:
        """Nothing is left open."""
        self.vector.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute of the vector environment, once for each environment asked for."""
        return [getattr(self.vector, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not possible: the environments share what they are made of."""
        raise AttributeError(f"{attr_name} cannot be set: the environments share what they are made of")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """`action_masks`, the only method that an environment has by itself."""
        if method_name != "action_masks":
            raise AttributeError(f"the environments have no method {method_name!r}, but action_masks")
        masks = self.action_masks()
        return [masks[e] for e in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Nobody is wrapped."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """No pictures of many environments."""
        return [None for _ in range(self.num_envs)]
