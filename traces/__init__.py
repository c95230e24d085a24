"""Workloads and time series as data: readers, writers, time zones and units.

What is listed here is imported when it is first used: an error message must not wait for pandas.
"""
# Part of the distribution rare-datacenter: rare.start.package_origin looks for this line.

from typing import TYPE_CHECKING

from traces.lazy_exports import lazy_exports
from traces.moved import install

if TYPE_CHECKING:
    from traces.errors import InputError
    from traces.jobs.dependencies.selected_chains import cut_chains, without_missing_predecessors
    from traces.jobs.job_files import read_workload, write_workload
    from traces.jobs.service_classes import ServiceClass, assign_service
    from traces.jobs.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload
    from traces.read_report import Finding, ReadReport
    from traces.series.power_csv import read_power
    from traces.series.power_series import PowerSeries

__all__ = [
    "NO_DEADLINE_S",
    "NO_POWER",
    "NO_VALUE",
    "Finding",
    "InputError",
    "PowerSeries",
    "ReadReport",
    "ServiceClass",
    "Workload",
    "assign_service",
    "cut_chains",
    "read_power",
    "read_workload",
    "without_missing_predecessors",
    "write_workload",
]

install()
__getattr__ = lazy_exports(
    "traces",
    {
        "InputError": "traces.errors",
        "Finding": "traces.read_report",
        "ReadReport": "traces.read_report",
        "read_power": "traces.series.power_csv",
        "PowerSeries": "traces.series.power_series",
        "read_workload": "traces.jobs.job_files",
        "write_workload": "traces.jobs.job_files",
        "cut_chains": "traces.jobs.dependencies.selected_chains",
        "without_missing_predecessors": "traces.jobs.dependencies.selected_chains",
        "ServiceClass": "traces.jobs.service_classes",
        "assign_service": "traces.jobs.service_classes",
        "NO_DEADLINE_S": "traces.jobs.workload",
        "NO_POWER": "traces.jobs.workload",
        "NO_VALUE": "traces.jobs.workload",
        "Workload": "traces.jobs.workload",
    },
)
