"""A synthetic forecaster: calibrated forecasts from the outcome plus noise of a realistic size.

On normal scores (climatology is N(0, 1)) the forecaster observes, at issue i, of target t

    y(i, t) = z(t) + W(i, t),   W(i, t) = sum over j from i to t of sqrt(v(l_j) - v(l_j - 1)) xi(j, t),

where l_j is the lead of target t at issue j, v the fitted noise variance, and xi are standard normal,
independent between issues, autocorrelated along targets. The conditional distribution is

    z(t) | y ~ N(rho^2 y, 1 - rho^2),   rho^2 = 1 / (1 + v(lead)).

So quantiles are calibrated by construction (outcome plus noise would not be); a later issue has all
information of an earlier one, and forecasts of a target are a martingale (martingale model of forecast
evolution, Heath and Jackson 1994, doi:10.1080/07408179408966604). With growing lead rho falls to 0, which is
climatology.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy.forecasts.climate import Climate
from energy.forecasts.error_fit import ErrorFit, shipped_fit, variance_of_ratio
from energy.forecasts.forecast_quantity import checked_actual, checked_count
from energy.forecasts.forecaster import QUANTILES, Forecaster
from energy.hash_noise import autocorrelated, key_of, normals
from traces.errors import InputError


class Synthetic(Forecaster):
    """Forecasts with the accuracy of real ones, a pure function of seed, site, issue time and target.

    actual   : means of the steps from the climate's origin on; read only up to the horizon of an issue
    climate  : climatology fitted on training steps, with its step_s and origin_s; or give `train`
               (booleans), step_s and origin_s to fit it here
    fit      : sizes of the errors; default: the packaged fit of the quantity
    capacity : upper bound of the series; only checked, for quantiles never exceed the training maximum

    Forecasts are about as good as persistence at least: where repeating the last value, or an older one, has
    a better CRPS on the training steps than the fit at a lead, rho is raised accordingly.
    """

    name = "synthetic"

    # Keywords, not an object: each is independent, and docs/reference/forecasts.md documents this call.
    def __init__(
        self,
        actual: object,
        steps: int,
        *,
        quantity: str,
        seed: int,
        site: str,
        train: object = None,
        climate: Climate | None = None,
        fit: ErrorFit | None = None,
        capacity: float | None = None,
        step_s: int = 3600,
        origin_s: int = 0,
        quantiles: Sequence[float] = QUANTILES,
    ) -> None:
        values = checked_actual(actual, quantity, capacity)
        super().__init__(len(values), steps, quantiles)
        if climate is None:
            climate = Climate.fit(
                values, train=_required(train), quantity=quantity, step_s=step_s, origin_s=origin_s
            )
        elif climate.quantity != quantity:
            raise InputError(f"climate of {climate.quantity} given for {quantity}: fit one on its own series")
        self.fit = fit or shipped_fit(quantity)
        self._climate = climate
        seed = checked_count(seed, "seed", 0)
        self._key = key_of("synthetic", seed, site, quantity)
        self._scores = climate.scores(values, key_of("ties", seed, site, quantity))
        self._link = self.fit.noise_link_h ** (climate.step_s / 3600)
        self._variance = self._noise_variance()
        self._rho2 = 1.0 / (1.0 + self._variance)

    @property
    def rho(self) -> np.ndarray:
        """Correlation of forecast and outcome on normal scores, by lead (H,)."""
        return np.sqrt(self._rho2)

    def predicted_scores(self, issues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (n, H) and standard deviation (H,) of the normal scores predicted at consecutive issues."""
        targets = np.minimum(self.targets(issues), self.length - 1)
        mean = self._rho2 * (self._scores[targets] + self._noise(int(issues[0]), len(issues)))
        return mean, np.sqrt(1.0 - self._rho2)

    def _at_scores(self, issues: np.ndarray, scores: np.ndarray) -> np.ndarray:
        mean, spread = self.predicted_scores(issues)
        return self._climate.values(self.targets(issues)[:, None, :], mean[:, None, :] + spread * scores)

    def _path_link(self, issue: int) -> np.ndarray:
        # The unpredicted part is (1 - rho^2) z - rho^2 W: its autocorrelation mixes those of z and of W.
        return np.clip((1.0 - self._rho2) * self._climate.link + self._rho2 * self._link, 0.0, 0.999)

    def _noise_variance(self) -> np.ndarray:
        """v by lead (H,), not decreasing; the smaller of the fit's and persistence's."""
        leads = np.arange(1, self.steps + 1)
        fitted = self.fit.noise_variance(leads * (self._climate.step_s / 3600))
        # Persistence may also repeat an older value, yesterday's for instance.
        best = np.minimum.accumulate(self._climate.persisting[::-1])[::-1]
        ratio = np.full(self.steps, np.inf)
        ratio[: len(best)] = best[: self.steps]
        return np.minimum(fitted, variance_of_ratio(ratio))

    def _noise(self, first: int, count: int) -> np.ndarray:
        """W (count, H) of the issues from `first` on."""
        # The noise of an issue sums the innovations of the issues up to its last target.
        issues = np.arange(first, first + count + self.steps - 1)
        issues_s = self._climate.origin_s + issues * self._climate.step_s
        draws = normals(self._key, issues_s[:, None], np.arange(self.steps))
        noise = autocorrelated(draws, self._link)
        noise *= np.sqrt(np.diff(self._variance, prepend=0.0))
        for lead in range(1, self.steps):
            noise[:-1, lead] += noise[1:, lead - 1]  # noise that the next issue has as well
        return noise[:count]


def _required(train: object) -> object:
    if train is None:
        raise InputError("synthetic forecast: give train (booleans, one a step) or a fitted climate")
    return train
