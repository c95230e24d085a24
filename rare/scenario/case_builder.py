"""From a checked scenario to a Case: files are read, ratios become watts, calendars are joined."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rare.job_records import placements
from rare.machine_events import PER_MILLE
from rare.model import NEVER_S, UNLIMITED_MW, Case, ClassPrice, Cluster, Options, Partition
from rare.options.backfill_options import BackfillOptions
from rare.options.job_limits import EACH, JobLimit
from rare.rules.limits.limit_tables import idle_limits
from rare.rules.orders import density_median
from rare.scenario.calendar import TimeJoin
from rare.scenario.config.priority_tables import priority_of
from rare.scenario.config.scenario_config import BackfillTable, Scenario, SiteTable
from rare.scenario.inputs.build_record import BuildRecord
from rare.scenario.inputs.cluster_inputs import make_cluster, note_misfits
from rare.scenario.inputs.event_inputs import RunSpan, read_grid_events
from rare.scenario.inputs.job_inputs import read_jobs, with_classes, with_sensitivity
from rare.scenario.inputs.outage_inputs import read_outages
from rare.scenario.inputs.power_inputs import read_power_inputs
from rare.scenario.inputs.run_calendar import job_calendar, supply_calendar
from rare.scenario.inputs.run_clock import AFTER_LAST_S, run_end_s, standard_offset_s
from rare.scenario.inputs.supply_inputs import MICRO, MJ_PER_KWH, MW_PER_KW, make_battery
from rare.scenario.load import Loaded
from rare.scenario.windows import Window, chosen_window
from traces.errors import InputError, quoted
from traces.times.local_clock import LocalClock


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
        tables = _without_none(self.loaded.scenario.model_dump(by_alias=True))
        case = self.case
        limit_mw = int(case.inputs.import_limit_mw[0])
        partitions = [_partition_dict(partition) for partition in case.cluster.partitions]
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
        if case.events is not None:
            tables["resolved"]["grid_events"] = len(case.events)
        if case.outages is not None:
            tables["resolved"]["outages"] = len(case.outages)
        return tables


def _partition_dict(partition: Partition) -> dict[str, Any]:
    """Size of a partition, and its speed levels where it has any."""
    size = {
        "name": partition.name,
        "nodes": partition.nodes,
        "cores": partition.nodes * partition.cores_per_node,
    }
    if not partition.speeds:
        return size
    levels = [
        {"rate": speed.rate_per_mille / PER_MILLE, "power": speed.power_per_mille / PER_MILLE}
        for speed in partition.speeds
    ]
    return {**size, "speed": levels}


def build(loaded: Loaded, *, seed: int = 0) -> Built:
    """Read the scenario's files and build the Case. `seed`: of the service classes alone.

    InputError for anything that is wrong in the files or does not fit together.

    >>> from rare.scenario.load import load_scenario
    >>> case = build(load_scenario("tiny"), seed=0).case
    >>> len(case.workload), case.cluster.cores
    (20, 16)
    """
    record = BuildRecord()
    loaded = _at_the_windows_site(loaded)
    scenario = loaded.scenario
    if scenario.windows is not None:
        record.files["windows"] = loaded.path(scenario.windows.file)
    jobs = with_sensitivity(with_classes(read_jobs(loaded, record), scenario, seed), scenario)
    cluster = make_cluster(scenario, jobs)
    note_misfits(jobs, cluster, record)
    power = read_power_inputs(loaded, jobs, cluster, record)
    begin_s = int(power.jobs.submit_s[0]) if power.begin_s is None else power.begin_s
    end_s = run_end_s(power.inputs.end_s, power.end_s, begin_s, jobs, cluster)
    span = RunSpan(begin_s, end_s, min(end_s, int(power.jobs.submit_s[-1]) + AFTER_LAST_S))
    calendar = supply_calendar(power.join, jobs, begin_s)
    case = Case(
        power.jobs,
        cluster,
        power.inputs,
        make_battery(scenario, cluster, record),
        scenario_options(scenario),
        begin_s=power.begin_s,
        end_s=power.end_s,
        forecast=power.forecast,
        events=read_grid_events(loaded, calendar, span, record),
        outages=read_outages(loaded, cluster, job_calendar(power.join, jobs, begin_s), span, record),
        limits=read_limits(scenario, cluster),
        priority=priority_of(scenario.priority),
        local_offset_s=_local_offset_s(power.join, begin_s),
        density_median=density_median(jobs),
        calendar=None if calendar.epoch_s is None else LocalClock(calendar.epoch_s, calendar.zone),
    )
    for line in idle_limits(case, placements(case.workload, cluster)) if case.limits else ():
        record.note(line)
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


def scenario_options(scenario: Scenario) -> Options:
    """The choices of a scenario that change rules, as the rules take them."""
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
        unserved_penalty_u=round(scenario.objective.unserved_penalty * MICRO),
        unserved_value_ppm=round(scenario.objective.unserved_value_share * MICRO),
        unserved_by_class=_class_prices(scenario),
        backfill=BackfillOptions(**(scenario.backfill or BackfillTable()).model_dump()),
    )


def read_limits(scenario: Scenario, cluster: Cluster) -> tuple[JobLimit, ...]:
    """The limits of `[[limit]]`. InputError for a partition that the cluster does not have."""
    known = [part.name for part in cluster.partitions]
    for place, table in enumerate(scenario.limit, 1):
        if table.partition is not None and table.partition not in (EACH, *known):
            raise InputError(
                f"limit {place} names the partition {quoted(table.partition)}, and the cluster has "
                f"{', '.join(map(quoted, known))}",
                where=scenario.name,
                remedy="give one of these",
            )
    return tuple(JobLimit(**table.model_dump()) for table in scenario.limit)


def _class_prices(scenario: Scenario) -> tuple[ClassPrice, ...]:
    """The prices of jobs not served, of the classes that have their own; the rest of these is as for all."""
    of_all, prices = scenario.objective, []
    for table in scenario.service_class:
        penalty, share = table.unserved_penalty, table.unserved_value_share
        if penalty is not None or share is not None:
            penalty = of_all.unserved_penalty if penalty is None else penalty
            share = of_all.unserved_value_share if share is None else share
            prices.append(ClassPrice(table.name, round(penalty * MICRO), round(share * MICRO)))
    return tuple(prices)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
