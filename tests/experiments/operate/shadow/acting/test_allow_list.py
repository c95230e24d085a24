"""Whose jobs may be touched."""

from __future__ import annotations

import pytest

from experiments.operate.shadow.acting.allow_list import read_allow_list
from experiments.operate.shadow.polls import JobExtras
from experiments.operate.snapshots.cluster_snapshot import SnapshotJob
from traces.errors import InputError


def allow(tmp_path, text):
    path = tmp_path / "allow.toml"
    path.write_text(text)
    return read_allow_list(path)


def of(partitions, **fields):
    return JobExtras(partitions, **{"batch": True, **fields})


def job(name="7", **fields):
    return SnapshotJob(name, "waiting", 1, 1, 60, **{"user": "ann", "account": "a", "qos": "q", **fields})


def test_a_job_must_be_in_every_list_that_has_names(tmp_path):
    allowed = allow(tmp_path, 'partitions = ["test", "debug"]\nusers = ["ann"]')
    assert allowed.forbids(job(), of("test")) == ""
    assert allowed.forbids(job(), of("test,debug")) == ""
    assert allowed.forbids(job(), of("test,main")) == "partition not in the allow-list"
    assert allowed.forbids(job(user="bob"), of("test")) == "user not in the allow-list"


def test_accounts_and_qos(tmp_path):
    allowed = allow(tmp_path, 'accounts = ["a"]\nqos = ["q"]')
    assert allowed.forbids(job(), of("main")) == ""
    assert allowed.forbids(job(account="b"), of("main")) == "account not in the allow-list"
    assert allowed.forbids(job(qos="r"), of("main")) == "QOS not in the allow-list"


def test_root_reservations_and_heterogeneous_jobs_are_out_unless_named(tmp_path):
    allowed = allow(tmp_path, 'partitions = ["test"]')
    assert allowed.forbids(job(user="root"), of("test")) == "of root, or of nobody known"
    assert allowed.forbids(job(), of("test", reservation="night")) == "in a reservation"
    assert allowed.forbids(job("7+1"), of("test")) == "part of a heterogeneous job"
    more = allow(tmp_path, 'partitions = ["test"]\ninclude_root = true\ninclude_reservations = true')
    assert more.forbids(job(user="root"), of("test", reservation="night")) == ""


def test_jobs_with_a_deadline_and_interactive_ones_are_out(tmp_path):
    allowed = allow(tmp_path, 'partitions = ["test"]')
    assert allowed.forbids(job(), of("test", deadline=True)).startswith("with a deadline")
    assert allowed.forbids(job(), of("test", batch=False)) == "interactive"
    more = allow(tmp_path, 'partitions = ["test"]\ninclude_interactive = true')
    assert more.forbids(job(), of("test", batch=False)) == ""
    assert more.forbids(job(), of("test", deadline=True)) != ""


def test_only_holding_is_allowed_unless_suspending_is_named(tmp_path):
    assert allow(tmp_path, 'users = ["ann"]').actions == {"hold"}
    assert allow(tmp_path, 'users = ["ann"]\nactions = ["hold", "suspend"]').actions == {"hold", "suspend"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "names nobody"),
        ("partitions = []", "names nobody"),
        ('partitions = ["*"]', "without wildcards"),
        ('partitions = [""]', "without wildcards"),
        ('partitions = ["a,b"]', "without wildcards"),
        ('users = "ann"', "write a list of names"),
        ("users = [1]", "without wildcards"),
        ('user = ["ann"]', "key 'user' is unknown"),
        ('users = ["ann"]\nactions = []', "actions: none"),
        ('users = ["ann"]\nactions = ["cancel"]', "actions: 'cancel'"),
        ('users = ["ann"]\ninclude_root = "yes"', "write true or false"),
        ("users = [", "cannot be read as TOML"),
    ],
)
def test_a_list_that_is_not_clear_is_refused(tmp_path, text, line):
    with pytest.raises(InputError, match=line.replace("*", r"\*")) as error:
        allow(tmp_path, text)
    assert "allow.toml" in str(error.value)
