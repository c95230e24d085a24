"""Thousands of environments in one process: a gymnasium VectorEnv on the compiled clock."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils.seeding import np_random
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from rare.batch import Batch
from rare.compile import most_threads
from rare.environment import draw_episode, observation_space
from rare.episodes import Randomise, load_episodes
from rare.layout import Layout
from traces.errors import InputError

COSTS = ("violations", "slowdown")


class GreenClusterVectorEnv(VectorEnv):
    """`num_envs` environments as GreenClusterEnv, stepped together (DESIGN §4).

    Environment e plays the episodes that a GreenClusterEnv seeded with `seed + e` plays. Autoreset mode is
    SAME_STEP: an environment that ends is reset at once; its last observation is in `info["final_obs"]`, its
    summary in `info["episode_summary"]`. `info["action_mask"]` is (num_envs, actions). Observations, rewards
    and masks are copies; `copy=False` gives the buffers themselves, which the next step overwrites.
    threads: number of threads that share the environments; then step only one such environment at a time.

    Of the last step: `elapsed_s` (E,) int64, seconds from its decision to the next one or to the episode's
    end; `costs`, what it cost apart from the objective, float64 (E,) each: "violations", service promises
    broken, and "slowdown", bounded slowdown, both per job that fits, so that the steps of an episode add up
    to its share of broken promises and its mean slowdown. What came before the first decision counts there.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int,
        scenario: Any = "islanded",
        *,
        split: str = "train",
        queue_slots: int = 64,
        running_slots: int = 16,
        forecast_hours: int = 24,
        reservations: bool = False,
        settings: tuple[str, ...] = (),
        scenario_seed: int = 0,
        reward: str = "objective",
        reward_eta: float = 0.002,
        randomise: Randomise | None = None,
        threads: int = 1,
        copy: bool = True,
    ) -> None:
        if isinstance(num_envs, bool) or not isinstance(num_envs, int) or num_envs < 1:
            raise InputError(f"num_envs must be a whole number of at least 1, got {num_envs!r}")
        most = min(num_envs, most_threads())
        if not 1 <= threads <= most:
            raise InputError(f"threads must be from 1 to {most} (cores, environments), got {threads}")
        self.num_envs = num_envs
        self.layout = Layout(queue_slots, running_slots, forecast_hours, reservations)
        self.episodes = load_episodes(scenario, tuple(settings), scenario_seed, randomise)
        self.single_action_space = spaces.Discrete(self.layout.actions)
        self.single_observation_space = observation_space(self.layout)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.batch = Batch(self.episodes, self.layout, num_envs, reward=reward, reward_eta=reward_eta)
        self._drawn = self.episodes.of(split)
        self._generators: list[np.random.Generator] = []
        self._copy = copy
        self._cuts = np.linspace(0, num_envs, threads + 1).astype(np.int64)
        self.elapsed_s = np.zeros(num_envs, np.int64)
        self.costs = {name: np.zeros(num_envs) for name in COSTS}
        self._jobs = np.ones(num_envs)
        self._before = {name: np.zeros(num_envs) for name in COSTS}
        self._decided_s = np.zeros(num_envs, np.int64)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every environment. seed: of the first; the others follow by one."""
        if seed is not None or not self._generators:
            seeds = (
                seed
                if isinstance(seed, list)
                else [None if seed is None else seed + e for e in range(self.num_envs)]
            )
            self._generators = [np_random(each)[0] for each in seeds]
        window = (options or {}).get("window")
        for e in range(self.num_envs):
            self._restart(e, window)
        return self._out(self.batch.obs), {"action_mask": self._out(self.batch.mask)}

    def _restart(self, e: int, window: str | None = None) -> None:
        drawn = draw_episode(self._generators[e], self._drawn)
        if window is not None:
            drawn = self.episodes.of(window)[0]
        self.batch.set_up(e, drawn)
        self.batch.begin(e)
        self._decided_s[e] = self.batch.world.env["now_s"][e]
        self._jobs[e] = max(drawn.placed_jobs, 1)
        for before in self._before.values():
            before[e] = 0

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of every environment. ValueError if an action is not valid."""
        actions = np.ascontiguousarray(actions, dtype=np.int64)
        if actions.shape != (self.num_envs,):
            raise ValueError(f"actions must have shape ({self.num_envs},), got {actions.shape}")
        batch = self.batch
        if len(self._cuts) == 2:
            batch.step(actions)
        else:
            batch.step_parts(actions, self._cuts)
        reward, terminated = batch.reward.copy(), batch.ended()
        self._account()
        info: dict[str, Any] = {}
        if terminated.any():
            ended = np.flatnonzero(terminated)
            info["final_obs"] = np.full(self.num_envs, None, dtype=object)
            info["episode_summary"] = np.full(self.num_envs, None, dtype=object)
            for e in ended.tolist():
                info["final_obs"][e] = batch.obs[e].copy()
                info["episode_summary"][e] = batch.summary(e)
                self._restart(e)
            info["_final_obs"] = info["_episode_summary"] = terminated.copy()
        info["action_mask"] = self._out(batch.mask)
        return self._out(batch.obs), reward, terminated, np.zeros(self.num_envs, np.bool_), info

    def _account(self) -> None:
        """Time and costs of the step just done; to be called before an environment begins anew."""
        env = self.batch.world.env
        self.elapsed_s = env["now_s"] - self._decided_s
        self._decided_s = env["now_s"].copy()
        for name in COSTS:
            self.costs[name] = (env[name] - self._before[name]) / self._jobs
            self._before[name] = env[name].astype(np.float64)

    def save(self) -> dict[str, Any]:
        """All environments and generators as bytes, numbers and text: `restore` goes on from there."""
        found = [self.batch.save(e) for e in range(self.num_envs)]
        playing = [state.pop("playing") for state in found]
        return {
            "playing": [None if each is None else (each.case_index, each.name) for each in playing],
            "arrays": [
                {name: np.ascontiguousarray(array).tobytes() for name, array in state.items()}
                for state in found
            ],
            "live_slots": len(found[0]["live"]),
            "generators": [_generator_state(generator) for generator in self._generators],
            "decided_s": self._decided_s.tolist(),
            "jobs": self._jobs.tolist(),
            "before": {name: before.tolist() for name, before in self._before.items()},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Put everything where `save` found it, of an environment made with the same options."""
        if len(saved["arrays"]) != self.num_envs:
            raise ValueError(f"saved are {len(saved['arrays'])} environments, not {self.num_envs}")
        known = {(episode.case_index, episode.name): episode for episode in self.episodes.episodes}
        for e, (arrays, playing) in enumerate(zip(saved["arrays"], saved["playing"], strict=True)):
            self.batch.restore_bytes(
                e, arrays, saved["live_slots"], None if playing is None else known[tuple(playing)]
            )
        self._generators = [np.random.Generator(np.random.PCG64()) for _ in saved["generators"]]
        for generator, state in zip(self._generators, saved["generators"], strict=True):
            generator.bit_generator.state = {
                **state,
                "bit_generator": "PCG64",
                "state": {"state": int(state["state"]), "inc": int(state["inc"])},
            }
        self._decided_s = np.array(saved["decided_s"], np.int64)
        self._jobs = np.array(saved["jobs"], np.float64)
        self._before = {name: np.array(before, np.float64) for name, before in saved["before"].items()}

    def action_masks(self) -> np.ndarray:
        """(num_envs, A) bool: which actions are valid now."""
        return self._out(self.batch.mask)

    def _out(self, array: np.ndarray) -> np.ndarray:
        return array.copy() if self._copy else array


def _generator_state(generator: np.random.Generator) -> dict[str, Any]:
    """State of a PCG64 generator; its 128 bits as text, which every format keeps."""
    found: Any = generator.bit_generator.state
    inner = {name: str(found["state"][name]) for name in ("state", "inc")}
    return {**inner, "has_uint32": int(found["has_uint32"]), "uinteger": int(found["uinteger"])}
