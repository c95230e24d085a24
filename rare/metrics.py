"""The metrics of a finished run; rare.metric_catalogue says what each one is. What does not apply is None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rare.accounts.fairness import fairness_metrics
from rare.accounts.grid_response import RESPONSE_METRICS
from rare.metric_catalogue import catalogued
from rare.model import NEVER_S, Case
from rare.rules.objective import prices_of, terms_of
from rare.state.arrays import S_CANCELLED, S_COMPLETED, S_DROPPED, S_HELD, S_REJECTED, World
from rare.state.event_tables import has_speeds
from traces.errors import InputError
from traces.numbers.constants import MICRO, MJ_PER_KWH

KWH_MJ = float(MJ_PER_KWH)  # a float: energies beyond 2^53 mJ are rounded before they are divided, as ever
NOT_LEFT_OVER = (S_COMPLETED, S_REJECTED, S_CANCELLED, S_DROPPED, S_HELD)
"""Statuses of jobs that are not among those for which the end of the run stands as their end."""
SHORT_JOB_S = 10  # the bound of the bounded slowdown


def job_metrics(case: Case, outcome: np.ndarray, over_s: int, warmup_s: int, arrived: int) -> dict[str, Any]:
    """Waits from the arrival on (RULES §12.4), slowdowns and counts, of the jobs submitted after the warm-up.

    over_s: when the run ended. arrived: how many jobs, the first of the workload, had arrived by then; one
    submitted in the second of the end has not where the inputs or the window end with it (RULES §8.2).
    Source of the bounded slowdown: Feitelson et al., JSSPP 1997, doi:10.1007/3-540-63574-2_14.
    """
    work = case.workload
    counted = work.submit_s >= case.first_instant_s + warmup_s
    done = (outcome["status"] == S_COMPLETED) & counted
    gone = np.isin(outcome["status"], NOT_LEFT_OVER)
    came = np.arange(len(work)) < arrived
    left = ~gone & counted & came  # a job that never came has not waited
    # in place where it can be: with millions of jobs these columns are the peak of memory
    turnaround_s = np.where(outcome["status"] == S_COMPLETED, outcome["end_s"], over_s)
    turnaround_s -= work.submit_s
    turnaround_s -= outcome["delay_s"]
    np.maximum(turnaround_s, 0, out=turnaround_s)
    slowdown = turnaround_s / np.maximum(work.work_s, SHORT_JOB_S)
    np.maximum(slowdown, 1.0, out=slowdown)
    finished, all_jobs = done.any(), (done | left).any()

    def mean(values: np.ndarray, mask: np.ndarray) -> float | None:
        return float(values[mask].mean()) if mask.any() else None

    mean_turnaround_s = mean(turnaround_s, done)
    slowdowns = mean(slowdown, done), mean(slowdown, done | left) if all_jobs else None
    del slowdown
    wait_s = turnaround_s
    wait_s -= work.work_s
    np.maximum(wait_s, 0, out=wait_s)
    makespan_s = int(outcome["end_s"][done].max() - work.submit_s[counted].min()) if finished else None
    capacity_core_s = case.cluster.cores * (makespan_s or 0)
    busy_core_s = int((work.work_s[done] * work.cores[done]).sum())
    return {
        "mean_wait_s": mean(wait_s, done),
        "median_wait_s": float(np.median(wait_s[done])) if finished else None,
        "p95_wait_s": float(np.percentile(wait_s[done], 95)) if finished else None,
        "max_wait_s": int(wait_s[done].max()) if finished else None,
        "mean_first_wait_s": mean(outcome["start_s"] - work.submit_s - outcome["delay_s"], done),
        "mean_bounded_slowdown": slowdowns[0],
        "mean_wait_with_unfinished_s": mean(wait_s, done | left) if all_jobs else None,
        "mean_bounded_slowdown_with_unfinished": slowdowns[1],
        "mean_turnaround_s": mean_turnaround_s,
        "makespan_s": makespan_s,
        "utilization": busy_core_s / capacity_core_s if capacity_core_s else None,
        "jobs_not_arrived": len(work) - arrived + int((outcome["status"] == S_HELD).sum()),
    }


def energy_metrics(case: Case, world: World) -> dict[str, Any]:
    """Energies in kWh, cost in units of money, carbon in kg."""
    state = world.env[0]
    renewable, battery = case.inputs.renewable, case.battery.capacity_mj > 0
    _refuse_overflow(case, state)
    energy = int(state.draw_mj) / KWH_MJ

    def kwh(field: str, applies: bool = True) -> float | None:
        return int(state[field]) / KWH_MJ if applies else None

    charged_mj, grid_charged_mj = int(state.charged_mj), int(state.grid_charged_mj)
    # what the battery gives is as renewable as what charged it; its first content counts as renewable
    green_of_battery = 1 - grid_charged_mj / charged_mj if charged_mj else 1.0
    served_mj = int(state.used_mj) + int(state.discharged_mj) * green_of_battery
    available_mj = int(state.available_mj)
    kept_mj = available_mj - int(state.curtailed_mj)
    return {
        "energy_kwh": energy,
        "renewable_available_kwh": kwh("available_mj", renewable),
        "renewable_used_kwh": kwh("used_mj", renewable),
        "renewable_share": served_mj / int(state.draw_mj) if renewable and state.draw_mj else None,
        "renewable_utilization": kept_mj / available_mj if renewable and available_mj else None,
        "curtailed_kwh": kwh("curtailed_mj", renewable),
        "battery_charged_kwh": kwh("charged_mj", battery),
        "battery_discharged_kwh": kwh("discharged_mj", battery),
        "battery_grid_charged_kwh": kwh("grid_charged_mj", battery),
        "battery_leaked_kwh": int(state.leaked) / KWH_MJ / 1000 if battery else None,
        "grid_kwh": kwh("grid_mj"),
        "grid_cost": int(state.cost_u) / 1e6 if case.inputs.priced else None,
        "carbon_kg": int(state.emitted_u) / 1e6 if case.inputs.carbon_known else None,
        "wasted_kwh": kwh("wasted_mj"),
        "unserved_kwh": 0.0 if _is_balanced(state) else None,
    }


def _refuse_overflow(case: Case, state: Any) -> None:
    """The last resort of RULES §1.4, for runs that waited longer than could be foreseen."""
    totals = ("available_mj", "curtailed_mj", "charged_mj", "discharged_mj", "grid_mj", "draw_mj")
    if min(int(state[name]) for name in totals) < 0:
        raise InputError(
            f"{case.workload.name}: the run took {int(state.now_s - state.begin_s)} s and more energy than "
            "2^62 mJ can count (RULES §1.4); end the inputs earlier or use fewer jobs"
        )


def _is_balanced(state: Any) -> bool:
    """Draw + charged from the grid = renewable + battery + grid, to the millijoule (RULES §7.6)."""
    served_mj = int(state.used_mj) + int(state.discharged_mj) + int(state.grid_mj)
    drawn_mj = int(state.draw_mj) + int(state.grid_charged_mj)
    if drawn_mj != served_mj:
        raise AssertionError(f"energy is not conserved: drew {drawn_mj} mJ, served {served_mj} mJ")
    return True


def objective_parts(case: Case, world: World) -> dict[str, float] | None:
    """What the objective is made of, each as a share of the value offered; None if none is offered."""
    state = world.env[0]
    offered_u = int(state.offered_u)
    if offered_u == 0:
        return None
    value_u, penalties_u, unserved_u, grid_u, carbon = terms_of(state, prices_of(case))
    return {
        "value": value_u / offered_u,
        "penalties": penalties_u / offered_u,
        "unserved": unserved_u / offered_u,
        "grid_cost": grid_u / offered_u,
        "carbon_cost": carbon / float(MICRO) / offered_u,
    }


def _busy_share(case: Case, state: Any) -> float | None:
    """Share of the cores in use, over the whole run, whatever became of the jobs."""
    core_s = case.cluster.cores * (int(state.now_s) - int(state.begin_s))
    return int(state.core_s) / core_s if core_s else None


def metrics(
    case: Case,
    world: World,
    warmup_s: int,
    simulate_s: float,
    fallbacks: int | None = None,
    of_events: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All metrics of a finished run of environment 0.

    fallbacks: decisions left to another scheduler. of_events: the metrics of the grid events
    (rare.accounts.grid_response), which take the logs of the run; None: these are not known.
    """
    state = world.env[0]
    jobs = len(case.workload)
    valued = bool((case.workload.value_u > 0).any())
    dated = bool((world.jobs.deadline_s < NEVER_S).any())
    parts = objective_parts(case, world)
    completed, rejected = int(state.completed), int(state.rejected)
    values = {
        "jobs_submitted": jobs,
        "jobs_completed": completed,
        "jobs_rejected": rejected,
        "jobs_over_limit": int(state.over_limit),
        "jobs_unfinished": jobs - completed - rejected,
        "jobs_expired": int(state.expired),
        "jobs_failed": int(state.failed),
        "jobs_cancelled": int(state.cancelled),
        "jobs_dropped": int(state.dropped),
        "jobs_skipped": case.workload.report.jobs_skipped,
        **job_metrics(case, world.outcome[0], int(state.now_s), warmup_s, int(state.next_job)),
        "value_offered": int(state.offered_u) / 1e6 if valued else None,
        "value_earned": int(state.earned_u) / 1e6 if valued else None,
        "objective": None
        if parts is None
        else parts["value"]
        - parts["penalties"]
        - parts["unserved"]
        - parts["grid_cost"]
        - parts["carbon_cost"],
        "objective_parts": parts,
        "qos_violations": int(state.violations) if dated else None,
        "jobs_unserved": int(state.unserved),
        "unserved_price": int(state.unserved_u) / 1e6 if bool(world.jobs.unserved_u.any()) else None,
        **fairness_metrics(case, world.outcome[0], int(state.now_s), warmup_s, int(state.next_job)),
        "suspensions": int(state.suspensions),
        "kills": int(state.kills),
        "node_losses": int(state.lost),
        "slowdowns": int(state.slowdowns) if has_speeds(case) else None,
        "raises": int(state.raises) if has_speeds(case) else None,
        "busy_share": _busy_share(case, state),
        **energy_metrics(case, world),
        **(dict.fromkeys(RESPONSE_METRICS) if of_events is None else of_events),
        "decisions": int(state.decisions),
        "fallback_decisions": fallbacks,
        "instants": int(state.instants),
        "reservations_skipped": int(state.heads_skipped),
        "simulate_s": round(simulate_s, 6),
        "jobs_per_s": round(jobs / simulate_s, 1) if simulate_s > 0 else None,
        "estimates": case.workload.estimates,
    }
    return catalogued(values)
