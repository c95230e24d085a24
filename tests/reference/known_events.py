"""Grid events and outages in the reference: what is in force, and what is known ahead (§10.8, §12)."""

from __future__ import annotations

from dataclasses import dataclass

from rare.machine_events import NO_LIMIT_MW, PLANNED, GridEvents, Outages
from rare.model import UNLIMITED_MW


@dataclass
class Curtailment:
    """A grid event. limit_mw: what may be drawn; None: not known yet, or never."""

    notice_s: int
    start_s: int
    comply_s: int
    end_s: int
    depth: int
    limit_mw: int | None
    measured_s: int  # when the draw counts that the depth is a share of

    @property
    def times(self) -> tuple[int, int, int, int]:
        """Its instants (§3.8)."""
        return self.notice_s, self.start_s, self.comply_s, self.end_s


class Curtailments:
    """All grid events of a run (§12.1)."""

    def __init__(self, events: GridEvents | None, begin_s: int) -> None:
        self.all: list[Curtailment] = []
        for k in range(0 if events is None else len(events)):
            assert events is not None
            notice_s, start_s = int(events.notice_s[k]), int(events.start_s[k])
            limit_mw = int(events.limit_mw[k])
            self.all.append(
                Curtailment(
                    notice_s,
                    start_s,
                    int(events.comply_s[k]),
                    int(events.end_s[k]),
                    int(events.depth_per_mille[k]),
                    None if limit_mw == NO_LIMIT_MW else limit_mw,
                    notice_s if notice_s > begin_s else start_s if start_s > begin_s else -1,
                )  # fmt: skip
            )

    def measure(self, now_s: int, draw_mw: int) -> None:
        """Fix the limits of the events whose share is of the draw up to now."""
        for event in self.all:
            if event.limit_mw is None and event.measured_s == now_s:
                event.limit_mw = draw_mw * (1000 - event.depth) // 1000

    def is_on(self, now_s: int) -> bool:
        return any(event.start_s <= now_s < event.end_s for event in self.all)

    def limit_mw(self, now_s: int, comply: bool = False) -> int:
        """The lowest limit from the events' starts, or from their times to comply."""
        return min(
            (
                event.limit_mw
                for event in self.all
                if event.limit_mw is not None
                and (event.comply_s if comply else event.start_s) <= now_s < event.end_s
            ),
            default=UNLIMITED_MW * 1000,
        )

    def announced(self, now_s: int) -> list[Curtailment]:
        """Events that are known, with a known limit, and not over (§10.8)."""
        return [e for e in self.all if e.limit_mw is not None and e.notice_s <= now_s < e.end_s]

    def lowest_mw(self, now_s: int, from_s: int, to_s: int | None) -> int:
        """The lowest limit known now of those that overlap [from_s, to_s); to_s None: for ever."""
        limits = [
            event.limit_mw
            for event in self.announced(now_s)
            if event.end_s > from_s and (to_s is None or event.start_s < to_s)
        ]
        return min((limit for limit in limits if limit is not None), default=UNLIMITED_MW * 1000)


@dataclass
class Outage:
    """Nodes that are away from begin to end. draw None: planned."""

    partition: int
    nodes: int
    from_s: int
    to_s: int
    draw: int | None
    state: str = "to come"  # on, over

    def is_on_at(self, time_s: int) -> bool:
        """Whether it will last at a time to come, as far as is known: one that is not planned lasts."""
        if self.draw is not None:
            return self.state == "on"
        return self.state != "over" and self.from_s <= time_s < self.to_s


class Repairs:
    """All outages of a run: how many nodes are there, now and as far as is known (§12.3, §10.8)."""

    def __init__(self, outages: Outages | None, nodes: list[int]) -> None:
        self.nodes = nodes
        self.all = [
            Outage(
                int(outages.partition[k]), int(outages.nodes[k]), int(outages.from_s[k]),
                int(outages.to_s[k]), None if outages.draw[k] == PLANNED else int(outages.draw[k]),
            )
            for k in range(0 if outages is None else len(outages))
            if outages is not None
        ]  # fmt: skip

    def _less(self, p: int, away: list[Outage]) -> int:
        """Nodes of a partition beside outages: never fewer than none (§9.15)."""
        return max(0, self.nodes[p] - sum(outage.nodes for outage in away if outage.partition == p))

    def there(self, p: int) -> int:
        """Nodes of a partition that are not away now."""
        return self._less(p, [outage for outage in self.all if outage.state == "on"])

    def repair(self, now_s: int) -> int:
        """End the outages that are over; how many."""
        over = [outage for outage in self.all if outage.state != "over" and outage.to_s <= now_s]
        for outage in over:
            outage.state = "over"
        return len(over)

    def beginning(self, now_s: int) -> list[Outage]:
        """Outages that have to happen now, in file order."""
        return [outage for outage in self.all if outage.state == "to come" and outage.from_s <= now_s]

    # --- what is known of the time to come --------------------------------------------------

    def there_at(self, p: int, time_s: int) -> int:
        """Nodes that will be there at a time, as far as is known (§10.8)."""
        return self._less(p, [outage for outage in self.all if outage.is_on_at(time_s)])

    def known_changes(self, p: int | None = None) -> set[int]:
        """When nodes (of a partition) will go or come back, as far as is known."""
        planned = [o for o in self.all if o.draw is None and o.state != "over" and p in (None, o.partition)]
        return {time_s for outage in planned for time_s in (outage.from_s, outage.to_s)}
