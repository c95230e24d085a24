"""What promises of waiting jobs are about to cost, as a potential that rewards are shaped with.

The price of a job that is not served falls due days after the decisions that led to it. A critic that sees
means and maxima over the jobs foretells it badly, so PPO did not learn from it. With the difference of a
potential added to each reward the price builds up while the job waits, and starting the job gives it back.
That changes no optimal policy: Ng, Harada and Russell, ICML 1999. In training alone; the objective stays what
it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rare.env.batch import Batch
from rare.model import NEVER_S

SHORTEST_ALLOWANCE_S = 600  # RULES §6.2


class PromisePotential:
    """The potential of each environment of a batch, over the jobs in its queue slots.

    Of a waiting job: its value from its latest start on, falling until a start earns nothing; the price of a
    late job, growing from submit to the latest start; the price of a job not served, growing from submit to
    the last start that would serve it. All by the whole estimate.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        tables = [
            _table(each.world.jobs, float(each.case.options.violation_penalty_u)) for each in batch.tables
        ]
        self._first = np.cumsum([0, *(len(table[0]) for table in tables)])
        self._submit, self._due, self._gone, self._value, self._late, self._unserved = (
            np.concatenate(columns) for columns in zip(*tables, strict=True)
        )
        self._slots = np.arange(batch.layout.queue_slots)

    def __call__(self) -> np.ndarray:
        """(E,) potentials now, as shares of the value offered, 0 or less."""
        batch = self._batch
        shown = np.asarray(batch._views["shown_queue"])
        cases = np.array([0 if each is None else each.case_index for each in batch.playing])
        place = np.where(self._slots < shown[:, None], batch._slots["slot"][:, : len(self._slots)], 0)
        jobs = np.take_along_axis(np.asarray(batch.world.live["job"]), place, axis=1)
        at = self._first[cases][:, None] + np.clip(jobs, 0, None)
        at = np.minimum(at, len(self._submit) - 1)
        now = batch.scalars["now_s"][:, None].astype(np.float64)
        submit, due, gone = self._submit[at], self._due[at], self._gone[at]
        since = now - submit
        cost = self._late[at] * _share(since, due - submit) + self._unserved[at] * _share(
            since, gone - submit
        )
        cost += self._value[at] * _share(now - due, gone - due)
        total = (cost * (self._slots < shown[:, None])).sum(axis=1)
        return np.asarray(-total / np.maximum(batch._scores["offered"], 1))


def _share(passed_s: np.ndarray, span_s: np.ndarray) -> np.ndarray:
    return np.clip(passed_s / np.maximum(span_s, 1.0), 0.0, 1.0)


def _table(jobs: Any, penalty_u: float) -> tuple[np.ndarray, ...]:
    """(J,) of each: submit, latest start, last start that serves it [s]; value and prices [micro-units]."""
    dated = jobs.deadline_s < NEVER_S
    submit = jobs.submit_s.astype(np.float64)
    deadline = np.where(dated, jobs.deadline_s, 0).astype(np.float64)
    allowance = np.maximum(deadline - submit, SHORTEST_ALLOWANCE_S)
    due = np.where(dated, deadline - jobs.estimate_s, np.inf)
    gone = np.where(dated, due + allowance, np.inf)
    none = np.where(dated, 1.0, 0.0)
    worth, unserved = np.maximum(jobs.value_u, 0) * none, jobs.unserved_u * none
    far = 1e15  # whoever has no deadline waits for ever
    return submit, np.minimum(due, far), np.minimum(gone, 2 * far), worth, penalty_u * none, unserved
