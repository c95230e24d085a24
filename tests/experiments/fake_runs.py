"""Made-up run folders for tests of figures and reports: plausible, consistent, and quick to make.

The watts obey supply = used + charged + curtailed and draw = used + discharged + grid.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.results.run_folder import run_subfolder, write_compare, write_run

DAY_S = 86400
START_S = 7200  # file clocks rarely begin at 0


def fake_jobs(count: int, seed: int, slow: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Jobs and their event log; about a fifth are suspended once, a few expire or are rejected."""
    rng = np.random.default_rng(seed)
    span_s = max(int(count**0.5 * 9000), 2 * DAY_S)
    submit_s = START_S + np.sort(rng.integers(0, span_s, count))
    work_s = np.minimum(rng.lognormal(7.6, 1.5, count), 3 * DAY_S).astype(int) * (rng.random(count) > 0.02)
    wait_s = (slow * rng.exponential(4000, count) * (rng.random(count) > 0.3)).astype(int)
    start_s = submit_s + wait_s
    away_s = np.where((rng.random(count) < 0.2) & (work_s > 600), rng.integers(600, 30000, count), 0)
    off_s, end_s = start_s + work_s // 2, start_s + work_s + away_s
    kind = rng.choice(["completed", "expired", "rejected", "failed"], count, p=[0.93, 0.04, 0.02, 0.01])
    cores = 2 ** rng.integers(0, 9, count)
    value = rng.gamma(2.0, 3.0, count).round(6)
    ran = np.isin(kind, ["completed", "failed"])
    ids = np.arange(1, count + 1)
    jobs = pd.DataFrame(
        {
            "job_id": ids,
            "submit_s": submit_s,
            "start_s": np.where(ran, start_s, np.nan),
            "end_s": np.where(ran, end_s, np.nan),
            "cores": cores,
            "suspensions": (away_s > 0) & ran,
            "value": value,
            "earned": np.where(kind == "completed", value * 0.8, 0.0),
            "status": kind,
            "kills": 0,
            "work_s": work_s,
        }
    )
    jobs["suspensions"] = jobs["suspensions"].astype(int)
    logs = [
        (submit_s, "submit", np.ones(count, bool)),
        (start_s, "start", ran),
        (off_s, "suspend", ran & (away_s > 0)),
        (off_s + away_s, "resume", ran & (away_s > 0)),
        (end_s, "end", kind == "completed"),
        (end_s, "fail", kind == "failed"),
        (start_s + 500, "expire", kind == "expired"),
        (submit_s, "reject", kind == "rejected"),
    ]
    events = pd.concat(
        [
            pd.DataFrame({"time_s": time_s[mask], "event": name, "job_id": ids[mask], "rank": rank})
            for rank, (time_s, name, mask) in enumerate(logs)
        ]
    )
    events = events.sort_values(["time_s", "rank"], kind="stable").drop(columns="rank").reset_index(drop=True)
    return jobs, events


def fake_power(
    jobs: pd.DataFrame, events: pd.DataFrame, *, supply: bool = True, battery: bool = True, seed: int = 0
) -> pd.DataFrame:
    """power.csv rows that go with the events, under a sun and a wind of their own."""
    end_s = int(events["time_s"].max())
    grid_s = np.arange(START_S, end_s + 1, 900)
    time_s = np.unique(np.concatenate((grid_s, events["time_s"].to_numpy(), [end_s])))
    cores = events["job_id"].map(jobs.set_index("job_id")["cores"]).to_numpy()
    sign = (
        events["event"]
        .map({"start": 1, "resume": 1, "suspend": -1, "end": -1, "fail": -1})
        .fillna(0)
        .to_numpy()
    )
    queue = (
        events["event"]
        .map({"submit": 1, "start": -1, "expire": -1, "reject": -1, "suspend": 1, "resume": -1})
        .fillna(0)
        .to_numpy()
    )
    place = np.searchsorted(time_s, events["time_s"].to_numpy())
    used, queued, running = (
        np.cumsum(np.bincount(place, weights, len(time_s))) for weights in (sign * cores, queue, sign)
    )
    draw_w = 12.5 * used + 400
    hour = (time_s / 3600) % 24
    rng = np.random.default_rng(seed)
    wind = np.interp(
        time_s, grid_s, np.abs(np.convolve(rng.normal(size=len(grid_s)), np.ones(40) / 6, "same"))
    )
    peak_w = draw_w.max() * 0.9
    supply_w = (peak_w * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) + 0.3 * peak_w * wind).round(3)
    charge_w, content_wh = _battery(time_s, supply_w - draw_w, peak_w, battery and supply)
    grid_w = np.maximum(draw_w - supply_w + np.minimum(charge_w, 0), 0) if supply else np.zeros(len(time_s))
    curtailed_w = np.maximum(supply_w - draw_w - np.maximum(charge_w, 0), 0) if supply else grid_w
    return pd.DataFrame(
        {
            "time_s": time_s,
            "supply_w": supply_w if supply else np.nan,
            "draw_w": draw_w,
            "battery_w": charge_w,
            "battery_wh": content_wh,
            "grid_w": grid_w,
            "curtailed_w": curtailed_w,
            "queued": queued.astype(int),
            "running": running.astype(int),
            "used_cores": used.astype(int),
        }
    )


def _battery(
    time_s: np.ndarray, spare_w: np.ndarray, peak_w: float, there: bool
) -> tuple[np.ndarray, np.ndarray]:
    power_w, content_wh = np.zeros(len(time_s)), np.zeros(len(time_s))
    if not there:
        return power_w, content_wh
    full_wh, held_wh = 2 * peak_w, peak_w
    for row in range(len(time_s) - 1):
        hours = (time_s[row + 1] - time_s[row]) / 3600
        content_wh[row] = held_wh
        power_w[row] = float(np.clip(spare_w[row], -held_wh / hours, (full_wh - held_wh) / hours))
        held_wh = float(np.clip(held_wh + power_w[row] * hours, 0, full_wh))
    content_wh[-1] = held_wh
    return power_w, content_wh


def fake_metrics(jobs: pd.DataFrame, power: pd.DataFrame, *, values: bool = True) -> dict:
    """Metrics that agree with the tables; those that do not apply are None."""
    done = jobs[jobs["status"].eq("completed")]
    took_s = done["end_s"] - done["submit_s"]
    wait_s = took_s - done["work_s"]
    hours = np.diff(power["time_s"]) / 3600

    def kwh(column: str) -> float:
        return float(power[column].to_numpy()[:-1] @ hours / 1000)

    limited = bool(power["supply_w"].notna().any())
    offered, earned = float(jobs["value"].sum()), float(jobs["earned"].sum())
    counts = jobs["status"].value_counts()
    used_kwh = kwh("supply_w") - kwh("curtailed_w") if limited else None
    grid_cost = 0.02 * offered if limited else None
    return {
        "jobs_submitted": len(jobs),
        "jobs_completed": len(done),
        "jobs_rejected": int(counts.get("rejected", 0)),
        "jobs_unfinished": int(len(jobs) - len(done) - counts.get("rejected", 0)),
        "jobs_skipped": 3,
        "mean_wait_s": float(wait_s.mean()),
        "median_wait_s": float(wait_s.median()),
        "p95_wait_s": float(wait_s.quantile(0.95)),
        "max_wait_s": float(wait_s.max()),
        "mean_bounded_slowdown": float(np.maximum(1, took_s / done["work_s"].clip(lower=10)).mean()),
        "makespan_s": int(power["time_s"].iloc[-1] - START_S),
        "utilization": 0.61,
        "value_offered": offered if values else None,
        "value_earned": earned if values else None,
        "objective": (earned - (grid_cost or 0)) / offered if values else None,
        "grid_cost": grid_cost if values else None,
        "carbon_kg": 12.5 if limited else None,
        "qos_violations": 17 if values else None,
        "suspensions": int(jobs["suspensions"].sum()),
        "kills": 0,
        "energy_kwh": kwh("draw_w"),
        "renewable_available_kwh": kwh("supply_w") if limited else None,
        "renewable_used_kwh": used_kwh,
        "renewable_share": 0.8 if limited else None,
        "renewable_utilization": used_kwh / kwh("supply_w") if limited else None,
        "curtailed_kwh": kwh("curtailed_w") if limited else None,
        "grid_kwh": kwh("grid_w") if limited else None,
        "wasted_kwh": 1.5,
        "unserved_kwh": 0,
        "decisions": 4 * len(jobs),
        "simulate_s": 0.8,
        "jobs_per_s": 1.2e6,
        "estimates": "user",
    }


def fake_run(
    folder: Path,
    count: int = 20,
    *,
    seed: int = 1,
    scheduler: str = "easy",
    slow: float = 1.0,
    values: bool = True,
    config: dict | None = None,
    **power: bool,
) -> Path:
    """Write one made-up run into `folder` and return it."""
    jobs, events = fake_jobs(count, seed, slow)
    rows = fake_power(jobs, events, **power)
    result = {
        "scenario": "fake-islanded",
        "scheduler": scheduler,
        "seed": 1,
        "ended": "done",
        "metrics": fake_metrics(jobs, rows, values=values),
    }
    config = config or {"cluster": {"nodes": 64, "cores_per_node": 4}, "scenario": "fake-islanded"}
    provenance = {
        "rare": "0.1.0",
        "python": "3.11.7",
        "commit": "0123abc",
        "seed": 1,
        "inputs": {"workload.swf.gz": {"sha256": "ab" * 32}},
    }
    write_run(folder, config, provenance, result, jobs, events, rows)
    return folder


def fake_compare(
    folder: Path,
    schedulers: dict[str, float],
    count: int = 200,
    *,
    values: bool = True,
    config: dict | None = None,
) -> Path:
    """Write a comparison of `schedulers` (name -> how slow it is) into `folder` and return it."""
    from experiments.results.run_folder import load_run

    results = []
    for name, slow in schedulers.items():
        run = load_run(
            fake_run(
                run_subfolder(folder, name), count, scheduler=name, slow=slow, values=values, config=config
            )
        )
        run.metrics["objective"] = None if not values else run.metrics["objective"] / (1 + 0.1 * slow)
        results.append(run.result)
    write_compare(
        folder,
        config or {"scenario": "fake-islanded"},
        {"rare": "0.1.0", "seed": 1},
        "fake-islanded",
        results,
    )
    return folder
