"""Simulate one, compare many: requests, runs, their provenance and remarks.

What is listed here is imported when it is first used: to handle a signal needs no pandas.
"""

from typing import TYPE_CHECKING

from traces.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from experiments.runs.comparison import compare_run
    from experiments.runs.run_setup import Settings, SimulationRequest
    from experiments.runs.single_run import simulate_run

__all__ = ["Settings", "SimulationRequest", "compare_run", "simulate_run"]

__getattr__ = lazy_exports(
    "experiments.runs",
    {
        "Settings": "experiments.runs.run_setup",
        "SimulationRequest": "experiments.runs.run_setup",
        "compare_run": "experiments.runs.comparison",
        "simulate_run": "experiments.runs.single_run",
    },
)
