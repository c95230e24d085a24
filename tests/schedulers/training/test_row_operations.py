"""Pooling and scattering by hand: the values and gradients of torch's own operations, bit by bit."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'learn'")

from schedulers.training.row_operations import largest_of_rows, scores_of_actions  # noqa: E402


def test_the_largest_and_its_gradient_are_those_of_segment_reduce():
    torch.manual_seed(0)
    row = torch.tensor([0, 0, 0, 2, 2, 3, 5, 5, 5, 5])  # nobody in rows 1 and 4
    x = torch.randint(0, 3, (10, 40)).float() / 3  # many are as large as the largest
    weights = torch.randn(6, 40)
    results = []
    for largest in (
        lambda x: largest_of_rows(x, row, 6),
        lambda x: torch.segment_reduce(
            x, "max", lengths=torch.bincount(row, minlength=6), axis=0, initial=0.0
        ),
    ):
        given = x.clone().requires_grad_()
        found = largest(given)
        (found * weights).sum().backward()
        results.append((found.detach(), given.grad))
    (ours, our_gradient), (theirs, their_gradient) = results
    assert torch.equal(ours, theirs) and torch.equal(our_gradient, their_gradient)


def test_scores_and_their_gradients_lie_at_their_places():
    first = torch.tensor([[1.0], [2.0]], requires_grad=True)
    scores = torch.tensor([3.0, 4.0], requires_grad=True)
    table = scores_of_actions(first, torch.tensor([2, 4]), scores, 3)
    assert table.tolist() == [[1.0, 0.0, 3.0], [2.0, 4.0, 0.0]]
    (table * torch.tensor([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]])).sum().backward()
    assert first.grad.tolist() == [[1.0], [2.0]] and scores.grad.tolist() == [100.0, 20.0]
