"""Verification of the forecasts of a run: shares at or below each quantile, and coverage of the band."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from experiments.results.run_folder import Run

HOUR_S = 3600
ROUNDING_W = 2e-3  # forecasts are stored in whole milliwatts
QUANTILES = ((0.1, "low_w"), (0.5, "median_w"), (0.9, "high_w"))


@dataclass(eq=False)
class Judged:
    """The stored forecasts of a run, each row with the actual supply.

    rows   : forecast.csv by issue and target, with `truth_w`, the mean supply of the target's step; NaN
             where the run does not cover the step
    step_s : length of a target
    kind   : name of the forecaster, '' unknown
    """

    rows: pd.DataFrame
    step_s: int
    kind: str

    @cached_property
    def open(self) -> pd.DataFrame:
        """Rows for verification: the actual supply is known and the band has a width."""
        return self.rows[self.rows["truth_w"].notna() & (self.rows["low_w"] < self.rows["high_w"])]

    @property
    def count(self) -> int:
        """Number of targets in `open`; an hour counts once for each issue."""
        return len(self.open)

    @property
    def certain(self) -> int:
        """Number of targets left out because 10 and 90 % agree, as at night without wind."""
        return int((self.rows["truth_w"].notna() & ~(self.rows["low_w"] < self.rows["high_w"])).sum())

    @property
    def foreseen(self) -> bool:
        """Whether the forecast was perfect."""
        return self.kind == "perfect"

    def shares(self) -> dict[float, float]:
        """For each quantile the share of targets at or below it; NaN if there are none."""
        return {level: _mean(self._above(name) <= ROUNDING_W) for level, name in QUANTILES}

    def shares_below(self) -> dict[float, float]:
        """For each quantile the share of targets strictly below it; ties occur at 0, without wind and sun.

        A quantile is calibrated where its level lies between the two shares.
        """
        return {level: _mean(self._above(name) < -ROUNDING_W) for level, name in QUANTILES}

    def coverage(self) -> float:
        """Share of targets within the 10 to 90 % band; NaN if there are none."""
        return _mean((self._above("low_w") >= -ROUNDING_W) & (self._above("high_w") <= ROUNDING_W))

    def _above(self, name: str) -> pd.Series:
        return self.open["truth_w"] - self.open[name]


def judge(run: Run) -> Judged | None:
    """The forecasts of `run` with the actual supply; None without forecasts.

    InputError for damaged tables.
    """
    if run.forecast is None or run.forecast.empty or not run.power["supply_w"].notna().any():
        return None
    rows = run.forecast.sort_values(["issue_s", "target_s"], kind="stable").reset_index(drop=True)
    gaps_s = np.diff(rows["target_s"])[np.diff(rows["issue_s"]) == 0]
    step_s = int(gaps_s[gaps_s > 0].min()) if (gaps_s > 0).any() else HOUR_S
    truth_w = mean_supply_w(run.power, rows["target_s"].to_numpy(), step_s)
    return Judged(rows.assign(truth_w=truth_w), step_s, _kind(run.config))


def mean_supply_w(power: pd.DataFrame, from_s: np.ndarray, step_s: int) -> np.ndarray:
    """Mean supply over the `step_s` seconds from each time on; NaN where power.csv does not cover them."""
    time_s = power["time_s"].to_numpy(dtype=float)
    supply_w = power["supply_w"].fillna(0).to_numpy(dtype=float)[:-1]
    energy_j = np.concatenate(([0.0], np.cumsum(supply_w * np.diff(time_s))))
    step_j = np.interp(from_s + step_s, time_s, energy_j) - np.interp(from_s, time_s, energy_j)
    covered = (from_s >= time_s[0]) & (from_s + step_s <= time_s[-1])
    return np.where(covered, step_j / step_s, np.nan)


def _mean(truths: pd.Series) -> float:
    return float(truths.mean()) if len(truths) else float("nan")


def _kind(config: dict) -> str:
    """The resolved forecaster (not `auto`) of the configuration, else the requested one, else ''."""
    for table, key in (("resolved", "forecast"), ("forecast", "kind")):
        keys = config.get(table)
        if isinstance(keys, dict) and isinstance(keys.get(key), str):
            return keys[key]
    return ""
