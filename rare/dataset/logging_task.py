"""What is to be logged: windows, observations, policies and seeds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rare.dataset.play_episode import Policy
from rare.env.observation.layout import Layout
from rare.episodes import Episodes


@dataclass(frozen=True)
class Task:
    """The task of a logging run.

    about: what a resumed run must have in common with the first, beside the rest, such as hashes of case and
    code. origin: what only the data sheet tells. minari: what only Minari's metadata tell, such as env_spec.
    """

    episodes: Episodes
    layout: Layout
    policies: Sequence[Policy]
    seed: int = 0
    most_decisions: int | None = None
    split: str = "train"
    about: dict[str, Any] = dataclasses.field(default_factory=dict)
    origin: dict[str, Any] = dataclasses.field(default_factory=dict)
    minari: dict[str, Any] = dataclasses.field(default_factory=dict)

    def plan(self) -> dict[str, Any]:
        """The object of plan.json; a resumed run must have an equal one."""
        plan = {
            **self.about,
            "schedulers": [policy.name for policy in self.policies],
            "epsilon": [policy.epsilon for policy in self.policies],
            "seed": self.seed,
            "max_decisions": self.most_decisions,
            "split": self.split,
            "layout": json.loads(self.layout.to_json()),
        }
        return dict(json.loads(json.dumps(plan)))
