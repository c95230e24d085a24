"""The scalars of one simulation."""

from __future__ import annotations

import numpy as np

I8, F8 = np.int64, np.float64

ENV = np.dtype(
    [
        # clock
        ("now_s", I8), ("last_s", I8), ("wake_s", I8), ("due_s", I8), ("idle_s", I8), ("begin_s", I8),
        ("phase", I8),
        ("ended", I8),
        ("inputs_end_s", I8), ("window_end_s", I8), ("next_job", I8), ("jobs_end", I8), ("input_row", I8),
        # inputs in force, and those that take force at the next settling (§3.3)
        ("supply_mw", I8), ("import_mw", I8), ("price_u", I8), ("carbon_u", I8), ("pue", I8),
        ("new_supply_mw", I8), ("new_import_mw", I8), ("new_price_u", I8), ("new_carbon_u", I8),
        ("new_pue", I8),
        # forecasts: first issue, time between issues, length of a step (§10)
        ("forecast_begin_s", I8), ("issue_step_s", I8), ("forecast_step_s", I8),
        # battery (§7.3), content in mJ/1000
        ("content", I8), ("capacity", I8), ("charge_limit_mw", I8), ("discharge_limit_mw", I8),
        ("charge_factor", I8), ("discharge_factor", I8), ("leak", I8),
        # options
        ("min_battery_s", I8), ("restart_s", I8), ("suspend_loss_s", I8), ("max_kills", I8),
        ("kill_at_estimate", I8), ("voluntary", I8), ("grid_first", I8), ("tick_s", I8),
        ("grid_charge", I8), ("grid_charge_below", I8),
        # power now: of jobs, of nodes in use, of lit unused nodes; what can be served (§2.6)
        ("active_mw", I8), ("node_mw", I8), ("lit_mw", I8), ("cap_mw", I8), ("start_cap_mw", I8),
        # flows until the next instant (§7)
        ("draw_mw", I8), ("used_mw", I8), ("charge_mw", I8), ("discharge_mw", I8), ("grid_mw", I8),
        ("curtailed_mw", I8), ("grid_charge_mw", I8), ("leak_rate", I8),
        # accounts: energies in mJ; exact sums of products as quotient and remainder (§7.5)
        ("available_mj", I8), ("used_mj", I8), ("curtailed_mj", I8), ("charged_mj", I8),
        ("discharged_mj", I8), ("grid_charged_mj", I8), ("leaked", I8), ("grid_mj", I8), ("draw_mj", I8),
        ("wasted_mj", I8),
        ("cost_u", I8), ("cost_rest", I8), ("emitted_u", I8), ("emitted_rest", I8),
        ("core_s", I8), ("used_cores", I8),
        # counts
        ("decisions", I8), ("instants", I8), ("completed", I8), ("rejected", I8), ("expired", I8),
        ("failed", I8), ("violations", I8), ("suspensions", I8), ("kills", I8), ("heads_skipped", I8),
        ("offered_u", I8), ("earned_u", I8), ("slowdown", F8),
        # live jobs: number of them, first free slot; bounds over the queue (see rules.possible_start)
        ("live", I8), ("free_slot", I8), ("suspended", I8), ("stopped_s", I8),
        ("least_cores", I8), ("least_mw", I8), ("need_mw", I8), ("startable_at", I8),
        ("declined", I8),
        # starts, stops and departures so far; what was known when nothing had changed since then:
        # a waiting job that could start, and how far EASY had tested the queue in vain
        ("changes", I8), ("found_changes", I8), ("found_mw", I8),
        ("seen_changes", I8), ("seen_mw", I8), ("seen_cursor", I8),
        ("walked", I8),  # jobs of the queue looked at in walks (build.should_index)
        # whether starts are promised, and `changes` when all promises had last been renewed
        # (rare.rules.backfill.promises)
        ("keeps_promises", I8), ("renewed_changes", I8),
        # how the queue is kept, and the memory of a scheduler's pass over it (schedulers.heuristics.chooser)
        ("order", I8), ("order_param", F8), ("keyed_s", I8), ("pass_s", I8), ("pass_decision", I8),
        ("pass_choice", I8), ("pass_cursor", I8), ("pass_rows", I8), ("last_action", I8),
        ("outlook_s", I8), ("outlook_decision", I8),
        # logs: 0 nothing, 1 events and power, 2 also every settled instant
        ("log_level", I8), ("log_rows", I8), ("power_rows", I8), ("record_jobs", I8),
        # checkpoints (§5.7); limits of grid events on draw and starts, how many are on (§12.1); how far
        # moments and outages have come (§12)
        ("checkpoint_s", I8), ("checkpoint_cost_s", I8), ("open_start_cap_mw", I8), ("limit_mw", I8),
        ("start_limit_mw", I8), ("events_on", I8), ("moment_row", I8), ("outage_row", I8), ("first_job", I8),
        ("slowdowns", I8), ("raises", I8), ("cancelled", I8), ("dropped", I8), ("lost", I8),
        ("unserved", I8), ("unserved_u", I8),  # jobs not served so far, and what that cost (§6.6)
        # marks (§14.2): the last one that usage was computed at, and those of the factors and of the queue
        ("marked_s", I8), ("ranked_s", I8), ("queue_ranked_s", I8),
        ("over_limit", I8),  # those of the rejected jobs that a limit rejected (§15.3)
        # limits of backfilling (§10.11 to §10.14), whether there are any, and how many jobs a pass has
        # tested: those that it started and that run, and those that wait
        ("bf_window_s", I8), ("bf_resolution_s", I8), ("bf_max_jobs", I8), ("bf_interval_s", I8),
        ("bf_limited", I8), ("pass_started", I8), ("pass_tested", I8),
    ],
    align=True,
)  # fmt: skip
