"""What a run counts as it goes, by hand."""

from rare.clocks.simpy_clock import SimpyClock
from rare.rules.progress.pace import left_now_s
from rare.run import CLOCKS
from rare.scheduler import as_decider, keep_queue
from rare.state.arrays import RUNNING
from rare.world import build_world
from schedulers import make_scheduler
from tests.builders import make_case
from tests.rare.rules.hand import at, cores, job


def test_slowdown_counts_from_the_submit_and_short_jobs_as_ten_seconds():
    # One core. Ends at 21, 41 and 46 s: 20 of 20 s, 38 of 20 s, 43 s of a job of 5 s, which counts as 10.
    jobs = [job(20, submit_s=1), job(20, submit_s=3), job(5, submit_s=3)]
    case = make_case(jobs, cores(1), [at(0, 1000)])
    decider = as_decider(make_scheduler("fcfs"), case)
    world = build_world(case, live=2, log_level=0)
    keep_queue(world, 0, decider)
    state = CLOCKS["compiled"](world, decider, case.workload.job_id).run().env[0]
    assert state.slowdown == 1.0 + 1.9 + 4.3
    assert (state.completed, state.live, state.used_cores) == (3, 0, 0)


def test_what_is_left_of_a_job_that_runs():
    case = make_case([job(10), job(1, submit_s=4)], cores(1), [at(0, 100)])
    clock = SimpyClock.of(case, make_scheduler("fcfs"))
    clock.step_until(5)  # the last instant is 4
    world = clock.world
    slot = int((world.live[0].doing == RUNNING).argmax())
    assert left_now_s(world.handles[0], slot) == 6
