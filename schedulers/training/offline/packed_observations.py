"""Observations parsed once for a whole training: jobs without empty slots, gathered by row.

A batch then reads filled slots only: in `tiny`, 1,194 numbers an observation become some 120, and `read` runs
once before the first update instead of at each one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from rare.env.observation.layout import Layout
from schedulers.training.scheduler_net import Items, Reading, read

ROWS = 4096  # parsed at a time


class Jobs(NamedTuple):
    """P jobs of one block of slots, in the order of rows.

    x (P, F): features. slot (P,). first (R + 1,): number of the first job of each row, and P at the end."""

    x: Tensor
    slot: Tensor
    first: Tensor

    def of(self, rows: Tensor) -> Items:
        """The jobs of these rows (B,); in the result their rows are numbered 0 to B - 1."""
        begin = self.first[rows]
        count = self.first[rows + 1] - begin
        row = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), count)
        place = torch.arange(len(row), device=rows.device) + (begin - count.cumsum(0) + count)[row]
        return Items(row, self.slot[place], self.x.index_select(0, place))


class Packed(NamedTuple):
    """R parsed observations; plain and mask as in a Reading."""

    layout: Layout
    waiting: Jobs
    running: Jobs
    plain: Tensor
    mask: Tensor

    def of(self, rows: Tensor) -> Reading:
        """The Reading of these rows (B,), as `read` would return it."""
        plain, mask = self.plain.index_select(0, rows), self.mask.index_select(0, rows)
        return Reading(self.layout, self.waiting.of(rows), self.running.of(rows), plain, mask)

    def parts(self, size: int) -> Iterator[Reading]:
        """All rows in order, `size` at a time."""
        for rows in torch.arange(len(self.mask), device=self.mask.device).split(size):
            yield self.of(rows)


def pack(obs: Tensor, layout: Layout) -> Packed:
    """Parse observations (R, D), ROWS of them at a time."""
    return pack_readings([read(part, layout) for part in obs.split(ROWS)])


def pack_readings(parts: list[Reading]) -> Packed:
    """The rows of all parts, one after the other; at least one part."""
    return Packed(
        parts[0].layout,
        _joined([part.waiting for part in parts], [len(part.mask) for part in parts]),
        _joined([part.running for part in parts], [len(part.mask) for part in parts]),
        torch.cat([part.plain for part in parts]),
        torch.cat([part.mask for part in parts]),
    )


def _joined(parts: list[Items], rows: list[int]) -> Jobs:
    counts = torch.cat(
        [torch.bincount(part.row, minlength=number) for part, number in zip(parts, rows, strict=True)]
    )
    first = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    return Jobs(torch.cat([part.x for part in parts]), torch.cat([part.slot for part in parts]), first)
