"""RARE: a datacenter on wind and sun, simulated. `simulate(case, scheduler)` is the front door."""

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
from rare.scheduler import Scheduler
from rare.simpy_clock import SimpyClock
from rare.state import WAIT
from rare.view import ClusterView, JobView

__version__ = "0.1.0"

__all__ = [
    "NEVER_S",
    "NO_BATTERY",
    "UNLIMITED_MW",
    "WAIT",
    "Battery",
    "Case",
    "Cluster",
    "ClusterView",
    "Inputs",
    "JobView",
    "Options",
    "Partition",
    "Result",
    "Scheduler",
    "SimpyClock",
    "constant_inputs",
    "simulate",
]
