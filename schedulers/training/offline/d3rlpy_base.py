"""The only imports from d3rlpy, which has had no release since 2025: replacing it would begin here."""

from __future__ import annotations

from contextlib import suppress

with suppress(ImportError):  # gym prints a banner when d3rlpy imports it, unless this is empty
    import gym_notices.notices

    gym_notices.notices.notices.clear()

from d3rlpy.algos.qlearning.base import QLearningAlgoBase, QLearningAlgoImplBase  # noqa: E402
from d3rlpy.base import LearnableConfig, register_learnable  # noqa: E402
from d3rlpy.constants import ActionSpace  # noqa: E402
from d3rlpy.optimizers.optimizers import OptimizerWrapper  # noqa: E402
from d3rlpy.torch_utility import Modules, TorchMiniBatch  # noqa: E402

__all__ = [
    "ActionSpace",
    "LearnableConfig",
    "Modules",
    "OptimizerWrapper",
    "QLearningAlgoBase",
    "QLearningAlgoImplBase",
    "TorchMiniBatch",
    "register_learnable",
]
