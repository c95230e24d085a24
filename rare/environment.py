"""`rare/GreenCluster-v0`: one simulation as a gymnasium environment (DESIGN §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rare.batch import Batch
from rare.episodes import Episode, Randomise, load_episodes
from rare.layout import Layout
from traces.errors import InputError

if TYPE_CHECKING:
    from rare.picture import Picture


def observation_space(layout: Layout) -> spaces.Box:
    """Every number lies in [-1, 1]."""
    return spaces.Box(-1.0, 1.0, (layout.size,), np.float32)


class GreenClusterEnv(gym.Env[np.ndarray, np.int64]):
    """Schedule the jobs of one window at a time.

    Action: 0 is WAIT; 1 to K start or resume the job in that queue slot; K + 1 to K + M give up the job in
    that running slot (in a shortage, or where the scenario allows suspending by choice). At each step at
    least two actions are valid: `info["action_mask"]`, `action_masks()`. An invalid action raises ValueError.
    Observation: one float32 vector, named by `layout`. Reward: the change of the objective, so that the sum
    over an episode is the objective that `rare simulate` reports for the same actions. `terminated` at the
    end of the window; never `truncated`.

    scenario : a name, a TOML file, a rare.Case, or rare.episodes.Episodes
    split    : where episodes are drawn from: 'train' (default), 'validation', 'test', or a window
    settings : changes of the scenario, as `rare simulate --set`
    reward   : 'objective'; 'slowdown': less the mean bounded slowdown; 'renewable': the share of renewable
               energy less `reward_eta` times the mean bounded slowdown
    reservations: withhold starts that would delay the most urgent visible job without room (rare.withhold)
    randomise: other clusters, loads and supplies, one for each episode
    reset(options={"window": NAME}) plays a window by name.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
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
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError(f"render_mode {render_mode!r} is unknown; known are ansi, rgb_array")
        self.render_mode = render_mode
        self.layout = Layout(queue_slots, running_slots, forecast_hours, reservations)
        self.episodes = load_episodes(scenario, tuple(settings), scenario_seed, randomise)
        self.split = split
        self.action_space = spaces.Discrete(self.layout.actions)
        self.observation_space = observation_space(self.layout)
        self._drawn = self.episodes.of(split)
        self._batch = Batch(self.episodes, self.layout, 1, reward=reward, reward_eta=reward_eta)
        self._over = True
        self._picture: Picture | None = None  # made at the first frame

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode at its first decision."""
        super().reset(seed=seed)
        window = (options or {}).get("window")
        drawn = draw_episode(self.np_random, self._drawn)
        episode = drawn if window is None else self.episodes.of(str(window))[0]
        self._batch.set_up(0, episode)
        self._batch.begin(0)
        self._over = self._batch.is_over(0)
        return self._batch.obs[0].copy(), {**self._info(), "window": episode.name}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Apply an action and run on to the next decision. ValueError for an invalid one."""
        if self._over:
            raise ValueError("the episode is over; call reset()")
        self._over = ended = self._batch.step_single(0, action)
        info = self._info()
        if ended:
            info["episode_summary"] = self._batch.summary(0)
        return self._batch.obs[0].copy(), self._batch.reward.item(0), ended, False, info

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self._batch.mask[0].copy()}

    def action_masks(self) -> np.ndarray:
        """(A,) bool: which actions are valid now."""
        return self._batch.mask[0].copy()

    def save_state(self) -> dict[str, Any]:
        """Everything that the future depends on; `restore_state` takes it back, in this or another env."""
        return self._batch.save(0)

    def restore_state(self, state: dict[str, Any]) -> np.ndarray:
        """Go back to a saved state of the same scenario and layout; returns its observation."""
        self._batch.restore(0, state)
        self._over = self._batch.is_over(0)
        return self._batch.obs[0].copy()

    def render(self) -> str | np.ndarray | None:
        """One readable screen as text ('ansi'), or as an (H, W, 3) uint8 picture ('rgb_array')."""
        if self.render_mode is None:
            return None
        if self._batch.playing[0] is None:
            raise gym.error.ResetNeeded("there is nothing to show yet; call reset() before render()")
        if self.render_mode == "ansi":
            from rare.screen import screen

            return screen(self._batch, 0)
        if self._picture is None:
            from rare.picture import Picture

            self._picture = Picture(self._batch, 0)
        return self._picture.frame()

    def close(self) -> None:
        """Forget the picture, the only thing that is kept outside the simulation."""
        self._picture = None


def draw_episode(generator: np.random.Generator, episodes: list[Episode]) -> Episode:
    """One of the episodes, each as likely."""
    return episodes[int(generator.integers(len(episodes)))]
