"""Small workloads and cases for tests: written out by hand, or drawn at random."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rare.machine_events import NO_LIMIT_MW, PLANNED, GridEvents, Outages, Speed
from rare.model import (
    NEVER_S,
    NO_BATTERY,
    UNLIMITED_MW,
    Battery,
    Case,
    Cluster,
    Forecast,
    Inputs,
    Options,
    Partition,
)
from traces.jobs.workload import NO_CANCEL_S, NO_DEADLINE_S, NO_POWER, NO_VALUE, Workload

DEFAULTS: dict[str, Any] = {
    "submit_s": 0,
    "cores": 1,
    "gpus_milli": 0,
    "memory_mib": 0,
    "work_s": 10,
    "power_mw": NO_POWER,
    "value_u": NO_VALUE,
    "deadline_s": NO_DEADLINE_S,
    "preemptible": True,
    "partition": "",
}
RARE_DEFAULTS: dict[str, Any] = {
    "sensitivity_milli": 1000,
    "cancel_s": NO_CANCEL_S,
    "after": (),
    "after_any": True,
    "think_s": 0,
}
"""Of columns that a workload has only if one of its jobs says something."""


def make_workload(jobs: list[dict[str, Any]], name: str = "test") -> Workload:
    """A workload from dicts, one a job; what a dict leaves out is in DEFAULTS, the estimate is the work.

    Columns of RARE_DEFAULTS that no dict names are left out (None). Job ids count from 1 in the order
    given; jobs are put in submit order. Unknown keys raise TypeError.
    """
    known = {*DEFAULTS, *RARE_DEFAULTS, "estimate_s", "job_id"}
    wrong = sorted({key for job in jobs for key in job} - known)
    if wrong:
        raise TypeError(f"make_workload: unknown keys {wrong}")
    rare = {key: RARE_DEFAULTS[key] for key in RARE_DEFAULTS if any(key in job for job in jobs)}
    if "after_any" in rare:
        rare["after"] = ()
    full = []
    for place, job in enumerate(jobs):
        row = {**DEFAULTS, **rare, "job_id": place + 1, **job}
        row.setdefault("estimate_s", row["work_s"])
        full.append(row)
    full.sort(key=lambda row: row["submit_s"])  # stable: the place in the file breaks ties

    def column(key: str, dtype: Any = np.int64) -> np.ndarray:
        return np.array([row[key] for row in full], dtype=dtype)

    kinds = {"preemptible", "partition", "job_id", "after", "after_any"}
    whole = [key for key in full[0] if key not in kinds] if full else []
    named = any(row["partition"] for row in full)
    if "after" in rare:
        after = np.empty(len(full), dtype=object)
        after[:] = [row["after"] for row in full]
        optional = {"after": after, "after_any": np.array([row.get("after_any", True) for row in full])}
    else:
        optional = {}
    return Workload(
        name=name,
        job_id=column("job_id", None),
        preemptible=column("preemptible", np.bool_),
        partition=column("partition", object) if named else None,
        estimates="user",
        **optional,
        **{key: column(key) for key in whole},
    )


def make_inputs(rows: list[dict[str, int]], *, end_s: int = NEVER_S, renewable: bool | None = None) -> Inputs:
    """Inputs from dicts with `t` and any of supply, grid, price, carbon, pue; a key left out stays as it was.

    Before the first row: supply 0, grid 0 (an island), price and carbon 0, PUE 1000.
    """
    state = {"supply": 0, "grid": 0, "price": 0, "carbon": 0, "pue": 1000}
    table = []
    for row in rows:
        state = {**state, **row}
        table.append(state)

    def column(key: str) -> np.ndarray:
        return np.array([row[key] for row in table], dtype=np.int64)

    supply = column("supply")
    return Inputs(
        change_s=column("t"),
        supply_mw=supply,
        import_limit_mw=column("grid"),
        price_u_per_kwh=column("price"),
        carbon_ukg_per_kwh=column("carbon"),
        pue_per_mille=column("pue"),
        end_s=end_s,
        renewable=bool(supply.any()) if renewable is None else renewable,
        priced=bool(column("price").any()),
        carbon_known=bool(column("carbon").any()),
    )


def make_events(events: Sequence[dict[str, int]]) -> GridEvents | None:
    """Grid events from dicts with `start`, `end`, and `limit` (mW) or `depth` (per mille).

    `notice` and `comply` are the start unless given.
    """
    if not events:
        return None
    rows = [
        {"limit": NO_LIMIT_MW, "depth": 0, "notice": e["start"], "comply": e["start"], **e} for e in events
    ]
    rows.sort(key=lambda row: row["start"])
    names = ("notice", "start", "comply", "end", "limit", "depth")
    return GridEvents(*(np.array([row[name] for row in rows], dtype=np.int64) for name in names))


def make_outages(outages: Sequence[dict[str, int]]) -> Outages | None:
    """Outages from dicts with `begin`, `end` others: `draw` (else planned), `nodes`, `partition`."""
    if not outages:
        return None
    rows = [{"partition": 0, "nodes": 1, "draw": PLANNED, **outage} for outage in outages]
    rows.sort(key=lambda row: row["begin"])
    names = ("partition", "nodes", "begin", "end", "draw")
    return Outages(*(np.array([row[name] for row in rows], dtype=np.int64) for name in names))


def make_case(
    jobs: list[dict[str, Any]],
    partition: Partition | tuple[Partition, ...],
    rows: list[dict[str, int]],
    *,
    end_s: int = NEVER_S,
    battery: Battery = NO_BATTERY,
    begin_s: int | None = None,
    window_s: int | None = None,
    events: Sequence[dict[str, int]] = (),
    outages: Sequence[dict[str, int]] = (),
    **options: Any,
) -> Case:
    """A case from the pieces above. `end_s` ends the inputs, `window_s` the window; the rest are Options."""
    partitions = (partition,) if isinstance(partition, Partition) else partition
    inputs = make_inputs(rows, end_s=end_s)
    return Case(
        workload=make_workload(jobs),
        cluster=Cluster(partitions, pue_per_mille=int(inputs.pue_per_mille.max())),
        inputs=inputs,
        battery=battery,
        options=Options(**options),
        begin_s=begin_s,
        end_s=window_s,
        events=make_events(events),
        outages=make_outages(outages),
    )


def random_case(rng: random.Random) -> Case:
    """A small case that looks for trouble: ties, zeros, dusks, near-empty batteries, every option."""
    partitions = tuple(_random_partition(rng, k) for k in range(rng.choice((1, 1, 1, 2, 3))))
    peak_mw = max(1, Cluster(partitions).peak_draw_mw)
    jobs = [_random_job(rng, partitions, peak_mw) for _ in range(rng.randint(1, 10))]
    begin_s = rng.choice((None, None, 0))
    first_s = min(job["submit_s"] for job in jobs) if begin_s is None else 0
    rows, end_s = _random_rows(rng, peak_mw, first_s)
    battery, options = _random_battery(rng, peak_mw), _random_options(rng)
    if _may_go_in_circles(battery, options, partitions) and end_s == NEVER_S:
        end_s = max(rows[-1]["t"], first_s) + 3000
    window_s = first_s + rng.choice((1, 30, 60, 200, 1000, 2500)) if rng.random() < 0.25 else None
    return make_case(
        jobs, partitions, rows, end_s=end_s, battery=battery,
        begin_s=begin_s, window_s=window_s, **options,
    )  # fmt: skip


def random_forecast(rng: random.Random, case: Case) -> Forecast:
    """Forecasts that fit no calendar: they may begin late, reach beyond the inputs, or end before the run."""
    issues, steps = rng.randint(1, 12), rng.choice((1, 2, 7, 24, 40))
    step_s = rng.choice((7, 60, 100, 300))
    peak_mw = max(1, case.cluster.peak_draw_mw)
    draws = np.random.default_rng(rng.randrange(2**32))
    low, median, high = np.sort(draws.integers(0, 2 * peak_mw, (3, issues, steps)), axis=0)
    price, carbon = draws.integers(0, 300_000, (2, issues, steps))
    return Forecast(
        "random",
        case.first_instant_s + rng.choice((0, 0, 0, -130, 50)),
        rng.choice((step_s, 2 * step_s, step_s + 13, max(step_s // 3, 1))),
        step_s,
        median,
        low,
        high,
        price,
        carbon,
    )


def random_power_case(rng: random.Random) -> Case:
    """A case in which power decides: long flexible jobs, too little power, forecasts near the truth."""
    node = Partition(
        nodes=4, cores_per_node=2, idle_mw=rng.choice((0, 50)), core_mw=100, wake_s=rng.choice((0, 0, 20))
    )
    peak_mw = node.peak_mw
    rows = [
        {
            "t": t,
            "supply": int(peak_mw * rng.choice((0, 0.2, 0.4, 0.6, 0.8, 1.0))),
            "price": rng.choice((50_000, 100_000, 200_000)),
            "carbon": rng.choice((100_000, 200_000, 400_000)),
        }
        for t in range(0, 3000, 150)
    ]
    rows[0]["grid"] = rng.choice((0, peak_mw // 4, peak_mw // 2))
    battery = Battery(
        capacity_mj=peak_mw * rng.choice((50, 150, 400)),
        charge_limit_mw=peak_mw // rng.choice((2, 4)),
        discharge_limit_mw=peak_mw // rng.choice((1, 2, 4)),
        initial_share=rng.choice((0.2, 0.6, 1.0)),
    )
    case = make_case(
        [_flexible_job(rng) for _ in range(rng.randint(4, 12))],
        node,
        rows,
        end_s=4000,
        battery=rng.choice((battery, battery, battery, NO_BATTERY)),
        min_battery_s=rng.choice((10, 60)),
        restart_s=rng.choice((0, 40, 90)),
        grid_first=rng.random() < 0.5,
        grid_charge=rng.choice(("never", "price")),
        grid_charge_below_u=50_000,
    )
    return replace(case, forecast=_forecast_near_the_truth(rng, case))


def _flexible_job(rng: random.Random) -> dict[str, Any]:
    submit_s, work_s = rng.randint(0, 600), rng.randint(50, 900)
    return {
        "submit_s": submit_s,
        "work_s": work_s,
        "estimate_s": rng.choice((work_s, int(1.3 * work_s), 2 * work_s)),
        "cores": rng.choice((1, 1, 2, 3, 6)),
        "deadline_s": submit_s + int(work_s * rng.uniform(1.0, 4.0)) + rng.choice((0, 500, 1500)),
        "value_u": rng.randint(1, 10**6),
        "preemptible": rng.random() < 0.8,
    }


def _forecast_near_the_truth(rng: random.Random, case: Case) -> Forecast:
    """Steps as long as the inputs hold; each median is the truth or another row's."""
    truth = case.inputs
    issues, steps = len(truth.change_s), 8
    last = issues - 1
    target = np.minimum(np.arange(issues)[:, None] + np.arange(steps)[None, :], last)
    draws = np.random.default_rng(rng.randrange(2**32))
    target = np.where(draws.random(target.shape) < 0.7, target, draws.integers(0, issues, target.shape))
    supply = truth.supply_mw[target]
    return Forecast(
        "near", 0, 150, 150, supply, supply // 2, 2 * supply,
        truth.price_u_per_kwh[target], truth.carbon_ukg_per_kwh[target],
    )  # fmt: skip


def _may_go_in_circles(battery: Battery, options: dict[str, Any], partitions: tuple[Partition, ...]) -> bool:
    """Resume, be suspended, lose all of it, again: for ever, where the inputs do not end."""
    loses = options["restart_s"] > 0 or options["suspend_loss_s"] > 0 or any(p.wake_s for p in partitions)
    return loses and (battery is not NO_BATTERY or options["voluntary_suspension"])


def _random_partition(rng: random.Random, k: int) -> Partition:
    gpus = rng.choice((0, 0, 1, 2))
    idle = rng.choice((0, 7, 50))
    return Partition(
        name=f"p{k}",
        nodes=rng.randint(1, 4),
        cores_per_node=rng.choice((1, 2, 4)) if gpus == 0 else rng.choice((0, 2, 3)),
        gpus_per_node=gpus,
        memory_mib_per_node=rng.choice((None, None, 100, 256)),
        idle_mw=idle,
        sleep_mw=rng.choice((0, 0, idle // 7, idle)),
        core_mw=rng.choice((0, 10, 100, 100)),
        gpu_mw=rng.choice((0, 33, 500)),
        idle_nodes=rng.choice(("sleep", "sleep", "on")),
        wake_s=rng.choice((0, 0, 0, 4, 45)),
    )


def _random_job(rng: random.Random, partitions: tuple[Partition, ...], peak_mw: int) -> dict[str, Any]:
    submit_s = rng.choice((0, 0, 5, 10, 10, 60, 90, rng.randint(0, 300)))
    work_s = rng.choice((0, 1, 10, 10, 60, 100, rng.randint(0, 400), rng.randint(100, 900)))
    with_gpus = any(p.gpus_per_node for p in partitions) or rng.random() < 0.05
    job: dict[str, Any] = {
        "submit_s": submit_s,
        "work_s": work_s,
        "estimate_s": rng.choice((work_s, work_s, 2 * work_s, work_s // 2, rng.randint(0, 400))),
        "cores": rng.choice((0, 1, 1, 1, 1, 2, 2, 3, 8)),
        "gpus_milli": rng.choice((0, 250, 1000, 1500)) if with_gpus and rng.random() < 0.5 else 0,
        "memory_mib": rng.choice((0, 0, 0, 64, 200)),
        "preemptible": rng.random() < 0.6,
    }
    if job["cores"] == 0 and job["gpus_milli"] == 0:
        job["cores"] = 1
    if rng.random() < 0.4:
        job["power_mw"] = rng.choice((0, 1, 10, 100, peak_mw // 3, peak_mw // 2, peak_mw))
    if rng.random() < 0.5:
        job["deadline_s"] = submit_s + rng.choice((0, 1, work_s, work_s + 30, 2 * work_s, 100, 700))
    if rng.random() < 0.5:
        job["value_u"] = rng.choice((0, 1, 7, 1_000_000, rng.randint(0, 10**7)))
    if len(partitions) > 1 and rng.random() < 0.4:
        job["partition"] = rng.choice(partitions).name
    return job


def _random_rows(rng: random.Random, peak_mw: int, first_s: int) -> tuple[list[dict[str, int]], int]:
    """Rows from at or before `first_s`, and the end of the inputs."""
    times = sorted(
        {rng.choice((10, 60, 65, 90, 100, rng.randint(1, 900))) for _ in range(rng.randint(0, 12))}
    )
    start_s = rng.choice((0, first_s))
    powers = (0, 0, peak_mw // 4, peak_mw // 2, peak_mw, 2 * peak_mw, rng.randint(0, peak_mw))
    grids = rng.choice(((0,), (0,), (0, peak_mw // 3, peak_mw), (UNLIMITED_MW,)))
    pues = rng.choice(((1000,), (1300,), (1000, 1137, 2500)))
    rows = [
        {
            "t": t,
            "supply": rng.choice(powers),
            "grid": rng.choice(grids),
            "price": rng.choice((0, 100_000, 12_345_678, -70_001)),
            "carbon": rng.choice((0, 400_000, 1)),
            "pue": rng.choice(pues),
        }
        for t in [start_s, *(t for t in times if t > start_s)]
    ]
    last_s = max(rows[-1]["t"], first_s)
    return rows, rng.choice((NEVER_S, NEVER_S, last_s + rng.choice((1, 60, 500, 5000))))


def _random_battery(rng: random.Random, peak_mw: int) -> Battery:
    if rng.random() < 0.35:
        return NO_BATTERY
    return Battery(
        capacity_mj=rng.choice((0, 1, peak_mw, peak_mw * 30, peak_mw * 100, peak_mw * 1000)),
        charge_limit_mw=rng.choice((0, peak_mw // 4, peak_mw, 10 * peak_mw)),
        discharge_limit_mw=rng.choice((0, peak_mw // 4, peak_mw, 10 * peak_mw)),
        charge_efficiency=rng.choice((1.0, 0.95, 0.9)),
        discharge_efficiency=rng.choice((1.0, 0.95, 0.9)),
        initial_share=rng.choice((0.0, 0.5, 1.0)),
        self_discharge_mw=rng.choice((0, 0, 0, 1, peak_mw // 50)),
    )


def _random_options(rng: random.Random) -> dict[str, Any]:
    options = {
        "min_battery_s": rng.choice((1, 10, 60)),
        "restart_s": rng.choice((0, 0, 5, 30)),
        "suspend_loss_s": rng.choice((0, 0, 3, 1000)),
        "max_kills": rng.choice((1, 2, 3)),
        "kill_at_estimate": rng.random() < 0.3,
        "voluntary_suspension": rng.random() < 0.3,
        "grid_first": rng.random() < 0.3,
        "tick_s": rng.choice((None, None, 7, 60)),
        "grid_charge": rng.choice(("never", "never", "price", "carbon")),
        "grid_charge_below_u": rng.choice((0, 100_000)),
        "carbon_price_u_per_kg": rng.choice((0, 50_000)),
        "violation_penalty_u": rng.choice((0, 1000)),
    }
    # made of what was drawn, so that the cases of a seed stay what they are
    unserved = {"unserved_penalty_u": 37 * options["restart_s"]}
    return {**options, **unserved, "unserved_value_ppm": (0, 0, 333_333)[options["max_kills"] - 1]}


# --- speed levels and the events of a machine (RULES §11, §12) --------------------------------------------


def random_event_case(rng: random.Random, base: Case | None = None, share: float = 0.5) -> Case:
    """A case that looks for trouble in what is off by default; each feature is on with a probability.

    base: what it is added to; None: a random_case. The times are drawn from those that the case has already,
    so that many things coincide.
    """
    case = random_case(rng) if base is None else base
    times = _telling_times(case)
    if rng.random() < max(share, 0.7):
        case = replace(case, cluster=_with_speeds(rng, case.cluster))
    columns: dict[str, Any] = {}
    for draws in (_sensitivities, _cancellations, _chains):
        if rng.random() < share:
            columns |= draws(rng, case.workload, times)
    if columns:
        case = replace(case, workload=replace(case.workload, **columns))
    if rng.random() < share:
        case = replace(case, events=make_events(_grid_events(rng, case, times)))
    if rng.random() < share:
        case = replace(case, outages=make_outages(_outages(rng, case, times)))
    if rng.random() < share:
        every_s, cost_s = rng.choice((1, 5, 10, 60)), rng.choice((0, 0, 1, 5, 40))
        options = replace(case.options, checkpoint_s=every_s, checkpoint_cost_s=cost_s)
        case = replace(case, options=options)
    if case.inputs.end_s == NEVER_S and (case.battery is not NO_BATTERY or case.options.voluntary_suspension):
        end_s = max(int(case.inputs.change_s[-1]), case.first_instant_s, *times) + 5000  # §9.2a
        case = replace(case, inputs=replace(case.inputs, end_s=end_s))
    return case


def _telling_times(case: Case) -> list[int]:
    """Submits, changes of input, first ends, and a second beside some of them."""
    jobs = case.workload
    times = {*jobs.submit_s.tolist(), *case.inputs.change_s.tolist(), *(jobs.submit_s + jobs.work_s).tolist()}
    times |= {deadline_s for deadline_s in jobs.deadline_s.tolist() if deadline_s < NO_DEADLINE_S}
    return sorted(times | {time_s + 1 for time_s in times})


def _with_speeds(rng: random.Random, cluster: Cluster) -> Cluster:
    ladders = (
        (),
        ((850, 680),),
        ((999, 1),),
        ((1, 0),),
        ((900, 700), (700, 500), (333, 250)),
        ((950, 999), (500, 998)),
    )
    parts = tuple(
        replace(part, speeds=tuple(Speed(*row) for row in rng.choice(ladders))) for part in cluster.partitions
    )
    return replace(cluster, partitions=parts)


def _sensitivities(rng: random.Random, jobs: Workload, times: list[int]) -> dict[str, Any]:
    return {"sensitivity_milli": np.array([rng.choice((0, 1, 500, 999, 1000)) for _ in range(len(jobs))])}


def _cancellations(rng: random.Random, jobs: Workload, times: list[int]) -> dict[str, Any]:
    cancel_s = [
        NO_CANCEL_S
        if rng.random() < 0.5
        else rng.choice((submit_s, submit_s + 1, submit_s + 700, *(t for t in times if t >= submit_s)))
        for submit_s in jobs.submit_s.tolist()
    ]
    return {"cancel_s": np.array(cancel_s, dtype=np.int64)}


def _chains(rng: random.Random, jobs: Workload, times: list[int]) -> dict[str, Any]:
    """Never a cycle: jobs wait for those before them in a random order."""
    order = rng.sample(jobs.job_id.tolist(), len(jobs))
    before = {id_: order[:place] for place, id_ in enumerate(order)}
    after = np.empty(len(jobs), dtype=object)
    after[:] = [
        tuple(rng.sample(before[id_], min(len(before[id_]), rng.choice((0, 1, 1, 2)))))
        for id_ in jobs.job_id.tolist()
    ]
    return {
        "after": after,
        "after_any": np.array([rng.random() < 0.5 for _ in range(len(jobs))]),
        "think_s": np.array([rng.choice((0, 0, 1, 30, 500)) if ids else 0 for ids in after]),
    }


def _grid_events(rng: random.Random, case: Case, times: list[int]) -> list[dict[str, int]]:
    peak_mw = case.cluster.peak_draw_mw
    events = []
    for _ in range(rng.randint(1, 4)):
        start_s = rng.choice(times)
        comply_s = start_s + rng.choice((0, 0, 1, 30))
        event = {
            "notice": max(0, start_s - rng.choice((0, 0, 1, 20, 10**6))),
            "start": start_s,
            "comply": comply_s,
            "end": max(comply_s + 1, rng.choice((*times, start_s + 300))),
        }
        if rng.random() < 0.5:
            event["depth"] = rng.choice((1, 250, 500, 1000))
        else:
            event["limit"] = rng.choice((0, 1, peak_mw // 4, peak_mw // 2, peak_mw))
        events.append(event)
    return events


def _outages(rng: random.Random, case: Case, times: list[int]) -> list[dict[str, int]]:
    outages = []
    for _ in range(rng.randint(1, 5)):
        begin_s = rng.choice(times)
        outage = {
            "partition": rng.randrange(len(case.cluster.partitions)),
            "begin": begin_s,
            "end": max(begin_s + 1, rng.choice((*times, begin_s + 100, NEVER_S))),
        }
        if rng.random() < 0.5:
            outage["draw"] = rng.choice((0, 2**30 - 1, rng.randrange(2**30)))
        else:
            outage["nodes"] = rng.choice((1, 1, 2, 5))
        outages.append(outage)
    return outages
