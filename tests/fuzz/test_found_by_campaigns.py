"""The smallest inputs of the faults that campaigns found, each read or refused in one line."""

import contextlib
import sqlite3

import pytest

from schedulers import make_scheduler
from traces.errors import InputError
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts


@pytest.mark.parametrize(
    "name", ["x" * 256 + ":1", "é" * 200 + "+guard=easy", "x" * 300, "rare+guard=" + "x" * 300, "\x1f" * 300]
)
def test_a_scheduler_name_longer_than_any_file_name(name, tmp_path, monkeypatch):
    """Whether there is a folder of that name cannot even be asked; the message does not repeat all of it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        make_scheduler(name)
    assert len(str(caught.value)) <= 800 and "\n" not in str(caught.value)


def test_a_database_whose_table_is_defined_by_no_text(tmp_path):
    """SQLite's own refusal quotes the definition, and cannot be decoded."""
    path = tmp_path / "slurm.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("create table slurm (JobID, Submit, Start, End, State, NCPUS)")
        connection.commit()
    path.write_bytes(path.read_bytes().replace(b"TABLE slurm", b"TABL\xc2 slurm"))
    with pytest.raises(InputError) as caught:
        read_accounts(path, SacctOptions(zone="UTC"))
    assert "slurm.db" in str(caught.value) and "Unicode" not in type(caught.value.__cause__).__name__
