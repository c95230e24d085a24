"""What a run begins with of grid events, outages, dependencies, usage and limits. RULES.md §12, §14, §15."""

from __future__ import annotations

from rare.rules.events.chains import begin_chains
from rare.rules.events.grid_events import begin_events
from rare.rules.events.outages import begin_outages
from rare.rules.limits.queue_limits import begin_limits
from rare.rules.priority.usage_decay import begin_usage
from rare.state.compile import rule


@rule
def begin_run_events(w):
    """Make an environment ready for its first instant; its first job and its inputs are set."""
    begin_events(w)
    begin_outages(w)
    begin_chains(w)
    begin_limits(w)
    begin_usage(w)
