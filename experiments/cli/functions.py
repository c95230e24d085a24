"""What commands call, imported when it is called: `rare COMMAND --help` must not wait for numba and pandas.

A command of yours has its function here, once for type checkers and once for Python.
"""

# ruff: noqa: F401 - the names are for whoever imports this module

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.benchmarks.bench import bench_text, run_bench
    from experiments.cli.show_options import sorted_options
    from experiments.data.cluster_import.import_platform import PlatformImport, import_platform, platform_text
    from experiments.data.cluster_import.import_sacct import SacctImport, import_sacct
    from experiments.data.cluster_import.import_slurmconf import ConfImport, import_slurmconf
    from experiments.data.cluster_import.import_text import sacct_text, slurmconf_text
    from experiments.data.dataset_figure import draw_dataset
    from experiments.data.dataset_task import DatasetRequest
    from experiments.data.export_schedule import export_run
    from experiments.data.generate_jobs import WorkloadRequest, generate_workload
    from experiments.data.log_dataset import dataset_run
    from experiments.data.show_dataset import dataset_text, show_dataset
    from experiments.data.show_file import show_file, show_text
    from experiments.demo.run_demo import demo_run
    from experiments.engine.slurm.slurm_file import slurm_file_schema
    from experiments.engine.where import Where
    from experiments.evaluation.evaluate_run import EvaluationRequest, evaluate_run, evaluate_text
    from experiments.launchpad.experiment_file import experiment_schema
    from experiments.launchpad.launch import claims_text, launchpad
    from experiments.operate.shadow.acting.act_loop import Stopped
    from experiments.operate.shadow.acting.actor import ActLimits
    from experiments.operate.shadow.run_shadow import ActRequest, ShadowRequest, act, advise, observe, release
    from experiments.operate.shadow.shadow_dataset import shadow_dataset, shadow_dataset_text
    from experiments.operate.shadow.shadow_report import shadow_report, shadow_report_text
    from experiments.operate.shadow.sources.power_feed import FeedOptions
    from experiments.operate.start_times.predict_starts import StartTimesRequest, predict_starts
    from experiments.operate.start_times.start_times_text import start_times_text
    from experiments.page_makers import redraw_page
    from experiments.presets import preset_of
    from experiments.report.learned_facts import learning_text
    from experiments.report.terminal_table import compare_text, duration, printable, run_text
    from experiments.report.usage_tables import accounts_text
    from experiments.runs.comparison import compare_run
    from experiments.runs.key_values import pairs, parsed_randomise
    from experiments.runs.provenance import version
    from experiments.runs.run_setup import Settings, SimulationRequest
    from experiments.runs.single_run import simulate_run
    from experiments.size.pages.size_text import costs_text, size_text
    from experiments.size.run_size import SizeRequest, size_run
    from experiments.size.size_file import size_schema
    from experiments.sweep.pages.sweep_text import sweep_text
    from experiments.sweep.run_sweep import SweepRequest, sweep_run
    from experiments.sweep.sweep_file import sweep_schema
    from experiments.training.train_distil import DistilRequest, distil_run
    from experiments.training.train_folder import judge_text
    from experiments.training.train_offline import train_offline
    from experiments.training.train_online import train_online
    from experiments.training.training_requests import OfflineRequest, OnlineRequest
    from rare.dataset.dataset_folder import versioned
    from rare.scenario.config.scenario_config import scenario_schema
    from rare.scenario.load import Wishes, load_scenario, shipped_names
    from schedulers import describe

MODULES = {
    "experiments.benchmarks.bench": ("bench_text", "run_bench"),
    "experiments.cli.show_options": ("sorted_options",),
    "experiments.data.cluster_import.import_platform": (
        "PlatformImport",
        "import_platform",
        "platform_text",
    ),
    "experiments.data.cluster_import.import_sacct": ("SacctImport", "import_sacct"),
    "experiments.data.cluster_import.import_slurmconf": ("ConfImport", "import_slurmconf"),
    "experiments.data.cluster_import.import_text": ("sacct_text", "slurmconf_text"),
    "experiments.data.export_schedule": ("export_run",),
    "experiments.data.generate_jobs": ("WorkloadRequest", "generate_workload"),
    "experiments.data.dataset_task": ("DatasetRequest",),
    "experiments.data.log_dataset": ("dataset_run",),
    "experiments.data.show_dataset": ("dataset_text", "show_dataset"),
    "experiments.data.show_file": ("show_file", "show_text"),
    "experiments.demo.run_demo": ("demo_run",),
    "experiments.engine.slurm.slurm_file": ("slurm_file_schema",),
    "experiments.engine.where": ("Where",),
    "experiments.evaluation.evaluate_run": ("EvaluationRequest", "evaluate_run", "evaluate_text"),
    "experiments.data.dataset_figure": ("draw_dataset",),
    "experiments.launchpad.experiment_file": ("experiment_schema",),
    "experiments.launchpad.launch": ("claims_text", "launchpad"),
    "experiments.operate.shadow.acting.act_loop": ("Stopped",),
    "experiments.operate.shadow.acting.actor": ("ActLimits",),
    "experiments.operate.shadow.run_shadow": (
        "ActRequest",
        "ShadowRequest",
        "act",
        "advise",
        "observe",
        "release",
    ),
    "experiments.operate.shadow.shadow_dataset": ("shadow_dataset", "shadow_dataset_text"),
    "experiments.operate.shadow.shadow_report": ("shadow_report", "shadow_report_text"),
    "experiments.operate.shadow.sources.power_feed": ("FeedOptions",),
    "experiments.operate.start_times.predict_starts": ("StartTimesRequest", "predict_starts"),
    "experiments.operate.start_times.start_times_text": ("start_times_text",),
    "experiments.page_makers": ("redraw_page",),
    "experiments.presets": ("preset_of",),
    "experiments.report.learned_facts": ("learning_text",),
    "experiments.report.terminal_table": ("compare_text", "duration", "printable", "run_text"),
    "experiments.report.usage_tables": ("accounts_text",),
    "experiments.runs.comparison": ("compare_run",),
    "experiments.runs.key_values": ("pairs", "parsed_randomise"),
    "experiments.runs.provenance": ("version",),
    "experiments.runs.run_setup": ("Settings", "SimulationRequest"),
    "experiments.runs.single_run": ("simulate_run",),
    "experiments.sweep.pages.sweep_text": ("sweep_text",),
    "experiments.sweep.run_sweep": ("SweepRequest", "sweep_run"),
    "experiments.sweep.sweep_file": ("sweep_schema",),
    "experiments.size.pages.size_text": ("costs_text", "size_text"),
    "experiments.size.run_size": ("SizeRequest", "size_run"),
    "experiments.size.size_file": ("size_schema",),
    "experiments.training.train_distil": ("DistilRequest", "distil_run"),
    "experiments.training.train_folder": ("judge_text",),
    "experiments.training.train_offline": ("train_offline",),
    "experiments.training.train_online": ("train_online",),
    "experiments.training.training_requests": ("OfflineRequest", "OnlineRequest"),
    "rare.dataset.dataset_folder": ("versioned",),
    "rare.scenario.config.scenario_config": ("scenario_schema",),
    "rare.scenario.load": ("Wishes", "load_scenario", "shipped_names"),
    "schedulers": ("describe",),
}
_MODULE_OF = {name: module for module, names in MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
