"""Description of a solar plant: orientation, module, inverter and losses, with rows of pvlib's tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from energy.plants.plant_power import check_number, unknown
from traces.errors import InputError, quoted

TRANSPOSITIONS = ("haydavies", "perez")
TEMPERATURES = (
    "open_rack_glass_glass",
    "close_mount_glass_glass",
    "open_rack_glass_polymer",
    "insulated_back_glass_polymer",
)
PVWATTS = "pvwatts"
TRACKINGS = ("fixed", "single_axis")
#: name -> smallest, largest
_RANGES = {
    "tilt_deg": (0, 90),
    "azimuth_deg": (0, 360),
    "gamma_pdc": (-0.02, 0),
    "dc_ac_ratio": (0.1, 5),
    "losses_percent": (0, 99),
    "albedo": (0, 1),
    "ground_cover": (0.05, 0.99),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of pvlib's tables; None for PVWatts' generic module or inverter.

    kind : 'pvwatts', 'cec' or 'sapm'
    """

    kind: str
    module: dict[str, Any] | None
    inverter: dict[str, Any] | None


def find_parts(module: str, inverter: str) -> Parts:
    """Module and inverter by name. InputError, with close names, for unknown ones."""
    kind, row = _module(module)
    return Parts(kind, row, None if inverter == PVWATTS else _row("CECInverter", "inverter", inverter))


def _module(name: str) -> tuple[str, dict[str, Any] | None]:
    from pvlib import pvsystem

    if name == PVWATTS:
        return PVWATTS, None
    sandia = pvsystem.retrieve_sam("SandiaMod")
    if name in sandia:
        return "sapm", sandia[name].to_dict()
    cec = pvsystem.retrieve_sam("CECMod")
    if name in cec:
        return "cec", cec[name].to_dict()
    raise unknown("module", name, [PVWATTS, *sandia.columns, *cec.columns])


def _row(table: str, noun: str, name: str) -> dict[str, Any]:
    from pvlib import pvsystem

    rows = pvsystem.retrieve_sam(table)
    if name not in rows:
        raise unknown(noun, name, [PVWATTS, *rows.columns])
    return rows[name].to_dict()


@dataclass(frozen=True, slots=True)
class SolarPlant:
    """Panels of one orientation behind one kind of inverter.

    tilt_deg     : from horizontal; None: the latitude (fixed), or 0, a level axis (single_axis)
    azimuth_deg  : clockwise from north; None: towards the equator. For a tracker, of its axis
    module       : 'pvwatts', or a name in pvlib's CEC or Sandia module table
    gamma_pdc    : change of DC power per degC of the cell, module 'pvwatts' only
    inverter     : 'pvwatts' (96 %), or a name in pvlib's CEC inverter table
    dc_ac_ratio  : DC power at standard conditions over AC nameplate; what the inverter cannot take is clipped
    losses_percent : soiling, wiring, mismatch and so on, taken from DC
    tracking     : 'fixed' or 'single_axis' (60 degrees either way, with backtracking)
    albedo, ground_cover : of the ground; of panels over ground (trackers only)
    transposition : 'haydavies' or 'perez'; temperature: a row of pvlib's Sandia cell temperature table

    Defaults are PVWatts' (Dobos 2014, NREL/TP-6A20-62641, doi:10.2172/1158421: losses 14 %, inverter 96 %,
    -0.35 %/degC as its premium modules have), the ratio 1.2 of its later versions, and pvlib's albedo.
    """

    tilt_deg: float | None = None
    azimuth_deg: float | None = None
    module: str = "pvwatts"
    gamma_pdc: float = -0.0035
    inverter: str = "pvwatts"
    dc_ac_ratio: float = 1.2
    losses_percent: float = 14.0
    tracking: str = "fixed"
    albedo: float = 0.25
    ground_cover: float = 0.4
    transposition: str = "haydavies"
    temperature: str = "open_rack_glass_polymer"

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None or name not in ("tilt_deg", "azimuth_deg"):
                check_number("solar plant", name, value, low, high)
        for name, known in (
            ("tracking", TRACKINGS),
            ("transposition", TRANSPOSITIONS),
            ("temperature", TEMPERATURES),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InputError(f"solar plant: {name} is {quoted(value)}: use one of {', '.join(known)}")

    def parts(self) -> Parts:
        """The rows of module and inverter in pvlib's tables. InputError for unknown ones."""
        return find_parts(self.module, self.inverter)
