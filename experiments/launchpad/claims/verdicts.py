"""Verdicts (holds, does not hold, undecided) from confidence intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from experiments.results.statistics import Spread

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
LEAST_SEEDS = 5


@dataclass(frozen=True)
class Part:
    """One measured number of a claim. what: its name. counts: whether the claim's verdict depends on it."""

    what: str
    measured: float | None
    low: float | None
    high: float | None
    verdict: str
    unit: str = "objective"
    counts: bool = True
    iqm: float | None = None
    iqm_low: float | None = None
    iqm_high: float | None = None
    seeds: int | None = None
    windows: int | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The object for claims.json."""
        interval = None if self.low is None else [self.low, self.high]
        iqm = None if self.iqm_low is None else [self.iqm_low, self.iqm_high]
        return {
            "what": self.what, "measured": self.measured, "interval": interval, "unit": self.unit,
            "iqm": self.iqm, "iqm_interval": iqm, "seeds": self.seeds, "windows": self.windows,
            "verdict": self.verdict, "counts": self.counts, "note": self.note,
        }  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A claim with its rule, its verdict, and the measured parts. why: reason if it is undecided."""

    id: str
    claim: str
    published: str
    rule: str
    verdict: str
    parts: tuple[Part, ...] = ()
    why: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The object for claims.json. The claim's number is that of the first part that counts."""
        main = next((part.as_dict() for part in self.parts if part.counts), None)
        nothing = dict.fromkeys(("what", "measured", "interval", "unit"))
        first = main or nothing
        return {
            "id": self.id, "claim": self.claim, "published": self.published,
            "of": first["what"], "measured": first["measured"], "interval": first["interval"],
            "unit": first["unit"],
            "verdict": self.verdict, "why": self.why, "rule": self.rule,
            "parts": [part.as_dict() for part in self.parts], **self.about,
        }  # fmt: skip


Limit = float | None
"""Low or high end of an interval; None without an interval, and then the verdict is undecided."""


def above(low: Limit, high: Limit, threshold: float = 0.0) -> str:
    """Holds if the whole interval is above the threshold, does not hold if all of it is below."""
    if low is None or high is None:
        return UNDECIDED
    return HOLDS if low > threshold else FAILS if high < threshold else UNDECIDED


def below(low: Limit, high: Limit, threshold: float) -> str:
    """Holds if the whole interval is below the threshold, does not hold if all of it is above."""
    if low is None or high is None:
        return UNDECIDED
    return HOLDS if high < threshold else FAILS if low > threshold else UNDECIDED


def within(low: Limit, high: Limit, first: float, last: float) -> str:
    """Holds if the interval lies inside [first, last], does not hold if they do not touch."""
    if low is None or high is None:
        return UNDECIDED
    if first <= low and high <= last:
        return HOLDS
    return FAILS if high < first or low > last else UNDECIDED


def differs(low: Limit, high: Limit, margin: float) -> str:
    """Holds if the interval leaves out 0, does not hold if it lies within the margin on both sides of 0."""
    if low is None or high is None:
        return UNDECIDED
    if low > 0 or high < 0:
        return HOLDS
    return FAILS if -margin < low and high < margin else UNDECIDED


def with_seeds(verdict: str, seeds: int) -> tuple[str, str]:
    """The verdict and "", or UNDECIDED and the reason if there are fewer than LEAST_SEEDS seeds."""
    if seeds < LEAST_SEEDS:
        return (
            UNDECIDED,
            f"{seeds} seed{'s' if seeds > 1 else ''}, and fewer than {LEAST_SEEDS} decide nothing",
        )
    return verdict, ""


def part_of(what: str, spread: Spread, verdict: str, **more: Any) -> Part:
    """The part for a spread; undecided with fewer than LEAST_SEEDS seeds. more: further fields of Part."""
    verdict, why = with_seeds(verdict, spread.seeds)
    note = "; ".join(text for text in (more.pop("note", ""), why) if text)
    return Part(
        what, spread.mean, spread.low, spread.high, verdict, iqm=spread.iqm, iqm_low=spread.iqm_low,
        iqm_high=spread.iqm_high, seeds=spread.seeds, windows=spread.windows, note=note, **more,
    )  # fmt: skip


def all_of(parts: Iterable[Part]) -> str:
    """Holds if every part that counts holds, does not hold if one of them does not."""
    verdicts = [part.verdict for part in parts if part.counts]
    if FAILS in verdicts:
        return FAILS
    return HOLDS if verdicts and set(verdicts) == {HOLDS} else UNDECIDED


def first_unless_one_fails(parts: Iterable[Part]) -> str:
    """The first part's verdict, but does not hold where any part that counts does not."""
    verdicts = [part.verdict for part in parts if part.counts]
    if FAILS in verdicts:
        return FAILS
    return verdicts[0] if verdicts else UNDECIDED
