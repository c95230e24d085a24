"""A job table with columns of its own is run without a scenario file, and messages name what works."""

import pytest

from experiments.cli.root import main

JOBS = "# zone: Europe/Berlin\nid;at;minutes;cpus\na;01.04.2026 08:00:00;90;4\nb;01.04.2026 08:15:00;20;8\n"
MAPPING = """[columns.job_id]
column = "id"
[columns.submit_s]
column = "at"
[columns.work_s]
column = "minutes"
unit = "min"
[columns.cores]
column = "cpus"
"""
RUN = ["--workload", "table.csv", "--processors", "8"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(JOBS, encoding="utf-8")
    (tmp_path / "columns.toml").write_text(MAPPING, encoding="utf-8")


def test_a_run_reads_its_workload_through_a_mapping(table, stub):
    assert main(["simulate", *RUN, "--mapping", "columns.toml", "--json", "--quiet"]) == 0
    words = ["compare", *RUN, "--mapping", "columns.toml", "--scheduler", "fcfs,easy", "--json", "--quiet"]
    assert main(words) == 0
    assert stub.calls == ["easy", "fcfs", "easy"]


def test_its_refusal_names_the_option_that_the_command_has(table, capsys):
    assert main(["simulate", *RUN]) == 2
    err = capsys.readouterr().err
    assert "--mapping FILE.toml" in err and "workload.mapping" in err and err.count("\n") == 1
    assert main(["simulate", "--mapping", "columns.toml"]) == 2
    assert "give it with --workload FILE" in capsys.readouterr().err
    assert main(["simulate", *RUN, "--mapping", "opend"]) == 2
    assert "unknown mapping 'opend'" in capsys.readouterr().err


def test_a_table_that_could_be_of_jobs_or_of_power_is_refused_with_both_remedies(table, capsys):
    assert main(["traces", "show", "table.csv"]) == 2
    err = capsys.readouterr().err
    assert "declare --unit" in err and "if these are jobs, --mapping FILE.toml" in err
    assert main(["traces", "show", "table.csv", "--mapping", "columns.toml"]) == 0


@pytest.mark.parametrize("name", ["mW", "mw"])
def test_a_name_that_may_mean_milliwatts_declares_no_unit(table, name, capsys):
    with open("power.csv", "w", encoding="utf-8") as file:
        file.write(f"time,{name}\n2026-04-01T00:00Z,5\n2026-04-01T01:00Z,5\n")
    assert main(["traces", "show", "power.csv"]) == 2
    assert "no column name declares a unit" in capsys.readouterr().err
