"""`rare launchpad` as a function: plan and run the stages, judge the claims, write the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.engine.choose_executor import available_cores
from experiments.engine.where import Where
from experiments.launchpad.cases import cases_of
from experiments.launchpad.experiment_file import DEFAULT, QUICK, Experiment, WorkloadTable, read_experiment
from experiments.launchpad.launchpad_folder import results_path
from experiments.launchpad.pages.launchpad_report import write_all
from experiments.launchpad.run_stages import opened, run_stages
from experiments.launchpad.stage_plan import plan
from experiments.launchpad.stage_results import results_of
from experiments.process.progress import QUIET, ProgressDisplay
from experiments.training.train_folder import check_extra
from traces.errors import InputError
from traces.files.atomic import write_json
from traces.files.documents import is_regular, user_path
from traces.files.text import place

SUN = "islanded"
"""The scenario whose wind and sun supply the jobs of user traces."""


def launchpad(
    out: str | Path,
    *,
    experiment: str | Path | None = None,
    quick: bool = False,
    workloads: Sequence[str] = (),
    where: Where | None = None,
    display: ProgressDisplay = QUIET,
) -> dict[str, Any]:
    """Test the papers' claims by an experiment file; the object of claims.json, which lies in `out`.

    experiment: a file; default the packaged one, or its short version with `quick`. workloads: further job
    traces. An interrupted run resumes: finished stages are looked up by their keys. InputError for wrong
    input, and at the end if stages failed.
    """
    if quick and experiment is not None:
        raise InputError("--quick: is an experiment file of its own; leave out --experiment")
    check_extra()
    definition = with_traces(read_experiment(_file_of(experiment, quick)), workloads)
    folder = user_path(out)
    where = where or Where()
    count = None if where.is_remote else where.workers or available_cores()
    with opened(folder):
        cases = cases_of(definition, folder.resolve())
        stages = plan(definition, cases)
        display.note(
            f"{definition.name}: {len(cases)} cases, {len(stages)} stages, {definition.seeds} seeds"
            f"{'' if count is None else f', {min(count, len(stages))} workers'}"
        )
        completed, failed = run_stages(stages, folder, where, display)
        results = results_of(definition, cases, stages, completed, failed, count)
        write_json(results_path(folder), results)
        claims = write_all(results, folder)
    if failed:
        label = next(iter(failed))
        raise InputError(
            f"{label}: {failed[label]} ({len(failed)} of {len(stages)} stages are missing from "
            f"{folder / 'report.html'})"
        )
    return claims


def _file_of(experiment: str | Path | None, quick: bool) -> Path:
    if experiment is not None:
        return user_path(experiment)
    return QUICK if quick else DEFAULT


def with_traces(experiment: Experiment, traces: Sequence[str]) -> Experiment:
    """The experiment with traces as further workloads. InputError for a missing file or a name used twice."""
    added = []
    names = [table.name for table in experiment.workload]
    for trace in traces:
        path = user_path(trace)
        if not is_regular(path):
            raise InputError(f"--workload {place(trace)}: is no file; give a job trace, such as one in SWF")
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in path.name.split(".")[0])
        if name in names:
            raise InputError(f"--workload {trace}: there is a workload {name!r} already; rename the file")
        names.append(name)
        added.append(WorkloadTable(name=name, scenario=SUN, trace=str(path), tiers=False, ceiling=False))
    return experiment.model_copy(update={"workload": (*experiment.workload, *added)})


def claims_text(found: dict[str, Any], out: str | Path) -> str:
    """The text for the terminal: the verdict of each claim. found: the object of claims.json."""
    lines = [f"{found['experiment']}: seeds: {found['seeds']}", ""]
    for claim in found["claims"]:
        lines.append(f"{claim['id']}  {claim['verdict']:<13}  {claim['claim']}")
        if claim["interval"] is not None:
            low, high = claim["interval"]
            unit = "" if claim["unit"] == "objective" else f" {claim['unit']}"
            lines.append(
                f"    {claim['of']}: {claim['measured']:,.4g}{unit}, 95 % interval {low:,.4g} to {high:,.4g}"
            )
        if claim["why"]:
            lines.append(f"    undecided: {claim['why']}")
    return "\n".join([*lines, "", f"written: {Path(out) / 'claims.json'}, {Path(out) / 'report.html'}"])
