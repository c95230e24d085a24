"""RARE: a datacenter on wind and sun, simulated. `simulate(case, scheduler)` is the front door.

What is listed here is imported when it is first used: a report must not wait for numba.
"""

# ruff: noqa: E402 - the packages are checked before anything is imported from them

from typing import TYPE_CHECKING, Any

from rare.start.package_origin import check_packages

check_packages(__file__)

from traces.lazy_exports import lazy_exports, when_imported

if TYPE_CHECKING:
    from rare.clocks.power_flows import PowerFlows
    from rare.clocks.simpy_clock import SimpyClock
    from rare.env.environment import GreenClusterEnv
    from rare.env.observation.layout import Layout
    from rare.env.policies.policy import Policy
    from rare.env.vector_env import GreenClusterVectorEnv
    from rare.episodes import Randomise
    from rare.model import (
        NEVER_S,
        NO_BATTERY,
        UNLIMITED_MW,
        Battery,
        Case,
        Cluster,
        Inputs,
        Options,
        Partition,
        constant_inputs,
    )
    from rare.result import Result
    from rare.run import simulate
    from rare.schedule import Schedule
    from rare.scheduler import Scheduler
    from rare.state.arrays import WAIT
    from rare.view import ClusterView, JobView

__version__ = "0.1.0"


def _register() -> None:
    """Make the environment known to `gymnasium.make`."""
    import gymnasium

    gymnasium.register(
        "rare/GreenCluster-v0",
        entry_point="rare.env.environment:GreenClusterEnv",
        vector_entry_point="rare.env.vector_env:GreenClusterVectorEnv",
        order_enforce=False,
    )


def _take_policies() -> None:
    """Let objects with `act` be schedulers, wrapped by the environment's layer once there is one."""
    from rare.scheduler import BaseScheduler, register_adapter

    def wrapped(policy: Any) -> BaseScheduler:
        from rare.env.policies.policy import PolicyScheduler

        return PolicyScheduler(policy)

    register_adapter("act", wrapped)


when_imported("rare.scheduler", _take_policies)
when_imported("gymnasium", _register)  # a simulation has no need of it, and it takes a while

__all__ = [
    "NEVER_S",
    "NO_BATTERY",
    "UNLIMITED_MW",
    "WAIT",
    "Battery",
    "Case",
    "Cluster",
    "ClusterView",
    "GreenClusterEnv",
    "GreenClusterVectorEnv",
    "Inputs",
    "JobView",
    "Layout",
    "Options",
    "Partition",
    "Policy",
    "PowerFlows",
    "Randomise",
    "Result",
    "Schedule",
    "Scheduler",
    "SimpyClock",
    "constant_inputs",
    "simulate",
]

__getattr__ = lazy_exports(
    "rare",
    {
        "PowerFlows": "rare.clocks.power_flows",
        "SimpyClock": "rare.clocks.simpy_clock",
        "GreenClusterEnv": "rare.env.environment",
        "Layout": "rare.env.observation.layout",
        "Policy": "rare.env.policies.policy",
        "GreenClusterVectorEnv": "rare.env.vector_env",
        "Randomise": "rare.episodes",
        "NEVER_S": "rare.model",
        "NO_BATTERY": "rare.model",
        "UNLIMITED_MW": "rare.model",
        "Battery": "rare.model",
        "Case": "rare.model",
        "Cluster": "rare.model",
        "Inputs": "rare.model",
        "Options": "rare.model",
        "Partition": "rare.model",
        "constant_inputs": "rare.model",
        "Result": "rare.result",
        "simulate": "rare.run",
        "Schedule": "rare.schedule",
        "Scheduler": "rare.scheduler",
        "WAIT": "rare.state.arrays",
        "ClusterView": "rare.view",
        "JobView": "rare.view",
    },
)
