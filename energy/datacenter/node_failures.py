"""Failures of nodes drawn at random: times between failures, and times to repair.

Every draw is a hash of the seed, the partition, the node and the number of its failure, so a longer run has
the earlier failures of a shorter one, and more nodes leave those of the others alone.

Time between failures is Weibull with a falling failure rate (shape below 1) and time to repair log-normal, as
Schroeder and Gibson found for 23,000 failures in nine years at Los Alamos (DSN 2006,
doi:10.1109/DSN.2006.5; TDSC 2010, doi:10.1109/TDSC.2009.4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from energy.hash_noise import key_of, normals, uniforms

HOUR_S = 3600
DRAW_BITS = 30
MOST_FAILURES = 500_000


@dataclass(frozen=True, slots=True)
class FailureModel:
    """How nodes fail and are repaired, each by itself.

    mtbf_h        : mean time from a repair to the next failure [h]
    shape         : of its Weibull distribution; 1 is the exponential one
    repair_h      : mean time to repair [h]
    repair_spread : standard deviation of the logarithm of the time to repair; 0: always repair_h
    """

    mtbf_h: float
    shape: float
    repair_h: float
    repair_spread: float
    seed: int = 0


@dataclass(frozen=True, slots=True)
class NodeFailures:
    """Failures by begin, then node. All arrays are (K,) int64; draw is below 2^30."""

    node: np.ndarray
    from_s: np.ndarray
    to_s: np.ndarray
    draw: np.ndarray


def node_failures(model: FailureModel, partition: str, nodes: int, until_s: int) -> NodeFailures:
    """The failures of a partition's nodes that begin in [0, until_s).

    Nodes are taken from the middle of their lives: the time to the first failure has the distribution of what
    is left of a time between failures at a random instant, so failures are as frequent early as late.
    ValueError for more failures than anybody can mean.
    """
    if nodes * until_s / HOUR_S > MOST_FAILURES * (model.mtbf_h + model.repair_h):
        raise ValueError(f"more than {MOST_FAILURES} failures of nodes")
    keys = [key_of("node failure", what, partition, model.seed) for what in ("gap", "repair", "draw")]
    alive = np.arange(nodes)
    clock_s = np.zeros(nodes)
    parts: list[tuple[np.ndarray, ...]] = []
    turn = 0
    while len(alive):
        nth = np.array(turn)
        chance = uniforms(keys[0], alive, nth)
        gap_s = (
            HOUR_S * model.mtbf_h * (_left(model.shape, chance) if turn == 0 else _gap(model.shape, chance))
        )
        begin_s = np.floor(clock_s + gap_s)
        here = begin_s < until_s
        alive, begin_s = alive[here], begin_s[here]
        noise = normals(keys[1], alive, nth) if model.repair_spread else np.zeros(len(alive))
        log_s = math.log(HOUR_S * model.repair_h) - model.repair_spread**2 / 2
        end_s = begin_s + np.maximum(1, np.rint(np.exp(log_s + model.repair_spread * noise)))
        draw = np.floor(uniforms(keys[2], alive, nth) * 2**DRAW_BITS)
        parts.append((alive, begin_s, end_s, draw))
        clock_s, turn = end_s, turn + 1
    columns = [np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[0], columns[1]))
    return NodeFailures(*(column[order] for column in columns))


def _gap(shape: float, chance: np.ndarray) -> np.ndarray:
    """Times between failures of mean 1."""
    return (-np.log(chance)) ** (1 / shape) / math.gamma(1 + 1 / shape)


def _left(shape: float, chance: np.ndarray) -> np.ndarray:
    """What is left of a time between failures of mean 1, at a random instant.

    Its density is the survival function exp(-(x / scale)^shape) over the mean, so (x / scale)^shape is
    gamma-distributed with parameter 1 / shape.
    """
    from scipy.special import gammaincinv

    return gammaincinv(1 / shape, chance) ** (1 / shape) / math.gamma(1 + 1 / shape)
