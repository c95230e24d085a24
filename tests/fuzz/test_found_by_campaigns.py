"""The smallest inputs of the faults that campaigns found, each read or refused in one line."""

import contextlib
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from energy.datacenter.speed_levels import load_speed_levels
from experiments.cli.root import main
from experiments.operate.shadow.shadow_log import LogCounts, read_log
from experiments.page_makers import redraw_page
from experiments.process.atomic_output import check_place
from experiments.report.html_report import write_report
from experiments.report.timeline.packed_columns import WIDTHS, pack_numbers
from schedulers import make_scheduler
from tests.experiments.fake_runs import fake_run
from tests.experiments.operate.shadow.made_logs import made_log
from traces.errors import InputError
from traces.jobs.sacct.sacct_options import SacctOptions
from traces.jobs.sacct.sacct_reader import read_accounts

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize("largest", [1e14, 1.5e14, 1e19, 1e300, 1.7e308])
@pytest.mark.parametrize("quantum", [1.0, 1e-6])
def test_numbers_of_any_size_are_packed_with_fewer_digits(largest, quantum):
    """A job worth 150 million is a number of 48 bits in millionths: the report ended as a bug in rare."""
    for differences in (False, True):
        packed = pack_numbers(
            np.array([-largest, 0, np.nan, largest]), quantum=quantum, differences=differences
        )
        assert packed["w"] in WIDTHS and packed["q"] * 2.0**46 >= largest
    assert pack_numbers(np.array([7e13]), quantum=1.0)["q"] == 1.0


def test_a_report_of_jobs_with_times_beyond_any_run(tmp_path):
    fake_run(tmp_path / "run", 4)
    path = tmp_path / "run" / "jobs.csv"
    first, *rows = path.read_text("utf-8").splitlines()
    column = first.split(",").index("submit_s")
    cells = rows[0].split(",")
    cells[column] = "1e99"
    path.write_text("\n".join([first, ",".join(cells), *rows[1:]]) + "\n", "utf-8")
    assert write_report(tmp_path / "run", redraw=False).is_file()


def test_a_report_of_no_name_is_not_that_of_the_current_folder(tmp_path, monkeypatch):
    fake_run(tmp_path, 4)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is no name of a file or folder"):
        redraw_page("")


def test_a_log_whose_instant_is_infinite(tmp_path):
    made_log(tmp_path / "log", [(0, 2, 300)], polls=3)
    path = next((tmp_path / "log").glob("observed-*.jsonl"))
    lines = path.read_text("utf-8").splitlines()
    lines[1] = re.sub(r'"at_s": [0-9.]+', '"at_s": 1e400', lines[1])
    path.write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(InputError, match=r"jsonl:2: is no record of a shadow's log"):
        list(read_log(tmp_path / "log", LogCounts()))


def test_an_import_without_a_name_for_its_jobs_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sacct = ROOT / "examples" / "own-cluster" / "sacct.txt"
    assert main(["traces", "import", "sacct", str(sacct), "--zone", "UTC", "--out", ""]) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_output_through_a_folder_that_is_not_there_is_refused_before_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in ("none/../run", "../none/../run"):
        with pytest.raises(InputError, match=r"does not exist; name the place without \.\."):
            check_place(out)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    check_place("there/../run/deeper")


def test_a_long_name_of_speed_levels_is_cut_in_messages(tmp_path):
    path = tmp_path / "levels.toml"
    path.write_text(f"[{'a9' * 1000}]\nrate = [0.5]\n{'b' * 2000} = 1\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_speed_levels(path)
    assert len(str(refused.value)) < 500
