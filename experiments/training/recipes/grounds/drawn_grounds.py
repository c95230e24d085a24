"""Draws training grounds: a cluster, its jobs, supply, battery, grid, forecast and prices, and windows."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.training.recipes.grounds.drawn_jobs import drawn_jobs
from rare.episodes import Episode
from rare.job_records import unserved_prices_u
from rare.model import Case
from rare.scenario.config.supply_tables import SiteTable
from rare.scenario.load import Loaded, Overrides, load_scenario
from rare.scenario.scenario_episodes import episodes_of_windows
from rare.scenario.windows import Window
from traces.jobs.job_files import write_workload
from traces.numbers.constants import MICRO

BASES = ("islanded", "grid-tied", "solar-night")
DAYS = 182
LENGTHS = (1, 3, 6, 6, 13, 28, 90)  # of windows, in days
MOST_JOBS = 6_000  # a window: longer ones would take most of the decisions
USUAL_JOBS = 700  # rewards are as if each window had so many jobs, so that a job counts the same in all


@dataclass(frozen=True)
class Ground:
    """A drawn case and its windows."""

    case: Case
    episodes: tuple[Episode, ...]


def log_uniform(draw: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is drawn evenly."""
    return math.exp(draw.uniform(math.log(low), math.log(high)))


def drawn_ground(folder: Path, seed: int, index: int, split: str) -> Ground:
    """The ground of this number; a pure function of seed and number. folder: where its jobs are written."""
    draw = np.random.default_rng([seed, index])
    base = str(draw.choice(BASES, p=[0.4, 0.4, 0.2]))
    cores_per_node = int(draw.choice([4, 8, 16, 32, 64]))
    nodes = max(round(log_uniform(draw, 16, 100_000) / cores_per_node), 2)
    processors = nodes * cores_per_node
    jobs, load = drawn_jobs(draw, processors, DAYS)
    path = folder / f"jobs-{seed}-{index}.csv.gz"
    if not path.exists():
        write_workload(jobs, str(path))
    settings = [
        *_supply(draw, base, load),
        *_rules(draw),
        *_classes(draw),
        *_prices(draw, base),
    ]
    cluster = f"cluster.node.cores_per_node={cores_per_node}"
    overrides = Overrides(workload=str(path), processors=processors, settings=(cluster, *settings))
    loaded = _at_site(load_scenario(base, overrides), _weather(draw, folder, base))
    return _ground(loaded, len(jobs) / DAYS, draw, split, index)


def _ground(loaded: Loaded, jobs_a_day: float, draw: np.random.Generator, split: str, index: int) -> Ground:
    days = max(1, min(int(draw.choice(LENGTHS)), int(MOST_JOBS / jobs_a_day)))
    windows = [
        Window(f"ground-{index}-{place:02d}", split, int(draw.integers(0, DAYS - days)), days)
        for place in range(max(2, min(26, 78 // days)))
    ]
    found = episodes_of_windows(loaded, windows)
    case = with_drawn_prices(found.case, draw)
    open_end = draw.random() < 0.4  # as a run without windows: nobody says when it ends
    episodes = tuple(
        dataclasses.replace(each, end_s=None if open_end else each.end_s)
        for each in found.episodes
        if each.offered_u > 0 and each.last_job - each.first_job >= 5
    )
    return Ground(case, episodes)


def stakes(case: Case) -> float:
    """What is at stake with a usual job, as a multiple of its value: the value, and the prices of the job."""
    worth_u = np.maximum(case.workload.value_u, 0)
    if not worth_u.any():
        return 1.0
    unserved_u = unserved_prices_u(case.workload, case.options).mean()
    return 1.0 + float((unserved_u + case.options.violation_penalty_u) / worth_u.mean())


def by_job(episode: Episode, stake: float) -> Episode:
    """The episode for training: a reward is a share of what is at stake with so many usual jobs."""
    offered_u = episode.offered_u * USUAL_JOBS / episode.placed_jobs * stake
    return dataclasses.replace(episode, offered_u=max(round(offered_u), 1))


def with_drawn_prices(case: Case, draw: np.random.Generator) -> Case:
    """The case with prices of late jobs and of jobs not served, drawn beside the mean value of a job."""
    worth_u = case.workload.value_u
    mean_u = float(np.mean(worth_u[worth_u > 0])) if (worth_u > 0).any() else 0.0
    share = 0.0 if draw.random() < 0.4 else draw.uniform(0.1, 2.0)
    each = 0.0 if draw.random() < 0.4 else log_uniform(draw, 0.03, 6.0)
    late = 0.0 if draw.random() < 0.5 else min(log_uniform(draw, 0.01, 1.0), 0.5 * each + 0.2)
    options = dataclasses.replace(
        case.options,
        violation_penalty_u=round(late * mean_u),
        unserved_penalty_u=round(each * mean_u),
        unserved_value_ppm=round(share * MICRO),
        unserved_by_class=(),
    )
    return dataclasses.replace(case, options=options)


def _weather(draw: np.random.Generator, folder: Path, base: str) -> Path:
    site = "miami" if base == "solar-night" or draw.random() < 0.3 else "greensboro"
    return next(folder.glob(f"{site}-training.*"))


def _at_site(loaded: Loaded, weather: Path) -> Loaded:
    site = SiteTable(weather=str(weather))
    return dataclasses.replace(loaded, scenario=loaded.scenario.model_copy(update={"site": site}))


def _supply(draw: np.random.Generator, base: str, load: float) -> list[str]:
    sources = {"islanded": (1.6, 1.0), "grid-tied": (0.9, 0.6), "solar-night": (2.4,)}[base]
    factor = log_uniform(draw, 0.4, 2.2) * min(max(load / 0.8, 0.5), 1.5)
    total, shares = sum(sources) * factor, draw.dirichlet(np.ones(len(sources)))
    settings = [f"supply.source.{i}.capacity={max(total * float(s), 0.01):.3f}" for i, s in enumerate(shares)]
    settings.append(f"battery.hours={log_uniform(draw, 0.2, 10):.2f}")
    if base == "grid-tied":
        settings.append(
            f"grid.import_ratio={draw.choice([draw.uniform(0.05, 0.5), draw.uniform(0.4, 1.0)]):.2f}"
        )
        settings.append(f"grid.price.mean={log_uniform(draw, 0.02, 0.6):.3f}")
        settings.append(f"grid.carbon.mean={draw.uniform(100, 700):.0f}")
    if draw.random() < 0.35:
        settings.append("forecast.kind=none")
    else:
        settings.append(f"forecast.hours={int(draw.choice([24, 36, 48]))}")
    return settings


def _rules(draw: np.random.Generator) -> list[str]:
    restart_s = int(draw.choice([0, 60, 300]))
    loss_s = int(draw.choice([0, 60, 600, 1800]))
    return [f"rules.restart_s={restart_s}", f"rules.suspend_loss_s={loss_s}"]


def _classes(draw: np.random.Generator) -> list[str]:
    shares = draw.dirichlet([2.0, 5.0, 3.0])
    shares = np.round(shares, 3)
    shares[2] = 1 - shares[0] - shares[1]
    settings = [f"service_class.{i}.share={max(float(s), 0.0):.3f}" for i, s in enumerate(shares)]
    stretch = log_uniform(draw, 0.7, 4.0)  # of the room that deadlines leave
    for i, (low, high) in enumerate(((1.2, 2.0), (2.0, 4.0), (4.0, 8.0))):
        settings.append(
            f"service_class.{i}.slack_factor=[{1 + (low - 1) * stretch:.2f},{1 + (high - 1) * stretch:.2f}]"
        )
    return settings


def _prices(draw: np.random.Generator, base: str) -> list[str]:
    carbon = 0.0 if draw.random() < 0.3 else log_uniform(draw, 0.02, 0.8)
    return [f"objective.carbon_price_per_kg={carbon:.3f}"] if base == "grid-tied" else []
