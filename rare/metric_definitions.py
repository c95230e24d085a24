"""Definitions of the metrics as docs/reference/metrics.md prints them, and when each is null."""

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """text: Markdown of one line. null_when: keys of NULL_CONDITIONS, separated by commas, or `never`."""

    text: str
    null_when: str = "never"


DEFINITIONS: dict[str, Definition] = {
    "jobs_submitted": Definition("jobs chosen from the workload; = completed + rejected + unfinished"),
    "jobs_completed": Definition("jobs whose work was done, in time or late"),
    "jobs_rejected": Definition(
        "jobs that fit no empty machine, or were rejected by a limit when submitted (15.3)"
    ),
    "jobs_over_limit": Definition("part of the rejected: rejected by a limit (15.3)"),
    "jobs_unfinished": Definition(
        "jobs that expired, failed, were cancelled or dropped, or were cut off by the end of the "
        "run; jobs submitted after the end are included"
    ),
    "jobs_not_arrived": Definition(
        "part of the unfinished: not submitted before the end of the run, or still waiting for "
        "other jobs (12.4). A job submitted in the last second counts as arrived if that second "
        "was settled (8.2: not if inputs or window end with it). `rare` shows the unfinished "
        "without these jobs, and `not arrived` beside it"
    ),
    "jobs_expired": Definition("part of the unfinished: dropped when their value expired (6.4)"),
    "jobs_failed": Definition(
        "part of the unfinished: killed `max_kills` times, or stopped at their estimate if "
        "`kill_at_estimate` is set"
    ),
    "jobs_cancelled": Definition(
        "part of the unfinished: cancelled by their users before they started (12.2)"
    ),
    "jobs_dropped": Definition(
        "part of the unfinished: never queued, because a job that they depended on did not complete (12.4)"
    ),
    "jobs_skipped": Definition(
        "records of the file that are no jobs (docs/reference/workload-format.md); not among the submitted"
    ),
    "mean_wait_s": Definition(
        "mean wait of completed jobs, from their submit, or from their arrival if they depended "
        "on others (12.4)",
        "no job completed",
    ),
    "median_wait_s": Definition(
        "median wait of completed jobs; the mean of the middle two if their number is even",
        "no job completed",
    ),
    "p95_wait_s": Definition(
        "95th percentile of the wait of completed jobs, interpolated linearly", "no job completed"
    ),
    "max_wait_s": Definition("longest wait of a completed job", "no job completed"),
    "mean_first_wait_s": Definition("mean of first start - submit of completed jobs", "no job completed"),
    "mean_bounded_slowdown": Definition(
        "mean of max(1, (end - submit) / max(work, 10 s)) of completed jobs (Feitelson et al. "
        "1997, doi:10.1007/3-540-63574-2_14)",
        "no job completed",
    ),
    "mean_wait_with_unfinished_s": Definition(
        "mean wait of completed and unfinished jobs. An unfinished job ends with the run, and a "
        "negative wait counts as 0. Jobs that did not arrive, were dropped or cancelled are left "
        "out",
        "no job counted",
    ),
    "mean_bounded_slowdown_with_unfinished": Definition(
        "mean bounded slowdown of the same jobs, in the same way", "no job counted"
    ),
    "mean_turnaround_s": Definition("mean of end - submit of completed jobs", "no job completed"),
    "makespan_s": Definition(
        "last end of a completed job - first submit, of counted jobs", "no job completed"
    ),
    "busy_share": Definition(
        "core-seconds in use, whatever became of the jobs / (cores of the cluster x length of the"
        " run); of all jobs, not only the counted ones"
    ),
    "utilization": Definition(
        "sum of work x cores of completed jobs / (cores of the cluster x makespan)", "no job completed"
    ),
    "value_offered": Definition(
        "sum of the values of the jobs that arrived and were not rejected", "no values"
    ),
    "value_earned": Definition(
        "sum of the values earned: all of a job's value by its deadline, less after it (6.1, 6.2)",
        "no values",
    ),
    "objective": Definition(
        "(value earned - penalties of late jobs - prices of jobs not served - grid cost - carbon "
        "price x carbon) / value offered; may be negative",
        "nothing offered",
    ),
    "objective_parts": Definition(
        "object with `value`, `penalties` (of late jobs), `unserved` (of jobs not served, 6.6), "
        "`grid_cost` and `carbon_cost`, each divided by the value offered; objective = `value` "
        "less the others",
        "nothing offered",
    ),
    "qos_violations": Definition(
        "late jobs: ended after their deadline, expired, failed, or unfinished at the end of the "
        "run with a deadline not later than it (6.3)",
        "no deadlines",
    ),
    "jobs_unserved": Definition(
        "jobs not served: expired, failed, or past their deadline when the run ended or their "
        "user cancelled them (6.6)"
    ),
    "unserved_price": Definition(
        "sum of the prices of jobs not served in the objective (6.6)", "not charged"
    ),
    "service_classes": Definition(
        "object with, for each class, its `jobs` (completed or not served), their `served_share` "
        "(completed), the `late` jobs and the `mean_wait_s` of the completed",
        "no classes",
    ),
    "least_class_served_share": Definition("lowest `served_share` of a class", "no classes, no job counted"),
    "lowest_class_wait_s": Definition(
        "`mean_wait_s` of the class whose jobs are worth least, by mean value per core-second of "
        "the estimate",
        "no classes, no job completed",
    ),
    "mean_user_served_share": Definition(
        "mean over the users of the share of their jobs that completed. Jobs that were cancelled,"
        " or cut off before their deadline, do not count",
        "no users, no job counted",
    ),
    "lowest_user_served_share": Definition(
        "mean of the same share over the tenth of the users (rounded up) with the lowest",
        "no users, no job counted",
    ),
    "user_served_index": Definition(
        "Jain's index of the same shares, (sum x)^2 / (n sum x^2): 1 if all users are equal, 1 / "
        "n if one user has everything (Jain, Chiu and Hawe 1984, DEC-TR-301)",
        "no users, no job counted",
    ),
    "user_slowdown_index": Definition(
        "Jain's index of the users' mean bounded slowdowns, with unfinished jobs",
        "no users, no job counted",
    ),
    "suspensions": Definition(
        "suspensions of preemptible jobs, by choice or in a shortage; one job may count several times"
    ),
    "kills": Definition("kills of jobs that cannot be suspended (5.4) or that lost their nodes (12.3)"),
    "node_losses": Definition("number of times a running job lost its nodes in an outage (12.3)"),
    "slowdowns": Definition(
        "number of times a running job was made one speed level slower (11.4)", "no speed levels"
    ),
    "raises": Definition(
        "number of times a running job was made one speed level faster (11.4)", "no speed levels"
    ),
    "energy_kwh": Definition("energy of the draw: everything the cluster used"),
    "renewable_available_kwh": Definition(
        "energy available from wind and sun, from the first instant to the end of the run",
        "no renewable supply",
    ),
    "renewable_used_kwh": Definition(
        "renewable energy that the cluster used directly", "no renewable supply"
    ),
    "renewable_share": Definition(
        "(renewable used + renewable part of the energy from the battery) / energy used. That "
        "part is 1 - charged from the grid / charged; the initial content of the battery counts "
        "as renewable",
        "no renewable supply, no energy",
    ),
    "renewable_utilization": Definition(
        "(renewable available - curtailed) / renewable available", "no renewable supply, no supply"
    ),
    "curtailed_kwh": Definition("renewable energy that was neither used nor stored", "no renewable supply"),
    "battery_charged_kwh": Definition("energy put into the battery, before its losses", "no battery"),
    "battery_grid_charged_kwh": Definition(
        "part of the energy charged that was imported for it", "no battery"
    ),
    "battery_leaked_kwh": Definition("energy lost by self-discharge", "no battery"),
    "battery_discharged_kwh": Definition("energy from the battery, after its losses", "no battery"),
    "grid_kwh": Definition("energy imported"),
    "grid_cost": Definition("sum of import x price; negative where prices are", "no price"),
    "carbon_kg": Definition(
        "sum of import x carbon intensity of the grid; wind, sun and battery count as 0",
        "no carbon intensity",
    ),
    "wasted_kwh": Definition(
        "energy of jobs during lost progress and restarts (5.6): their own active power, without "
        "idle power of nodes and PUE"
    ),
    "unserved_kwh": Definition(
        "always 0: jobs are shed before power is short. A run that does not balance to the "
        "millijoule stops with an error"
    ),
    "grid_events": Definition("grid events that began before the end of the run (12.1)", "no grid events"),
    "grid_events_missed": Definition(
        "part of the grid events: the draw was above the limit at some time after the time to comply",
        "no grid events",
    ),
    "grid_event_comply_s": Definition(
        "mean, over the events whose limit was met, of the time from the start until the draw "
        "stays at or below the limit to the end of the event",
        "no grid events, none met",
    ),
    "grid_event_depth": Definition(
        "mean of 1 - (mean draw from that time to the end of the event / draw at the notice); "
        "negative if more was drawn than before",
        "no grid events, none met",
    ),
    "grid_event_shed_kwh": Definition(
        "sum of (draw at the notice x length - energy drawn in the event); negative if more was "
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
        "part of the decisions: made by a heuristic, because the network was out of its range or "
        "made no progress (docs/results/model-card.md). For `rare` only",
        "no fallback",
    ),
    "instants": Definition("instants settled (section 3)"),
    "reservations_skipped": Definition(
        "times a pass of EASY or conservative backfilling found no reservation for a job at the "
        "head of the queue"
    ),
    "simulate_s": Definition(
        "wall-clock time between the first and the last instant. In the first run of a process it"
        " includes loading compiled code. Only this metric and the next differ between two equal "
        "runs"
    ),
    "jobs_per_s": Definition("jobs submitted / simulate_s"),
    "estimates": Definition(
        "run times that schedulers saw: `user` (the trace's estimates), `run_time` (the true "
        "ones, because the trace has no estimates: clairvoyant, marked † in tables) or `model` "
        "(from a model of estimates)"
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
    "not charged": "jobs not served have no price",
    "no classes": "the jobs have no service classes",
    "no users": "the trace names no users",
    "no renewable supply": "the scenario has no series of wind or sun",
    "no battery": "the capacity is 0",
    "no price, no carbon intensity": "the scenario has no price, or no carbon intensity",
    "no energy, no supply": "the denominator is 0",
    "no grid events": "the scenario has no events, or none with a draw before its notice",
    "none met": "the draw met the limit of no event",
    "no fallback": "the scheduler has no fallback heuristic: all but `rare` and `NETWORK+guard`",
}
"""What the conditions of `null_when` mean."""
