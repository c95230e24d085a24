"""Writes the pages of docs/reference/api: `python -m docs.scripts.api_page`.

NAMES says what users import, by task. A page has a table with a line of each name; the site adds the docstrings.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, NamedTuple

from docs.scripts.metrics_page import markdown_table
from docs.scripts.page_paths import DOCS
from docs.scripts.wrap_pages import wrapped

FOLDER = DOCS / "reference" / "api"
#: constant -> what it means
CONSTANTS = {
    "NEVER_S": "A time that never comes [s].",
    "NO_BATTERY": "A battery of no capacity: a cluster without one.",
    "UNLIMITED_MW": "A power that no cluster reaches [mW]: a supply without limit.",
    "WAIT": "What a scheduler returns to start nothing more at this instant.",
    "NO_DEADLINE_S": "In a column of deadlines: the job has none.",
    "NO_POWER": "In a column of powers: the trace does not know the job's own.",
    "NO_VALUE": "In a column of values: the job has none.",
    "QUANTILES": "The quantiles that every forecaster gives.",
}


class Task(NamedTuple):
    """A page of names: its file, its title, what it is for, and the names as (module, names)."""

    file: str
    title: str
    purpose: str
    names: tuple[tuple[str, str], ...]


TASKS = (
    Task("api-simulate", "Run a simulation", "Put a case together, run it under a scheduler, and read what happened.", (
        ("rare", "simulate Case Cluster Partition Battery Inputs constant_inputs Options Result Schedule PowerFlows"
                 " SimpyClock NEVER_S NO_BATTERY UNLIMITED_MW"),
        ("rare.machine_events", "Speed GridEvents Outages"),
        ("rare.options.slurm_priority", "Priority PriorityShare"),
    )),
    Task("api-scenarios", "Scenarios", "From a scenario, shipped or in a file, to a case and to its windows.", (
        ("rare.scenario", "load_scenario build episodes_of Overrides Wishes"),
        ("rare.scenario.load", "Loaded shipped_names"),
        ("rare.scenario.case_builder", "Built"),
    )),
    Task("api-schedulers", "Schedulers", "Make a scheduler by its name, or write one: what it sees and returns.", (
        ("schedulers", "make_scheduler describe known_names Heuristic Gate NumberParameter"),
        ("rare", "Scheduler ClusterView JobView WAIT"),
        ("rare.view", "OutlookStep GridEventView OutageView"),
        ("rare.scheduler", "BaseScheduler Decider"),
    )),
    Task("api-environments", "Environments", "The simulator as gymnasium environments, and policies that play them.", (
        ("rare", "GreenClusterEnv GreenClusterVectorEnv Layout Policy Randomise"),
        ("rare.env.observation.observer", "Observer"),
        ("rare.env.policies.play", "play"),
        ("rare.env.sb3_vec_env", "GreenClusterSB3VecEnv"),
    )),
    Task("api-datasets", "Datasets", "Logged decisions of schedulers, for offline learning.", (
        ("rare.dataset", "load to_d3rlpy Dataset LoggedEpisode"),
    )),
    Task("api-jobs", "Jobs", "Read, write, change and make job traces.", (
        ("traces", "read_workload write_workload Workload ServiceClass assign_service cut_chains"
                   " without_missing_predecessors ReadReport Finding InputError NO_DEADLINE_S NO_POWER NO_VALUE"),
        ("traces.jobs.job_formats", "JobFormat"),
        ("traces.jobs.sacct.sacct_reader", "read_accounts"),
        ("traces.jobs.sacct.sacct_options", "SacctOptions"),
        ("traces.synthetic", "lublin with_estimates tsafrir_estimates with_chains gpu_mix node_layout NodeLayout"),
    )),
    Task("api-power", "Power, weather and plants", "Power series, weather, and what plants make of it.", (
        ("traces", "read_power PowerSeries"),
        ("energy.weather", "read_weather Weather"),
        ("energy.weather.sites", "read_site known_sites"),
        ("energy.plants", "SolarPlant solar_power WindPlant wind_power capacity_factor"),
        ("energy.plants.wind", "known_turbines"),
    )),
    Task("api-grid", "Grid and datacenter", "Prices, carbon intensities, servers, cooling and speed levels.", (
        ("energy.grid", "read_price read_carbon"),
        ("traces.series.rate_series", "RateSeries"),
        ("energy.grid.synthetic_grid", "duck_price duck_carbon"),
        ("energy.datacenter.servers", "ServerProfile profile known_profiles load_profiles"),
        ("energy.datacenter.pue", "PueCurve constant_pue pue_series"),
        ("energy.datacenter.speed_levels", "SpeedLevels speed_levels known_speed_levels load_speed_levels"),
    )),
    Task("api-forecasts", "Forecasts", "Forecasters of wind, sun, supply, price and carbon, and their scores.", (
        ("energy.forecasts", "Forecaster PerfectForecast Persistence Climatology Synthetic DayAhead Climate ErrorFit"
                             " shipped_fit QUANTILES"),
        ("energy.forecasts.score_table", "ScoreTable"),
    )),
    Task("api-experiments", "Experiments", "What the commands call: the same in a notebook.", (
        ("experiments.runs", "simulate_run compare_run"),
        ("experiments.evaluation.evaluate_run", "evaluate_run EvaluationRequest"),
        ("experiments.sweep.run_sweep", "sweep_run SweepRequest SweepOutcome"),
        ("experiments.size.run_size", "size_run SizeRequest"),
        ("experiments.data.log_dataset", "dataset_run"),
        ("experiments.data.dataset_task", "DatasetRequest"),
        ("experiments.data.show_dataset", "show_dataset dataset_text"),
        ("experiments.data.export_schedule", "export_run"),
        ("experiments.training.train_offline", "train_offline"),
        ("experiments.training.train_online", "train_online"),
        ("experiments.training.train_distil", "distil_run DistilRequest"),
        ("experiments.training.training_requests", "OfflineRequest OnlineRequest"),
        ("experiments.operate.start_times.predict_starts", "predict_starts StartTimesRequest"),
        ("experiments.results.run_folder", "load_run Run"),
    )),
)  # fmt: skip


def names_of(task: Task) -> list[tuple[str, str]]:
    """The names of a task as (module, name), in their order."""
    return [(module, name) for module, names in task.names for name in names.split()]


def first_line(module: str, name: str) -> str:
    """First line of a name's docstring, or what `CONSTANTS` says of it. ValueError without either."""
    value = getattr(import_module(module), name)
    called = inspect.isclass(value) or inspect.isroutine(value)
    text = (inspect.getdoc(value) or "") if called else CONSTANTS.get(name, "")
    if not text:
        raise ValueError(f"{module}.{name}: needs a docstring, docs/reference/api shows its first line")
    return " ".join(text.split("\n\n")[0].split("\n")[0].split())


def directive(module: str, name: str) -> str:
    """What has Sphinx show the docstring of a name."""
    value: Any = getattr(import_module(module), name)
    if inspect.isclass(value):
        lines = [f".. autoclass:: {module}.{name}", "    :members:", "    :member-order: bysource"]
    elif inspect.isroutine(value):
        lines = [f".. autofunction:: {module}.{name}"]
    else:
        lines = [
            f".. py:data:: {module}.{name}",
            f"    :value: {_short(value)}",
            "",
            f"    {CONSTANTS[name]}",
        ]
    return "\n".join(lines)


def task_page(task: Task) -> str:
    """The text of one page."""
    rows = [
        (f"`{module}.{name}`", first_line(module, name).replace("|", "\\|"))
        for module, name in names_of(task)
    ]
    blocks = "\n\n".join(directive(*each) for each in names_of(task))
    return (
        f"# {task.title}\n\n{task.purpose} The site shows every docstring below the table.\n\n"
        + markdown_table(("name", "what it is"), rows)
        + f"\n```{{eval-rst}}\n{blocks}\n```\n"
    )


def index_page() -> str:
    """The text of the list of tasks."""
    rows = [(f"[{task.title}]({task.file}.md)", task.purpose, str(len(names_of(task)))) for task in TASKS]
    files = "\n".join(task.file for task in TASKS)
    return f"""# Python interface

What you import to use RARE from Python, by task. This page and those it lists are written by
`python -m docs.scripts.api_page`; what a name does stands in its docstring. Units are in the names: `_s` seconds, `_mw`
milliwatts, `_mj` millijoules, all whole numbers. Bad input raises `traces.InputError`.

{markdown_table(("task", "for", "names"), rows)}
```{{toctree}}
:hidden:

{files}
```
"""


def pages() -> dict[str, str]:
    """File name -> text of every page of the folder."""
    texts = {"index.md": index_page()} | {f"{task.file}.md": task_page(task) for task in TASKS}
    return {file: wrapped(text) for file, text in texts.items()}


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in pages().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
