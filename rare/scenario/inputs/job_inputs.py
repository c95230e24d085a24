"""Jobs of a scenario: read or made, selected, and completed by its service classes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from rare.scenario.config.scenario_config import Scenario, ServiceClassTable, WorkloadTable, parse_span
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.cluster_inputs import make_partition
from rare.scenario.inputs.key_words import keys_of
from rare.scenario.inputs.supply_inputs import check_zone
from rare.scenario.load import Loaded
from traces.errors import InputError, Parameter
from traces.jobs.dependencies.selected_chains import cut_chains, without_missing_predecessors
from traces.jobs.job_files import read_workload
from traces.jobs.service_classes import ServiceClass, assign_service
from traces.jobs.workload import FULLY_SENSITIVE, Workload
from traces.times.timezones import find_zone


def read_jobs(loaded: Loaded, record: BuildRecord) -> Workload:
    """The jobs that the scenario chooses, of its file or model. InputError where there are none."""
    jobs = uncut(_workload(loaded, record), record)
    _note_unsupported(jobs, record)
    return jobs


def uncut(jobs: Workload, record: BuildRecord) -> Workload:
    """The jobs, none of them waiting for one that is not among them (12.4); a note says how many did."""
    cut = cut_chains(jobs)
    if not cut:
        return jobs
    record.note(f"{cut} of {len(jobs)} jobs wait for others that are not chosen; they do not wait for those")
    return without_missing_predecessors(jobs)


def with_classes(jobs: Workload, scenario: Scenario, seed: int) -> Workload:
    """The jobs with values and deadlines by the scenario's service classes, if it has any."""
    if not scenario.service_class:
        return jobs
    return assign_service(jobs, [_service_class(table) for table in scenario.service_class], seed)


def with_sensitivity(jobs: Workload, scenario: Scenario) -> Workload:
    """The jobs with the sensitivity of their class, else of the workload, where the trace has none."""
    if jobs.sensitivity_milli is not None:
        return jobs
    of_all = scenario.workload.sensitivity
    by_class = {table.name: table.sensitivity for table in scenario.service_class}
    if of_all is None and not any(value is not None for value in by_class.values()):
        return jobs
    general = FULLY_SENSITIVE if of_all is None else round(of_all * FULLY_SENSITIVE)
    sensitivity = np.full(len(jobs), general, dtype=np.int64)
    for name, value in by_class.items():
        if value is not None and jobs.service_class is not None:
            sensitivity[jobs.service_class == name] = round(value * FULLY_SENSITIVE)
    return dataclasses.replace(jobs, sensitivity_milli=sensitivity)


def _workload(loaded: Loaded, record: BuildRecord) -> Workload:
    table = loaded.scenario.workload
    if table.model is not None:
        try:
            return _selected_jobs(_synthetic_jobs(loaded), table)
        except InputError as error:
            raise error.at("workload") from None
    if table.file is None:
        raise InputError("workload.file is missing", where=loaded.label, remedy="give it, or --workload FILE")
    path = record.files["workload"] = loaded.path(table.file)
    mapping = table.mapping
    if mapping is not None and mapping.endswith(".toml"):
        mapping = str(loaded.path(mapping))
        record.files["mapping"] = Path(mapping)
    try:
        jobs = read_workload(
            path,
            format=table.format,
            mapping=mapping,
            strict=table.strict,
            cancellations=table.cancellations,
            dependencies=table.dependencies,
        )
    except InputError as error:
        raise error.worded(_words) from None
    changes: dict[str, Any] = {}
    if table.zone is not None:
        check_zone(table.zone, "workload.zone")
        changes["zone"] = table.zone
    if table.start_utc is not None:  # of the file's second 0, which the reader may have moved
        changes["origin_utc"] = _utc(table.start_utc) - timedelta(seconds=jobs.report.shift_s)
    jobs = dataclasses.replace(jobs, **changes) if changes else jobs
    if len(jobs) == 0:
        raise InputError(
            "holds no jobs to simulate", where=path, remedy=f"`rare traces show {path.name}` says why"
        )
    return _selected_jobs(jobs, table)


def _words(parameter: Parameter) -> str:
    """A parameter of the reader as a key of the scenario; the mapping, which a first user needs, as both."""
    if parameter.name == "mapping":
        return "--mapping FILE.toml (in a scenario the key workload.mapping)"
    return keys_of("workload")(parameter)


def _synthetic_jobs(loaded: Loaded) -> Workload:
    """Synthetic jobs of the scenario's model, for the scenario's number of days."""
    from traces.synthetic import gpu_mix, lublin, with_estimates

    table = loaded.scenario.workload
    partitions = [make_partition(p, p.name, p.nodes) for p in loaded.scenario.cluster.partition]
    load = table.load or 0.0
    if table.model == "gpu":
        gpus = sum(p.nodes * p.gpus_per_node for p in partitions)
        if gpus == 0:
            raise InputError(
                '"gpu" needs GPUs',
                where="workload.model",
                remedy="give [[cluster.partition]] with gpus_per_node",
            )
        jobs = gpu_mix(days=table.days, gpus=gpus, load=load, seed=table.seed)
    else:
        processors = table.processors or sum(p.nodes * p.cores_per_node for p in partitions)
        if not processors:
            raise InputError(
                '"lublin" needs the machine\'s size',
                where="workload.model",
                remedy="give workload.processors",
            )
        jobs = lublin(
            days=table.days, processors=processors, load=load, seed=table.seed, variant=table.variant
        )
    if table.estimates == "tsafrir":
        jobs = with_estimates(jobs, seed=table.seed, max_estimate_s=table.max_estimate_s)
    return jobs


def _utc(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise InputError(
            f"{text!r} has no offset",
            where="workload.start_utc",
            remedy=f"write {instant.isoformat()}Z for UTC",
        )
    return instant.astimezone(UTC)


def _selected_jobs(jobs: Workload, table: WorkloadTable) -> Workload:
    if table.jobs is not None:
        return jobs.select(*parse_span(table.jobs))
    if table.from_date is None and table.to_date is None:
        return jobs
    if jobs.origin_utc is None:
        raise InputError(
            "has no calendar, so from_date and to_date mean nothing",
            where=jobs.name,
            remedy="choose by --jobs FIRST:LAST, or give workload.start_utc",
        )
    zone = find_zone(jobs.zone or "UTC")
    ends = [
        None if text is None else _on_the_clock(datetime.fromisoformat(text), zone)
        for text in (table.from_date, table.to_date)
    ]
    return jobs.between(*ends)


def _on_the_clock(instant: datetime, zone: Any) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def _service_class(table: ServiceClassTable) -> ServiceClass:
    keys = table.model_dump(exclude={"sensitivity", "unserved_penalty", "unserved_value_share"})
    if not keys.pop("deadline"):
        keys["slack_factor"] = None
    return ServiceClass(**keys)


def _note_unsupported(jobs: Workload, record: BuildRecord) -> None:
    """Note the features of the trace that the simulation ignores (README, Limits)."""
    dependencies = jobs.report.notes.get("dependencies_ignored")
    if dependencies is not None:
        record.note(f"{dependencies.count} jobs wait for others in the trace; these dependencies are ignored")
    if jobs.report.shift_s:
        record.note(
            f"the trace begins {jobs.report.shift_s} s before its second 0; all its times are moved by that"
        )
