"""Whole runs under a scripted scheduler: who is told what and when, and what becomes of its decisions."""

import dataclasses

import pytest

import rare
from rare.machine_events import Speed
from rare.model import UNLIMITED_MW, Partition
from rare.state.arrays import FAIL
from schedulers import make_scheduler
from tests.builders import make_case
from tests.schedulers.batsim.scripted_peer import ScriptedPeer, event, submitted
from traces import InputError

NODE = Partition(nodes=4, cores_per_node=1, core_mw=10_000)


def run(case, peer, options=""):
    return rare.simulate(case, make_scheduler(f"batsim:{peer.endpoint}+timeout=5{options}"))


def starts(result):
    return dict(zip(result.case.workload.job_id.tolist(), result.jobs["start_s"].tolist(), strict=True))


class FirstFit:
    """Starts whoever fits on the lowest free cores, in any state that the protocol shows."""

    def __init__(self, cores=4, delay_s=0.0):
        self.free, self.queue, self.held, self.delay_s = set(range(cores)), [], {}, delay_s

    def __call__(self, message):
        for one in message["events"]:
            data = one["data"]
            if one["type"] == "JOB_SUBMITTED":
                self.queue.append((data["job_id"], data["job"]["res"]))
            elif one["type"] == "JOB_COMPLETED":
                self.free |= self.held.pop(data["job_id"])
            elif one["type"] == "NOTIFY" and "resources" in data:
                cores = parse(data["resources"])
                self.free = self.free - cores if data["type"].endswith("unavailable") else self.free | cores
        answers = []
        for job, size in list(self.queue):
            if size <= len(self.free):
                cores = sorted(self.free)[:size]
                self.free -= set(cores)
                self.held[job] = set(cores)
                self.queue.remove((job, size))
                alloc = " ".join(map(str, cores))
                answers.append(event(message, "EXECUTE_JOB", self.delay_s, job_id=job, alloc=alloc))
        return answers


def parse(text):
    from schedulers.batsim.interval_sets import parse_interval_set

    return set(parse_interval_set(text, 1000))


@pytest.fixture
def case():
    jobs = [
        {"submit_s": 0, "cores": 3, "work_s": 10, "estimate_s": 20},
        {"submit_s": 2, "cores": 4, "work_s": 5},
        {"submit_s": 4, "cores": 1, "work_s": 6},
    ]
    return make_case(jobs, NODE, [{"t": 0, "supply": UNLIMITED_MW}])


def test_it_hears_of_each_event_in_its_second_and_decides(case, tmp_path):
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        result = run(case, peer)
    assert starts(result) == {1: 0, 2: 10, 3: 4}
    assert (result.ended, result.metrics["jobs_completed"]) == ("completed", 3)
    told = [(message["now"], [one["type"] for one in message["events"]]) for message in peer.messages]
    assert told == [
        (0, ["SIMULATION_BEGINS"]),
        (0, ["JOB_SUBMITTED"]),
        (2, ["JOB_SUBMITTED"]),  # nothing could start: it hears of it all the same
        (4, ["JOB_SUBMITTED", "NOTIFY"]),
        (10, ["JOB_COMPLETED", "JOB_COMPLETED"]),
        (15, ["JOB_COMPLETED"]),
        (15, ["SIMULATION_ENDS"]),
    ]
    begins = peer.messages[0]["events"][0]["data"]
    assert (begins["nb_resources"], len(begins["compute_resources"])) == (4, 4)
    job = peer.messages[1]["events"][0]["data"]
    assert job["job"] == {
        "id": "w0!1", "subtime": 0, "res": 3, "walltime": 20, "profile": "delay_20"
    }  # fmt: skip
    assert job["profile"] == {"type": "delay", "delay": 20}  # the estimate, not the true run time
    done = peer.events("JOB_COMPLETED")[0]["data"]
    assert done == {
        "job_id": "w0!1", "job_state": "COMPLETED_SUCCESSFULLY", "return_code": 0, "kill_reason": "",
        "alloc": "0-2",
    }  # fmt: skip


def test_a_decision_counts_in_the_second_of_its_time_stamp(case, tmp_path):
    with ScriptedPeer(tmp_path, FirstFit(delay_s=0.9)) as peer:
        assert starts(run(case, peer)) == {1: 0, 2: 10, 3: 4}
    (tmp_path / "b").mkdir()
    with ScriptedPeer(tmp_path / "b", FirstFit(delay_s=1.5)) as peer:
        assert starts(run(case, peer)) == {1: 1, 2: 12, 3: 5}  # it thinks for a second and a half


def test_it_is_called_when_it_asks_to_be(case, tmp_path):
    fit, calls = FirstFit(), []

    def answer(message):
        if any(one["type"] == "REQUESTED_CALL" for one in message["events"]):
            calls.append(message["now"])
        if message["now"] < 30:
            kept = [one for one in message["events"] if one["type"] == "JOB_SUBMITTED"]
            fit.queue += [(one["data"]["job_id"], one["data"]["job"]["res"]) for one in kept]
            return [event(message, "CALL_ME_LATER", timestamp=30.2)] if kept else []
        return fit(message)

    with ScriptedPeer(tmp_path, answer) as peer:
        result = run(case, peer)
    assert calls == [31]  # three requests, one message, in the first whole second that is not before
    assert len(peer.events("REQUESTED_CALL")) == 3
    assert starts(result) == {1: 31, 2: 41, 3: 31}


def test_rejected_and_killed_jobs_are_over(case, tmp_path):
    fit = FirstFit()

    def answer(message):
        if "w0!2" in submitted(message):
            return [event(message, "REJECT_JOB", job_id="w0!2")]
        if "w0!3" in submitted(message):
            fit(message)
            return [event(message, "KILL_JOB", job_ids=["w0!1"])]
        return fit(message)

    with ScriptedPeer(tmp_path, answer) as peer:
        result = run(case, peer)
    frame = result.jobs_frame()
    assert frame["status"].tolist() == ["failed", "cancelled", "unfinished"]
    assert frame["kills"].tolist() == [1, 0, 0]
    kinds = [one["type"] for one in peer.messages[-2]["events"]]
    assert kinds == ["JOB_COMPLETED", "JOB_KILLED"]
    assert peer.events("JOB_COMPLETED")[0]["data"]["job_state"] == "COMPLETED_KILLED"
    assert peer.events("JOB_KILLED")[0]["data"]["job_ids"] == ["w0!1"]
    # the scripted scheduler forgot the third job's start: nothing is left to happen
    assert result.ended == "stalled"


def test_a_start_is_held_until_there_is_power(case, tmp_path):
    rows = [{"t": 0, "supply": 5_000}, {"t": 50, "supply": 30_000}, {"t": 200, "supply": UNLIMITED_MW}]
    case = make_case(
        [{"submit_s": 0, "cores": 3, "work_s": 10}, {"submit_s": 60, "cores": 4, "work_s": 5}], NODE, rows
    )
    scheduler = None
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        scheduler = make_scheduler(f"batsim:{peer.endpoint}+timeout=5")
        decider = scheduler.for_case(case)
        result = rare.simulate(case, decider)
    assert starts(result) == {1: 50, 2: 200}
    assert decider.remarks(1) == ["2 starts that it decided waited for power, 190 s in all"]


def test_a_job_that_is_shed_is_killed_and_comes_again(tmp_path):
    rows = [{"t": 0, "supply": 40_000}, {"t": 6, "supply": 20_000}, {"t": 30, "supply": 40_000}]
    jobs = [{"submit_s": 0, "cores": 2, "work_s": 10}, {"submit_s": 1, "cores": 2, "work_s": 10}]
    case = make_case(jobs, NODE, rows)
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        result = run(case, peer)
    ends = [(one["timestamp"], one["data"]["job_id"], one["data"]["job_state"], one["data"]["kill_reason"])
            for one in peer.events("JOB_COMPLETED")]  # fmt: skip
    assert ends == [
        (6, "w0!2", "COMPLETED_KILLED", "no power"),
        (10, "w0!1", "COMPLETED_SUCCESSFULLY", ""),
        (15, "resubmit=1!2", "COMPLETED_SUCCESSFULLY", ""),
    ]
    again = peer.events("JOB_SUBMITTED")[2]["data"]["job"]
    assert (again["id"], again["subtime"], again["walltime"]) == ("resubmit=1!2", 6, 5)  # what is left of it
    assert result.metrics["jobs_completed"] == 2


def test_cores_without_power_are_unavailable_machines(tmp_path):
    rows = [{"t": 0, "supply": 20_000}, {"t": 6, "supply": 0}, {"t": 30, "supply": 40_000}]
    jobs = [{"submit_s": 0, "cores": 2, "work_s": 4}, {"submit_s": 1, "cores": 2, "work_s": 4}]
    case = make_case(jobs, NODE, rows)
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        result = run(case, peer, "+power=machines")
    told = [(one["timestamp"], one["data"]["type"], one["data"].get("resources"))
            for one in peer.events("NOTIFY")]  # fmt: skip
    assert told == [
        (0, "event_machine_unavailable", "2-3"),
        (1, "no_more_static_job_to_submit", None),
        (6, "event_machine_unavailable", "0-1"),
        (30, "event_machine_available", "0-3"),
    ]
    assert starts(result) == {1: 0, 2: 4}
    assert peer.events("JOB_COMPLETED")[1]["data"]["job_state"] == "COMPLETED_KILLED"
    assert result.metrics["jobs_completed"] == 2


def test_a_job_cut_at_its_estimate_reached_its_walltime(tmp_path):
    case = make_case(
        [{"submit_s": 0, "cores": 2, "work_s": 40, "estimate_s": 15}],
        NODE,
        [{"t": 0, "supply": UNLIMITED_MW}],
        kill_at_estimate=True,
    )
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        run(case, peer)
    assert [(one["timestamp"], one["data"]["job_state"]) for one in peer.events("JOB_COMPLETED")] == [
        (15, "COMPLETED_WALLTIME_REACHED")
    ]


def test_a_job_that_left_the_queue_ends_as_it_is_started(tmp_path):
    jobs = [{"submit_s": 0, "cores": 4, "work_s": 10}, {"submit_s": 0, "cores": 4, "cancel_s": 5}]
    case = make_case(jobs, NODE, [{"t": 0, "supply": UNLIMITED_MW}])
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        result = run(case, peer)
    assert [(one["timestamp"], one["data"]["job_state"]) for one in peer.events("JOB_COMPLETED")] == [
        (10, "COMPLETED_SUCCESSFULLY")
    ]  # it was over before the scheduler could start it
    assert result.jobs_frame()["status"].tolist() == ["completed", "cancelled"]


def test_energy_is_told_and_states_of_machines_are_acknowledged(case, tmp_path):
    fit = FirstFit()

    def answer(message):
        asks = []
        if any(one["type"] == "JOB_COMPLETED" for one in message["events"]) and message["now"] == 10:
            asks = [
                event(message, "QUERY", requests={"consumed_energy": {}}),
                event(message, "SET_RESOURCE_STATE", resources="3 1-2", state="1"),
                event(message, "SET_JOB_METADATA", job_id="w0!1", metadata="x"),
                event(message, "NOTIFY", type="registration_finished"),
            ]
        return [*fit(message), *asks]

    with ScriptedPeer(tmp_path, answer) as peer:
        decider = make_scheduler(f"batsim:{peer.endpoint}+timeout=5").for_case(case)
        rare.simulate(case, decider)
    assert peer.events("ANSWER")[0]["data"] == {"consumed_energy": 360.0}  # 3 x 10 W x 10 s + 1 x 10 W x 6 s
    assert peer.events("RESOURCE_STATE_CHANGED")[0]["data"] == {"resources": "1-3", "state": "1"}
    assert decider.remarks(1) == [
        "3 changes of a core's state were acknowledged and not simulated",
        "1 jobs were given metadata, which is not kept",
    ]


def test_ids_that_are_no_numbers_become_places(tmp_path):
    case = make_case([{"submit_s": 0, "job_id": "train!7"}], NODE, [{"t": 0, "supply": UNLIMITED_MW}])
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        run(case, peer)
    assert peer.events("JOB_SUBMITTED")[0]["data"]["job_id"] == "w0!0"


def test_what_the_protocol_has_no_words_for_is_refused():
    case = make_case(
        [{"submit_s": 0, "cores": 0, "gpus_milli": 1000}],
        Partition(nodes=1, cores_per_node=1, gpus_per_node=1),
        [{"t": 0, "supply": UNLIMITED_MW}],
    )
    with pytest.raises(InputError, match="job 1 needs no cores"):
        make_scheduler("batsim:ipc://none").for_case(case)


def test_one_program_serves_one_run_on_its_own_clock(case, tmp_path):
    scheduler = make_scheduler("batsim:ipc://none")
    decider = scheduler.for_case(case)
    with pytest.raises(InputError, match="serves one run"):
        scheduler.for_case(case)
    with pytest.raises(InputError, match="brings a clock of its own"):
        rare.simulate(case, decider, clock="simpy")
    with pytest.raises(InputError, match="rare simulate"):
        decider.decide(None, 0, 0)


def test_a_result_without_records_is_the_same(case, tmp_path):
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        result = rare.simulate(case, make_scheduler(f"batsim:{peer.endpoint}+timeout=5"), record=False)
    assert starts(result) == {1: 0, 2: 10, 3: 4}
    assert len(result.events) == 0 and dataclasses.is_dataclass(result)


def test_a_job_that_could_start_at_a_lower_speed_alone_is_held(tmp_path):
    node = Partition(nodes=4, cores_per_node=1, core_mw=10_000, speeds=(Speed(500, 400),))
    rows = [{"t": 0, "supply": 20_000}, {"t": 30, "supply": 40_000}]
    case = make_case([{"submit_s": 0, "cores": 4, "work_s": 10}], node, rows)
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        assert starts(run(case, peer)) == {1: 30}


def test_the_last_job_may_be_one_that_waits_for_another(tmp_path):
    jobs = [{"submit_s": 0, "work_s": 10}, {"submit_s": 1, "work_s": 5, "after": (1,)}]
    case = make_case(jobs, NODE, [{"t": 0, "supply": UNLIMITED_MW}])
    with ScriptedPeer(tmp_path, FirstFit()) as peer:
        assert starts(run(case, peer)) == {1: 0, 2: 10}
    assert [one["timestamp"] for one in peer.events("NOTIFY")] == [10]


@pytest.mark.slow
def test_many_jobs_killed_at_once_fit_the_event_log(tmp_path):
    many = 6000
    node = Partition(nodes=many, cores_per_node=1, core_mw=10)
    case = make_case([{"submit_s": 0, "work_s": 100}] * many, node, [{"t": 0, "supply": UNLIMITED_MW}])
    fit = FirstFit(many)

    def answer(message):
        if any(one["type"] == "REQUESTED_CALL" for one in message["events"]):
            return [event(message, "KILL_JOB", job_ids=sorted(fit.held))]
        calls = [event(message, "CALL_ME_LATER", timestamp=50)] if submitted(message) else []
        return [*fit(message), *calls] if message["now"] < 50 else []

    with ScriptedPeer(tmp_path, answer) as peer:
        result = run(case, peer, "0")
    assert set(result.jobs_frame()["status"]) == {"failed"}
    assert len(peer.events("JOB_KILLED")[0]["data"]["job_ids"]) == many
    assert (result.events["event"] == FAIL).sum() == many
