"""RARE: a datacenter on wind and sun, simulated. `simulate(case, scheduler)` is the front door."""

import gymnasium

from rare.environment import GreenClusterEnv
from rare.episodes import Randomise
from rare.layout import Layout
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
from rare.policy import Policy
from rare.power_flows import PowerFlows
from rare.result import Result
from rare.run import simulate
from rare.schedule import Schedule
from rare.scheduler import Scheduler
from rare.simpy_clock import SimpyClock
from rare.state import WAIT
from rare.vector_env import GreenClusterVectorEnv
from rare.view import ClusterView, JobView

__version__ = "0.1.0"

gymnasium.register(
    "rare/GreenCluster-v0",
    entry_point="rare.environment:GreenClusterEnv",
    vector_entry_point="rare.vector_env:GreenClusterVectorEnv",
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
