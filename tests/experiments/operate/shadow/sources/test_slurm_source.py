"""Queue and nodes by commands and by slurmrestd."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from experiments.operate.shadow.acting.slurm_answers import ControllerLost
from experiments.operate.shadow.polls import EndedJob, Poller, ended_jobs, job_extras
from experiments.operate.shadow.sources.slurm_source import CommandSource, RestSource, command_words
from traces.errors import InputError


def test_commands_give_a_snapshot(slurm_file):
    slurm_file.job(1, "RUNNING")
    slurm_file.job(2, resv_name="night", admin_comment="x")
    source = CommandSource(slurm_file.words("squeue"), slurm_file.words("sinfo"))
    poll = Poller(source).poll()
    assert [(job.job_id, job.state) for job in poll.snapshot.jobs] == [("1", "running"), ("2", "waiting")]
    assert poll.extras_of("2").reservation == "night"
    assert (poll.power, poll.feed_problem) == (None, "")


@pytest.mark.parametrize(
    ("change", "kind"), [({"down": True}, ControllerLost), ({"prints": {"squeue": "x"}}, InputError)]
)
def test_commands_that_fail(slurm_file, change, kind):
    slurm_file.change(**change)
    with pytest.raises(kind):
        Poller(CommandSource(slurm_file.words("squeue"), slurm_file.words("sinfo"))).poll()


def test_jobs_that_have_ended_are_told_with_their_times():
    rows = [
        {"job_id": 1, "job_state": "COMPLETED", "submit_time": 5, "start_time": 7, "end_time": 9},
        {"job_id": 2, "job_state": ["CANCELLED"], "submit_time": 5, "start_time": 9, "end_time": 9},
        {"job_id": 3, "job_state": "RUNNING", "submit_time": 5, "start_time": 7, "end_time": 99},
        {"job_id": 9, "job_state": "FAILED", "submit_time": 5, "start_time": {"set": True, "number": 7},
         "end_time": 8, "array_job_id": {"set": True, "number": 8},
         "array_task_id": {"set": True, "number": 0}},
    ]  # fmt: skip
    assert ended_jobs(json.dumps({"jobs": rows}).encode()) == (
        EndedJob("1", 5, 7, 9),
        EndedJob("2", 5, None, 9),
        EndedJob("8_0", 5, 7, 8),
    )
    assert set(job_extras(json.dumps({"jobs": rows}).encode())) == {"1", "2", "3", "9", "8_0"}


class Rest(BaseHTTPRequestHandler):
    """slurmrestd, as far as it is asked."""

    seen: list[dict[str, str]] = []  # noqa: RUF012
    status = 200

    def do_GET(self) -> None:
        self.seen.append({"path": self.path, **dict(self.headers)})
        self.send_response(self.status)
        self.end_headers()
        node = {"name": "n1", "cpus": 2, "state": "idle", "partitions": ["main"]}
        body = {"/slurm/v0.0.38/jobs": {"jobs": []}, "/slurm/v0.0.38/nodes": {"nodes": [node]}}
        self.wfile.write(json.dumps(body[self.path]).encode())

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "socket"


@pytest.fixture
def rest(tmp_path):
    """slurmrestd on a socket in the file system."""
    path = str(tmp_path / "rest.sock")
    Rest.seen, Rest.status = [], 200
    with socketserver.ThreadingUnixStreamServer(path, Rest) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"unix:{path}"
        server.shutdown()
        thread.join()


def test_slurmrestd_by_its_socket(rest, monkeypatch):
    monkeypatch.delenv("SLURM_JWT", raising=False)
    assert [part.name for part in Poller(RestSource(rest)).poll().snapshot.partitions] == ["main"]
    assert [one["path"] for one in Rest.seen] == ["/slurm/v0.0.38/jobs", "/slurm/v0.0.38/nodes"]
    assert not any("X-SLURM-USER-TOKEN" in one for one in Rest.seen)
    monkeypatch.setenv("SLURM_JWT", "t0ken")
    Poller(RestSource(rest)).poll()
    assert Rest.seen[-1]["X-SLURM-USER-TOKEN"] == "t0ken"


def test_slurmrestd_that_refuses_or_is_away(rest, tmp_path):
    Rest.status = 500
    with pytest.raises(InputError, match="status 500"):
        RestSource(rest).read()
    with pytest.raises(ControllerLost, match="cannot be asked"):
        RestSource(f"unix:{tmp_path}/none.sock").read()


def test_a_token_never_goes_out_in_clear_text(monkeypatch):
    monkeypatch.setenv("SLURM_JWT", "t0ken")
    with pytest.raises(InputError, match="clear text") as error:
        RestSource("http://cluster.example:6820")
    assert "t0ken" not in str(error.value)
    with pytest.raises(InputError, match="no version"):
        RestSource("http://127.0.0.1:6820", "../x")


def test_words_of_a_command():
    assert command_words("ssh 'a b' squeue", "--x") == ("ssh", "a b", "squeue")
    for text in ("", " ", "'", "a\0b"):
        with pytest.raises(InputError, match="--x"):
            command_words(text, "--x")
