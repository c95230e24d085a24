"""A scheduler of one's own: work waits for wind and sun, but not beyond its latest start.

rare simulate --scenario islanded --scheduler examples/my_scheduler.py:WindAndSun
"""

from rare import WAIT, ClusterView


class WindAndSun:
    """First come, first served; a job that has time starts only in what wind and sun leave over."""

    def choose(self, view: ClusterView) -> int:
        """The first job that may start and either must start now or has the power for it."""
        drawn_w = sum(job.power_w for job in view.running)
        for job in view.startable:
            late = job.deadline_s is None or view.now_s >= job.deadline_s - job.estimate_left_s
            if late or drawn_w + job.power_w <= view.supply_w:
                return job.index
        return WAIT
