"""Forecasts in the reference simulator: outlook, projected draw, battery to come and gates (RULES §10)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.machine import Machine
from tests.reference.model import Job


@dataclass(frozen=True)
class Step:
    """One step of the outlook, with its medians; end_s None: it lasts for ever (§10.2)."""

    start_s: int
    end_s: int | None
    supply_mw: int
    price_u: int
    carbon_ukg: int


def issue_times(machine: Machine) -> list[int]:
    """When forecasts come out (§10.1)."""
    forecast = machine.case.forecast
    if forecast is None:
        return []
    return [forecast.begin_s + i * forecast.issue_step_s for i in range(len(forecast.supply_mw))]


class Outlook:
    """What may be known of the future at this instant, with the jobs that run now."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.now_s = machine, machine.now_s
        self.steps = self._steps()
        self.running = machine.running()

    def _steps(self) -> list[Step]:
        machine, row, forecast = self.machine, self.machine.row, self.machine.case.forecast
        lasting = [Step(self.now_s, None, row.supply_mw, row.price_u, row.carbon_ukg)]
        issued = [i for i, time_s in enumerate(issue_times(machine)) if time_s <= self.now_s]
        if forecast is None or not issued:
            return lasting
        newest = issued[-1]
        start_s = issue_times(machine)[newest]
        edges = [start_s + k * forecast.step_s for k in range(forecast.supply_mw.shape[1] + 1)]
        later = [k for k, edge_s in enumerate(edges[:-1]) if edge_s > self.now_s]
        if not later:  # in the last step or past it
            return lasting
        first = Step(self.now_s, edges[later[0]], row.supply_mw, row.price_u, row.carbon_ukg)
        return [first] + [
            Step(
                edges[k],
                edges[k + 1],
                int(forecast.supply_mw[newest, k]),
                int(forecast.price_u[newest, k]),
                int(forecast.carbon_u[newest, k]),
            )
            for k in later
        ]

    @property
    def lasts(self) -> bool:
        """Whether the present is taken to persist."""
        return self.steps[0].end_s is None

    def step_at(self, time_s: int) -> int:
        """Number of the step that contains a time; the last one beyond the outlook."""
        return max(k for k, step in enumerate(self.steps) if step.start_s <= time_s or k == 0)

    # --- the draw and the battery to come ---------------------------------------------------

    def beyond(self, time_s: int) -> list[Job]:
        """Running jobs whose estimates reach beyond a time (§10.3)."""
        return [job for job in self.running if self.machine.expected_end_s(job) > time_s]

    def projected(self, step: int) -> list[Job]:
        """Running jobs in a step: at its beginning, or those that run now."""
        return self.running if step == 0 else self.beyond(self.steps[step].start_s)

    def served_from_battery_mw(self, content: int, seconds: int) -> int:
        """What the battery can give for so long (§2.5), self-discharge left out (§10.3)."""
        machine = self.machine
        return min(machine.case.battery.discharge_limit_mw, content // (machine.discharge_factor * seconds))

    def content_after(self, step: int, content: int, it_mw: int) -> int:
        """Content at the end of a step in which jobs draw `it_mw` (§10.3)."""
        machine, this = self.machine, self.steps[step]
        assert this.end_s is not None
        seconds = this.end_s - this.start_s
        draw_mw = -(-it_mw * machine.row.pue // 1000)
        surplus_mw = this.supply_mw - draw_mw
        if surplus_mw >= 0:
            charge_mw = min(surplus_mw, machine.case.battery.charge_limit_mw)
            return min(machine.full, content + charge_mw * machine.charge_factor * seconds)
        from_grid_mw = machine.row.import_mw if machine.grid_first() else 0
        asked_mw = max(0, -surplus_mw - from_grid_mw)
        given_mw = min(asked_mw, self.served_from_battery_mw(content, seconds))
        return content - given_mw * machine.discharge_factor * seconds

    def contents(self) -> list[int]:
        """Content at the beginning of each step, if only the running jobs draw."""
        contents = [self.machine.content]
        for step in range(len(self.steps) - 1):
            it_mw = self.machine.jobs_it_mw(self.projected(step))
            contents.append(self.content_after(step, contents[-1], it_mw))
        return contents

    def capacity_mw(self, step: int, content: int) -> int:
        """IT power that a step can serve for all its length, with this content at its beginning."""
        this = self.steps[step]
        assert this.end_s is not None
        battery_mw = self.served_from_battery_mw(content, this.end_s - this.start_s)
        return self.machine.as_it_mw(this.supply_mw + self.machine.row.import_mw + battery_mw)

    def limit_mw(self, step: int, from_s: int, to_s: int) -> int:
        """IT power by the grid events that overlap the part in a step of a job's run (§10.8)."""
        this = self.steps[step]
        first_s = max(from_s, this.start_s)
        end_s = to_s if this.end_s is None else min(to_s, this.end_s)
        return self.machine.as_it_mw(self.machine.curtailments.lowest_mw(self.now_s, first_s, end_s))

    # --- gates (§10.5) ----------------------------------------------------------------------

    def is_green(self, job: Job, run_s: int) -> bool:
        """Whether the median supply covers what runs and the job, with the nodes it adds, to its end."""
        machine = self.machine
        added_mw = machine.jobs_it_mw([*self.running, job]) - machine.jobs_it_mw(self.running)
        for k, step in enumerate(self.steps):
            if k > 0 and step.start_s >= self.now_s + run_s:
                break
            it_mw = machine.jobs_it_mw(self.projected(k)) + added_mw
            if it_mw * machine.row.pue > step.supply_mw * 1000:
                return False
        return True

    def lower_share(self, until_s: int, signal: str) -> float:
        """Share of the steps that begin by `until_s` with a lower price (carbon intensity) than now."""
        field = {"price": "price_u", "carbon": "carbon_ukg"}[signal]
        rates = [getattr(step, field) for step in self.steps if step.start_s <= until_s]
        return sum(rate < rates[0] for rate in rates) / len(rates)
