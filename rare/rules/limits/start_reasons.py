"""Why a waiting job may not start, as far as room and limits go, and the codes of all refusals. Compiled."""

from __future__ import annotations

from rare.rules.limits.queue_limits import is_over_limit
from rare.state.arrays import live_of, part_of
from rare.state.compile import rule

# Why an action is refused (§4.4); the sentences are in refusals.py.
OK, ERR_WAITING, ERR_CORES, ERR_GPUS, ERR_MEMORY = range(5)
ERR_POWER, ERR_AGAIN, ERR_RUNNING, ERR_VOLUNTARY, ERR_RIGID = range(5, 10)
ERR_LEVEL, ERR_SLOWEST, ERR_FASTEST, ERR_RAISE = range(10, 14)
ERR_LIMIT = 14


@rule
def fits_resources(live, part):
    """OK if cores, GPUs and memory are free for this job, else what is not (§4.2a)."""
    if live.cores > part.free_cores:
        return ERR_CORES
    if live.gpus_milli > part.free_gpus_milli:
        return ERR_GPUS
    if live.memory_mib > part.free_memory_mib:
        return ERR_MEMORY
    return OK


@rule
def why_no_room(w, slot):
    """OK if cores, GPUs and memory are free for this waiting job and no limit is in its way, else the first
    that is (§4.2a, §15.2)."""
    live = live_of(w, slot)
    reason = fits_resources(live, part_of(w, live.part))
    if reason == OK and is_over_limit(w, slot):
        return ERR_LIMIT
    return reason
