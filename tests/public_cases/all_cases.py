"""Every case, in the order of the table."""

from tests.public_cases import (  # noqa: F401  each adds its cases
    commands,
    datasets,
    energy,
    environments,
    scheduling,
    series,
    weather,
    workloads,
)
from tests.public_cases.registry import AREAS, PublicCase
from tests.public_cases.registry import CASES as ADDED

CASES: list[PublicCase] = sorted(ADDED, key=lambda one: AREAS.index(one.area))
