"""The power balance of the bound's program: nodes, supply, battery and grid in each step.

Energies are in units of the cluster's peak draw for an hour, so that the numbers are near 1.
"""

from __future__ import annotations

import numpy as np

from rare.model import Case
from rare.world import build_jobs
from schedulers.oracle.linear_program import Program
from schedulers.oracle.packing_rows import Runs, add_packing, share_of_nodes_mw
from schedulers.oracle.time_steps import Steps
from traces.numbers.constants import HOUR_S


class PowerRows:
    """Adds the power balance of a case to a program that has the variables of its jobs (`runs`).

    unit_u: micro-units of value by which the objective is divided."""

    def __init__(self, program: Program, case: Case, steps: Steps, runs: Runs, unit_u: float) -> None:
        self._program, self._case, self._steps, self._runs = program, case, steps, runs
        self._jobs = build_jobs(case)
        self._unit_mj = max(case.cluster.peak_draw_mw, 1) * HOUR_S
        self._cost = steps.rate_u_per_mj * self._unit_mj / unit_u
        self._count = len(steps.pue)

    def add(self) -> None:
        """Add all rows and variables of nodes, balance, supply, grid and battery."""
        balance = self._program.add_rows(0.0, equal=True, count=self._count)
        self._draw_of_jobs(balance)
        nodes = self._nodes(balance)
        used, grid = self._sources(balance)
        if self._steps.pays_to_draw:
            self._needless_draw(balance)
        charged, discharged = self._battery(balance, grid)
        self._limits(used, grid, discharged)
        add_packing(self._program, self._case, steps=self._steps, runs=self._runs)
        surplus = self._program.add_rows(self._steps.supply_mj / self._unit_mj)
        self._program.put(surplus, used, 1.0)
        self._more_than_supply(balance, grid, discharged)
        if charged is not None:
            self._program.put(surplus, charged, 1.0)
            self._resting_nodes_first(used, charged, nodes)

    def _draw_of_jobs(self, balance: np.ndarray) -> None:
        """Add the energy of jobs to the rows (K,) of the balance."""
        runs = self._runs
        energy = runs.power_mw * runs.run_s / self._unit_mj
        self._program.put(balance[runs.step], runs.column, energy * self._steps.pue[runs.step], equal=True)

    def _nodes(self, balance: np.ndarray) -> list[np.ndarray]:
        """Columns (K,) of node-hours in use for each partition: at least what each resource needs."""
        columns = []
        for index, part in enumerate(self._case.cluster.partitions):
            nodes = self._program.add_columns(self._steps.nodes.node_s[index] / HOUR_S)
            idle = part.idle_mw * HOUR_S / self._unit_mj * self._steps.pue
            self._program.put(balance, nodes, idle, equal=True)
            here = self._jobs.part[self._runs.job] == index
            for amounts, per_node in (
                (self._jobs.cores, part.cores_per_node),
                (self._jobs.gpus_milli, part.gpus_per_node * 1000),
                (self._jobs.memory_mib, part.memory_mib_per_node or 0),
            ):
                self._needs_nodes(nodes, here, amounts, per_node)
            columns.append(nodes)
        return columns

    def _needs_nodes(self, nodes: np.ndarray, here: np.ndarray, amounts: np.ndarray, per_node: int) -> None:
        runs = self._runs
        here = here & (amounts[runs.job] > 0)
        if per_node == 0 or not here.any():
            return
        job, step = runs.job[here], runs.step[here]
        share = amounts[job] * runs.run_s[here] / HOUR_S / per_node
        rows = self._program.add_rows(0.0, count=self._count)
        self._program.put(rows[step], runs.column[here], share)
        self._program.put(rows, nodes, -1.0)

    def _sources(self, balance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns (K,) of the energy used from the supply and from the grid."""
        most = self._most_draw()
        used = self._program.add_columns(np.minimum(self._steps.supply_mj / self._unit_mj, most))
        grid = self._program.add_columns(np.minimum(self._steps.import_mj / self._unit_mj, most), self._cost)
        self._program.put(balance, used, -1.0, equal=True)
        self._program.put(balance, grid, -1.0, equal=True)
        return used, grid

    def _most_draw(self) -> np.ndarray:
        """(K,) upper bound on the energy that the cluster draws in a step."""
        parts = self._case.cluster.partitions
        nodes_mw = sum(part.nodes * max(part.idle_mw, part.rest_mw) for part in parts)
        jobs_mw = float(self._jobs.power_mw[self._jobs.part >= 0].sum())
        rows_pue = self._case.inputs.pue_per_mille
        highest = self._case.cluster.pue_per_mille if rows_pue is None else int(rows_pue.max())
        power_mw = (jobs_mw + nodes_mw) * highest / 1000 + 1
        return power_mw * self._steps.length_s / self._unit_mj

    def _needless_draw(self, balance: np.ndarray) -> None:
        """Add draw without work, for negative prices: idle nodes, restarts, lost work, failed jobs."""
        self._program.put(balance, self._program.add_columns(self._most_draw()), 1.0, equal=True)

    def _battery(self, balance: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Columns (K,) of the surplus charged and of the discharge; None without a battery."""
        program, steps, battery = self._program, self._steps, self._case.battery
        limited = np.isfinite(steps.import_mj)
        if battery.capacity_mj == 0:
            return None, None
        hours = steps.length_s / self._unit_mj
        charged = program.add_columns(
            np.minimum(battery.charge_limit_mw * hours, steps.supply_mj / self._unit_mj)
        )
        discharged = program.add_columns(battery.discharge_limit_mw * hours)
        program.put(balance, discharged, -1.0, equal=True)
        flows = [charged]
        if steps.cheap.any():
            bought = program.add_columns(battery.charge_limit_mw * hours * steps.cheap, self._cost)
            flows.append(bought)
            right = np.where(limited, steps.import_mj, 0.0)[limited] / self._unit_mj
            rows = program.add_rows(right)
            program.put(rows, grid[limited], 1.0)
            program.put(rows, bought[limited], 1.0)
        self._content(flows, discharged)
        self._one_way(flows, discharged)
        return charged, discharged

    def _limits(self, used: np.ndarray, grid: np.ndarray, discharged: np.ndarray | None) -> None:
        """Add: what is drawn in a step is within the limits of the grid events, whoever serves it."""
        limited = np.isfinite(self._steps.limits.most_mj)
        if not limited.any():
            return
        rows = self._program.add_rows(self._steps.limits.most_mj[limited] / self._unit_mj)
        for source in (used, grid, discharged):
            if source is not None:
                self._program.put(rows, source[limited], 1.0)

    def _more_than_supply(self, balance: np.ndarray, grid: np.ndarray, discharged: np.ndarray | None) -> None:
        """Add: draw of a job beyond the supply comes from battery or grid, even for part of a step.

        Of jobs that run at once, the sum of what each draws beyond the supply is at most what all draw
        beyond it; so the energies of a step add up likewise.
        """
        runs, steps = self._runs, self._steps
        narrow_mw = runs.power_mw + share_of_nodes_mw(self._case)[runs.job]
        beyond_mw = narrow_mw * steps.pue[runs.step] - steps.supply_mw[runs.step]
        above = beyond_mw > 0
        if not above.any():
            return
        rows = self._program.add_rows(0.0, count=self._count)
        energy = beyond_mw * runs.run_s / self._unit_mj
        self._program.put(rows[runs.step[above]], runs.column[above], energy[above])
        self._program.put(rows, grid, -1.0)
        if discharged is not None:
            self._program.put(rows, discharged, -1.0)

    def _content(self, flows: list[np.ndarray], discharged: np.ndarray) -> None:
        """Add the battery's content at the end of each step: between 0 and its capacity, less losses."""
        program, battery, steps = self._program, self._case.battery, self._steps
        into = round(1000 * battery.charge_efficiency) / 1000
        out = round(1000 / battery.discharge_efficiency) / 1000
        content = program.add_columns(np.full(self._count, battery.capacity_mj / self._unit_mj))
        right = np.zeros(self._count)
        right[0] = round(battery.initial_share * battery.capacity_mj * 1000) / 1000 / self._unit_mj
        rows = program.add_rows(right, equal=True)
        program.put(rows, content, 1.0, equal=True)
        program.put(rows[1:], content[:-1], -1.0, equal=True)
        for flow in flows:
            program.put(rows, flow, -into, equal=True)
        program.put(rows, discharged, out, equal=True)
        if battery.self_discharge_mw:  # at most: an empty battery loses nothing (§7.4a)
            lost = program.add_columns(battery.self_discharge_mw * steps.length_s / self._unit_mj)
            program.put(rows, lost, 1.0, equal=True)

    def _one_way(self, flows: list[np.ndarray], discharged: np.ndarray) -> None:
        """Add: the battery charges or discharges at an instant, so the times of both fit into the step."""
        battery, length_s = self._case.battery, self._steps.length_s
        if battery.charge_limit_mw == 0 or battery.discharge_limit_mw == 0:
            return
        rows = self._program.add_rows(length_s / HOUR_S)
        scale = self._unit_mj / HOUR_S
        for flow in flows:
            self._program.put(rows, flow, scale / battery.charge_limit_mw)
        self._program.put(rows, discharged, scale / battery.discharge_limit_mw)

    def _resting_nodes_first(self, used: np.ndarray, charged: np.ndarray, nodes: list[np.ndarray]) -> None:
        """Add: unused nodes take surplus before the battery does (§2.7, §7.2).

        At an instant at which the battery charges, either all unused nodes are lit, and
        charged <= S - PUE x (rest of all nodes - rest of those in use) - used, or some are dark for lack
        of power, and charged <= e, less than the rest of one node. With A = S - PUE x rest of all nodes,
        both satisfy charged + A/S x (used - PUE x rest of those in use) <= A + e, which is linear in
        time, so it holds for a step with constant inputs. `used` is what jobs and their nodes take. During
        a grid event (§12.1) nodes may be dark below the limit, so such steps are left out.
        """
        parts, steps = self._case.cluster.partitions, self._steps
        if any(part.rest_mw > part.idle_mw for part in parts):
            return
        power_mw = steps.supply_mj / steps.length_s
        rest_mw = np.array([[part.rest_mw] for part in parts])
        all_mw = (steps.nodes.fewest * rest_mw).sum(axis=0) * steps.pue
        least_mw = (max(part.rest_mw for part in parts) + 1) * steps.pue + 1
        left_mw = np.maximum(power_mw - all_mw, 0.0)
        share = np.divide(left_mw, power_mw, out=np.zeros(self._count), where=power_mw > 0)
        some = np.flatnonzero(steps.constant & steps.limits.rests & (all_mw > 0))
        if len(some) == 0:
            return
        rows = self._program.add_rows(((left_mw + least_mw) * steps.length_s / self._unit_mj)[some])
        self._program.put(rows, charged[some], 1.0)
        self._program.put(rows, used[some], share[some])
        for part, column in zip(parts, nodes, strict=True):
            rest = part.rest_mw * HOUR_S / self._unit_mj * steps.pue * share
            self._program.put(rows, column[some], -rest[some])
