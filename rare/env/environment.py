"""`rare/GreenCluster-v0`: one simulation as a gymnasium environment (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rare.env.batch import Batch
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.episodes import Episode, Randomise
from rare.scenario.scenario_episodes import load_episodes
from rare.state.memory import Copyable
from rare.whole_numbers import whole_number
from traces.errors import InputError

if TYPE_CHECKING:
    from rare.env.render.picture import Picture


class ResetNeeded(gym.error.ResetNeeded, ValueError):
    """There is no episode to go on with."""


def observation_space(layout: Layout) -> spaces.Box:
    """Every number lies in [-1, 1]."""
    return spaces.Box(-1.0, 1.0, (layout.size,), np.float32)


class GreenClusterEnv(Copyable, gym.Env[np.ndarray, np.int64]):
    """Schedule the jobs of one window at a time.

    Action: 0 is WAIT; 1 to K start or resume the job in that queue slot; K + 1 to K + M give up the job in
    that running slot (in a shortage, or where the scenario allows suspending by choice). With speed levels
    K + M + 1 to K + 2M make it one level slower and K + 2M + 1 to K + 3M one level faster (RULES §11), and a
    start is one at the fastest level that there is power for. At each step at
    least two actions are valid: `info["action_mask"]` (A,) int8, `action_masks()` (A,) bool. After the end
    WAIT is the only one; so it is in an episode that is over before anybody could choose: one WAIT ends it.
    Observation: one float32 vector, named by `layout`. Reward: the change of the objective, so that the sum
    over an episode is the objective that `rare simulate` reports for the same actions. `terminated` at the
    end of the window; never `truncated`.
    `info` always has the same keys: "action_mask", "window" (name of the episode), "elapsed_s" (seconds that
    the last step took) and "episode_summary" (what became of the episode so far, docs/reference/environment.md).
    Copies and pickles are whole and exact, random generator included.

    scenario : a name, a TOML file, a rare.Case, or rare.episodes.Episodes
    split    : where episodes are drawn from: 'train' (default), 'validation', 'test', or a window
    settings : changes of the scenario, as `rare simulate --set`
    reward   : 'objective'; 'slowdown': less the mean bounded slowdown; 'renewable': the share of renewable
               energy less `reward_eta` times the mean bounded slowdown
    reservations: withhold starts that would delay the most urgent visible job without room
    (rare.env.observation.mask)
    levels, events: whether levels can be chosen and seen, and grid events and outages seen; by default where
    the scenario has any. Without levels jobs start at full speed and stay there
    prices: what the objective charges is seen (docs/reference/environment.md)
    randomise: other clusters, loads and supplies, one for each episode; a mapping of its fields will do
    invalid  : what an action that is not valid now does: 'raise' ValueError, or 'wait': it counts as WAIT,
               and in `episode_summary["invalid_actions"]`. A number that is no action is always an error.
    numeric_info: `info` holds NumPy numbers alone, for readers that make tensors of all of it: "action_mask",
               "elapsed_s", and those of the summary as "episode_objective" and so on
    reset(options={"window": NAME}) plays a window by name, or draws one of the split of that name.
    """

    _shared = ("episodes",)

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}  # noqa: RUF012

    # Keywords, not one object: gymnasium.make hands them on by name, and so do configuration files of
    # other libraries.
    def __init__(
        self,
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
        numeric_info: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError(f"render_mode {render_mode!r} is unknown; known are ansi, rgb_array")
        self.render_mode = render_mode
        self.episodes = load_episodes(scenario, settings, scenario_seed, randomise)
        plain = Layout(queue_slots, running_slots, forecast_hours, reservations, prices=prices)
        self.layout = fitted(plain, self.episodes.cases, levels, events)
        self.split = split
        self.action_space = spaces.Discrete(self.layout.actions)
        self.observation_space = observation_space(self.layout)
        self._drawn = self.episodes.of(split)
        self._batch = Batch(
            self.episodes, self.layout, 1, reward=reward, reward_eta=reward_eta, invalid=invalid
        )
        self._over = True
        self._numeric_info = numeric_info
        self._simulated_s = 0
        self._picture: Picture | None = None  # made at the first frame

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_picture": None}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode at its first decision. InputError for an unknown window or option."""
        window = window_wanted(options)
        requested = window if window is None else self.episodes.of(window)
        super().reset(seed=seed)
        episode = choose_episode(self.np_random, self._drawn, window, requested)
        self._batch.set_up(0, episode)
        self._batch.begin(0)
        self._over = False
        summary = self._batch.summary_numbers(0)
        self._simulated_s = summary["simulated_s"]
        return self._batch.obs[0].copy(), self._info(summary)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Apply an action and run on to the next decision. ValueError for one that is refused."""
        if self._over:
            raise ResetNeeded(
                "there is no episode yet; call reset() before step()"
                if self._batch.playing[0] is None
                else "the episode is over; call reset()"
            )
        number = action if type(action) is int else action_number(action, self.layout)
        batch = self._batch
        self._over, reward, summary = batch.step_single(0, number)
        return batch.obs_rows[0].copy(), reward, self._over, False, self._info(summary)

    def _info(self, summary: dict[str, Any]) -> dict[str, Any]:
        before_s, self._simulated_s = self._simulated_s, summary["simulated_s"]
        elapsed_s = self._simulated_s - before_s
        if self._numeric_info:
            return self._numbers(elapsed_s, summary)
        return {
            "action_mask": self._batch.mask_rows[0].copy(),
            "window": summary["window"],
            "elapsed_s": elapsed_s,
            "episode_summary": summary,
        }

    def _numbers(self, elapsed_s: int, summary: dict[str, Any]) -> dict[str, Any]:
        numbers = {
            f"episode_{name}": np.asarray(value) for name, value in summary.items() if name != "window"
        }
        return {"action_mask": self._batch.mask_rows[0].copy(), "elapsed_s": np.asarray(elapsed_s), **numbers}

    def action_masks(self) -> np.ndarray:
        """(A,) bool: which actions are valid now."""
        return self._batch.mask[0].copy()

    def save_state(self) -> dict[str, Any]:
        """Everything that the future depends on; `restore_state` takes it back, in this or another env."""
        return {
            **self._batch.save(0),
            "over": self._over,
            "simulated_s": self._simulated_s,
            "generator": self.np_random.bit_generator.state,
        }

    def restore_state(self, state: dict[str, Any]) -> np.ndarray:
        """Go back to a saved state; returns its observation. ValueError: of another scenario or layout.

        The generator goes back too, so that the next `reset` draws what it drew then.
        """
        if not isinstance(state, dict) or not {"over", "simulated_s", "generator"} <= state.keys():
            raise ValueError("this is no state of an environment; give what save_state() gave")
        self._batch.restore(0, state)
        self._over, self._simulated_s = state["over"], state["simulated_s"]
        self.np_random.bit_generator.state = state["generator"]
        return self._batch.obs[0].copy()

    def render(self) -> str | np.ndarray | None:
        """One readable screen as text ('ansi'), or as an (H, W, 3) uint8 picture ('rgb_array')."""
        if self.render_mode is None:
            return None
        if self._batch.playing[0] is None:
            raise gym.error.ResetNeeded("there is nothing to show yet; call reset() before render()")
        if self.render_mode == "ansi":
            from rare.env.render.text_screen import screen

            return screen(self._batch, 0)
        if self._picture is None:
            from rare.env.render.picture import Picture

            self._picture = Picture(self._batch, 0)
        return self._picture.frame()

    def close(self) -> None:
        """Forget the picture, the only thing that is kept outside the simulation."""
        self._picture = None


def draw_episode(generator: np.random.Generator, episodes: list[Episode]) -> Episode:
    """One of the episodes, each as likely."""
    return episodes[int(generator.integers(len(episodes)))]


def choose_episode(
    generator: np.random.Generator, drawn: list[Episode], window: str | None, named: list[Episode] | None
) -> Episode:
    """The window of that name, one of the split of that name (`named`), or else one that is drawn.

    A draw is made in any case, so that the episodes after a named one do not depend on it.
    """
    episode = draw_episode(generator, drawn)
    if window is None or named is None:
        return episode
    return named[0] if named[0].name == window else draw_episode(generator, named)


def window_wanted(options: dict[str, Any] | None, known: tuple[str, ...] = ("window",)) -> Any:
    """The window, or the split, that `reset` is asked for; None: as usual. InputError for other options."""
    if not isinstance(options, Mapping | None):
        raise InputError(
            f"reset: options must be a mapping, such as {{'window': 'test-00'}}, got {options!r}"
        )
    for name in options or {}:
        if name not in known:
            raise InputError(f"reset option {name!r} is unknown; known are {', '.join(known)}")
    window = (options or {}).get("window")
    if window is not None and not isinstance(window, str) and known == ("window",):
        raise InputError(f"reset option 'window' must be the name of a window or split, got {window!r}")
    return window


def action_number(action: Any, layout: Layout) -> int:
    """An action as an int. InputError for a truth value, a fraction or anything else."""
    number = whole_number(action)
    if number is None:
        raise InputError(f"an action must be a whole number from 0 to {layout.actions - 1}, got {action!r}")
    return number
