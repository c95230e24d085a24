"""What a network sees of a believed future (schedulers.lookahead.belief).

The same as it would see of the real state, but for what the belief has of its own: jobs that were drawn to
arrive, and the newest forecast alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rare.env.observation.features import HOUR_FEATURES
from rare.env.observation.observer import Observer
from rare.state.memory import records, register
from schedulers.lookahead.belief import Believed


class BelievedView:
    """The view of one belief. real: the network's observer of the real world."""

    def __init__(self, real: Observer) -> None:
        self._real, self._tables = real, real.tables
        self._known = len(real.tables.static)
        self._steps = real.tables.world.forecast.shape[1] * HOUR_FEATURES
        self._observer = self._observer_for(2 * self._known)

    def _observer_for(self, jobs: int) -> Observer:
        """An observer with tables of its own: so many jobs, and one forecast."""
        tables = self._tables
        static = records((jobs,), tables.static.dtype)
        static[: self._known] = tables.static
        hours = records((max(self._steps, HOUR_FEATURES),), tables.hours.dtype)
        view = tables.view.copy().view(np.recarray)
        view["at_static"], view["at_hours"] = register(static), register(hours)
        own = replace(tables, static=static, hours=hours, view=view)
        return Observer(self._real.case, self._real.layout, own)

    @property
    def address(self) -> int:
        """The view as compiled code takes it."""
        return self._observer.view

    @property
    def obs(self) -> np.ndarray:
        """(D,) float32, what is seen through it."""
        return self._observer.obs

    def turn_to(self, believed: Believed) -> None:
        """Make ready to look at the future that was drawn last."""
        if len(believed.world.jobs) > len(self._observer.tables.static):
            self._observer = self._observer_for(len(believed.world.jobs))
        if believed.world.live.shape[1] != self._observer.live_slots:
            self._observer.make_room(believed.world.live.shape[1])
        static, hours = self._observer.tables.static, self._observer.tables.hours
        drawn = believed.drawn_jobs
        static[self._known : self._known + len(drawn)] = self._tables.static[drawn]
        if believed.issue >= 0:
            first = believed.issue * self._steps
            hours[: self._steps] = self._tables.hours[first : first + self._steps]
