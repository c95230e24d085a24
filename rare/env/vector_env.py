"""Thousands of environments in one process: a gymnasium VectorEnv on the compiled clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils.seeding import np_random
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from rare.env.batch import Batch
from rare.env.environment import (
    GreenClusterEnv,
    ResetNeeded,
    choose_episode,
    observation_space,
    window_wanted,
)
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.env.vector_state import (
    autoreset_mode_of,
    restore_batch,
    restored_generators,
    saved_batch,
    saved_generator,
)
from rare.episodes import Randomise
from rare.scenario.scenario_episodes import load_episodes
from rare.state.compile import most_threads
from rare.state.memory import Copyable
from traces.errors import InputError

if TYPE_CHECKING:
    from rare.env.render.picture import Picture

COSTS = ("violations", "slowdown")


class GreenClusterVectorEnv(Copyable, VectorEnv):
    """`num_envs` environments as GreenClusterEnv, stepped together (DESIGN §4).

    Environment e plays the episodes that a GreenClusterEnv seeded with `seed + e` plays.

    autoreset_mode: of gymnasium, or its name. SAME_STEP (default): an environment that ends is reset at once;
    its last observation is in `info["final_obs"]`, its last info in `info["final_info"]`. NEXT_STEP: it is
    reset by the next step, whatever its action. DISABLED: by `reset(options={"reset_mask": (E,) bool})`.
    max_episode_steps: an episode that takes so many is `truncated`; None: none is.

    `info` always has "action_mask" (E, A) int8, "window" (E,) names of what is played now, "elapsed_s" (E,)
    and "episode_summary": (E,) objects, a dict where an episode ended in this step, else None; beside each
    the mask "_action_mask" and so on, as gymnasium has them. Observations, rewards and masks are copies;
    `copy=False` gives the buffers themselves, which the next step brings up to date: do not write to them,
    for what has not changed is not written again.
    threads: number of threads that share the environments; then step only one such environment at a time.

    Of the last step: `elapsed_s` (E,) int64, seconds from its decision to the next one or to the episode's
    end; `costs`, what it cost apart from the objective, float64 (E,) each: "violations", service promises
    broken, and "slowdown", bounded slowdown, both per job that fits, so that the steps of an episode add up
    to its share of broken promises and its mean slowdown. What came before the first decision counts there.
    """

    metadata = {**GreenClusterEnv.metadata, "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012
    _shared = ("episodes",)

    # Keywords, not one object: gymnasium.make and configuration files of other libraries give them by name.
    def __init__(
        self,
        num_envs: int = 1,
        scenario: Any = "islanded",
        *,
        split: str = "train",
        queue_slots: int = 64,
        running_slots: int = 16,
        forecast_hours: int = 24,
        reservations: bool = False,
        levels: bool | None = None,
        events: bool | None = None,
        prices: bool = False,
        settings: tuple[str, ...] = (),
        scenario_seed: int = 0,
        reward: str = "objective",
        reward_eta: float = 0.002,
        randomise: Randomise | Mapping[str, Any] | None = None,
        invalid: str = "raise",
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        threads: int = 1,
        copy: bool = True,
    ) -> None:
        _check_count("num_envs", num_envs)
        if max_episode_steps is not None:
            _check_count("max_episode_steps", max_episode_steps)
        most = min(num_envs, most_threads())
        if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= most:
            raise InputError(f"threads must be from 1 to {most} (cores, environments), got {threads!r}")
        if render_mode not in (None, *GreenClusterEnv.metadata["render_modes"]):
            raise InputError(f"render_mode {render_mode!r} is unknown; known are ansi, rgb_array")
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.autoreset_mode = autoreset_mode_of(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.episodes = load_episodes(scenario, settings, scenario_seed, randomise)
        plain = Layout(queue_slots, running_slots, forecast_hours, reservations, prices=prices)
        self.layout = fitted(plain, self.episodes.cases, levels, events)
        self.split = split
        self.single_action_space = spaces.Discrete(self.layout.actions)
        self.single_observation_space = observation_space(self.layout)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.batch = Batch(
            self.episodes, self.layout, num_envs, reward=reward, reward_eta=reward_eta, invalid=invalid
        )
        self._drawn = self.episodes.of(split)
        self._generators: list[np.random.Generator] = []
        self._copy = copy
        self._threads = threads
        self._longest = max_episode_steps
        self._steps = np.zeros(num_envs, np.int64)
        self._ended = np.zeros(num_envs, np.bool_)  # episodes that are over and not reset yet
        self._windows = np.full(num_envs, "", object)
        self._everywhere = np.ones(num_envs, np.bool_)
        self._everywhere.flags.writeable = False
        self.elapsed_s = np.zeros(num_envs, np.int64)
        self.costs = {name: np.zeros(num_envs) for name in COSTS}
        self._jobs = np.ones(num_envs)
        self._before = {name: np.zeros(num_envs) for name in COSTS}
        self._decided_s = np.zeros(num_envs, np.int64)
        self._pictures: dict[int, Picture] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pictures": {}}

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in every environment, or in those of `reset_mask`.

        seed: of the first, the others follow by one; or one for each. options: "window", the name of a window
        or split, or one (or None) for each environment; "reset_mask", (E,) bool, if autoreset is disabled.
        InputError for any other.
        """
        windows = self._windows_wanted(options)
        requested = [None if window is None else self.episodes.of(window) for window in windows]
        selected = self._chosen(options)
        self._seed(seed, selected)
        for e in np.flatnonzero(selected).tolist():
            self._restart(e, windows[e], requested[e])
        self.elapsed_s = np.where(selected, 0, self.elapsed_s)
        return self._out(self.batch.obs), self._info(np.zeros(self.num_envs, np.bool_))

    def _windows_wanted(self, options: dict[str, Any] | None) -> list[str | None]:
        window = window_wanted(options, ("window", "reset_mask"))
        one = window is None or isinstance(window, str)
        windows = [window] * self.num_envs if one or not isinstance(window, Sequence) else list(window)
        if len(windows) != self.num_envs or not all(
            name is None or isinstance(name, str) for name in windows
        ):
            raise InputError(
                "reset option 'window' must be the name of a window or split, or a list of one for each of "
                f"the {self.num_envs} environments, got {window!r}"
            )
        return windows

    def _chosen(self, options: dict[str, Any] | None) -> np.ndarray:
        """(E,) which environments a reset is for."""
        given = (options or {}).get("reset_mask")
        if given is None:
            return self._everywhere
        if self.autoreset_mode != AutoresetMode.DISABLED:
            raise InputError(
                "reset option 'reset_mask' needs autoreset_mode='disabled'; in mode "
                f"{self.autoreset_mode.name} environments that end are reset by step"
            )
        chosen = np.asarray(given)
        if chosen.dtype != np.bool_ or chosen.shape != (self.num_envs,) or not chosen.any():
            raise InputError(
                f"reset option 'reset_mask' must be ({self.num_envs},) bool with at least one True, got "
                f"{chosen.shape} {chosen.dtype}{'' if chosen.any() else ' without any'}"
            )
        if not self._generators and not chosen.all():
            raise ResetNeeded("some environments have no episode yet; call reset() for all of them first")
        return chosen

    def _seed(self, seed: int | Sequence[int | None] | None, chosen: np.ndarray) -> None:
        if seed is None and self._generators:
            return
        if seed is None or isinstance(seed, int | np.integer):
            seeds = [None if seed is None else int(seed) + e for e in range(self.num_envs)]
        else:
            seeds = [] if isinstance(seed, str) or not isinstance(seed, Iterable) else list(seed)
            if not seeds or not all(
                env_seed is None or isinstance(env_seed, int | np.integer) for env_seed in seeds
            ):
                raise InputError(f"seed must be a whole number or {self.num_envs} of them, got {seed!r}")
        if len(seeds) != self.num_envs:
            raise InputError(f"seed must be one number or {self.num_envs}, got {len(seeds)}")
        if not self._generators:
            self._generators = [
                np_random(None if env_seed is None else int(env_seed))[0] for env_seed in seeds
            ]
            return
        for e in np.flatnonzero(chosen).tolist():
            env_seed = seeds[e]
            if env_seed is not None:
                self._generators[e] = np_random(int(env_seed))[0]

    def _restart(self, e: int, window: str | None = None, named: Any = None) -> None:
        episode = choose_episode(self._generators[e], self._drawn, window, named)
        self.batch.set_up(e, episode)
        self.batch.begin(e)
        self._windows[e] = episode.name
        self._steps[e] = 0
        self._ended[e] = False
        self._decided_s[e] = self.batch.scalars["now_s"][e]
        self._jobs[e] = max(episode.placed_jobs, 1)
        for before in self._before.values():
            before[e] = 0

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of every environment. ValueError, with nothing done, if an action is refused."""
        actions = self._checked(actions)
        resting = self._resting()
        batch = self.batch
        batch.step(actions, self._threads)
        reward, terminated = batch.reward.copy(), batch.ended()
        truncated = np.zeros(self.num_envs, np.bool_)
        self._steps += 1
        if self._longest is not None:
            truncated = (self._steps >= self._longest) & ~terminated
        self._account()
        if resting is not None:
            terminated &= ~resting
            truncated &= ~resting
            for e in np.flatnonzero(resting).tolist():
                self._restart(e)
        info = self._finish(terminated | truncated)  # what ended begins anew, so it comes first
        return self._out(batch.obs), reward, terminated, truncated, info

    def _checked(self, actions: Any) -> np.ndarray:
        if not self._generators:
            raise ResetNeeded("there is no episode yet; call reset() before step()")
        try:
            array = np.asarray(actions)
        except ValueError:
            raise InputError(f"actions must have shape ({self.num_envs},), got {actions!r}") from None
        if array.shape != (self.num_envs,):
            raise InputError(f"actions must have shape ({self.num_envs},), got {array.shape}")
        if array.dtype.kind not in "iu":
            raise InputError(
                f"actions must be whole numbers from 0 to {self.layout.actions - 1}, got {array.dtype} "
                f"({array.tolist()[0]!r})"
            )
        return np.ascontiguousarray(array, dtype=np.int64)

    def _resting(self) -> np.ndarray | None:
        """(E,) which environments this step does not move, for it begins them anew; None: it moves all."""
        if self.autoreset_mode == AutoresetMode.SAME_STEP or not self._ended.any():
            return None
        if self.autoreset_mode == AutoresetMode.DISABLED:
            raise ResetNeeded(
                f"the episode of environment {int(np.flatnonzero(self._ended)[0])} is over; call "
                "reset(options={'reset_mask': ...})"
            )
        resting = self._ended.copy()
        self.batch.rest(resting)
        return resting

    def _finish(self, over: np.ndarray) -> dict[str, Any]:
        """The info of a step that ended the episodes `over`; in SAME_STEP mode they begin anew."""
        if not over.any():
            return self._info(over)
        summaries = np.full(self.num_envs, None, object)
        final: dict[str, Any] = {}
        for e in np.flatnonzero(over).tolist():
            summaries[e] = self.batch.summary_numbers(e)
            if self.autoreset_mode == AutoresetMode.SAME_STEP:
                last = {"final_obs": self.batch.obs[e].copy(), "final_info": self._info_of(e, summaries[e])}
                final = self._add_info(final, last, e)
                self._restart(e)
        if self.autoreset_mode != AutoresetMode.SAME_STEP:
            self._ended = over.copy()
        return {**final, **self._info(over, summaries)}

    def _info_of(self, e: int, summary: dict[str, Any]) -> dict[str, Any]:
        """What a single environment says after the step."""
        return {
            "action_mask": self.batch.mask[e].astype(np.int8),
            "window": summary["window"],
            "elapsed_s": int(self.elapsed_s[e]),
            "episode_summary": summary,
        }

    def _info(self, over: np.ndarray, summaries: np.ndarray | None = None) -> dict[str, Any]:
        """`info` without what only the end of an episode brings; always the same keys."""
        if summaries is None:
            summaries = np.empty(self.num_envs, object)  # of None
        return {
            "action_mask": self._out(self.batch.mask.view(np.int8)),
            "window": self._windows.copy(),
            "elapsed_s": self.elapsed_s.copy(),
            "episode_summary": summaries,
            "_action_mask": self._everywhere,
            "_window": self._everywhere,
            "_elapsed_s": self._everywhere,
            "_episode_summary": over.copy(),
        }

    def _account(self) -> None:
        """Time and costs of the step just done; to be called before an environment begins anew."""
        env = self.batch.scalars
        now_s = env["now_s"].copy()  # far apart in memory: to be read once
        self.elapsed_s = now_s - self._decided_s
        self._decided_s = now_s
        for name in COSTS:
            total = env[name].astype(np.float64)
            self.costs[name] = (total - self._before[name]) / self._jobs
            self._before[name] = total

    def render(self) -> tuple[Any, ...] | None:
        """One screen or picture for each environment, as GreenClusterEnv.render has it."""
        if self.render_mode is None:
            return None
        if not self._generators:
            raise ResetNeeded("there is nothing to show yet; call reset() before render()")
        return tuple(self._frame(e) for e in range(self.num_envs))

    def _frame(self, e: int) -> Any:
        if self.render_mode == "ansi":
            from rare.env.render.text_screen import screen

            return screen(self.batch, e)
        if e not in self._pictures:
            from rare.env.render.picture import Picture

            self._pictures[e] = Picture(self.batch, e)
        return self._pictures[e].frame()

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute of each environment, as a GreenClusterEnv has it. AttributeError: there is none."""
        if name in ("action_space", "observation_space"):
            return (getattr(self, f"single_{name}"),) * self.num_envs
        if name in ("np_random", "elapsed_s"):
            return tuple(self._generators if name == "np_random" else self.elapsed_s.tolist())
        if name == "costs":
            return tuple({cost: float(self.costs[cost][e]) for cost in COSTS} for e in range(self.num_envs))
        if name in _OF_ALL:
            raise AttributeError(f"{name!r} belongs to all environments together, and to none alone")
        return (getattr(self, name),) * self.num_envs

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """What a method of each environment gives; of methods they have `action_masks` and `render`."""
        if name == "action_masks":
            return tuple(self.action_masks())
        if name == "render":
            return self.render() or (None,) * self.num_envs
        if callable(getattr(self, name, None)):
            raise AttributeError(f"the environments have no method {name!r}, but action_masks and render")
        return self.get_attr(name)

    def save(self) -> dict[str, Any]:
        """All environments and generators as bytes, numbers and text: `restore` goes on from there."""
        return {
            **saved_batch(self.batch),
            "generators": [saved_generator(generator) for generator in self._generators],
            "decided_s": self._decided_s.tolist(),
            "jobs": self._jobs.tolist(),
            "before": {name: before.tolist() for name, before in self._before.items()},
            "steps": self._steps.tolist(),
            "ended": self._ended.tolist(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Put everything where `save` found it, of an environment made with the same options."""
        restore_batch(self.batch, saved)
        self._generators = restored_generators(saved["generators"])
        self._decided_s = np.array(saved["decided_s"], np.int64)
        self._jobs = np.array(saved["jobs"], np.float64)
        self._before = {name: np.array(before, np.float64) for name, before in saved["before"].items()}
        self._steps, self._ended = np.array(saved["steps"], np.int64), np.array(saved["ended"], np.bool_)
        self._windows[:] = ["" if playing is None else playing[1] for playing in saved["playing"]]

    def action_masks(self) -> np.ndarray:
        """(num_envs, A) bool: which actions are valid now."""
        return self._out(self.batch.mask)

    def _out(self, array: np.ndarray) -> np.ndarray:
        return array.copy() if self._copy else array


_OF_ALL = ("num_envs", "batch", "autoreset_mode", "single_action_space", "single_observation_space")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
