"""A scheduler behind the protocol that has RARE's rules gives RARE's starts; pybatsim's differ by rules."""

import pytest

import rare
from docs.scripts.batsim_comparison import (
    ANY_ORDER,
    FOLLOWS,
    PAIRS,
    TAKEN,
    Machine,
    compare,
    easy,
    greedy,
    reasons,
    summary,
    trace_case,
    why_greedy,
)
from docs.scripts.pybatsim_process import scheduler_file
from rare.scenario import build, load_scenario
from rare.scenario.load import Overrides
from schedulers import make_scheduler
from schedulers.batsim.interval_sets import format_interval_set
from tests.schedulers.batsim.scripted_peer import ScriptedPeer, event


class RulePeer:
    """Answers by a rule of RARE, in the state that the messages alone tell."""

    def __init__(self, cores, rule):
        self.machine, self.rule = Machine(cores), rule

    def __call__(self, message):
        for one in message["events"]:
            self.machine.apply(one)
        answer = []
        for name in self.rule(self.machine, message["now"]):
            size = next(job.cores for job in self.machine.waiting if job.name == name)
            cores = self.machine.free[:size]
            self.machine.start(name, message["now"], cores)
            answer.append(event(message, "EXECUTE_JOB", job_id=name, alloc=format_interval_set(cores)))
        return answer


def lublin(jobs):
    """Jobs of Lublin and Feitelson's model on a machine that is too small for them, with poor estimates."""
    model = {"model": "lublin", "processors": 32, "load": 1.1, "estimates": "tsafrir"}
    settings = tuple(f"workload.{key}={value}" for key, value in model.items())
    return build(load_scenario("plain", Overrides(jobs=f"0:{jobs}", settings=settings)), seed=0).case


def starts_of_both(case, rule, name, folder):
    with ScriptedPeer(folder, RulePeer(case.cluster.cores, rule)) as peer:
        theirs = rare.simulate(case, make_scheduler(f"batsim:{peer.endpoint}+timeout=30"))
    ours = rare.simulate(case, make_scheduler(name))
    return theirs.jobs["start_s"].tolist(), ours.jobs["start_s"].tolist()


@pytest.mark.parametrize(("rule", "name"), [(easy, "easy"), (greedy, "fcfs+greedy")])
def test_equal_rules_give_equal_starts(tmp_path, rule, name):
    theirs, ours = starts_of_both(lublin(150), rule, name, tmp_path)
    assert theirs == ours
    assert len(set(ours)) > 100


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "name"), [(easy, "easy"), (greedy, "fcfs+greedy")])
def test_so_they_do_on_a_thousand_jobs_of_a_trace(shared, tmp_path, rule, name):
    trace = shared / "data" / "workloads" / "KTH-SP2-1996-2.1-cln.swf.gz"
    theirs, ours = starts_of_both(trace_case(str(trace), 1000), rule, name, tmp_path)
    assert theirs == ours


def endpoint(folder, name):
    """An endpoint in a folder; skips where pybatsim is missing."""
    pytest.importorskip("zmq", reason="the extra `batsim` is not installed: pip install pyzmq")
    if scheduler_file(name) is None:
        pytest.skip("pybatsim is not installed: pip install --no-deps pybatsim, or set PYBATSIM_PYTHON")
    return f"ipc://{folder}/socket"


def test_pybatsims_filler_runs_in_a_process_of_its_own(tmp_path):
    case = lublin(40)
    table = compare(case, "fillerSched", endpoint(tmp_path, "fillerSched"))
    assert len(table) == 40 and table["their_start_s"].notna().all()
    assert (table["why"] == "").sum() >= 20
    assert summary(table).splitlines()[0].endswith("of 40 starts are equal")


@pytest.mark.slow
@pytest.mark.parametrize("theirs", PAIRS)
def test_each_difference_on_a_thousand_jobs_has_a_rule(shared, tmp_path, theirs):
    trace = shared / "data" / "workloads" / "KTH-SP2-1996-2.1-cln.swf.gz"
    table = compare(trace_case(str(trace), 1000), theirs, endpoint(tmp_path, theirs))
    differs = table["their_start_s"] != table["our_start_s"]
    assert (table["why"] != "").tolist() == differs.tolist()
    earliest = table[differs][["their_start_s", "our_start_s"]].min(axis=1).idxmin()
    assert table["why"][earliest] != FOLLOWS  # what comes first follows from nothing
    assert (table["why"] == "").sum() >= 400


def test_a_difference_is_put_down_to_the_state_in_which_it_arose():
    def submit(name, res):
        job = {"id": name, "res": res, "walltime": 100.0}
        return {"timestamp": 0.0, "type": "JOB_SUBMITTED", "data": {"job_id": name, "job": job}}

    talk = [
        (
            {"now": 0.0, "events": [submit("a", 2), submit("b", 1), submit("c", 3)]},
            {
                "now": 0.0,
                "events": [
                    {"timestamp": 0.0, "type": "EXECUTE_JOB", "data": {"job_id": "c", "alloc": "0-2"}},
                    {"timestamp": 0.0, "type": "EXECUTE_JOB", "data": {"job_id": "b", "alloc": "3"}},
                ],
            },
        )
    ]
    found = reasons(talk, 4, greedy, why_greedy)
    assert found == {"a": ANY_ORDER, "c": TAKEN}
