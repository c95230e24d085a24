"""GreenClusterVectorEnv as stable-baselines3 wants it, masks included. Needs the extra `learn`."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from rare.env.environment import window_wanted
from rare.env.vector_env import GreenClusterVectorEnv
from traces.errors import InputError


class GreenClusterSB3VecEnv(VecEnv):
    """The environments of a GreenClusterVectorEnv as a VecEnv; options as there.

    `env_method("action_masks")` gives one (A,) mask an environment, as sb3-contrib's MaskablePPO asks for.
    `infos[e]` always has "action_mask", "window", "elapsed_s" and "TimeLimit.truncated"; where an episode
    ended also its last observation under "terminal_observation", its summary under "episode_summary", and
    return, length and seconds since the beginning under "episode", which is what Monitor would add.
    `reset_infos[e]` has the same of the last reset. `set_options({"window": NAME})`, or a list with one an
    environment, holds for the next reset, as in other VecEnvs; `split` says where later episodes come from.
    Environment e plays what a GreenClusterEnv seeded with `seed + e` plays.
    """

    def __init__(self, num_envs: int, scenario: Any = "islanded", **options: Any) -> None:
        self.vector = GreenClusterVectorEnv(num_envs, scenario, **options)
        if self.vector.autoreset_mode != AutoresetMode.SAME_STEP:
            raise InputError("stable-baselines3 resets in the same step; leave out autoreset_mode")
        self.layout = self.vector.layout
        space, actions = self.vector.single_observation_space, self.vector.single_action_space
        super().__init__(num_envs, space, actions)
        self._actions: Any = np.zeros(num_envs, np.int64)
        self._returns, self._lengths = np.zeros(num_envs), np.zeros(num_envs, np.int64)
        self._began_s = time.time()

    def __copy__(self) -> Self:
        """Whole and independent. No `__deepcopy__`: SB3's wrappers would take it for their own."""
        return copy.deepcopy(self)

    def reset(self) -> np.ndarray:
        """Begin an episode everywhere, as `seed` and `set_options` said; (E, D) observations."""
        windows = [window_wanted(options) for options in self._options]
        seeds = self._seeds if any(seed is not None for seed in self._seeds) else None
        obs, info = self.vector.reset(seed=seeds, options={"window": windows})
        self._reset_seeds()
        self._reset_options()
        self._returns[:] = 0
        self._lengths[:] = 0
        self.reset_infos = self._infos(info)
        return obs

    def step_async(self, actions: np.ndarray) -> None:
        """Remember the actions; step_wait carries them out."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Observations, rewards (float32), dones, infos. ValueError if an action is refused."""
        obs, rewards, terminated, truncated, info = self.vector.step(self._actions)
        dones = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        infos = self._infos(info)
        for e in np.flatnonzero(dones).tolist():
            last = info["final_info"]
            passed_s = round(time.time() - self._began_s, 6)
            self.reset_infos[e] = {**infos[e], "elapsed_s": 0}
            infos[e] = {
                "action_mask": last["action_mask"][e],
                "window": last["window"][e],
                "elapsed_s": int(last["elapsed_s"][e]),
                "TimeLimit.truncated": bool(truncated[e]),
                "terminal_observation": info["final_obs"][e],
                "episode_summary": info["episode_summary"][e],
                "episode": {"r": float(self._returns[e]), "l": int(self._lengths[e]), "t": passed_s},
            }
            self._returns[e] = self._lengths[e] = 0
        return obs, rewards.astype(np.float32), dones, infos

    def _infos(self, info: dict[str, Any]) -> list[dict[str, Any]]:
        """What of the vector environment's info is each environment's own."""
        return [
            {"action_mask": mask, "window": window, "elapsed_s": elapsed_s, "TimeLimit.truncated": False}
            for mask, window, elapsed_s in zip(
                info["action_mask"], info["window"], info["elapsed_s"].tolist(), strict=True
            )
        ]

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
        """An attribute of each environment asked for, as a GreenClusterEnv would have it."""
        values = self.vector.get_attr(attr_name)
        return [values[e] for e in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not possible: the environments share what they are made of."""
        raise AttributeError(f"{attr_name} cannot be set: the environments share what they are made of")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """`action_masks` and `render`, the methods that an environment has by itself."""
        if method_name == "get_wrapper_attr":  # how gymnasium's wrappers ask for an attribute
            return self.get_attr(str(method_args[0]), indices)
        if method_name not in ("action_masks", "render"):
            raise AttributeError(f"the environments have no method {method_name!r}, but action_masks, render")
        values = self.vector.call(method_name)
        return [values[e] for e in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Nobody is wrapped; but `infos` have what Monitor would add, so the answer for it is yes."""
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """A frame of each environment, if made with render_mode="rgb_array"; else None for each."""
        if self.vector.render_mode != "rgb_array":
            return [None for _ in range(self.num_envs)]
        return list(self.vector.render() or ())
