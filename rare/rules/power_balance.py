"""Rules of power and energy: RULES.md §2, §3.1 and §7, compiled."""

from __future__ import annotations

from rare.model import BY_CARBON, BY_PRICE, NEVER_S, UNLIMITED_MW
from rare.state.arrays import (
    env_of,
    live_of,
    part_of,
)
from rare.state.compile import rule
from traces.numbers.constants import MJ_PER_KWH


@rule
def nodes_for(part, cores, gpus_milli, memory_mib):
    """Nodes that hold these amounts in use (§2.1)."""
    nodes = 0
    if part.node_cores > 0:
        nodes = (cores + part.node_cores - 1) // part.node_cores
    if part.node_gpus_milli > 0:
        nodes = max(nodes, (gpus_milli + part.node_gpus_milli - 1) // part.node_gpus_milli)
    if part.node_memory_mib > 0:
        nodes = max(nodes, (memory_mib + part.node_memory_mib - 1) // part.node_memory_mib)
    return nodes


@rule
def charges_from_grid(w):
    """Whether grid power is cheap or clean enough to charge from it, and to spare the battery (§7.2a)."""
    s = env_of(w)
    if w.event_rows > 0 and s.events_on > 0:  # §12.1
        return False
    if s.grid_charge == BY_PRICE:
        return s.price_u <= s.grid_charge_below
    if s.grid_charge == BY_CARBON:
        return s.carbon_u <= s.grid_charge_below
    return False


@rule
def serves_grid_first(w):
    """Whether the grid comes before the battery now (§2.5, §7.2a)."""
    return env_of(w).grid_first or charges_from_grid(w)


@rule
def leak_now(w):
    """What the battery loses each second by itself, in mJ/1000; less than a second's worth stays (§7.4a)."""
    s = env_of(w)
    return s.leak if s.content >= s.leak else 0


@rule
def servable_mw(w, hold_s):
    """The largest draw that can be served for `hold_s` seconds (§2.5)."""
    s = env_of(w)
    limit_mw = s.import_mw
    if s.discharge_limit_mw > 0:
        content_mw = max(s.content - s.leak * hold_s, 0) // (s.discharge_factor * hold_s)
        if serves_grid_first(w):
            limit_mw = s.import_mw + min(s.discharge_limit_mw, content_mw)
        elif content_mw >= s.discharge_limit_mw:
            limit_mw = s.import_mw + s.discharge_limit_mw
        else:
            limit_mw = max(s.import_mw, content_mw)
    return min(s.supply_mw + limit_mw, UNLIMITED_MW)


@rule
def content_to_serve(w, draw_mw, hold_s):
    """Battery content that serves this draw for `hold_s` seconds (§2.5 the other way round).

    0 if it takes none; NEVER_S if no content is enough.
    """
    s = env_of(w)
    need_mw = draw_mw - s.supply_mw
    if need_mw <= s.import_mw:
        return 0
    if need_mw > s.import_mw + s.discharge_limit_mw:
        return NEVER_S
    share_mw = need_mw - s.import_mw if serves_grid_first(w) else min(need_mw, s.discharge_limit_mw)
    return (share_mw * s.discharge_factor + s.leak) * hold_s


@rule
def set_capacity(w):
    """Capacity and starting capacity as IT power (§2.6), the latter also without grid events (§10.8)."""
    s = env_of(w)
    serve_mw = servable_mw(w, 1)
    start_mw = servable_mw(w, s.min_battery_s)
    if w.event_rows > 0:
        s.open_start_cap_mw = start_mw * 1000 // s.pue
        serve_mw = min(serve_mw, s.limit_mw)
        start_mw = min(start_mw, s.start_limit_mw)
    s.cap_mw = serve_mw * 1000 // s.pue
    s.start_cap_mw = start_mw * 1000 // s.pue


@rule
def open_start_cap_mw(w):
    """The starting capacity that there would be without grid events (§10.8)."""
    return env_of(w).open_start_cap_mw if w.event_rows > 0 else env_of(w).start_cap_mw


@rule
def light_nodes(w):
    """Light as many unused nodes as fit beside the jobs without the battery (§2.7)."""
    s = env_of(w)
    limit_mw = s.start_limit_mw if w.event_rows > 0 else UNLIMITED_MW
    without_battery_mw = min(s.supply_mw + s.import_mw, limit_mw) * 1000 // s.pue
    spare_mw = max(without_battery_mw - s.active_mw - s.node_mw, 0)
    s.lit_mw = 0
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.rest_mw > 0:
            lit = min(part.nodes - part.nodes_used, spare_mw // part.rest_mw)
            s.lit_mw += lit * part.rest_mw
            spare_mw -= lit * part.rest_mw


@rule
def nodes_alone_mw(part, job):
    """Idle power of the nodes that a job would use by itself: it never uses more beside others."""
    if part.idle_mw == 0:
        return 0
    return nodes_for(part, job.cores, job.gpus_milli, job.memory_mib) * part.idle_mw


@rule
def more_nodes(w, slot):
    """How many further nodes this waiting job would use."""
    job = live_of(w, slot)
    part = part_of(w, job.part)
    nodes = nodes_for(
        part,
        part.cores - part.free_cores + job.cores,
        part.gpus_milli - part.free_gpus_milli + job.gpus_milli,
        part.memory_mib - part.free_memory_mib + job.memory_mib,
    )
    return nodes - part.nodes_used


@rule
def wake_seconds(w, slot):
    """How long this start waits for further nodes to wake (§5.2a)."""
    wake_s = part_of(w, live_of(w, slot).part).wake_s
    return wake_s if wake_s > 0 and more_nodes(w, slot) > 0 else 0


@rule
def node_increase_mw(w, slot):
    """Idle power of the further nodes that this waiting job would use."""
    idle_mw = part_of(w, live_of(w, slot).part).idle_mw
    return more_nodes(w, slot) * idle_mw if idle_mw > 0 else 0


@rule
def fits_power(w, live, spare_mw):
    """Whether a waiting job and its further nodes draw at most `spare_mw`.

    The same as power_mw + node_increase_mw <= spare_mw, with one division instead of three.
    """
    left_mw = spare_mw - live.power_mw
    if left_mw < 0:
        return False
    if live.most_mw <= spare_mw:
        return True
    part = part_of(w, live.part)
    nodes = part.nodes_used + left_mw // part.idle_mw  # idle_mw > 0, else most_mw is power_mw
    if part.cores - part.free_cores + live.cores > nodes * part.node_cores:
        return False
    if part.gpus_milli - part.free_gpus_milli + live.gpus_milli > nodes * part.node_gpus_milli:
        return False
    if part.node_memory_mib > 0:
        used_mib = part.memory_mib - part.free_memory_mib
        return used_mib + live.memory_mib <= nodes * part.node_memory_mib
    return True


# --- §3.1, §7 accounts and flows ------------------------------------------------------------


@rule
def account(w, now_s):
    """Energy, money and carbon since the last instant, at constant flows (§3.1, §7)."""
    s = env_of(w)
    duration_s = now_s - s.last_s
    s.now_s = now_s
    s.last_s = now_s
    if duration_s <= 0:
        return
    grid_mj = s.grid_mw * duration_s
    s.available_mj += s.supply_mw * duration_s
    s.used_mj += s.used_mw * duration_s
    s.curtailed_mj += s.curtailed_mw * duration_s
    s.charged_mj += s.charge_mw * duration_s
    s.discharged_mj += s.discharge_mw * duration_s
    s.grid_mj += grid_mj
    s.grid_charged_mj += s.grid_charge_mw * duration_s
    leak = s.leak_rate * duration_s
    s.leaked += leak
    s.content -= leak
    s.draw_mj += s.draw_mw * duration_s
    s.core_s += s.used_cores * duration_s
    s.content += s.charge_mw * duration_s * s.charge_factor
    s.content -= s.discharge_mw * duration_s * s.discharge_factor
    if grid_mj > 0:
        # rate x energy / kWh in two parts that cannot overflow; the remainder is carried, so the sum
        # does not depend on where the instants fall (§7.5)
        whole = grid_mj // MJ_PER_KWH
        rest = grid_mj - whole * MJ_PER_KWH
        cost = s.price_u * rest + s.cost_rest
        s.cost_u += s.price_u * whole + cost // MJ_PER_KWH
        s.cost_rest = cost - cost // MJ_PER_KWH * MJ_PER_KWH
        emitted = s.carbon_u * rest + s.emitted_rest
        s.emitted_u += s.carbon_u * whole + emitted // MJ_PER_KWH
        s.emitted_rest = emitted - emitted // MJ_PER_KWH * MJ_PER_KWH


@rule
def set_flows(w):
    """Fix the power flows until the next instant (§3.7, §7.1, §7.2)."""
    s = env_of(w)
    light_nodes(w)
    s.draw_mw = ((s.active_mw + s.node_mw + s.lit_mw) * s.pue + 999) // 1000
    s.used_mw = min(s.supply_mw, s.draw_mw)
    deficit_mw = s.draw_mw - s.used_mw
    s.leak_rate = leak_now(w)
    if serves_grid_first(w):
        s.discharge_mw = max(deficit_mw - s.import_mw, 0)
    else:
        s.discharge_mw = min(deficit_mw, s.discharge_limit_mw)
        if s.discharge_mw * s.discharge_factor + s.leak > s.content:
            s.discharge_mw = 0
    s.grid_mw = deficit_mw - s.discharge_mw
    surplus_mw = s.supply_mw - s.used_mw
    s.charge_mw = min(surplus_mw, s.charge_limit_mw)
    s.grid_charge_mw = 0
    if charges_from_grid(w):
        s.grid_charge_mw = min(s.charge_limit_mw - s.charge_mw, s.import_mw - s.grid_mw)
        s.charge_mw += s.grid_charge_mw
    if s.charge_mw * s.charge_factor - s.leak_rate > s.capacity - s.content:
        s.charge_mw = 0
        s.grid_charge_mw = 0
    s.grid_mw += s.grid_charge_mw
    s.curtailed_mw = surplus_mw - (s.charge_mw - s.grid_charge_mw)


@rule
def battery_instant_s(w):
    """When the battery will be empty or full at the present flows (§7.4)."""
    s = env_of(w)
    change = s.charge_mw * s.charge_factor - s.discharge_mw * s.discharge_factor - s.leak_rate
    if change < 0:
        return s.now_s + s.content // -change
    if change > 0:
        return s.now_s + (s.capacity - s.content) // change
    return NEVER_S
