"""Formats the figures of a benchmark as aligned text."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.results.text_table import aligned_lines


def aligned(rows: Sequence[Sequence[str]], words: int) -> str:
    """Rows, the heading first, as lines; the first `words` columns to the left, figures to the right."""
    return "\n".join(aligned_lines(rows, words))


def ratio(value: float | None) -> str:
    """A ratio such as "3.14x", with about three digits; "-" for None."""
    if value is None:
        return "-"
    return f"{value:,.0f}x" if value >= 100 else f"{value:.3g}x"
