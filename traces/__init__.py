"""Workloads and time series as data: readers, writers, time zones and units."""

from traces.errors import InputError
from traces.jobs.job_files import read_workload, write_workload
from traces.jobs.service_classes import ServiceClass, assign_service
from traces.jobs.workload import (
    NO_DEADLINE_S,
    NO_POWER,
    NO_VALUE,
    Finding,
    ReadReport,
    Workload,
)
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
    "read_power",
    "read_workload",
    "write_workload",
]
