"""Definitions of the metrics as docs/reference/metrics.md prints them, and when each is null."""

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """text: Markdown of one line. null_when: keys of NULL_CONDITIONS, separated by commas, or `never`."""

    text: str
    null_when: str = "never"


DEFINITIONS: dict[str, Definition] = {
    "jobs_submitted": Definition("jobs chosen from the workload. = completed + rejected + unfinished"),
    "jobs_completed": Definition("completed, in time or late"),
    "jobs_rejected": Definition("larger than the empty machine, or rejected by a limit as they came (15.3)"),
    "jobs_over_limit": Definition("part of the rejected: those that a limit rejected (15.3)"),
    "jobs_unfinished": Definition(
        "expired, failed, cancelled, dropped, or cut off by the end of the run; jobs whose submit time lies "
        "after it are among them"
    ),
    "jobs_not_arrived": Definition(
        "part of the unfinished: they had not come when the run ended, or still waited for others (12.4). "
        "One submitted in the second of "
        "the end has come if that second was settled (RULES 8.2: not where inputs or window end with "
        "it). `rare` shows the unfinished without them, and `not arrived` beside it"
    ),
    "jobs_expired": Definition("part of the unfinished: dropped when their value had expired"),
    "jobs_failed": Definition(
        "part of the unfinished: killed `max_kills` times, or stopped at their estimate where "
        "`kill_at_estimate` is set"
    ),
    "jobs_cancelled": Definition(
        "part of the unfinished: given up by their users before they had started (12.2)"
    ),
    "jobs_dropped": Definition(
        "part of the unfinished: never queued, because a job that they waited for did not complete (12.4)"
    ),
    "jobs_skipped": Definition(
        "records of the file that are no jobs (docs/reference/workload-format.md); not among the submitted"
    ),
    "mean_wait_s": Definition(
        "mean wait of completed jobs, from their submit, or from their arrival if they waited for others "
        "(RULES 12.4)",
        "no job completed",
    ),
    "median_wait_s": Definition(
        "median of the same; the mean of the middle two if their number is even", "no job completed"
    ),
    "p95_wait_s": Definition(
        "95th percentile of the same, on the line between the two nearest", "no job completed"
    ),
    "max_wait_s": Definition("longest of the same", "no job completed"),
    "mean_first_wait_s": Definition("mean of first start - submit, completed jobs", "no job completed"),
    "mean_bounded_slowdown": Definition(
        "mean of max(1, (end - submit) / max(work, 10 s)), completed jobs (Feitelson et al. 1997, "
        "doi:10.1007/3-540-63574-2_14)",
        "no job completed",
    ),
    "mean_wait_with_unfinished_s": Definition(
        "as `mean_wait_s`, but over completed and unfinished jobs; for an unfinished one the end of "
        "the run stands for its end, and a negative wait counts as 0. Jobs that had not arrived, were "
        "dropped or cancelled are left out",
        "no job counted",
    ),
    "mean_bounded_slowdown_with_unfinished": Definition(
        "the same for the bounded slowdown", "no job counted"
    ),
    "mean_turnaround_s": Definition("mean of end - submit, completed jobs", "no job completed"),
    "makespan_s": Definition(
        "last end of a completed job - first submit, of counted jobs", "no job completed"
    ),
    "busy_share": Definition(
        "core-seconds in use, whatever became of the jobs / (cores of the cluster x length of the "
        "run); not only of counted jobs"
    ),
    "utilization": Definition(
        "sum of work x cores of completed jobs / (cores of the cluster x makespan)", "no job completed"
    ),
    "value_offered": Definition(
        "sum of the values of the jobs that arrived and were not rejected", "no values"
    ),
    "value_earned": Definition(
        "sum of what they earned: all of it by the deadline, less after it (6.1, 6.2)", "no values"
    ),
    "objective": Definition(
        "(value earned - penalties - price of jobs not served - grid cost - carbon price x carbon) / value "
        "offered; may be negative",
        "nothing offered",
    ),
    "objective_parts": Definition(
        "object: `value`, `penalties` (of late jobs), `unserved` (of jobs not served, 6.6), `grid_cost`, "
        "`carbon_cost`, each divided by the value offered; objective = the first less the others",
        "nothing offered",
    ),
    "qos_violations": Definition(
        "late jobs: ended after their deadline, expired, failed, or past it at the end of the run (6.3)",
        "no deadlines",
    ),
    "jobs_unserved": Definition(
        "jobs not served: expired, failed, or past their deadline when the run ended or their user gave them "
        "up (6.6)"
    ),
    "unserved_price": Definition("sum of what these cost in the objective (6.6)", "not charged"),
    "service_classes": Definition(
        "object: of each class its `jobs` (completed or not served), the `served_share` of them (completed), "
        "`late` ones and the `mean_wait_s` of the completed",
        "no classes",
    ),
    "least_class_served_share": Definition(
        "the least `served_share` of a class", "no classes, no job counted"
    ),
    "lowest_class_wait_s": Definition(
        "`mean_wait_s` of the class whose jobs are worth least: mean value per core-second of the estimate",
        "no classes, no job completed",
    ),
    "mean_user_served_share": Definition(
        "mean over the users of the share of their jobs that completed; those cancelled, or cut off before "
        "their deadline, do not count",
        "no users, no job counted",
    ),
    "lowest_user_served_share": Definition(
        "mean of the same over the tenth of the users (rounded up) who have the lowest",
        "no users, no job counted",
    ),
    "user_served_index": Definition(
        "Jain's index of the same, (sum x)^2 / (n sum x^2): 1 if all users are alike, 1 / n if one has all "
        "(Jain, Chiu and Hawe 1984, DEC-TR-301)",
        "no users, no job counted",
    ),
    "user_slowdown_index": Definition(
        "the same index of the users' mean bounded slowdowns, with unfinished jobs",
        "no users, no job counted",
    ),
    "suspensions": Definition(
        "preemptible jobs suspended, by choice or by a shortage; one job may count often"
    ),
    "kills": Definition("jobs killed because they cannot be suspended (5.4) or lost their nodes (12.3)"),
    "node_losses": Definition("how often a running job lost its nodes in an outage (RULES 12.3)"),
    "slowdowns": Definition(
        "how often a running job was made one speed level slower (RULES 11.4)", "no speed levels"
    ),
    "raises": Definition("the same for one level faster", "no speed levels"),
    "energy_kwh": Definition("the draw: everything the cluster took"),
    "renewable_available_kwh": Definition(
        "what wind and sun offered from the first instant to the end of the run", "no renewable supply"
    ),
    "renewable_used_kwh": Definition("what of it the cluster took at once", "no renewable supply"),
    "renewable_share": Definition(
        "(renewable used + the renewable part of battery discharged) / energy; that part is 1 - "
        "charged from the grid / charged, and what the battery held at the start counts as renewable",
        "no renewable supply, no energy",
    ),
    "renewable_utilization": Definition(
        "(renewable available - curtailed) / renewable available", "no renewable supply, no supply"
    ),
    "curtailed_kwh": Definition("what nobody took", "no renewable supply"),
    "battery_charged_kwh": Definition("put into the battery, before its losses", "no battery"),
    "battery_grid_charged_kwh": Definition("the part of it that was imported for this", "no battery"),
    "battery_leaked_kwh": Definition("lost by self-discharge", "no battery"),
    "battery_discharged_kwh": Definition("what it gave, after its losses", "no battery"),
    "grid_kwh": Definition("imported"),
    "grid_cost": Definition("sum of imports x price; negative where prices are", "no price"),
    "carbon_kg": Definition(
        "sum of imports x carbon intensity of the grid; wind, sun and battery count as 0",
        "no carbon intensity",
    ),
    "wasted_kwh": Definition(
        "own active power of jobs over lost progress and restarts (5.6), without node idle power and PUE"
    ),
    "unserved_kwh": Definition(
        "0, always: jobs are shed before power is short. A run that does not balance to the "
        "millijoule stops as a bug"
    ),
    "grid_events": Definition("grid events that began before the end of the run (12.1)", "no grid events"),
    "grid_events_missed": Definition(
        "part of them: the draw was above the limit at some time from the time to comply on", "no grid events"
    ),
    "grid_event_comply_s": Definition(
        "mean, over the events whose limit was met, of the time from the start until the draw is at or below "
        "the limit for the rest of the event",
        "no grid events, none met",
    ),
    "grid_event_depth": Definition(
        "mean of 1 - mean draw from that time to the end of the event / draw at the notice; "
        "negative where more was drawn than before",
        "no grid events, none met",
    ),
    "grid_event_shed_kwh": Definition(
        "sum of (draw at the notice x length - energy drawn in the event); negative where more was "
        "drawn than before",
        "no grid events",
    ),
    "grid_event_rebound_kwh": Definition(
        "sum of the energy above the draw at the notice, drawn within one length of the event after its end",
        "no grid events",
    ),
    "grid_event_late_jobs": Definition(
        "late jobs (6.3) among those that waited or ran during an event", "no grid events, no deadlines"
    ),
    "decisions": Definition("answers of the scheduler, WAIT included (4.6)"),
    "fallback_decisions": Definition(
        "part of them: taken by a heuristic, because the network was out of its range or stuck "
        "(docs/results/model-card.md). For `rare` only",
        "no fallback",
    ),
    "instants": Definition("instants settled (3)"),
    "reservations_skipped": Definition(
        "heads of the queue without a reservation in sight (EASY, conservative), at each pass"
    ),
    "simulate_s": Definition(
        "wall-clock time between the first and the last instant; in a process's first run, loading "
        "compiled code is in it. The only metrics that differ between two equal runs are this one and "
        "the next"
    ),
    "jobs_per_s": Definition("jobs submitted / simulate_s"),
    "estimates": Definition(
        "what schedulers saw as run times: `user` (the trace's), `run_time` (the true ones, because "
        "the trace has none: clairvoyant, marked † in tables), `model` (made by a generator)"
    ),
}

NULL_CONDITIONS: dict[str, str] = {
    "never": "always a number (or a word)",
    "no job completed": "none of the counted jobs completed",
    "no job counted": "no counted job was completed or left unfinished",
    "no values": "no job of the workload has a value above 0",
    "nothing offered": "the values of all jobs that arrived and were not rejected add up to 0",
    "no speed levels": "no partition declares speeds",
    "no deadlines": "no job of the workload has a deadline",
    "not charged": "jobs not served cost nothing",
    "no classes": "the jobs have no service classes",
    "no users": "the trace names no users",
    "no renewable supply": "the scenario has no series of wind or sun",
    "no battery": "the capacity is 0",
    "no price, no carbon intensity": "the scenario gives none",
    "no energy, no supply": "the energy divided by is 0",
    "no grid events": "the scenario has none, or none with a draw before its notice",
    "none met": "the draw met no event's limit",
    "no fallback": "the scheduler has no other to fall back on: every one but `rare` and `NETWORK+guard`",
}
"""What the conditions of `null_when` mean."""
