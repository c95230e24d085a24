"""Measures the tables of docs/results/model-card.md that need trained seeds or traces that do not ship.

python -m docs.scripts.card_tables seeds CHECKPOINT ...     seeds of one recipe on the test windows
python -m docs.scripts.card_tables windows TRACE ...        six-day windows of real traces, islanded's weather
python -m docs.scripts.card_tables traces JOBS POWER [KEY=VALUE ...]
python -m docs.scripts.card_tables stretches JOBS SCENARIO [SCHEDULER ...]
python -m docs.scripts.card_tables dial SCENARIO WINDOWS PRICE=X,Y,...

`traces`: `rare` and heuristics on real traces, a run each. JOBS and POWER are the folders of the .swf.gz and
of the EIA's files, KEY=VALUE a setting such as forecast.kind=synthetic. `stretches`: as a user meets it, a
thousand jobs of a trace to their end under a scenario. `dial`: what `rare` does as a price is turned.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import rare
from experiments.evaluation.evaluate import choose_windows, evaluate
from experiments.launchpad.cases import cases_of
from experiments.launchpad.experiment_file import Experiment, WorkloadTable
from experiments.results.statistics import paired, stratified
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from schedulers import make_scheduler

BEST = {
    "islanded": ("atc=0.5+greedy", "hvf+easy+green"),
    "grid-tied": ("atc=0.5+greedy", "hvf+easy+price"),
    "solar-night": ("hvd+easy", "hvf+easy+green"),
    "gpu-cluster": ("atc=0.5+easy", "atc=0.5+greedy+price"),
}
"""The best heuristic on validation windows, and the best gated one (docs/results/ceilings.md)."""
TRACES = {
    "KTH-SP2": "KTH-SP2-1996-2.1-cln", "HPC2N": "HPC2N-2002-2.2-cln", "SDSC-SP2": "SDSC-SP2-1998-4.2-cln",
    "SDSC-BLUE": "SDSC-BLUE-2000-4.2-cln", "NASA-iPSC": "NASA-iPSC-1993-3.1-cln",
    "LLNL-Atlas": "LLNL-Atlas-2006-2.1-cln",
}  # fmt: skip
JOBS = {"0:5000": tuple(TRACES), "8000:13000": ("KTH-SP2", "HPC2N", "SDSC-SP2", "SDSC-BLUE")}
GAPS_HELD = ("supply.source.0.gaps=hold", "supply.source.1.gaps=hold")
REGIONS = {"ERCO": (), "CISO": ("supply.site_zone=US/Pacific", *GAPS_HELD)}
STRETCHES = {
    "KTH-SP2": (2000, 9000, 16000), "HPC2N": (5000, 60000, 150000), "SDSC-SP2": (3000, 20000, 45000),
    "SDSC-BLUE": (10000, 90000, 180000), "NASA-iPSC": (2000, 9000), "LLNL-Atlas": (3000, 20000),
}  # fmt: skip
"""First jobs of stretches of a thousand."""
GUARDED = ("rare", "rare+guard", "atc+easy", "hvd+easy", "hvf+easy", "atc=0.5+greedy")
SCHEDULERS = ("rare", "atc+easy", "hvd+easy", "hvf+easy", "atc+greedy")


def seeds(folders: list[str]) -> None:
    """Each seed's mean objective, and the difference to two heuristics; intervals over seeds and windows."""
    for scenario, yardsticks in BEST.items():
        loaded = load_scenario(scenario)
        found = evaluate(loaded, [*folders, *yardsticks], choose_windows(loaded, ["test"]))
        mine = np.array([found.values(folder, "objective") for folder in folders])
        each = " ".join(f"{mean:.3f}" for mean in mine.mean(axis=1))
        print(f"{scenario:<12} {each}   mean {mine.mean():.3f}")
        for name in yardsticks:
            theirs = found.values(name, "objective")
            spread = stratified([(mine - theirs)[None]])
            print(
                f"  less {name:<21} {spread.mean:+.3f} ({spread.low:+.3f} to {spread.high:+.3f})", flush=True
            )


def windows(files: list[str]) -> None:
    """Test windows of job traces under islanded's wind, sun and forecast, as `rare launchpad` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        tables = tuple(WorkloadTable(name=Path(file).name.split(".")[0], trace=file) for file in files)
        for case in cases_of(Experiment(workload=tables), Path(folder)):
            loaded = load_scenario(case.scenario, Wishes(settings=case.settings))
            found = evaluate(loaded, list(SCHEDULERS), choose_windows(loaded, ["test"]))
            every = {name: found.values(name, "objective") for name in SCHEDULERS}
            print(f"{case.name:<18}" + "".join(f"{name} {np.nanmean(x):.3f}  " for name, x in every.items()))
            for name in SCHEDULERS[1:]:
                gap = paired(every["rare"], every[name])
                print(f"  less {name:<11} {gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})", flush=True)


def traces(jobs: Path, power: Path, settings: tuple[str, ...]) -> None:
    """The objective of a run of each, and how `rare` differs from each heuristic over all."""
    print(f"{'jobs':<24}{'supply':<8}" + "".join(f"{name:>12}" for name in SCHEDULERS))
    rows = []
    for part, names in JOBS.items():
        for name in names:
            for region, own in REGIONS.items():
                wishes = Wishes(
                    workload=str(jobs / f"{TRACES[name]}.swf.gz"), jobs=part, settings=(*own, *settings),
                    power=str(next(power.glob(f"*{region}_2022_generation*.csv.gz"))),
                )  # fmt: skip
                case = build(load_scenario("examples/kth-ercot.toml", wishes)).case
                found = [
                    rare.simulate(case, make_scheduler(each)).metrics["objective"] for each in SCHEDULERS
                ]
                rows.append(found)
                print(
                    f"{name + ' ' + part:<24}{region:<8}" + "".join(f"{x:12.3f}" for x in found), flush=True
                )
    print_gaps(np.array(rows), SCHEDULERS)


def stretches(jobs: Path, scenario: str, names: tuple[str, ...]) -> None:
    """Objective and jobs not served of each run, and how the first scheduler differs from the others."""
    print(f"{'jobs':<22}" + "".join(f"{name:>20}" for name in names))
    rows = []
    for trace, starts in STRETCHES.items():
        for first in starts:
            part = f"{first}:{first + 1000}"
            wishes = Wishes(workload=str(jobs / f"{TRACES[trace]}.swf.gz"), jobs=part)
            case = build(load_scenario(scenario, wishes)).case
            found = [rare.simulate(case, make_scheduler(name)).metrics for name in names]
            rows.append([each["objective"] for each in found])
            cells = "".join(f"{each['objective']:12.3f} ({each['jobs_unserved']:4d})" for each in found)
            print(f"{trace + ' ' + part:<22}{cells}", flush=True)
    print_gaps(np.array(rows), names)


def print_gaps(rows: np.ndarray, names: tuple[str, ...]) -> None:
    """How the objective of the first name (R, N) differs from the others over all rows."""
    for place, name in enumerate(names[1:], start=1):
        gap = rows[:, 0] - rows[:, place]
        above, below = int((gap > 0.001).sum()), int((gap < -0.001).sum())
        print(
            f"{names[0]} less {name}: mean {gap.mean():+.4f}, {gap.min():+.3f} to {gap.max():+.3f}; "
            f"above on {above}, level (0.001) on {len(gap) - above - below}, below on {below}"
        )


def dial(scenario: str, split: str, turned: str) -> None:
    """Value, jobs not served and carbon of `rare` by a price, over all windows of a split."""
    key, _, texts = turned.partition("=")
    names = [f"rare:{key}={text}" for text in texts.split(",")]
    loaded = load_scenario(scenario)
    found = evaluate(loaded, names, choose_windows(loaded, [split]))
    columns = ("value_earned", "jobs_unserved", "qos_violations", "grid_kwh", "carbon_kg")
    print(f"{'scheduler':<20}" + "".join(f"{column:>16}" for column in columns))
    for name in names:
        print(f"{name:<20}" + "".join(f"{np.nansum(found.values(name, each)):16,.0f}" for each in columns))


def main(words: list[str]) -> None:
    """As the module says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if words[0] == "seeds":
            seeds(words[1:])
        elif words[0] == "windows":
            windows(words[1:])
        elif words[0] == "stretches":
            stretches(Path(words[1]), words[2], tuple(words[3:]) or GUARDED)
        elif words[0] == "dial":
            dial(*words[1:])
        else:
            traces(Path(words[1]), Path(words[2]), tuple(words[3:]))


if __name__ == "__main__":
    main(sys.argv[1:])
