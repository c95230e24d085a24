"""What RARE thinks of a live queue at one instant, as data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Opinion:
    """What RARE would do now.

    scheduler : which of RARE's
    starts    : jobs that it would start now, in this order
    resumes   : suspended jobs that it would resume now
    suspends  : running jobs that it would give up now, for want of power
    holds     : waiting jobs that are to stay where they are for want of power, and why
    expected_start_s : when each waiting job would start under it, seconds since 1970; those it knows
    supply_w  : power that there is; None: without a limit
    draw_w    : what the cluster draws now by the scenario's figures; None: unknown
    forecast  : the next hours in words; '' where none is known
    simulate_s : how long it took
    """

    scheduler: str
    starts: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    suspends: tuple[str, ...] = ()
    holds: dict[str, str] = field(default_factory=dict)
    expected_start_s: dict[str, int] = field(default_factory=dict)
    supply_w: float | None = None
    draw_w: float | None = None
    forecast: str = ""
    simulate_s: float = 0.0


def power_text(watts: float) -> str:
    """Watts as text: 950 W, 12.5 kW, 1,200 kW."""
    if watts < 1000:
        return f"{round(watts, 1):g} W"
    return f"{watts / 1000:,.1f} kW" if watts < 1e6 else f"{watts / 1000:,.0f} kW"
