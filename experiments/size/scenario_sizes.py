"""How a plant's capacities are set in a scenario: by the keys that its file already uses for its sizes."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiments.size.plant_costs import Plant
from experiments.size.size_file import BatteryRange, SizeFile, SourceRange
from rare.model import UNLIMITED_MW
from rare.scenario.case_builder import Built
from rare.scenario.config.scenario_config import Scenario, SourceTable
from traces.errors import InputError

MW_PER_KW = 1_000_000
MJ_PER_KWH = 3_600_000_000
LEAST_KW = 1e-6
"""A source of 0 kW is given this, one milliwatt: scenario files allow no source without a size."""
STANDARD_DURATION_H = 4.0
DIGITS = 9
"""Significant digits of a setting: a size that was written as a ratio comes back as that ratio."""
PLENTY = 10.0
"""Peak draws of a grid line under which power never lacks; outside air may ask for more than one."""


@dataclass(frozen=True, slots=True)
class SizeKey:
    """A key of the scenario that holds a size. per_unit: kW or kWh of a value of 1."""

    key: str
    per_unit: float = 1.0

    def setting(self, amount: float) -> str:
        """`--set` text that gives it this amount in kW or kWh."""
        return f"{self.key}={float(f'{amount / self.per_unit:.{DIGITS}g}')!r}"


@dataclass(frozen=True, slots=True)
class ScenarioSizes:
    """One scenario's keys of what is sized, and the capacities that it has itself.

    peak_kw       : the cluster's peak draw
    own           : capacities of the scenario as it is
    solar, wind   : key of the source that is sized; None: not sized
    battery       : keys of its energy, charging and discharging power; empty: not sized
    grid          : key of the import limit; None: not sized
    grid_first    : settings that come before it
    others_kw     : nameplate of further solar and wind sources, which stay and are paid for
    plenty        : settings under which power never lacks; None: the scenario cannot have them
    """

    peak_kw: float
    own: Plant
    solar: SizeKey | None = None
    wind: SizeKey | None = None
    battery: tuple[SizeKey, ...] = ()
    grid: SizeKey | None = None
    grid_first: tuple[str, ...] = ()
    others_kw: dict[str, float] = field(default_factory=dict)
    plenty: tuple[str, ...] | None = None

    def settings(self, plant: Plant) -> tuple[str, ...]:
        """What makes the scenario's plant this one, each as of `--set`."""
        settings = []
        for key, kw in ((self.solar, plant.solar_kw), (self.wind, plant.wind_kw)):
            if key is not None:
                settings.append(key.setting(max(kw, LEAST_KW)))
        amounts = (plant.battery_kwh, plant.battery_kw, plant.battery_kw)
        settings += [key.setting(amount) for key, amount in zip(self.battery, amounts, strict=False)]
        if self.grid is not None:
            settings += [*self.grid_first, self.grid.setting(plant.grid_kw)]
        return tuple(settings)


def sizes_of(built: Built, question: SizeFile) -> ScenarioSizes:
    """Which keys size the assets that the question ranges over. InputError where one cannot be sized.

    An asset without a table in the question stays as the scenario has it, and is paid for all the same.
    """
    scenario = built.loaded.scenario
    if scenario.supply.resolved_kind == "unlimited":
        raise InputError(
            "has power without limit, so there is nothing to size",
            where=f"scenario {built.name}",
            remedy='give it a supply, or --set supply.kind="none" with a grid line',
        )
    peak_kw = built.case.cluster.peak_draw_mw / MW_PER_KW
    if peak_kw == 0:
        raise InputError(
            "draws no power", where=f"scenario {built.name}", remedy="give its nodes idle_w and core_w"
        )
    kinds = _kinds(scenario, question)
    sized = {
        kind: _sized_source(kind, kinds, getattr(question, kind), built.name) for kind in ("solar", "wind")
    }
    fixed_kw = {"solar": 0.0, "wind": 0.0}
    for place, kind in enumerate(kinds):
        if place not in sized.values():
            fixed_kw[kind] += _own_kw(scenario.supply.source[place], place, peak_kw)
    return ScenarioSizes(
        peak_kw,
        Plant(fixed_kw["solar"], fixed_kw["wind"], *_own_battery(built), _own_grid_kw(built, peak_kw)),
        solar=_source_key(scenario, sized["solar"], peak_kw),
        wind=_source_key(scenario, sized["wind"], peak_kw),
        battery=() if question.battery is None else _battery_keys(scenario, peak_kw),
        grid=None if question.grid is None else _grid_key(scenario, peak_kw),
        grid_first=("grid.unlimited=false",) if scenario.grid.unlimited else (),
        others_kw={kind: kw for kind, kw in fixed_kw.items() if sized[kind] is not None},
        plenty=_plenty(scenario, peak_kw),
    )


# --- wind and sun ---------------------------------------------------------------------------------------


def _kinds(scenario: Scenario, question: SizeFile) -> list[str]:
    """Solar or wind, for each source of the scenario."""
    named: dict[int, str] = {}
    for name in ("solar", "wind"):
        table: SourceRange | None = getattr(question, name)
        if table is not None and table.source is not None:
            if table.source >= len(scenario.supply.source):
                raise InputError(
                    f"{name}.source is {table.source}, but the scenario's sources are "
                    f"{len(scenario.supply.source)}, counted from 0"
                )
            if table.source in named:
                raise InputError(f"{name}.source and {named[table.source]}.source are the same; keep one")
            named[table.source] = name
    kinds: list[str] = []
    for place, source in enumerate(scenario.supply.source):
        kind = named.get(place) or (source.kind if source.kind != "file" else source.quantity)
        if kind is None or kind not in ("solar", "wind"):
            raise InputError(
                f"supply.source.{place} of the scenario does not say whether it is wind or sun",
                remedy=f"give [solar] or [wind] with source = {place}, or its quantity in the scenario",
            )
        kinds.append(kind)
    return kinds


def _sized_source(kind: str, kinds: list[str], table: SourceRange | None, scenario: str) -> int | None:
    """The place of the source that a table sizes."""
    if table is None:
        return None
    if table.source is not None:
        return table.source
    places = [place for place, each in enumerate(kinds) if each == kind]
    if len(places) == 1:
        return places[0]
    if not places:
        if table.stated("kw") and table.kw == (0, 0):
            return None
        raise InputError(
            f"scenario {scenario} has no {kind} source to be sized",
            remedy=f"add a [[supply.source]] to it, or leave [{kind}] out",
        )
    raise InputError(
        f"scenario {scenario} has several {kind} sources ({', '.join(map(str, places))})",
        remedy=f"say which by {kind}.source",
    )


def _own_kw(source: SourceTable, place: int, peak_kw: float) -> float:
    """Nameplate of a source as the scenario has it; of a file, its own maximum."""
    for absolute, ratio in (("capacity_kw", "capacity"), ("peak_kw", "peak")):
        if getattr(source, absolute) is not None:
            return float(getattr(source, absolute))
        if getattr(source, ratio) is not None:
            return float(getattr(source, ratio)) * peak_kw
    raise InputError(
        f"supply.source.{place} of the scenario has no size to be paid for",
        remedy="give its peak or peak_kw there, or size it here by [solar] or [wind]",
    )


def _source_key(scenario: Scenario, place: int | None, peak_kw: float) -> SizeKey | None:
    if place is None:
        return None
    source = scenario.supply.source[place]
    name = "peak" if source.kind == "file" else "capacity"
    if source.scale is not None:
        raise InputError(
            f"supply.source.{place} of the scenario is sized by scale",
            remedy="give it peak or peak_kw instead",
        )
    if getattr(source, name) is not None:
        return SizeKey(f"supply.source.{place}.{name}", peak_kw)
    return SizeKey(f"supply.source.{place}.{name}_kw")


# --- battery and grid -----------------------------------------------------------------------------------


def _own_battery(built: Built) -> tuple[float, float]:
    battery = built.case.battery
    if not battery.capacity_mj:
        return 0.0, 0.0
    power_mw = max(battery.charge_limit_mw, battery.discharge_limit_mw)
    return battery.capacity_mj / MJ_PER_KWH, power_mw / MW_PER_KW


def _battery_keys(scenario: Scenario, peak_kw: float) -> tuple[SizeKey, ...]:
    table = scenario.battery
    energy = SizeKey("battery.kwh") if table.hours is None else SizeKey("battery.hours", peak_kw)
    powers = [
        SizeKey(f"battery.{name}_kw")
        if getattr(table, f"{name}_ratio") is None
        else SizeKey(f"battery.{name}_ratio", peak_kw)
        for name in ("charge", "discharge")
    ]
    return (energy, *powers)


def battery_duration_h(table: BatteryRange) -> float | None:
    """Hours of full power in a full battery; None where its power is a size of its own."""
    return None if table.kw is not None else table.duration_h or STANDARD_DURATION_H


def _own_grid_kw(built: Built, peak_kw: float) -> float:
    """The import limit at its highest; where there is none, the peak draw, which is all that can be drawn."""
    limit_mw = int(built.case.inputs.import_limit_mw.max())
    return peak_kw if limit_mw >= UNLIMITED_MW else limit_mw / MW_PER_KW


def _plenty(scenario: Scenario, peak_kw: float) -> tuple[str, ...] | None:
    """Settings of a grid line that is always enough."""
    if scenario.grid.unlimited:
        return ()
    if scenario.grid.import_series is not None:
        return None
    return (_grid_key(scenario, peak_kw).setting(PLENTY * peak_kw),)


def _grid_key(scenario: Scenario, peak_kw: float) -> SizeKey:
    if scenario.grid.import_series is not None:
        raise InputError(
            "the scenario's import limit is a series (grid.import_series), which has no one size",
            remedy="leave [grid] out, or take a scenario with import_ratio or import_kw",
        )
    if scenario.grid.import_ratio is not None:
        return SizeKey("grid.import_ratio", peak_kw)
    return SizeKey("grid.import_kw")
