"""Many simulations at once, one decision of a policy at a time: what both environments are made of.

All environments share the case; each plays an episode of it. A step applies an action and runs on, in
compiled code, to the next decision with two or more valid actions; where only WAIT is valid the rules wait
by themselves, for there is nothing to decide.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rare.advance import advance, take_inputs
from rare.build import build_world, more_live_slots
from rare.compile import rule
from rare.episodes import Episode, Episodes
from rare.layout import Layout
from rare.memory import register
from rare.model import NEVER_S
from rare.observation import (
    SLOT,
    STATIC,
    VIEW,
    choose_slots,
    slot_at,
    write_cluster,
    write_forecast,
    write_mask,
    write_queue,
    write_running,
)
from rare.orders import FCFS
from rare.rules import apply
from rare.state import DECIDE_SHED, DECIDE_START, ENDED, NEED_LIVE, WAIT, World, bind, env_of, handle_records

LIVE_SLOTS = 256
INVALID = -1  # status of a step whose action was not valid: nothing happened

SCORE = np.dtype(
    [
        ("offered", "f8"), ("penalty_u", "f8"), ("carbon_price", "f8"), ("priced", "f8"), ("last", "f8"),
        ("decisions", "i8"), ("hidden", "i8"),
    ],
    align=True,
)  # fmt: skip
"""What the reward of an environment is made of, the score so far, and what its policy decided.

hidden: decisions at which a job outside the slots could have started, and none inside.
"""


@rule
def score(w, sc):
    """Value earned less penalties, grid cost and carbon, in micro-units (rare.metrics.objective_parts)."""
    s = env_of(w)
    costs = s.violations * sc.penalty_u + s.cost_u * sc.priced + s.emitted_u * sc.carbon_price
    return s.earned_u - costs


@rule
def run_on(w, v, e, sc, mask, obs):
    """Run to the next decision with a choice, and write what is seen there; the status of `advance`."""
    while True:
        status = advance(w)
        if status not in (DECIDE_START, DECIDE_SHED):
            return status
        choose_slots(w, v, e)
        if write_mask(w, v, e, mask, obs) > 1:
            at = write_queue(w, v, e, mask, obs, mask.size)
            at = write_running(w, v, e, mask, obs, at)
            at = write_cluster(w, v, obs, at)
            write_forecast(w, v, obs, at)
            return status
        sc.hidden += status == DECIDE_START
        apply(w, WAIT)


@rule
def act(w, v, e, action, mask):
    """Apply an action by its number; False if it is not valid."""
    if not 0 <= action < mask.size or not mask[action]:
        return False
    slot = WAIT if action == 0 else slot_at(v.at_slots, e * v.slots_row + action - 1).slot
    apply(w, slot)
    return True


@rule
def step_some(handles, v, scores, actions, mask, obs, reward, status, first, last):
    """One step of the environments first to last - 1; `status` has each one's outcome."""
    for e in range(first, last):
        w = handles[e]
        sc = scores[e]
        if not act(w, v, e, actions[e], mask[e]):
            status[e] = INVALID
            continue
        sc.decisions += 1
        status[e] = run_on(w, v, e, sc, mask[e], obs[e])
        now = score(w, sc)
        reward[e] = (now - sc.last) / sc.offered if sc.offered > 0 else 0.0
        sc.last = now


@rule
def begin_some(handles, v, scores, mask, obs, status, first, last):
    """Run environments that have just been set up to their first decision."""
    for e in range(first, last):
        status[e] = run_on(handles[e], v, e, scores[e], mask[e], obs[e])


@dataclass
class Batch:
    """E environments over one case, and what their policies see.

    obs (E, D) float32, mask (E, A) bool, reward (E,) float64, status (E,) int64: written in place.
    """

    episodes: Episodes
    layout: Layout
    world: World
    obs: np.ndarray
    mask: np.ndarray
    reward: np.ndarray
    status: np.ndarray
    playing: list[Episode | None]

    @classmethod
    def of(
        cls,
        episodes: Episodes,
        layout: Layout,
        environments: int,
        live: int = LIVE_SLOTS,
        order: int = FCFS,
        order_param: float = 2.0,
    ) -> Batch:
        """Environments that wait for their first episode; a heuristic that drives one needs its order."""
        world = build_world(
            episodes.case,
            environments=environments,
            live=live,
            order=order,
            order_param=order_param,
            log_level=0,
            record_jobs=False,
        )
        batch = cls(
            episodes,
            layout,
            world,
            np.zeros((environments, layout.size), np.float32),
            np.zeros((environments, layout.actions), np.bool_),
            np.zeros(environments),
            np.zeros(environments, np.int64),
            [None] * environments,
        )
        batch._prepare()
        return batch

    def _prepare(self) -> None:
        """Tables and templates that every episode begins from."""
        case, environments = self.episodes.case, len(self.obs)
        self._env = np.array(self.world.env[0:1]).view(np.ndarray).copy()
        self._part = np.array(self.world.part[0:1]).view(np.ndarray).copy()
        self._handles = handle_records(self.world)
        self._static = _static(self.episodes)
        self._slots = np.full((environments, max(1, self.layout.actions - 1)), WAIT, np.int32).view(SLOT)
        self._view = np.zeros(1, VIEW)
        view, cluster = self._view[0], case.cluster
        view["queue_slots"], view["running_slots"] = self.layout.queue_slots, self.layout.running_slots
        view["forecast_hours"] = self.layout.forecast_hours
        view["local_offset_s"] = self.episodes.local_offset_s % 86400
        view["peak_mw"] = max(cluster.peak_draw_mw, 1)
        view["cores"] = max(cluster.cores, 1)
        view["gpus_milli"] = max(sum(p.nodes * p.gpus_per_node * 1000 for p in cluster.partitions), 1)
        view["nodes"] = sum(p.nodes for p in cluster.partitions)
        view["at_static"], view["at_slots"] = register(self._static), register(self._slots)
        view["slots_row"] = self._slots.shape[1]
        options = case.options
        self._scores = np.zeros(environments, SCORE)
        self._scores["penalty_u"] = options.violation_penalty_u
        self._scores["carbon_price"] = options.carbon_price_u_per_kg / 1e6 if case.inputs.carbon_known else 0
        self._scores["priced"] = float(case.inputs.priced)

    def set_up(self, e: int, episode: Episode) -> None:
        """Put an environment at the beginning of an episode; `begin` runs it to its first decision."""
        world = self.world
        world.env[e : e + 1] = self._env
        world.part[e : e + 1] = self._part
        live = world.live[e]
        live["doing"] = 0
        live["next_free"] = np.arange(1, len(live) + 1)
        world.ends[e] = np.zeros((), world.ends.dtype)
        state = world.env[e]
        for name in ("now_s", "last_s", "begin_s", "wake_s", "due_s", "idle_s"):
            state[name] = episode.begin_s
        state["window_end_s"] = NEVER_S if episode.end_s is None else episode.end_s
        state["next_job"], state["jobs_end"] = episode.first_job, episode.last_job
        state["shown_issue"] = -1
        changes = world.inputs["change_s"]
        state["input_row"] = max(int(np.searchsorted(changes, episode.begin_s, side="right")) - 1, 0)
        take_inputs(world.handles[e], episode.begin_s)
        self.obs[e] = 0
        self.mask[e] = False
        self._scores["offered"][e] = episode.offered_u
        for name in ("last", "decisions", "hidden"):
            self._scores[name][e] = 0
        self.playing[e] = episode

    def begin(self, e: int) -> None:
        """Run a fresh environment to its first decision, or to its end if nobody has a choice."""
        begin_some(self._handles, self._view[0], self._scores, self.mask, self.obs, self.status, e, e + 1)
        self._grow([e])

    def step(self, actions: np.ndarray, first: int = 0, last: int | None = None) -> None:
        """One step of environments `first` to `last`. ValueError, with nothing done there, if invalid."""
        last = len(self.obs) if last is None else last
        step_some(
            self._handles, self._view[0], self._scores, actions, self.mask, self.obs, self.reward,
            self.status, first, last,
        )  # fmt: skip
        self._after(actions, first, last)

    def _after(self, actions: np.ndarray, first: int, last: int) -> None:
        """What compiled code cannot do: refuse invalid actions, make room."""
        short = self.status[first:last]
        if (short == INVALID).any():
            e = first + int(np.flatnonzero(short == INVALID)[0])
            raise ValueError(
                f"action {actions[e]} of environment {e} is not valid (RULES §4.2); use info['action_mask']"
            )
        if (short == NEED_LIVE).any():
            self._grow(range(first, last))

    def step_parts(self, pool: Executor, actions: np.ndarray, parts: list[tuple[int, int]]) -> None:
        """As `step`, each part of the environments in a thread of the pool."""

        def work(part: tuple[int, int]) -> None:
            step_some(
                self._handles, self._view[0], self._scores, actions, self.mask, self.obs, self.reward,
                self.status, *part,
            )  # fmt: skip

        list(pool.map(work, parts))
        self._after(actions, 0, len(self.obs))

    def save(self, e: int) -> dict[str, Any]:
        """A copy of everything that environment `e` consists of."""
        world = self.world
        arrays = {name: getattr(world, name)[e].copy() for name in ("env", "part", "live", "lists", "ends")}
        own = {name: getattr(self, name)[e].copy() for name in ("obs", "mask", "_slots", "_scores")}
        return {**arrays, **own, "status": int(self.status[e]), "playing": self.playing[e]}

    def restore(self, e: int, state: dict[str, Any]) -> None:
        """Make environment `e` what was saved, of this or another batch over the same episodes."""
        while self.world.live.shape[1] < len(state["live"]):
            self.world = bind(more_live_slots(self.world))
            self._handles = handle_records(self.world)
        if len(state["live"]) != self.world.live.shape[1]:
            raise ValueError(
                "the saved state has fewer live slots than this environment; restore it in a new one"
            )
        for name in ("env", "part", "live", "lists", "ends"):
            getattr(self.world, name)[e] = state[name]
        for name in ("obs", "mask", "_slots", "_scores"):
            getattr(self, name)[e] = state[name]
        self.status[e], self.playing[e] = state["status"], state["playing"]

    def _grow(self, some: Any) -> None:
        """Make room for longer queues, and run on where it was missing."""
        while any(self.status[e] == NEED_LIVE for e in some):
            self.world = bind(more_live_slots(self.world))
            self._handles = handle_records(self.world)
            for e in some:
                if self.status[e] == NEED_LIVE:
                    begin_some(
                        self._handles, self._view[0], self._scores, self.mask, self.obs, self.status, e, e + 1
                    )
                    sc = self._scores[e]
                    now = score(self.world.handles[e], sc)
                    self.reward[e] += (now - sc["last"]) / sc["offered"] if sc["offered"] > 0 else 0.0
                    sc["last"] = now

    def action_of(self, e: int, slot: int) -> int | None:
        """The action that means this slot of the state; None if it is not visible."""
        if slot == WAIT:
            return 0
        found = np.flatnonzero(self._slots["slot"][e] == slot)
        return int(found[0]) + 1 if len(found) else None

    def ended(self) -> np.ndarray:
        """(E,) which environments are at the end of their episode."""
        return self.status == ENDED

    def objective(self, e: int) -> float | None:
        """Score so far as a share of the value offered, as simulate reports it; None without value."""
        offered = float(self._scores["offered"][e])
        return float(self._scores["last"][e]) / offered if offered > 0 else None

    def summary(self, e: int) -> dict[str, Any]:
        """What became of an episode, for `info`."""
        state, episode = self.world.env[e], self.playing[e]
        return {
            "window": None if episode is None else episode.name,
            "objective": self.objective(e),
            "jobs_completed": int(state["completed"]),
            "qos_violations": int(state["violations"]),
            "suspensions": int(state["suspensions"]),
            "energy_kwh": int(state["draw_mj"]) / 3.6e9,
            "policy_decisions": int(self._scores["decisions"][e]),
            "hidden_decisions": int(self._scores["hidden"][e]),
            "simulated_s": int(state["now_s"] - state["begin_s"]),
        }


def _static(episodes: Episodes) -> np.ndarray:
    """(J,) STATIC: the features of jobs that never change."""
    from rare.build import build_jobs

    case = episodes.case
    jobs, parts = build_jobs(case), case.cluster.partitions
    table = np.zeros(len(jobs), STATIC)
    peak_mw = max(case.cluster.peak_draw_mw, 1)
    for index, part in enumerate(parts):
        here = jobs.part == index
        table["cores"][here] = jobs.cores[here] / max(part.nodes * part.cores_per_node, 1)
        table["gpus"][here] = jobs.gpus_milli[here] / max(part.nodes * part.gpus_per_node * 1000, 1)
        memory = part.memory_mib_per_node
        table["memory"][here] = 0 if memory is None else jobs.memory_mib[here] / (part.nodes * memory)
    table["power"] = np.minimum(jobs.power_mw / peak_mw, 1)
    width = np.maximum(jobs.cores, jobs.gpus_milli / 1000)
    density = np.maximum(jobs.value_u, 0) / (np.maximum(width, 0.001) * np.maximum(jobs.estimate_s, 1))
    valued = density[density > 0]
    if len(valued):
        table["density"] = density / (density + np.median(valued))
    return table
