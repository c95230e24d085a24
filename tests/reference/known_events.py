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
    """Nodes that are away from begin to end. draw None: planned. taken: how many it took (§9.15)."""

    partition: int
    nodes: int
    from_s: int
    to_s: int
    draw: int | None
    begun: bool = False
    taken: int = 0


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

    def there(self, p: int) -> int:
        """Nodes of a partition that are not away now."""
        return self.nodes[p] - sum(outage.taken for outage in self.all if outage.partition == p)

    def repair(self, now_s: int) -> None:
        """Give back what outages that are over had taken."""
        for outage in self.all:
            if outage.to_s <= now_s:
                outage.begun, outage.taken = True, 0

    def beginning(self, now_s: int) -> list[Outage]:
        """Outages that have to happen now, in file order."""
        return [outage for outage in self.all if not outage.begun and outage.from_s <= now_s]

    # --- what is known of the time to come --------------------------------------------------

    def known(self, p: int, now_s: int) -> list[tuple[int, int]]:
        """(time, nodes there from then on), from now on, by planned outages and those that last (§10.8)."""
        mine = [outage for outage in self.all if outage.partition == p]
        away = {k: outage.taken for k, outage in enumerate(mine) if outage.taken}
        coming = [k for k, outage in enumerate(mine) if not outage.begun and outage.draw is None]
        changes = {mine[k].from_s for k in coming}
        changes |= {o.to_s for k, o in enumerate(mine) if o.draw is None and (k in away or k in coming)}
        there = [(now_s, self.there(p))]
        for time_s in sorted(t for t in changes if t > now_s):
            away = {k: n for k, n in away.items() if mine[k].draw is not None or mine[k].to_s > time_s}
            for k in coming:
                if mine[k].from_s == time_s:
                    away[k] = min(mine[k].nodes, self.nodes[p] - sum(away.values()))
            there.append((time_s, self.nodes[p] - sum(away.values())))
        return there

    def there_at(self, p: int, now_s: int, time_s: int) -> int:
        """Nodes that will be there at a time, as far as is known."""
        return [nodes for since_s, nodes in self.known(p, now_s) if since_s <= time_s][-1]

    def least_there(self, p: int, now_s: int, from_s: int, to_s: int) -> int:
        """The fewest nodes that will be there at any time of [from_s, to_s)."""
        within = [nodes for since_s, nodes in self.known(p, now_s) if from_s < since_s < to_s]
        return min([self.there_at(p, now_s, from_s), *within])

    def known_changes(self, now_s: int) -> set[int]:
        """When nodes will go or come back, as far as is known."""
        return {time_s for p in range(len(self.nodes)) for time_s, _ in self.known(p, now_s)[1:]}
