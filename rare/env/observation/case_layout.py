"""The layout that a case is seen by: with levels and events where the case has any."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rare.env.observation.layout import Layout
from rare.model import Case


def has_levels(case: Case) -> bool:
    """Whether any partition declares speed levels (RULES §11)."""
    return any(part.speeds for part in case.cluster.partitions)


def has_events(case: Case) -> bool:
    """Whether there are grid events or outages (RULES §12)."""
    return any(given is not None and len(given) > 0 for given in (case.events, case.outages))


def fitted(
    layout: Layout, cases: Sequence[Case], levels: bool | None = None, events: bool | None = None
) -> Layout:
    """The layout for these cases: with levels or events if any of them has some.

    levels, events: choose it yourself; without levels jobs start at full speed and stay there.
    """
    return dataclasses.replace(
        layout,
        levels=any(map(has_levels, cases)) if levels is None else bool(levels),
        events=any(map(has_events, cases)) if events is None else bool(events),
    )
