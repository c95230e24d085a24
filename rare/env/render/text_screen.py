"""One readable screen of a simulation, as text."""

from __future__ import annotations

from datetime import timedelta

from rare.env.batch import Batch
from rare.view import ClusterView, JobView

ROWS = 8
BAR = 30


def screen(batch: Batch, e: int) -> str:
    """Time, power, cluster, what runs and what waits, at most eight jobs of each."""
    view = ClusterView(batch.world_of(e), e, batch.case_of(e).workload.job_id)
    state, cluster = batch.world.env[e], batch.case_of(e).cluster
    episode = batch.playing[e]
    peak_w = cluster.peak_draw_mw / 1000
    draw_w = (int(state.active_mw) + int(state.node_mw)) / 1000
    since = timedelta(seconds=int(state.now_s - state.begin_s))
    lines = [
        f"{batch.episodes.scenario} {episode.name if episode else ''}  {since} since the beginning"
        f"{'  SHORTAGE: somebody must give up power' if view.shortage else ''}",
        f"supply  {_bar(view.supply_w, peak_w)} {view.supply_w / 1000:8.2f} kW",
        f"jobs    {_bar(draw_w, peak_w)} {draw_w / 1000:8.2f} kW of {peak_w / 1000:.2f} kW peak",
    ]
    if view.battery_share is not None:
        lines.append(f"battery {_bar(view.battery_share, 1.0)} {view.battery_share:8.0%}")
    lines += _limits(view, peak_w)
    used = int(state.used_cores)
    lines.append(f"cores   {_bar(used, cluster.cores)} {used:5d} of {cluster.cores}")
    ahead = [step.supply_w / 1000 for step in view.outlook[1:13]]
    if ahead:
        lines.append("next 12 h (median kW): " + " ".join(f"{kw:.1f}" for kw in ahead))
    lines += _jobs("running", view.running) + _jobs("waiting", view.queue)
    score = batch.objective(e)
    lines.append(f"objective so far {score:.4f}" if score is not None else "no values in this workload")
    return "\n".join(lines)


def _bar(value: float, whole: float) -> str:
    filled = round(BAR * min(max(value / whole, 0.0), 1.0)) if whole else 0
    return "[" + "#" * filled + "." * (BAR - filled) + "]"


def _limits(view: ClusterView, peak_w: float) -> list[str]:
    """The limit of a grid event that is on, and the next one that has been announced."""
    lines = []
    if view.limit_w != float("inf"):
        lines.append(f"limit   {_bar(view.limit_w, peak_w)} {view.limit_w / 1000:8.2f} kW of a grid event")
    ahead = [event for event in view.grid_events if event.start_s > view.now_s]
    for event in ahead[:1]:
        begin, length = (
            timedelta(seconds=s) for s in (event.start_s - view.now_s, event.end_s - event.start_s)
        )
        limit = "" if event.limit_w is None else f" to {event.limit_w / 1000:.2f} kW"
        lines.append(f"next limit{limit} in {begin} for {length}")
    return lines


def _jobs(title: str, jobs: list[JobView]) -> list[str]:
    lines = [f"{title}: {len(jobs)}"]
    for job in jobs[:ROWS]:
        worth = "" if job.value is None else f"  value {job.value:.3g}"
        worth += (
            f"  at {job.rate:.0%} speed, {job.power_w / (job.powers_w[0] or 1):.0%} power"
            if job.level
            else ""
        )
        lines.append(
            f"  {job.job_id!s:>10}  {job.cores:5d} cores  {timedelta(seconds=job.estimate_left_s)} by its "
            f"estimate{worth}{'  suspended' if job.suspended else ''}"
        )
    if len(jobs) > ROWS:
        lines.append(f"  and {len(jobs) - ROWS} more")
    return lines
