"""Statistics of learning curves: final level, steps to a level, early mean, deepest fall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

END_SHARE = 0.2
EARLY_SHARE = 0.1

Curve = Sequence[Sequence[float]]
"""[step, objective] of each validation, the first at step 0."""


def level_of(curves: Sequence[Curve]) -> float:
    """Mean objective over the last fifth of the steps of several runs."""
    return float(np.mean([_end(curve) for curve in curves]))


def _end(curve: Curve) -> float:
    points = np.asarray(curve, float)
    late = points[:, 0] >= (1 - END_SHARE) * points[-1, 0]
    return float(points[late, 1].mean())


def steps_to(curve: Curve, level: float) -> tuple[float, bool]:
    """Steps until the first validation at this level, and whether there is one.

    At least the steps between two validations, the resolution of the curve. If the level is never reached,
    all steps of the run.
    """
    points = np.asarray(curve, float)
    least = float(points[1, 0]) if len(points) > 1 else float(points[-1, 0])
    reached = np.flatnonzero(points[:, 1] >= level)
    if not len(reached):
        return float(points[-1, 0]), False
    return max(float(points[reached[0], 0]), least), True


def early_mean(curve: Curve, share: float = EARLY_SHARE) -> float:
    """Mean objective over the first tenth of the steps, straight lines between validations."""
    points = np.asarray(curve, float)
    end = share * points[-1, 0]
    inside = points[:, 0] < end
    steps = np.append(points[inside, 0], end)
    values = np.append(points[inside, 1], np.interp(end, points[:, 0], points[:, 1]))
    if len(steps) == 1:
        return float(values[0])
    return float(((values[1:] + values[:-1]) / 2 * np.diff(steps)).sum() / end)


def deepest_fall(curve: Curve) -> float:
    """The largest drop of the objective below the first validation; 0 if there is none."""
    points = np.asarray(curve, float)
    return float(max(points[0, 1] - points[:, 1].min(), 0.0))
