"""Workloads and time series as data: readers, writers, time zones and units."""

from traces.errors import InputError
from traces.files import read_workload, write_workload
from traces.power_csv import read_power
from traces.series import PowerSeries
from traces.service import ServiceClass, assign_service
from traces.workload import (
    NO_DEADLINE_S,
    NO_POWER,
    NO_VALUE,
    Finding,
    ReadReport,
    Workload,
)

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
