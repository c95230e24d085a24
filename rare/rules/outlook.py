"""What is to come, as far as a scheduler may know it: RULES.md §10, compiled.

The outlook is a row of steps. Step 0 begins now and has the present inputs; the others are those of
the newest forecast. Without a forecast step 0 lasts for ever: the present is taken to persist.
"""

from __future__ import annotations

from rare.model import NEVER_S
from rare.rules.events.grid_events import known_limit_mw
from rare.rules.job_life import HUGE
from rare.rules.power_balance import nodes_for, open_start_cap_mw, serves_grid_first
from rare.state.arrays import EXPECTED, cell_of, ends_of, entry_of, env_of, forecast_of, live_of, part_of
from rare.state.compile import rule


@rule
def issue_now(w):
    """Number of the newest forecast; -1: there is none."""
    s = env_of(w)
    if w.forecast_issues == 0 or s.now_s < s.forecast_begin_s:
        return -1
    return min((s.now_s - s.forecast_begin_s) // s.issue_step_s, w.forecast_issues - 1)


@rule
def next_issue_s(w):
    """When the next forecast comes out (§3.8); NEVER_S: none does."""
    s = env_of(w)
    issue = issue_now(w) + 1
    return s.forecast_begin_s + issue * s.issue_step_s if issue < w.forecast_issues else NEVER_S


@rule
def present_step(w):
    """Which step of the newest forecast contains now; the forecast's length if none does."""
    s = env_of(w)
    issue = issue_now(w)
    if issue < 0:
        return w.forecast_steps
    return min((s.now_s - s.forecast_begin_s - issue * s.issue_step_s) // s.forecast_step_s, w.forecast_steps)


@rule
def outlook_steps(w):
    """Number of steps of the outlook, at least 1."""
    return max(w.forecast_steps - present_step(w), 1)


@rule
def step_start_s(w, step):
    """When a step of the outlook begins, or the one before it ends; NEVER_S beyond that."""
    s = env_of(w)
    if step == 0:
        return s.now_s
    issue = issue_now(w)
    if issue < 0 or present_step(w) + step > w.forecast_steps:
        return NEVER_S
    return s.forecast_begin_s + issue * s.issue_step_s + (present_step(w) + step) * s.forecast_step_s


@rule
def forecast_row(w, step):
    """Row of the forecast table for a later step of the outlook."""
    return issue_now(w) * w.forecast_steps + present_step(w) + step


@rule
def supply_ahead_mw(w, step):
    """Median of the renewable supply in a step of the outlook."""
    return env_of(w).supply_mw if step == 0 else forecast_of(w, forecast_row(w, step)).supply_mw


@rule
def rate_ahead(w, step, by_carbon):
    """Price or carbon intensity in a step of the outlook."""
    s = env_of(w)
    if step == 0:
        return s.carbon_u if by_carbon else s.price_u
    row = forecast_of(w, forecast_row(w, step))
    return row.carbon_u if by_carbon else row.price_u


# --- the draw of the running jobs, if they end at their estimates -------------------------------


@rule
def reset_plan(w):
    """Begin a projection: what is free now."""
    for p in range(w.partitions):
        part = part_of(w, p)
        part.plan_cores = part.free_cores
        part.plan_gpus_milli = part.free_gpus_milli
        part.plan_memory_mib = part.free_memory_mib


@rule
def plan_release(w, live, sign):
    """Give back (+1) or take (-1) in the projection what a job holds."""
    part = part_of(w, live.part)
    part.plan_cores += sign * live.cores
    part.plan_gpus_milli += sign * live.gpus_milli
    part.plan_memory_mib += sign * live.memory_mib


@rule
def plan_nodes(part):
    """Nodes of a partition in use in the projection (§2.1)."""
    return nodes_for(
        part,
        part.cores - part.plan_cores,
        part.gpus_milli - part.plan_gpus_milli,
        part.memory_mib - part.plan_memory_mib,
    )


@rule
def plan_node_mw(w):
    """Idle power of the nodes in use in the projection."""
    total_mw = 0
    for p in range(w.partitions):
        part = part_of(w, p)
        if part.idle_mw > 0:
            total_mw += plan_nodes(part) * part.idle_mw
    return total_mw


@rule
def project(w):
    """Lay down, for the start of each step, the IT power of the running jobs and the battery's content.

    Both are in the scratch row, the contents behind the powers. Called again at the same decision it does
    nothing.
    """
    s = env_of(w)
    if s.outlook_s == s.now_s and s.outlook_decision == s.decisions:
        return
    s.outlook_s = s.now_s
    s.outlook_decision = s.decisions
    cell_of(w, 0).value = s.active_mw + s.node_mw
    content = s.content
    content_cell(w, 0).value = content
    reset_plan(w)
    active_mw = s.active_mw
    i = ends_of(w, EXPECTED).first
    for step in range(1, outlook_steps(w)):
        start_s = step_start_s(w, step)
        while i < ends_of(w, EXPECTED).last:
            live = live_of(w, entry_of(w, EXPECTED, i).slot)
            if live.expected_s > start_s:
                break
            active_mw -= live.power_mw
            plan_release(w, live, 1)
            i += 1
        content = content_at_next(w, step - 1, content)
        content_cell(w, step).value = content
        cell_of(w, step).value = active_mw + plan_node_mw(w)


@rule
def content_cell(w, step):
    """Where the projected content of the battery at the start of a step is kept."""
    return cell_of(w, w.forecast_steps + 1 + step)


@rule
def content_at_next(w, step, content):
    """Content of the battery at the end of a step, if only the running jobs draw (§10.3)."""
    s = env_of(w)
    seconds = step_start_s(w, step + 1) - step_start_s(w, step)
    draw_mw = (cell_of(w, step).value * s.pue + 999) // 1000
    return content_after(w, content, supply_ahead_mw(w, step) - draw_mw, seconds)


@rule
def battery_gives_mw(w, content, seconds):
    """What a battery with this content can give for so long (§2.5)."""
    s = env_of(w)
    if s.discharge_limit_mw == 0:
        return 0
    return min(s.discharge_limit_mw, content // (s.discharge_factor * max(seconds, 1)))


@rule
def content_after(w, content, balance_mw, seconds):
    """Content of the battery after so long at supply less draw (§7), not beyond full or empty."""
    s = env_of(w)
    if balance_mw >= 0:
        gain = min(balance_mw, s.charge_limit_mw) * s.charge_factor * seconds
        return min(content + gain, s.capacity)
    need_mw = max(-balance_mw - s.import_mw, 0) if serves_grid_first(w) else -balance_mw
    need_mw = min(need_mw, battery_gives_mw(w, content, seconds))
    return content - need_mw * s.discharge_factor * seconds


@rule
def spare_over(w, from_s, run_s, power_mw, base_mw):
    """Least IT power left over in [from_s, from_s + run_s) beside running jobs and a job of `power_mw`.

    base_mw: IT power of the running jobs at `from_s`. Negative: the job cannot be powered (by how much at
    the least is not said). Looks no further than the outlook; the battery is emptied and filled on the way
    as the median has it.
    `project` must have been called.
    """
    s = env_of(w)
    steps = outlook_steps(w)
    if steps == 1:
        cap_mw = open_start_cap_mw(w)
        if w.event_rows > 0:
            cap_mw = min(cap_mw, known_limit_mw(w, from_s, from_s + run_s) * 1000 // s.pue)
        return cap_mw - base_mw - power_mw
    step = 0
    if from_s > s.now_s:
        step = steps - 1
        next_s = step_start_s(w, 1)
        if from_s < step_start_s(w, steps):
            step = (from_s - next_s) // s.forecast_step_s + 1 if from_s >= next_s else 0
    content = content_cell(w, step).value
    least_mw = HUGE
    while step < steps and least_mw >= 0:
        start_s = step_start_s(w, step)
        if start_s >= from_s + max(run_s, 1):
            break
        seconds = step_start_s(w, step + 1) - start_s
        it_mw = min(cell_of(w, step).value, base_mw) + power_mw
        supply_mw = supply_ahead_mw(w, step)
        servable_mw = supply_mw + s.import_mw + battery_gives_mw(w, content, seconds)
        cap_mw = servable_mw * 1000 // s.pue
        if step == 0:
            cap_mw = min(cap_mw, open_start_cap_mw(w))
        if w.event_rows > 0:
            until_s = min(start_s + seconds, from_s + max(run_s, 1))
            cap_mw = min(cap_mw, known_limit_mw(w, max(start_s, from_s), until_s) * 1000 // s.pue)
        least_mw = min(least_mw, cap_mw - it_mw)
        draw_mw = (it_mw * s.pue + 999) // 1000
        content = content_after(w, content, supply_mw - draw_mw, seconds)
        step += 1
    return least_mw


@rule
def green_over(w, run_s, power_mw):
    """Whether renewables alone cover the running jobs and a job of `power_mw` started now (§10.5).

    `project` must have been called.
    """
    s = env_of(w)
    for step in range(outlook_steps(w)):
        if step > 0 and step_start_s(w, step) >= s.now_s + run_s:
            break
        if supply_ahead_mw(w, step) * 1000 // s.pue < cell_of(w, step).value + power_mw:
            return False
    return True


@rule
def cheaper_share(w, until_s, by_carbon):
    """Share of the outlook up to `until_s` in which the price (or carbon intensity) is below today's."""
    now_rate = rate_ahead(w, 0, by_carbon)
    cheaper = 0
    seen = 0
    for step in range(outlook_steps(w)):
        if step_start_s(w, step) > until_s:
            break
        seen += 1
        if rate_ahead(w, step, by_carbon) < now_rate:
            cheaper += 1
    return cheaper / max(seen, 1)
