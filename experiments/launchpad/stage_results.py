"""What the stages measured, in one object: results.json, from which claims and report are made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.launchpad.cases import Case
from experiments.launchpad.experiment_file import Experiment
from experiments.launchpad.run_stages import Done
from experiments.launchpad.stage_plan import CHOOSE, DATA, OFFLINE, ONLINE, REFERENCE, Stage
from experiments.results.json_values import plain_json
from experiments.runs.provenance import provenance
from experiments.training.train_folder import versions

FORMAT = 1


def results_of(
    experiment: Experiment,
    cases: Sequence[Case],
    stages: Sequence[Stage],
    done: Done,
    failed: Mapping[str, str],
    workers: int,
) -> dict[str, Any]:
    """The object of results.json: cases with what others reach, datasets, and every training run."""
    of_case = {case.name: _case(case) for case in cases}
    data: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    for stage in stages:
        found = done.get(stage.label)
        if found is None:
            continue
        result = found["result"]
        if stage.kind == CHOOSE:
            of_case[stage.case] |= {"best": result["best"], "validation": result["means"]}
        elif stage.kind == REFERENCE:
            of_case[stage.case] |= {"windows": result["windows"], "reference": result["objectives"]}
        elif stage.kind == DATA:
            data.append(_named(stage, found))
        elif stage.kind in (OFFLINE, ONLINE):
            runs.append(_named(stage, found) | _came_from(stage, stages))
    return plain_json(
        {
            "format": FORMAT,
            "experiment": experiment.model_dump(),
            "workers": workers,
            "cases": list(of_case.values()),
            "data": data,
            "runs": runs,
            "failed": dict(failed),
            "stages": len(stages),
            "hours": sum(found["wall_s"] for found in done.values()) / 3600,
            "provenance": provenance(seed=0, files={}, extra={"learning": versions()}),
        }
    )


def _case(case: Case) -> dict[str, Any]:
    found = dataclasses.asdict(case)
    # file names of the user's machine tell nobody anything; the hashes tell the files apart
    found["trace"] = bool(case.files)
    del found["settings"]
    return found


def _named(stage: Stage, found: Mapping[str, Any]) -> dict[str, Any]:
    role = stage.about.get("online") or ("trial" if "trial" in stage.about else stage.kind)
    return {
        "label": stage.label, "case": stage.case, **stage.about, "role": role, **found["result"],
        "wall_s": found["wall_s"], "cpu_s": found["cpu_s"],
    }  # fmt: skip


def _came_from(stage: Stage, stages: Sequence[Stage]) -> dict[str, Any]:
    """Labels of the policy and the data that a run goes back to."""
    by_label = {each.label: each for each in stages}
    start = stage.needs.get("start")
    data = stage.needs.get("data") or (by_label[start].needs["data"] if start else None)
    return {"start": start, "data": data}
