"""The object of results.json: results of all stages, the input of claims and report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.launchpad.cases import Case
from experiments.launchpad.experiment_file import Experiment
from experiments.launchpad.run_stages import StageRecords
from experiments.launchpad.stage_plan import CHOOSE, DATA, OFFLINE, ONLINE, REFERENCE, Stage
from experiments.results.json_values import plain_json
from experiments.runs.provenance import provenance
from experiments.training.train_folder import versions

FORMAT = 1


def results_of(
    experiment: Experiment,
    cases: Sequence[Case],
    stages: Sequence[Stage],
    completed: StageRecords,
    failed: Mapping[str, str],
    workers: int | None,
) -> dict[str, Any]:
    """The object of results.json: cases with reference objectives, datasets, and training runs."""
    case_records = {case.name: _case(case) for case in cases}
    data: list[dict[str, Any]] = []
    runs: list[dict[str, Any]] = []
    for stage in stages:
        record = completed.get(stage.label)
        if record is None:
            continue
        result = record["result"]
        if stage.kind == CHOOSE:
            case_records[stage.case] |= {"best": result["best"], "validation": result["means"]}
        elif stage.kind == REFERENCE:
            case_records[stage.case] |= {"windows": result["windows"], "reference": result["objectives"]}
        elif stage.kind == DATA:
            data.append(_labelled(stage, record))
        elif stage.kind in (OFFLINE, ONLINE):
            runs.append(_labelled(stage, record) | _origin(stage, stages))
    return plain_json(
        {
            "format": FORMAT,
            "experiment": experiment.model_dump(),
            "workers": workers,
            "cases": list(case_records.values()),
            "data": data,
            "runs": runs,
            "failed": dict(failed),
            "stages": len(stages),
            "hours": sum(record["wall_s"] for record in completed.values()) / 3600,
            "provenance": provenance(seed=0, files={}, extra={"learning": versions()}),
        }
    )


def _case(case: Case) -> dict[str, Any]:
    record = dataclasses.asdict(case)
    # local paths are left out; the hashes identify the files
    record["trace"] = bool(case.files)
    del record["settings"]
    return record


def _labelled(stage: Stage, record: Mapping[str, Any]) -> dict[str, Any]:
    role = stage.about.get("online") or ("trial" if "trial" in stage.about else stage.kind)
    return {
        "label": stage.label, "case": stage.case, **stage.about, "role": role, **record["result"],
        "wall_s": record["wall_s"], "cpu_s": record["cpu_s"],
    }  # fmt: skip


def _origin(stage: Stage, stages: Sequence[Stage]) -> dict[str, Any]:
    """Labels of the initial policy and of the dataset of a run; None without one."""
    by_label = {planned.label: planned for planned in stages}
    start = stage.needs.get("start")
    data = stage.needs.get("data") or (by_label[start].needs["data"] if start else None)
    return {"start": start, "data": data}
