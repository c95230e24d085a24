"""Random cases with every option and edge, under a scheduler behind the protocol: they end, books agree."""

import random

import pytest

import rare
from schedulers import make_scheduler
from schedulers.batsim.interval_sets import parse_interval_set
from tests.builders import random_case, random_event_case
from tests.schedulers.batsim.scripted_peer import ScriptedPeer, event
from traces import InputError


class PartitionFit:
    """Starts whoever fits among the available free cores of its partition; checks what it is told."""

    def __init__(self):
        self.partition, self.free, self.dark, self.queue, self.held = {}, set(), set(), {}, {}

    def __call__(self, message):
        for one in message["events"]:
            assert one["timestamp"] <= message["now"]
            getattr(self, one["type"].lower(), lambda data: None)(one["data"])
        answer = []
        for name, job in list(self.queue.items()):
            place = job.get("partition")
            cores = [core for core in sorted(self.free - self.dark) if place in (None, self.partition[core])]
            if job["res"] <= len(cores):
                del self.queue[name]
                self.held[name] = set(cores[: job["res"]])
                self.free -= self.held[name]
                alloc = " ".join(map(str, sorted(self.held[name])))
                answer.append(event(message, "EXECUTE_JOB", job_id=name, alloc=alloc))
        return answer

    def simulation_begins(self, data):
        self.partition = {one["id"]: one["properties"]["partition"] for one in data["compute_resources"]}
        self.free = set(self.partition)

    def job_submitted(self, data):
        assert data["job_id"] not in self.queue and data["job_id"] not in self.held
        self.queue[data["job_id"]] = data["job"]

    def job_completed(self, data):
        cores = self.held.pop(data["job_id"])
        if data["kill_reason"] != "left the queue" or data["alloc"]:
            assert set(parse_interval_set(data["alloc"], 10**6)) == cores
        self.free |= cores

    def notify(self, data):
        if "resources" in data:
            cores = set(parse_interval_set(data["resources"], 10**6))
            lost = data["type"] == "event_machine_unavailable"
            assert cores.isdisjoint(self.dark) if lost else cores <= self.dark
            self.dark = self.dark | cores if lost else self.dark - cores


def check(folder, seed, options):
    draw = random.Random(seed)
    case = random_case(draw) if seed % 2 else random_event_case(draw)
    folder.mkdir()
    with ScriptedPeer(folder, PartitionFit()) as peer:
        scheduler = make_scheduler(f"batsim:{peer.endpoint}+timeout=20{options}")
        try:
            decider = scheduler.for_case(case)
        except InputError as error:
            assert "needs no cores" in str(error)
            return None
        result = rare.simulate(case, decider)
    done = [one for one in peer.events("JOB_COMPLETED") if one["data"]["return_code"] == 0]
    assert len(done) == result.metrics["jobs_completed"]
    assert [one["timestamp"] for one in done] == sorted(one["timestamp"] for one in done)
    return result.ended


def check_all(tmp_path, seeds):
    ends = [
        check(tmp_path / f"{seed}{options[1:3]}", seed, options)
        for seed in seeds
        for options in ("", "+power=machines")
    ]
    assert {"completed", "supply_end"} <= set(ends)


def test_random_cases_end_and_their_books_agree(tmp_path):
    check_all(tmp_path, range(20))


@pytest.mark.slow
def test_many_random_cases(tmp_path):
    check_all(tmp_path, range(20, 400))
