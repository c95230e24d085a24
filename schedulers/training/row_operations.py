"""Operations on the jobs of a batch, row by row, with gradients written by hand.

torch has all of them in parts; as parts they took a quarter of an update. Values and gradients are the same
bits as those of `segment_reduce` and of `index_put` after `pad`, which stood here before.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


class _LargestOfRows(Function):
    """`largest_of_rows` with the gradient of `torch.segment_reduce`, bit by bit.

    Jobs as large as the largest share a gradient above 0 equally. One below 0 goes to each of them whole: so
    torch does it, and networks trained before would not come out alike otherwise.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, row: Tensor, batch: int) -> Tensor:
        """(B, W) from x (P, W) and row (P,)."""
        most = x.new_zeros(batch, x.shape[1])
        most.scatter_reduce_(0, row[:, None].expand_as(x), x, "amax")
        ctx.save_for_backward(x, row, most)
        return most

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        """(P, W) the gradient of x."""
        x, row, most = ctx.saved_tensors
        reached = (x == most.index_select(0, row)).to(grad.dtype)
        sharing = grad.new_zeros(grad.shape).index_add_(0, row, reached)
        share = torch.where(grad > 0, grad / sharing, grad)  # of a row without jobs nobody reads it
        return share.index_select(0, row) * reached, None, None


def largest_of_rows(x: Tensor, row: Tensor, batch: int) -> Tensor:
    """(B, W) the maximum of x (P, W), none of it negative, over each row's jobs; 0 in rows without any.

    row (P,): the row of each job, ascending."""
    largest: Tensor = _LargestOfRows.apply(x, row, batch)
    return largest


class _ScoresOfActions(Function):
    """`scores_of_actions` with its gradient."""

    @staticmethod
    def forward(ctx: Any, first: Tensor, place: Tensor, scores: Tensor, actions: int) -> Tensor:
        """(B, A) from first (B, 1), place (K,) and scores (K,)."""
        ctx.save_for_backward(place)
        table = first.new_zeros(len(first), actions)
        table[:, :1] = first
        table.view(-1).index_copy_(0, place, scores)
        return table

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, Tensor, None]:
        """The gradients of first and of scores."""
        (place,) = ctx.saved_tensors
        return grad[:, :1].contiguous(), None, grad.reshape(-1).index_select(0, place), None


def scores_of_actions(first: Tensor, place: Tensor, scores: Tensor, actions: int) -> Tensor:
    """(B, A) a table with first (B, 1) in column 0 and scores (K,) at the places (K,); 0 elsewhere.

    place: row x A + column, each once and none in column 0."""
    table: Tensor = _ScoresOfActions.apply(first, place, scores, actions)
    return table
