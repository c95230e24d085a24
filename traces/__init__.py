"""Workloads and time series as data: readers, writers, time zones and units."""

from traces.errors import InputError
from traces.workload import NO_DEADLINE_S, NO_POWER, NO_VALUE, Finding, ReadReport, Workload
