"""From a checked scenario to a Case: files are read, ratios become watts, calendars are joined."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from rare.model import (
    NEVER_S,
    UNLIMITED_MW,
    Case,
    Cluster,
    Options,
    Partition,
)
from rare.rules.orders import density_median
from rare.scenario.calendar import TimeJoin
from rare.scenario.config.scenario_config import (
    PLAIN_NODE,
    NodeTable,
    PartitionTable,
    Scenario,
    ServiceClassTable,
    SiteTable,
    WorkloadTable,
    parse_span,
)
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.power_inputs import read_power_inputs
from rare.scenario.inputs.run_clock import standard_offset_s
from rare.scenario.inputs.supply_inputs import MICRO, MJ_PER_KWH, MW_PER_KW, check_zone, make_battery
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, chosen_window
from rare.world import placements
from traces.errors import InputError
from traces.jobs.job_files import read_workload
from traces.jobs.service_classes import ServiceClass, assign_service
from traces.jobs.workload import Workload
from traces.times.timezones import find_zone


def _window_dict(window: Window | None) -> dict[str, Any] | None:
    return None if window is None else dataclasses.asdict(window)


@dataclass(frozen=True, slots=True)
class Built:
    """A Case with its origin. `files`: input files by role, for provenance."""

    case: Case
    loaded: Loaded
    join: TimeJoin | None
    files: dict[str, Path]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.loaded.scenario.name

    def resolved(self) -> dict[str, Any]:
        """Every key with its value in this run, and the sizes computed from ratios."""
        tables = _without_none(self.loaded.scenario.model_dump())
        case = self.case
        limit_mw = int(case.inputs.import_limit_mw[0])
        partitions = [
            {"name": p.name, "nodes": p.nodes, "cores": p.nodes * p.cores_per_node}
            for p in case.cluster.partitions
        ]
        tables["resolved"] = {
            "jobs": len(case.workload),
            "start_utc": case.workload.origin_utc.isoformat() if case.workload.origin_utc else None,
            "zone": case.workload.zone,
            "begin_s": case.first_instant_s,
            "partitions": partitions,
            "peak_draw_kw": case.cluster.peak_draw_mw / MW_PER_KW,
            "import_limit_kw": None if limit_mw == UNLIMITED_MW else limit_mw / MW_PER_KW,
            "window": _window_dict(chosen_window(self.loaded)),
            "forecast": None if case.forecast is None else case.forecast.name,
            "supply_peak_kw": int(case.inputs.supply_mw.max()) / MW_PER_KW if case.inputs.renewable else None,
            "battery_kwh": case.battery.capacity_mj / MJ_PER_KWH,
            "inputs_end_s": None if case.inputs.end_s >= NEVER_S else int(case.inputs.end_s),
            "time": self.join.as_dict() if self.join else None,
        }
        return tables


def build(loaded: Loaded, *, seed: int = 0) -> Built:
    """Read the scenario's files and build the Case. `seed`: of the service classes alone.

    InputError for anything that is wrong in the files or does not fit together.
    """
    record = BuildRecord()
    loaded = _at_the_windows_site(loaded)
    scenario = loaded.scenario
    if scenario.windows is not None:
        record.files["windows"] = loaded.path(scenario.windows.file)
    jobs = _workload(loaded, record)
    _note_unsupported(jobs, record)
    if scenario.service_class:
        classes = [_service_class(table) for table in scenario.service_class]
        jobs = assign_service(jobs, classes, seed)
    cluster = make_cluster(scenario, jobs)
    _note_misfits(jobs, cluster, record)
    power = read_power_inputs(loaded, jobs, cluster, record)
    begin_s = int(power.jobs.submit_s[0]) if power.begin_s is None else power.begin_s
    case = Case(
        power.jobs,
        cluster,
        power.inputs,
        make_battery(scenario, cluster, record),
        _options(scenario),
        begin_s=power.begin_s,
        end_s=power.end_s,
        forecast=power.forecast,
        local_offset_s=_local_offset_s(power.join, begin_s),
        density_median=density_median(jobs),
    )
    return Built(case, loaded, power.join, record.files, tuple(record.notes))


def _local_offset_s(join: TimeJoin | None, begin_s: int) -> int:
    """From the workload's clock to the site's standard time of day; 0 where nothing has a calendar."""
    if join is None:
        return 0
    start_utc = join.supply_start_utc(begin_s)
    return int(start_utc.timestamp()) + standard_offset_s(start_utc, join.site_zone) - join.shift_s


def _at_the_windows_site(loaded: Loaded) -> Loaded:
    """The scenario with the site of its window, where the window is elsewhere."""
    window = chosen_window(loaded)
    if window is None or window.site is None:
        return loaded
    scenario = loaded.scenario
    if not scenario.site.present:
        raise InputError(
            f"is at site {window.site!r}, but nothing in the scenario depends on the weather",
            where=f"window {window.name!r}",
            remedy="leave its site out, or add [site] and plants",
        )
    elsewhere = scenario.model_copy(update={"site": SiteTable(name=window.site)})
    return dataclasses.replace(loaded, scenario=elsewhere)


# --- jobs -----------------------------------------------------------------------------------------------


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
    jobs = read_workload(path, format=table.format, mapping=mapping, strict=table.strict)
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


def _synthetic_jobs(loaded: Loaded) -> Workload:
    """Synthetic jobs of the scenario's model, for the scenario's number of days."""
    from traces.synthetic import gpu_mix, lublin, with_estimates

    table = loaded.scenario.workload
    partitions = [_partition(p, p.name, p.nodes) for p in loaded.scenario.cluster.partition]
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
    keys = table.model_dump()
    if not keys.pop("deadline"):
        keys["slack_factor"] = None
    return ServiceClass(**keys)


def _note_unsupported(jobs: Workload, record: BuildRecord) -> None:
    """Note the features of the trace that the simulation ignores (README, known limits)."""
    dependencies = jobs.report.notes.get("dependencies_ignored")
    if dependencies is not None:
        record.note(f"{dependencies.count} jobs wait for others in the trace; these dependencies are ignored")
    if jobs.report.shift_s:
        record.note(
            f"the trace begins {jobs.report.shift_s} s before its second 0; all its times are moved by that"
        )


# --- cluster --------------------------------------------------------------------------------------------


def make_cluster(scenario: Scenario, jobs: Workload) -> Cluster:
    """The cluster: the scenario's partitions, or as many of its nodes as hold the processors."""
    table = scenario.cluster
    pue_per_mille = round(table.pue * 1000)
    if table.partition:
        if scenario.workload.processors is not None and scenario.workload.model is None:
            raise InputError(
                "the scenario fixes its nodes in [[cluster.partition]]",
                where="workload.processors (--processors)",
                remedy="change those with --set cluster.partition.NAME.nodes=N",
            )
        return Cluster(tuple(_partition(p, p.name, p.nodes) for p in table.partition), pue_per_mille)
    processors = scenario.workload.processors or jobs.processors
    if processors is None:
        raise InputError(
            "does not say how many processors the machine has (its largest job asks for "
            f"{int(jobs.cores.max())})",
            where=jobs.name,
            remedy="give --processors N",
        )
    node = table.node or PLAIN_NODE
    one = _partition(node, "main", 1)
    if one.cores_per_node == 0:
        raise InputError(
            "has no cores, so its number does not follow from the processors", where="cluster.node"
        )
    nodes = math.ceil(processors / one.cores_per_node)
    return Cluster((dataclasses.replace(one, nodes=nodes),), pue_per_mille)


def _partition(table: NodeTable | PartitionTable, name: str, nodes: int) -> Partition:
    """Identical nodes: values of the table, else of its server profile."""
    from energy.datacenter.servers import profile

    where = f"cluster.partition.{name}" if isinstance(table, PartitionTable) else "cluster.node"
    try:
        server = None if table.profile is None else profile(table.profile)
    except InputError as error:
        raise error.at(f"{where}.profile") from None

    def value_of(key: str, of_profile: str, scale: int = 1000) -> int:
        value = getattr(table, key)
        if value is not None:
            return round(value * scale)
        return 0 if server is None else int(getattr(server, of_profile) or 0)

    memory_mib = value_of("memory_gib_per_node", "memory_mib", 1024)
    return Partition(
        name=name,
        nodes=nodes,
        cores_per_node=value_of("cores_per_node", "cores_per_node", 1),
        gpus_per_node=value_of("gpus_per_node", "gpus_per_node", 1),
        memory_mib_per_node=max(1, memory_mib) if memory_mib or table.memory_gib_per_node else None,
        idle_mw=value_of("idle_w", "idle_mw"),
        sleep_mw=value_of("sleep_w", "sleep_mw"),
        core_mw=value_of("core_w", "core_mw"),
        gpu_mw=value_of("gpu_w", "gpu_mw"),
        idle_nodes=table.idle_nodes,
        wake_s=table.wake_s,
    )


def _note_misfits(jobs: Workload, cluster: Cluster, record: BuildRecord) -> None:
    """Note jobs larger than every partition: they are rejected on arrival."""
    misfits = np.flatnonzero(placements(jobs, cluster) < 0)
    if len(misfits):
        job = misfits[0]
        remedy = "a larger cluster or --processors N takes them"
        if jobs.gpus_milli[job] and not any(p.gpus_per_node for p in cluster.partitions):
            remedy = "the cluster has no GPUs: give gpus_per_node"
        record.note(
            f"{len(misfits)} of {len(jobs)} jobs fit no partition and will be rejected, first job "
            f"{jobs.job_id[job]} ({jobs.cores[job]} cores, {jobs.gpus_milli[job] / 1000:g} GPUs); "
            f"{remedy}"
        )


def _options(scenario: Scenario) -> Options:
    rules = scenario.rules.model_dump()
    first = rules.pop("dispatch_first")
    battery = scenario.battery
    charge, below_u = "never", 0
    if battery.grid_charge_below_price_per_kwh is not None:
        charge, below_u = "price", round(battery.grid_charge_below_price_per_kwh * MICRO)
    elif battery.grid_charge_below_carbon_g_per_kwh is not None:
        charge, below_u = "carbon", round(battery.grid_charge_below_carbon_g_per_kwh * 1000)
    return Options(
        **rules,
        grid_charge=charge,
        grid_charge_below_u=below_u,
        grid_first=first == "grid",
        carbon_price_u_per_kg=round(scenario.objective.carbon_price_per_kg * MICRO),
        violation_penalty_u=round(scenario.objective.violation_penalty * MICRO),
    )


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
