"""Makes the demo's workload and supply. Both are synthetic.

No machine ran these jobs, and no mast measured this wind.
`python -m experiments.demo_data` writes experiments/data/ again; a test checks that nothing changed.
Only the standard library draws, and everything is rounded, so every machine writes the same files.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "data"
SEED = 20220613
JOBS = 220
JOB_DAYS = 7
SUPPLY_DAYS = 12
HOUR_S = 3600
MAX_CORES = 48
# Limits that users pick from a menu rather than compute.
LIMITS_S = (900, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
BUSY_FROM, BUSY_TO = 8, 18


def workload_csv() -> str:
    """200-odd jobs of one week: office hours busier than nights and the weekend, many small and few large."""
    draw = random.Random(SEED)
    submits = sorted(_submit_s(draw) for _ in range(JOBS))
    lines = [
        "# start_utc: 2022-06-13T00:00:00Z",
        "# zone: UTC",
        "# processors: 64",
        "# name: demo-jobs",
        "job_id,submit_s,cores,work_s,estimate_s,preemptible",
    ]
    for job, submit_s in enumerate(submits, 1):
        cores = min(
            MAX_CORES, 2 ** draw.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5)) + draw.choice((0, 0, 0, 0, 1))
        )
        work_s = round(min(math.exp(draw.gauss(9.0, 1.2)), 70000))
        asked_s = work_s * draw.choice((1.1, 1.5, 2.0, 3.0, 5.0))
        estimate_s = next((limit for limit in LIMITS_S if limit >= asked_s), LIMITS_S[-1])
        preemptible = "true" if draw.random() < 0.85 else "false"
        lines.append(f"{job},{submit_s},{cores},{work_s},{estimate_s},{preemptible}")
    return "\n".join(lines) + "\n"


def _submit_s(draw: random.Random) -> int:
    while True:
        submit_s = draw.randrange(JOB_DAYS * 24 * HOUR_S)
        day, hour = divmod(submit_s // HOUR_S, 24)
        busy = BUSY_FROM <= hour < BUSY_TO and day < 5
        if draw.random() < (1.0 if busy else 0.3):
            return submit_s


def supply_csv() -> str:
    """Hourly wind and sun in kW of a nameplate of 1000 kW each, UTC, stamped at the start of the hour."""
    draw = random.Random(SEED + 1)
    speed_m_s, cloud = 7.5, 0.3
    lines = ["time_utc,wind_kw,sun_kw"]
    for hour in range(SUPPLY_DAYS * 24):
        day, clock = divmod(hour, 24)
        # A first-order walk around a slow swell, so that calms last for hours as they do outdoors.
        mean_m_s = 7.5 + 3.0 * math.sin(2 * math.pi * hour / 90)
        speed_m_s = max(0.0, speed_m_s + 0.12 * (mean_m_s - speed_m_s) + draw.gauss(0, 0.9))
        cloud = min(0.95, max(0.0, cloud + draw.gauss(0, 0.08)))
        wind_kw = round(1000 * min(1.0, max(0.0, (speed_m_s - 3) / 9)) ** 3, 1)
        height = math.sin(math.pi * (clock + 0.5 - 5) / 15) if 5 <= clock < 20 else 0.0
        sun_kw = round(1000 * height**1.2 * (1 - 0.75 * cloud), 1)
        lines.append(f"2022-06-{13 + day:02d}T{clock:02d}:00:00Z,{wind_kw},{sun_kw}")
    return "\n".join(lines) + "\n"


FILES = {"demo-jobs.csv": workload_csv, "demo-supply.csv": supply_csv}


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in FILES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
