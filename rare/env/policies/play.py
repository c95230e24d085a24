"""Any scheduler drives an environment through its actions, and gives the schedule that simulate gives."""

from __future__ import annotations

from typing import Any

from rare.env.batch import Batch
from rare.env.observation.case_layout import fitted
from rare.env.observation.layout import Layout
from rare.env.policies.policy import AnyScheduler
from rare.episodes import Episodes
from rare.scheduler import Decider, as_decider, keep_queue
from rare.state.arrays import DECIDE_SHED, DECIDE_START, SHEDDING


def play(
    episodes: Episodes,
    scheduler: AnyScheduler | Decider,
    window: str,
    *,
    layout: Layout | None = None,
    reward: str = "objective",
    reward_eta: float = 0.002,
) -> dict[str, Any]:
    """Play a window under a scheduler, through observations and actions.

    layout: what is seen; by default the slots of the environment, with levels and events where there are any.
    Returns the episode's summary with `return`, the sum of the rewards, and `outside`, how often the
    scheduler chose what no action means, such as a job that no slot shows: then WAIT was played, and the
    schedule is not its own.
    """
    episode = episodes.of(window)[0]
    case = episodes.cases[episode.case_index]
    decider = as_decider(scheduler, case, episode)
    batch = Batch(
        episodes,
        layout or fitted(Layout(), episodes.cases),
        1,
        order=decider.order,
        order_param=decider.order_param,
        reward=reward,
        reward_eta=reward_eta,
    )
    batch.set_up(0, episode)
    keep_queue(batch.world, 0, decider)
    batch.begin(0)
    total, outside = 0.0, 0
    if batch.ended()[0]:  # nobody is ever asked: one WAIT brings the reward
        batch.step_single(0, 0)
        total = float(batch.reward[0])
    while not batch.ended()[0]:
        status = DECIDE_SHED if batch.world.env[0].phase == SHEDDING else DECIDE_START
        action = batch.action_of(0, decider.decide(batch.world_of(0), 0, status))
        outside += action is None
        batch.step_single(0, action or 0)
        total += float(batch.reward[0])
    return {**batch.summary(0), "return": total, "outside": outside}
