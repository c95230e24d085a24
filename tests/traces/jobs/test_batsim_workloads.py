"""Workloads of Batsim: jobs and profiles in JSON, told by content."""

import json

import pytest

from traces import InputError, read_workload


def document(*jobs, **more):
    """A workload with these jobs and profiles for them."""
    profiles = {
        "short": {"type": "delay", "delay": 10},
        "half": {"type": "DelayProfile", "delay": 10.5},
        "flop": {"type": "parallel_homogeneous", "cpu": 3e9, "com": 0},
        "talks": {"type": "ParallelTaskHomogeneousProfile", "cpu": 3e9, "com": 1e6},
        "total": {"type": "parallel_homogeneous_total", "cpu": 6e9},
        "smpi": {"type": "smpi", "trace": "x"},
        "ptask": {"type": "parallel", "cpu": [1, 2], "com": [0, 0, 0, 0]},
        "list": [],
        "long": {"type": "delay", "delay": 1e13},
        "none": {"type": "delay"},
        "back": {"type": "delay", "delay": -1},
    }
    return {"command": "x", "nb_res": 8, "jobs": list(jobs), "profiles": profiles, **more}


def job(number, profile="short", **more):
    return {"id": number, "subtime": 0, "res": 2, "walltime": 20, "profile": profile, **more}


@pytest.fixture
def read(tmp_path):
    def read_document(content, name="jobs.json", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return read_workload(path, **options)

    return read_document


def test_jobs_and_what_was_made_up(read):
    jobs = read(
        document(
            job("w0!7", subtime=5.9),
            job(3, "half", subtime=2, walltime=-1),
            job("b", "half", walltime=30.2, res=1),
        )
    )
    assert jobs.job_id.tolist() == ["b", "3", "7"]
    assert jobs.submit_s.tolist() == [0, 2, 5]
    assert jobs.work_s.tolist() == [11, 11, 10]
    assert jobs.estimate_s.tolist() == [31, 11, 20]
    assert jobs.cores.tolist() == [1, 2, 2]
    assert (jobs.processors, jobs.estimates) == (8, "user")
    counts = {code: found.count for code, found in jobs.report.repairs.items()}
    assert counts == {"estimate_from_run_time": 1, "decimal": 4, "out_of_order": 2}
    assert read(document(job(1, walltime=None))).estimates == "run_time"
    with pytest.raises(InputError, match=r"jobs\.json job 1: subtime is a decimal"):
        read(document(job(1, subtime=0.5)), strict=True)


def test_a_first_submit_before_second_0_moves_all_times(read):
    jobs = read(document(job(1, subtime=-3), job(2, subtime=4)))
    assert jobs.submit_s.tolist() == [0, 7]
    assert jobs.report.shift_s == 3


def test_computing_takes_time_at_the_speed_that_the_file_states(read):
    rows = (job(1, "flop"), job(2, "talks"), job(3, "total"))
    jobs = read(document(*rows, rare_speed_flops=1e8))
    assert jobs.work_s.tolist() == [30, 30, 30]
    assert jobs.report.notes["communication_left_out"].count == 1
    with pytest.raises(InputError, match=r'job 1: .*3e\+09 flop.*missing; add "rare_speed_flops"'):
        read(document(*rows))
    spread = document(job(1, "talks"), rare_speed_flops=1e8)
    spread["profiles"]["talks"]["generation_strategy"] = "DefinedAmountsSpreadUniformly"
    assert read(spread).work_s.tolist() == [15]


WRONG = {
    "no job": (document(), "has no jobs"),
    "jobs in an object": ({"nb_res": 1, "jobs": {}, "profiles": {}}, "is no workload of Batsim"),
    "no profiles": ({"jobs": [job(1)], "profiles": 3}, "is no workload of Batsim"),
    "a number for a job": (document(5), "job 1: is 5"),
    "no id": (document({**job(1), "id": None}), "job 1: id is missing"),
    "a bell for an id": (document(job("a\a")), "job 1: id is"),
    "true for an id": (document(job(True)), "job 1: id is True"),
    "an id twice": (document(job(1), job("w0!1")), "job 2: id '1' was given before, by job 1"),
    "no subtime": (document(job(1), job(2, subtime=None)), "job 2: subtime is missing"),
    "a word for a time": (document(job(1, subtime="0")), "job 1: subtime is '0'"),
    "a time beyond all calendars": (document(job(1, subtime=1e13)), "job 1: subtime is"),
    "no resource": (document(job(1, res=0)), "job 1: res is 0"),
    "half a resource": (document(job(1, res=1.5)), "job 1: res is 1.5"),
    "resources without end": (document(job(1, res=10**15)), "job 1: res is"),
    "a walltime of -2": (document(job(1, walltime=-2)), "job 1: walltime is -2"),
    "a machine of no size": (document(job(1), nb_res=0), "nb_res is 0"),
    "half a machine": (document(job(1), nb_res=1.5), "nb_res is 1.5"),
    "no such profile": (document(job(1, "x")), "job 1: its profile 'x' is none"),
    "a profile that is a list": (document(job(1, "list")), "job 1: its profile 'list' is none"),
    "a list for a profile": (document(job(1, ["short"])), "job 1: its profile"),
    "smpi": (document(job(1, "smpi")), "of type 'smpi', whose run time RARE cannot tell; known are delay"),
    "a matrix": (document(job(1, "ptask")), "of type 'parallel'"),
    "a delay for ever": (document(job(1, "long")), "job 1: delay of its profile"),
    "a delay without one": (document(job(1, "none")), "delay of its profile is missing"),
    "a delay that goes back": (document(job(1, "back")), "takes -1 s"),
    "a speed of 0": (document(job(1, "flop"), rare_speed_flops=0), "rare_speed_flops is 0"),
    "cut off": (json.dumps(document(job(1))).encode()[:-9], "not whole JSON"),
    "endless digits": (b'{"profiles": {}, "jobs": [' + b"9" * 9000 + b"]}", "digits"),
    "deep": (b'{"profiles": {}, "jobs": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
    "not utf-8": (b'{"profiles": {}, "jobs": ["\xff"]}', "UTF-8"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_clear_line(read, case):
    content, part = WRONG[case]
    with pytest.raises(InputError) as caught:
        read(content)
    text = str(caught.value)
    assert "jobs.json" in text and part in text
    assert text.isprintable() and len(text) < 500


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": 1}', b"x", b'{"jobs": 1}'])
def test_other_json_is_not_taken_for_a_workload(read, content):
    with pytest.raises(InputError, match=r"jobs\.json: unknown format|empty"):
        read(content)


def test_the_keys_may_stand_at_the_end_of_a_long_file_and_the_format_may_be_named(read):
    filler = {"description": "x" * 200_000}
    assert len(read(json.dumps({**filler, **document(job(1))}).encode())) == 1
    assert len(read(document(job(1)), name="jobs.txt", format="batsim")) == 1
