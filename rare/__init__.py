"""RARE: a datacenter on wind and sun, simulated. `simulate(case, scheduler)` is the front door."""

import gymnasium

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

gymnasium.register(
    "rare/GreenCluster-v0",
    entry_point="rare.env.environment:GreenClusterEnv",
    vector_entry_point="rare.env.vector_env:GreenClusterVectorEnv",
    order_enforce=False,
)

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
