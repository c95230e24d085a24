"""A scheduler that answers wrongly, late or not at all: one clear line, and the socket is closed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import rare
from experiments.cli.root import main
from rare.model import UNLIMITED_MW, Partition
from schedulers import make_scheduler
from schedulers.batsim.batsim_answers import ProtocolError, read_answer
from tests.builders import make_case
from tests.schedulers.batsim.scripted_peer import ScriptedPeer, event, submitted
from traces import InputError

NODE = Partition(nodes=4, cores_per_node=1, core_mw=10_000)


def two_jobs():
    jobs = [{"submit_s": 5, "cores": 2, "work_s": 10}, {"submit_s": 7, "cores": 2, "work_s": 10}]
    return make_case(jobs, NODE, [{"t": 0, "supply": UNLIMITED_MW}])


def failure(tmp_path, answer, options="+timeout=5"):
    """The line about a scheduler that answers so."""
    with ScriptedPeer(tmp_path, answer) as peer, pytest.raises(InputError) as caught:
        rare.simulate(two_jobs(), make_scheduler(f"batsim:{peer.endpoint}{options}"))
    text = str(caught.value)
    assert text.isprintable() and len(text) < 500 and peer.endpoint in text
    return text


def one(kind, **data):
    """Events of an answer with one of them."""
    return lambda message: [event(message, kind, **data)]


#: what a scheduler says of the first job, and what the line must hold
EVENTS = {
    "unknown job": (one("EXECUTE_JOB", job_id="w0!9", alloc="0-1"), "'w0!9': there is no such job"),
    "job to come": (one("EXECUTE_JOB", job_id="w0!2", alloc="0-1"), "'w0!2': there is no such job"),
    "job twice": (
        lambda m: [event(m, "EXECUTE_JOB", job_id="w0!1", alloc=cores) for cores in ("0-1", "2-3")],
        "'w0!1': the job is running",
    ),
    "too few cores": (one("EXECUTE_JOB", job_id="w0!1", alloc="0"), "has 1 resources, and the job needs 2"),
    "no such core": (one("EXECUTE_JOB", job_id="w0!1", alloc="3-4"), "the last one is 3"),
    "no set": (one("EXECUTE_JOB", job_id="w0!1", alloc="all"), "no interval set"),
    "empty set": (one("EXECUTE_JOB", job_id="w0!1", alloc=""), "names no resource"),
    "alloc as a list": (one("EXECUTE_JOB", job_id="w0!1", alloc=[0, 1]), "alloc of an event is a list"),
    "no alloc": (one("EXECUTE_JOB", job_id="w0!1"), "alloc of an event is nothing"),
    "an io job": (
        one("EXECUTE_JOB", job_id="w0!1", alloc="0-1", additional_io_job={}), "additional_io_job is not",
    ),
    "kill of a waiting job": (one("KILL_JOB", job_ids=["w0!1"]), "'w0!1': the job is waiting"),
    "kill of nothing": (one("KILL_JOB", job_ids="w0!1"), "not a list of texts"),
    "rejected twice": (
        lambda m: [event(m, "REJECT_JOB", job_id="w0!1")] * 2, "REJECT_JOB of 'w0!1': the job is over",
    ),
    "a call in the past": (one("CALL_ME_LATER", timestamp=1), "of 1 s, and it is 5 s: time runs backwards"),
    "a call at no time": (one("CALL_ME_LATER", timestamp="soon"), "is 'soon', not a time"),
    "a call in a million years": (one("CALL_ME_LATER", timestamp=1e14), "not a time"),
    "a call in ten years": (one("CALL_ME_LATER", timestamp=3e8), "is of 300000000 s, and "),
    "a new job": (one("REGISTER_JOB", job_id="d!1"), "REGISTER_JOB is not possible: a workload"),
    "a new profile": (one("REGISTER_PROFILE"), "REGISTER_PROFILE is not possible"),
    "temperature": (one("QUERY", requests={"air_temperature_all": {}}), "RARE knows consumed_energy"),
    "no question": (one("QUERY", requests={}), "not an object with one"),
    "completed by decree": (
        one("CHANGE_JOB_STATE", job_id="w0!1", job_state="COMPLETED_SUCCESSFULLY"), "RARE alone knows",
    ),
    "a state of no core": (one("SET_RESOURCE_STATE", resources="9", state="0"), "the last one is 3"),
    "metadata of nobody": (one("SET_JOB_METADATA", job_id="x", metadata=""), "there is no such job"),
    "unknown event": (one("RESOURCES_ADDED", resources="0"), "'RESOURCES_ADDED' is unknown; known are"),
    "unknown notification": (one("NOTIFY", type="hello"), "NOTIFY of 'hello' is unknown"),
    "a bell": (one("\a\n"), "is unknown"),
    "no data": (lambda m: [{"timestamp": m["now"], "type": "REJECT_JOB"}], "has nothing for data"),
    "no json": (lambda _: b"hello\0\xff", "its answer is no JSON"),
    "deep json": (lambda _: b"[" * 200_000, "its answer is no JSON"),
    "half of it": (lambda _: b'{"now": 5, "events": [', "its answer is no JSON"),
    "endless digits": (lambda _: b'{"now": ' + b"9" * 9000 + b"}", "its answer is no JSON"),
    "nothing in it": (lambda _: b"", "its answer is no JSON"),
    "thinks for ten years": (lambda _: b'{"now": 3e8, "events": []}', "the answer is of 300000000 s, and "),
    "a list": (lambda _: b"[]", "is a list, not an object"),
    "no time": (lambda _: b'{"events": []}', "now of the answer is nothing"),
    "not a number": (lambda _: b'{"now": NaN, "events": []}', "not a time in seconds"),
    "for ever": (lambda _: b'{"now": Infinity, "events": []}', "not a time in seconds"),
    "true": (lambda _: b'{"now": true, "events": []}', "not a time in seconds"),
    "no events": (lambda _: b'{"now": 5, "events": {}}', "events of the answer are an object"),
    "an event of no kind": (lambda _: b'{"now": 5, "events": [{"timestamp": 5}]}', "the type of an event"),
    "a word for an event": (lambda _: b'{"now": 5, "events": ["x"]}', "an event of the answer is 'x'"),
    "yesterday": (lambda _: b'{"now": 3, "events": []}', "is of 3 s, and it is 5 s: time runs backwards"),
    "an event of the past": (
        lambda m: [event(m, "REJECT_JOB", -2, job_id="w0!1")], "of 3 s, and it is 5 s: time runs backwards",
    ),
    "an event of the future": (
        lambda _: b'{"now": 5, "events": [{"timestamp": 6, "type": "NOTIFY", "data": {}}]}',
        "is of 6 s, and the answer of 5 s",
    ),
    "events in disorder": (
        lambda m: [event(m, "CALL_ME_LATER", late, timestamp=9) for late in (0.2, 0.1)], "after one of",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EVENTS)
def test_a_wrong_answer_is_one_clear_line(tmp_path, case):
    answer, part = EVENTS[case]
    text = failure(tmp_path, lambda m: answer(m) if "w0!1" in submitted(m) else [])
    assert part in text


def test_busy_cores_are_refused_with_the_second_and_the_core(tmp_path):
    text = failure(
        tmp_path, lambda m: [event(m, "EXECUTE_JOB", job_id=job, alloc="0-1") for job in submitted(m)]
    )
    assert "at 7 s: EXECUTE_JOB of 'w0!2': alloc '0-1' has the resource 0, which another job holds" in text


def test_its_end_midway_is_noticed_at_once(tmp_path):
    began_s = time.monotonic()
    text = failure(tmp_path, lambda m: None if submitted(m) else [], "+timeout=60")
    assert "closed its connection without an answer" in text
    assert time.monotonic() - began_s < 30


def test_nobody_there_and_nobody_answering_are_told_apart(tmp_path):
    zmq = pytest.importorskip("zmq")
    name = f"batsim:ipc://{tmp_path}/nobody+timeout=0.3"
    with pytest.raises(InputError, match=r"nobody listens there after 0\.3 s"):
        rare.simulate(two_jobs(), make_scheduler(name))
    context = zmq.Context()
    deaf = context.socket(zmq.REP)
    deaf.bind(f"ipc://{tmp_path}/deaf")
    try:
        with pytest.raises(InputError, match=r"no answer within 0\.5 s"):
            rare.simulate(two_jobs(), make_scheduler(f"batsim:ipc://{tmp_path}/deaf+timeout=0.5"))
    finally:
        context.destroy(linger=0)


def test_one_that_asks_for_calls_for_ever_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("schedulers.batsim.batsim_clock._MOST_IDLE", 20)
    text = failure(tmp_path, lambda m: [event(m, "CALL_ME_LATER", timestamp=m["now"] + 1)])
    assert "20 calls in a row" in text


def test_one_that_goes_on_within_a_second_is_stopped(tmp_path):
    text = failure(
        tmp_path, lambda m: [event(m, "QUERY", requests={"consumed_energy": {}})] if m["now"] else []
    )
    assert "more than 1000 messages at 5 s" in text


def test_pyzmq_is_asked_for_where_it_lacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "zmq", None)
    with pytest.raises(InputError, match="needs pyzmq .*install the extra 'batsim'"):
        rare.simulate(two_jobs(), make_scheduler("batsim:ipc://none"))


def test_random_answers_never_escape_as_another_error():
    import random

    draw = random.Random(1)
    names = ["EXECUTE_JOB", "REJECT_JOB", "CALL_ME_LATER", "QUERY", "NOTIFY", "KILL_JOB", "x", None, 3]
    odd = [None, True, -1, 5, 10**400, 1e308, float("nan"), "", "w0!1", "0-1", [], {}, [[]], {"a": 1}]
    for _ in range(3000):
        data = {
            key: draw.choice(odd) for key in ("job_id", "alloc", "timestamp", "job_ids", "requests", "type")
        }
        events = [
            {
                "timestamp": draw.choice([5, *odd]),
                "type": draw.choice(names),
                "data": draw.choice([data, *odd]),
            }
        ]
        message = draw.choice(
            [{"now": draw.choice([5, 6.5, *odd]), "events": draw.choice([events, *odd])}, *odd]
        )
        try:
            read_answer(message, 5)
        except ProtocolError as error:
            assert len(str(error)) < 400


COMMAND = [sys.executable, "-m", "experiments.cli", "simulate", "--scenario", "tiny", "--scheduler"]


def test_the_command_ends_with_one_line_and_code_2(tmp_path, capsys):
    pytest.importorskip("zmq")
    name = f"batsim:ipc://{tmp_path}/nobody+timeout=0.2"
    assert main(["simulate", "--scenario", "tiny", "--scheduler", name, "--quiet"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].endswith("one for each run")


@pytest.mark.slow
def test_an_interruption_closes_the_socket(tmp_path):
    """Ctrl-C while the other program thinks: the command ends, and its side of the connection is gone."""
    zmq = pytest.importorskip("zmq")
    asked, gone = threading.Event(), threading.Event()
    context = zmq.Context()
    deaf = context.socket(zmq.REP)
    monitor = deaf.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    deaf.bind(f"ipc://{tmp_path}/deaf")
    command = subprocess.Popen(
        [*COMMAND, f"batsim:ipc://{tmp_path}/deaf"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert deaf.poll(60_000)
        assert json.loads(deaf.recv())["events"][0]["type"] == "SIMULATION_BEGINS"
        asked.set()
        command.send_signal(signal.SIGINT)
        errors = command.communicate(timeout=30)[1]
        if monitor.poll(10_000):
            gone.set()
    finally:
        command.kill()
        deaf.disable_monitor()
        context.destroy(linger=0)
    assert asked.is_set() and gone.is_set()
    assert "interrupted" in errors and "Traceback" not in errors
    assert command.returncode in (130, -signal.SIGINT)
