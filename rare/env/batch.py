"""Many simulations at once, one decision of a policy at a time: what both environments are made of.

Each environment plays an episode of one of the cases. A step applies an action and runs on, in compiled
code, to the next decision with two or more valid actions; where only WAIT is valid the rules wait by
themselves, for there is nothing to decide.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.env.batch_checks import check_outcome
from rare.env.batch_state import (
    SHARED_OF_HANDLE,
    STATE_OF_WORLD,
    check_digest,
    check_reward,
    check_saved,
    put_rows,
    rows_of_bytes,
    saved_rows,
    scratch_here,
    with_event_room,
)
from rare.env.case_tables import Tables, plan_of, tables_of
from rare.env.crew import Crew
from rare.env.episode_summary import summary_numbers, summary_of
from rare.env.observation.buffers import CARD, FLAG, NUMBER, SLOT, VIEW
from rare.env.observation.layout import Layout
from rare.env.observation.row_memory import RowMemory
from rare.env.stepping import (
    OBJECTIVE,
    PLACES,
    REWARD_NAMES,
    SCORE,
    SUMMARY,
    find_action,
    objective,
    place_one,
    run_one,
    step_and_summarise,
    summarise,
)
from rare.episodes import Episode, Episodes
from rare.model import Case
from rare.rules.orders import FCFS
from rare.state.arrays import (
    ENDED,
    NEED_LIVE,
    SHARED,
    WAIT,
    World,
    handle_records,
)
from rare.state.memory import Copyable, arguments, fresh, records, register, without_addresses, zeros
from rare.world import build_world, free_new_slots, more_live_slots

LIVE_SLOTS = 256


class Batch(Copyable):
    """E environments over the cases of a scenario, and what their policies see.

    obs (E, D) float32, mask (E, A) bool, reward (E,) float64, of the last step: written in place.
    obs_rows, mask_rows: of each environment its row of them, the mask as int8.
    """

    _shared = ("episodes", "tables")

    # Keywords, not one object: they are handed on from those of the environments (GreenClusterEnv).
    def __init__(
        self,
        episodes: Episodes,
        layout: Layout,
        environments: int,
        live: int = LIVE_SLOTS,
        order: int = FCFS,
        order_param: float = 2.0,
        reward: str = "objective",
        reward_eta: float = 0.002,
        invalid: str = "raise",
    ) -> None:
        """Environments that wait for their first episode; a heuristic that drives one needs its order.

        invalid: what an action that is not valid does: "raise" ValueError, or "wait", counted in the summary.
        InputError if it or the reward is unknown, or nothing in the jobs is what the reward counts.
        """
        check_outcome(reward, reward_eta, invalid, episodes)
        self.episodes, self.layout = episodes, layout
        # scratch of compiled code grows with the forecast
        self._widest = max(range(len(episodes.cases)), key=lambda case: _plan_steps(episodes.cases[case]))
        self.world = build_world(
            episodes.cases[self._widest],
            environments=environments,
            live=live,
            order=order,
            order_param=order_param,
            log_level=0,
            record_jobs=False,
        )
        self.obs = zeros((environments, layout.size), np.dtype(np.float32))
        self.mask = zeros((environments, layout.actions), np.dtype(np.bool_))
        self.playing: list[Episode | None] = [None] * environments
        self.mask[:, 0] = True
        self.tables = tuple(tables_of(case, layout, order, order_param) for case in episodes.cases)
        self.world = with_event_room(self.world, [tables.world for tables in self.tables])
        self._slots = records((environments, layout.queue_slots + layout.running_slots), SLOT)
        self._views, self._scores = records((environments,), VIEW), records((environments,), SCORE)
        self._scores["kind"], self._scores["eta"] = REWARD_NAMES.index(reward), reward_eta
        self._scores["forgiving"] = invalid == "wait"
        self._begin_anew()

    def _begin_anew(self) -> None:
        """What follows from the arrays and the tables alone."""
        self._crew: Crew | None = None
        shared = self.tables[self._widest].world
        self.world = self.world._replace(**{name: getattr(shared, name) for name in SHARED})
        self._status, self.reward = (np.asarray(self._scores[name]) for name in ("status", "reward"))
        self._actions = self.layout.actions
        self.obs_rows, self.mask_rows = list(self.obs), list(self.mask.view(np.int8))
        self._written = records((1,), SUMMARY)
        self._summary = memoryview(self._written.view(np.uint8).view(np.ndarray))
        self._plans: dict[Episode, tuple[np.ndarray, int]] = {}
        self._bind()

    def __getstate__(self) -> dict[str, Any]:
        state = {name: getattr(self, name) for name in ("episodes", "layout", "tables", "_widest", *_ARRAYS)}
        world = {name: array for name, array in self.world._asdict().items() if name not in _SHARED_ARRAYS}
        return {**state, "playing": list(self.playing), "world": world,
                "_views": without_addresses(self._views)}  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in (*_ARRAYS, "_views"):
            setattr(self, name, fresh(state[name]))
        arrays = {name: fresh(array) for name, array in state["world"].items()}
        self.world = World(**arrays, **dict.fromkeys(_SHARED_ARRAYS))
        self._begin_anew()

    def _bind(self) -> None:
        """Say where everything of each environment is. Needed whenever an array was replaced."""
        environments, live = self.world.live.shape
        self._cards = records((environments, live), CARD)
        self._cards["job"] = -1
        self._memory = RowMemory(environments, self.layout.queue_slots, live)
        self._plain = {name: getattr(self.world, name).view(np.ndarray) for name in ("env", "part")}
        self._records = handle_records(self.world)
        self.world = self.world._replace(handles=arguments(self._records))
        self._all = records((1,), PLACES)
        for name, array in (
            ("handles", self._records),
            ("views", self._views),
            ("scores", self._scores),
            ("summary", self._written),
        ):
            self._all[name] = register(array)
        self._at = register(self._all)
        own = {
            "at_mask": self.mask.view(FLAG).view(np.recarray),
            "at_obs": self.obs.view(NUMBER).view(np.recarray),
            "at_slots": self._slots,
            "at_cards": self._cards,
            "at_memory": self._memory.records,
        }
        self._places = {
            name: [register(array[e]) for e in range(environments)] for name, array in own.items()
        }
        for e in range(environments):
            self._point(e)

    def _point(self, e: int) -> None:
        """Lead an environment to its own arrays and to the tables of the case that it plays."""
        for name, places in self._places.items():
            self._views[name][e] = places[e]
        tables = self._tables_of(e)
        for name in ("at_static", "at_hours"):
            self._views[name][e] = tables.view[0][name]
        for name in SHARED_OF_HANDLE:
            self._records[name][e] = tables.handle[0][name]
        # there is room for levels in all rows; a case without them is computed as if it were alone
        self._records["pace_rows"][e] = self.world.pace.shape[1] if tables.handle[0]["pace_rows"] else 0

    def set_up(self, e: int, episode: Episode) -> None:
        """Put an environment at the beginning of an episode; `begin` runs it to its first decision."""
        tables, before = self.tables[episode.case_index], self.playing[e]
        self.playing[e] = episode
        self._plain["env"][e] = tables.env[0]
        self._plain["part"][e] = tables.part[0]
        if before is None or before.case_index != episode.case_index:
            self._views[e] = tables.view[0]
            self._point(e)
        place_one(self._at, e, self._plan_of(episode))

    def _plan_of(self, episode: Episode) -> int:
        """Address of the PLAN of an episode, made at its first time."""
        if episode not in self._plans:
            plan = plan_of(self.tables[episode.case_index], episode)
            self._plans[episode] = (plan, register(plan))
        return self._plans[episode][1]

    def begin(self, e: int) -> None:
        """Run a fresh environment to its first decision, or to its end if nobody has a choice."""
        self._run_on(e)
        self._grow([e])
        self._scores["carried"][e] = self._scores["reward"][e]

    @property
    def places(self) -> int:
        """Where compiled code finds all environments (stepping.PLACES). Another one after `make_room`."""
        return self._at

    def make_room(self, e: int) -> None:
        """After a step in compiled code: make the room that the environment needs, and run it on."""
        self._grow([e])

    def _run_on(self, e: int) -> None:
        run_one(self._at, e)

    def step_single(self, e: int, action: int) -> tuple[bool, float, dict[str, Any]]:
        """One step of one environment: whether it is over, the reward, and `summary_numbers`.

        ValueError, and nothing done, if the action is not valid.
        """
        if not 0 <= action < self._actions:  # it may be too long for a machine's word
            self._refuse(e, action)
        unusual = step_and_summarise(self._at, e, action)
        if unusual < 0:
            self._refuse(e, action)
        if unusual and self._status[e] == NEED_LIVE:
            self._grow([e])
            summarise(self._at, e)
            unusual = self.is_over(e)
        numbers = summary_numbers(self._summary)
        return unusual > 0, numbers[0], summary_of(self.playing[e], numbers)

    def step(self, actions: np.ndarray, threads: int = 1) -> None:
        """One step of all environments, by so many threads. ValueError, with nothing done at all, if invalid.

        actions: (E,) whole numbers.
        """
        crew = self._crew
        if crew is None or not crew.is_for(threads):
            crew = self._crew = Crew(threads, len(self.obs))
        unusual = crew.step(self._at, actions)
        if unusual:
            self._after(unusual, actions)

    def rest(self, some: np.ndarray) -> None:
        """(E,) bool: environments that the next step leaves as they are, with a reward of 0."""
        self._scores["resting"] = some

    def _after(self, unusual: int, actions: np.ndarray) -> None:
        """What compiled code cannot do: refuse an action, make room."""
        if unusual < 0:
            self._refuse(-1 - unusual, int(actions[-1 - unusual]))
        if (self._status == NEED_LIVE).any():
            self._grow(range(len(self.obs)))

    def _refuse(self, e: int, action: int) -> None:
        if not 0 <= action < self.layout.actions:
            raise ValueError(
                f"there is no action {action} (environment {e}); actions are 0 to {self.layout.actions - 1}"
            )
        raise ValueError(
            f"action {action} of environment {e} is not valid (RULES §4.2); use info['action_mask'], or make "
            "the environment with invalid='wait'"
        )

    def _grow(self, some: Any) -> None:
        """Make room for longer queues, and run on where it was missing."""
        while any(self._status[e] == NEED_LIVE for e in some):
            self.add_live_slots()
            for e in some:
                if self._status[e] == NEED_LIVE:
                    self._run_on(e)

    def state_arrays(self) -> dict[str, np.ndarray]:
        """All that the environments consist of, by name, environment axis first."""
        own = {"obs": self.obs, "mask": self.mask, "_slots": self._slots, "_views": self._views,
               "_scores": self._scores}  # fmt: skip
        return {**{name: getattr(self.world, name) for name in STATE_OF_WORLD}, **own}

    def case_digest(self, e: int) -> str:
        """Equal for equal jobs, machines, options, inputs and forecasts, in whatever process."""
        return self._tables_of(e).case_digest

    def add_live_slots(self) -> None:
        """Make room for more live jobs in all environments."""
        self.world = more_live_slots(self.world)
        self._bind()

    def save(self, e: int) -> dict[str, Any]:
        """A copy of everything that environment `e` consists of."""
        return {**saved_rows(self.state_arrays(), e), "playing": self.playing[e],
                "case_digest": self.case_digest(e)}  # fmt: skip

    def restore(self, e: int, state: dict[str, Any]) -> None:
        """Make environment `e` what was saved, of this or another batch over the same episodes.

        Either may have grown since. What is done with actions that are not valid is this batch's own.
        ValueError for a state of another scenario, layout or reward, or for what is no state.
        """
        check_saved(self.episodes, self.layout, self.state_arrays(), state)
        playing = state["playing"]
        digest = self.tables[0 if playing is None else playing.case_index].case_digest
        check_digest(self.episodes, digest, state)
        check_reward(self._scores[0], state["_scores"])
        forgiving = self._scores["forgiving"][e]
        while self.world.live.shape[1] < len(state["live"]):
            self.add_live_slots()
        put_rows(self.state_arrays(), e, {**state, "scratch": scratch_here(self.world, state)})
        if len(state["live"]) < self.world.live.shape[1]:
            free_new_slots(self.world.env[e], self.world.live[e], len(state["live"]))
        self.playing[e] = state["playing"]
        self._scores["forgiving"][e] = forgiving
        self._cards[e]["job"] = -1
        self._memory.forget(e)
        self._point(e)

    def restore_bytes(
        self, e: int, arrays: dict[str, bytes], live_slots: int, others: dict[str, Any]
    ) -> None:
        """`restore` from the bytes of the arrays that `save` gave, their live slots, and its other values."""
        self.restore(e, {**others, **rows_of_bytes(self.state_arrays(), arrays, live_slots)})

    def world_of(self, e: int) -> World:
        """The world as schedulers and views take it, with the tables of the case that `e` plays."""
        shared = self._tables_of(e).world
        return self.world._replace(**{name: getattr(shared, name) for name in SHARED})

    def case_of(self, e: int) -> Case:
        """The case that environment `e` plays."""
        return self._tables_of(e).case

    def _tables_of(self, e: int) -> Tables:
        return self.tables[0 if (episode := self.playing[e]) is None else episode.case_index]

    def action_of(self, e: int, code: int) -> int | None:
        """The action that means a decision (rare.state.decisions); None: none does (buffers.action_for)."""
        if code == WAIT:
            return 0
        action = int(find_action(self._at, e, code))
        return None if action < 0 else action

    def visible(self, e: int) -> list[int]:
        """Slots of the state that the queue slots show, in the order of their actions."""
        count = int(self._views["shown_queue"][e])
        return [int(slot) for slot in self._slots["slot"][e, :count]]

    @property
    def scalars(self) -> np.ndarray:
        """(E,) ENV of the world, as a plain array: a record array runs Python code at every access."""
        return self._plain["env"]

    def is_over(self, e: int) -> bool:
        """Whether an environment is at the end of its episode."""
        return int(self._status[e]) == ENDED

    def ended(self) -> np.ndarray:
        """(E,) which environments are at the end of their episode."""
        return self._status == ENDED

    def objective(self, e: int) -> float | None:
        """Score so far as a share of the value offered, as simulate reports it; None without value."""
        own = self._scores[e]
        return float(objective(self.world.handles[e], own)) if own["offered"] > 0 else None

    def score(self, e: int) -> float | None:
        """What the rewards of an episode add up to so far; None for the objective without value."""
        return self.objective(e) if self._scores["kind"][e] == OBJECTIVE else float(self._scores["last"][e])

    def summary(self, e: int) -> dict[str, Any]:
        """What became of an episode so far; `objective` is None where the jobs have no value."""
        numbers = self.summary_numbers(e)
        return {**numbers, "objective": None if np.isnan(numbers["objective"]) else numbers["objective"]}

    def summary_numbers(self, e: int) -> dict[str, Any]:
        """As `summary`, for `info`: NaN in place of None, so that every value keeps its type."""
        summarise(self._at, e)
        return summary_of(self.playing[e], summary_numbers(self._summary))


def _plan_steps(case: Case) -> int:
    """Steps that a plan of this case may have beside those of the jobs (rare.world)."""
    forecast = 0 if case.forecast is None else int(case.forecast.supply_mw.shape[1])
    changes = [given for given in (case.events, case.outages) if given is not None]
    return forecast + 2 * sum(len(given) for given in changes)


_SHARED_ARRAYS = (*SHARED, "handles")  # of the world: from tables, or made of itself
_ARRAYS = ("obs", "mask", "_slots", "_scores")
