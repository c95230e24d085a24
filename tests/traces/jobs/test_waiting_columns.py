"""Jobs of our own formats that are given up, that wait for others, and whose they are."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traces.jobs.test_table import everything
from traces import InputError, Workload, read_workload, write_workload
from traces.jobs.job_cells import CellError, id_list_cell, id_lists
from traces.jobs.workload import NO_CANCEL_S

ALL = {"cancellations": "replay", "dependencies": "wait"}
HEAD = "job_id,submit_s,cores,work_s,estimate_s,"
FULL = (
    HEAD
    + """sensitivity,cancel_s,after,after_kind,think_s,user,group
a,0,4,60,60,0.35,40,,,,ann,physics
b,5,1,30,30,,,a,ok,90.5,bob,
c,6,1,30,30,1,,a; b,ANY,,,
"""
)
NEVER = NO_CANCEL_S


@pytest.fixture
def read(tmp_path):
    """Read this text as a CSV file, with every column in use unless told otherwise."""

    def read_text(text, **options):
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        return read_workload(tmp_path / "a.csv", **ALL | options)

    return read_text


def skips(jobs):
    return {code: (found.count, found.line) for code, found in jobs.report.skips.items()}


class TestColumns:
    def test_each_in_its_unit(self, read):
        jobs = read(FULL)
        assert jobs.sensitivity_milli.tolist() == [350, 1000, 1000]
        assert jobs.cancel_s.tolist() == [40, NEVER, NEVER]
        assert jobs.after.tolist() == [(), ("a",), ("a", "b")]
        assert jobs.after_any.tolist() == [True, False, True]
        assert jobs.think_s.tolist() == [0, 91, 0]  # rounded up, as work is
        assert (jobs.user.tolist(), jobs.group.tolist()) == (["ann", "bob", ""], ["physics", "", ""])
        assert jobs.report.repairs["decimal"].count == 1
        assert jobs.report.notes["dependencies"].count == 2

    def test_by_default_nobody_gives_up_and_nobody_waits(self, read):
        jobs = read(FULL, cancellations="skip", dependencies="ignore")
        assert jobs.job_id.tolist() == ["b", "c"]
        assert (jobs.cancel_s, jobs.after, jobs.after_any, jobs.think_s) == (None,) * 4
        assert skips(jobs) == {"cancelled_while_waiting": (1, 2)}
        assert jobs.report.notes["dependencies_ignored"].count == 2
        assert jobs.report.jobs_skipped == 1

    def test_columns_that_say_nothing_are_none(self, read):
        jobs = read(
            HEAD + "sensitivity,cancel_s,after,after_kind,think_s,user,group\n1,0,1,5,5,1.000,,,any,0,,\n"
        )
        assert [getattr(jobs, name) for name in ("sensitivity_milli", "cancel_s", "after", "after_any")] == (
            [None] * 4
        )
        assert (jobs.think_s, jobs.user, jobs.group) == (None, None, None)
        assert jobs.content_hash() == read(HEAD[:-1] + "\n1,0,1,5,5\n").content_hash()

    def test_ids_that_are_numbers_are_numbers_in_after(self, read):
        assert read(HEAD + "after\n1,0,1,5,5,\n2,0,1,5,5,1\n").after.tolist() == [(), (1,)]

    def test_a_job_may_wait_for_one_further_down(self, read):
        assert read(HEAD + "after\n1,0,1,5,5,2\n2,9,1,5,5,\n").after.tolist() == [(2,), ()]

    def test_a_cancelled_job_moves_with_the_clock(self, read):
        jobs = read(HEAD + "cancel_s\n1,-10,1,5,5,-4\n2,0,1,5,5,\n3,0,1,5,5,0\n")
        assert jobs.submit_s.tolist() == [0, 10, 10]
        assert jobs.cancel_s.tolist() == [6, NEVER, 10]

    def test_dates(self, read):
        text = "# start_utc: 2022-01-01T00:00:00Z\n" + HEAD + "cancel_s\n1,2022-01-01T00:00:10Z,1,5,5,"
        assert read(text + "2022-01-01T01:00:00Z\n").cancel_s.tolist() == [3600]

    def test_decimal_commas_and_semicolons(self, read):
        jobs = read(
            (HEAD + "sensitivity,after").replace(",", ";")
            + '\n1;0;1;5;5;0,5;\n2;0;1;5;5;;1\n3;0;1;5;5;;"1;2"\n'
        )
        assert jobs.sensitivity_milli.tolist() == [500, 1000, 1000]
        assert jobs.after.tolist() == [(), (1,), (1, 2)]

    def test_strict_refuses_what_is_skipped(self, read):
        with pytest.raises(InputError, match=r"a\.csv:2: given up .*cancelled_while_waiting"):
            read(FULL.replace("90.5", "90"), cancellations="skip", strict=True)
        assert len(read(FULL.replace("90.5", "90"), strict=True)) == 3

    def test_a_trace_of_cancelled_jobs_alone_says_how_to_read_it(self, read):
        with pytest.raises(InputError, match="every job has a cancel_s; give cancellations='replay'"):
            read(HEAD + "cancel_s\n1,0,1,5,5,3\n", cancellations="skip")


class TestMissingPredecessors:
    def test_an_unknown_id_is_an_error_that_names_it(self, read):
        with pytest.raises(InputError, match=r"a\.csv:3: after names '9', the id of no job"):
            read(HEAD + "after\n1,0,1,5,5,\n2,0,1,5,5,1 9\n")
        assert read(HEAD + "after\n1,0,1,5,5,9\n", dependencies="ignore").after is None

    def test_one_that_was_skipped_is_counted_and_not_waited_for(self, read):
        jobs = read(FULL, cancellations="skip")
        assert jobs.after.tolist() == [(), ("b",)]
        assert jobs.think_s is None  # of a job that waits for none any more
        found = jobs.report.repairs["predecessor_skipped"]
        assert (found.count, found.line, found.value) == (2, 3, "'a'")

    def test_nobody_waits_where_all_of_them_were_skipped(self, read):
        jobs = read(HEAD + "cancel_s,after,think_s\n1,0,1,5,5,9,,\n2,0,1,5,5,,1,7\n", cancellations="skip")
        assert (jobs.after, jobs.after_any, jobs.think_s) == (None, None, None)

    @pytest.mark.parametrize("has_ids", [True, False])
    def test_rows_that_a_mapping_skips_count_as_skipped(self, read, tmp_path, has_ids):
        fields = {"submit_s": "s", "work_s": "w", "cores": "n", "after": "a"} | (
            {"job_id": "j"} if has_ids else {}
        )
        mapping = "".join(f'[columns.{name}]\ncolumn = "{column}"\n' for name, column in fields.items())
        (tmp_path / "m.toml").write_text(mapping + '[skip]\nnever = "w"\n')
        jobs = read(
            "j,s,w,n,a\n1,0,,1,\n2,0,5,1,1\n3,0,5,1,2\n4,0,5,0,\n5,0,5,1,4\n", mapping=tmp_path / "m.toml"
        )
        assert jobs.job_id.tolist() == [2, 3, 5]
        assert jobs.after.tolist() == [(), (2,), ()]
        assert jobs.report.repairs["predecessor_skipped"].count == 2

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ([("1", "2"), ("2", "3"), ("3", "1")], r":2: .*'1' -> '2' -> '3' -> '1' \(lines 2, 3, 4\)"),
            ([("x", ""), ("y", "x y")], r":3: job 'y' waits for itself \(line 3\); leave out"),
            ([("1", "4"), ("2", "3"), ("3", "2"), ("4", "")], r":3: .*'2' -> '3' -> '2' \(lines 3, 4\)"),
        ],
    )
    def test_a_cycle_is_an_error_with_ids_and_lines(self, read, rows, said):
        text = HEAD + "after\n" + "".join(f"{job},0,1,5,5,{after}\n" for job, after in rows)
        with pytest.raises(InputError, match=said):
            read(text)
        assert len(read(text, dependencies="ignore")) == len(rows)

    def test_rows_of_parquet_are_named_as_rows(self, tmp_path):
        frame = pytest.importorskip("pandas").DataFrame(
            {"job_id": [1, 2], "submit_s": 0, "cores": 1, "work_s": 5, "after": ["2", "1"]}
        )
        frame.to_parquet(tmp_path / "w.parquet")
        with pytest.raises(InputError, match=r"w\.parquet row 1: .*\(rows 1, 2\)"):
            read_workload(tmp_path / "w.parquet", **ALL)


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("sensitivity", "-0.1", "sensitivity is -0.1; it must be 0 or more"),
        ("sensitivity", "1.001", "sensitivity is 1.001, more than 1"),
        ("sensitivity", "0.3333", "a multiple of 0.001"),
        ("sensitivity", "nan", "not a finite decimal number"),
        ("sensitivity", "80%", "not a finite decimal number"),
        ("cancel_s", "99", "cancel_s is 99, before the job's submit time"),
        ("cancel_s", "-1", "cancel_s is -1, before"),
        ("cancel_s", "inf", "not a finite"),
        ("cancel_s", "1e19", "too large"),
        ("after", "7 7", "names job '7' twice"),
        ("after", '"""7"', "write ids between spaces"),
        ("after", '"""7""8"', "write ids between spaces"),
        ("after", '""""""', "no job id"),
        ("after", "1\u20287", "which is no job id"),
        ("after", "7.0", "'7.0', the id of no job"),
        ("after_kind", "all", "write one of any, ok"),
        ("think_s", "-1", "think_s is -1; it must be 0 or more"),
        ("think_s", "1e13", "think_s is 10000000000000, more than"),
        ("think_s", "NaN", "not a finite"),
        ("think_s", "5", "think_s is 5 of a job that waits for no other"),
        ("user", "a\x01b", "cannot be printed"),
        ("group", "a\x01b", "cannot be printed"),
    ],
)
def test_a_hostile_cell_gives_one_line_that_names_it(read, column, cell, said):
    columns = ["after", "think_s"] if column == "think_s" else [column]
    columns = ["after", "after_kind"] if column == "after_kind" else columns
    cells = ["" if name == "after" and column != "after" else cell for name in columns]
    text = f"{HEAD}{','.join(columns)}\n7,100,1,5,5{',' * len(columns)}\n8,100,1,5,5,{','.join(cells)}\n"
    with pytest.raises(InputError) as caught:
        read(text)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert "a.csv:3: " in str(caught.value)


@pytest.mark.parametrize("column", ["after_kind", "think_s"])
def test_how_a_job_waits_needs_for_whom(read, tmp_path, column):
    with pytest.raises(InputError, match=f"{column} is given without after; give after"):
        read(f"{HEAD}{column}\n1,0,1,5,5,\n")
    fields = ("submit_s", "work_s", "cores", column)
    (tmp_path / "m.toml").write_text("".join(f'[columns.{name}]\ncolumn = "x"\n' for name in fields))
    with pytest.raises(InputError, match=rf"m\.toml: {column} is given without after"):
        read("x\n1\n", mapping=tmp_path / "m.toml")


class TestRoundTrip:
    def test_files_without_the_columns_are_the_bytes_they_were(self, tmp_path):
        write_workload(everything(), tmp_path / "w.csv")
        written = hashlib.sha256((tmp_path / "w.csv").read_bytes()).hexdigest()
        assert written == "70c8b0cf673379190afb0b949e81eb338b37c2afdd6f7fa1380e396cb40ff4d4"
        assert (
            everything().content_hash() == "366e73cecb4e40b22fce6dc5f91e9b7cd92feed06e7dcc13d2247c6ea94f9499"
        )

    @pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
    def test_what_is_written_is_read_back(self, tmp_path, suffix):
        jobs = Workload.from_columns(
            "w",
            submit_s=[0, 10**12, 10**12],
            work_s=[1, 2, 3],
            estimate_s=[1, 2, 3],
            job_id=["a b", 'c;"d', "7"],
            sensitivity_milli=[0, 1, 1000],
            cancel_s=[0, NO_CANCEL_S, NO_CANCEL_S - 1],
            after=[(), ("a b",), ('c;"d', "a b")],
            after_any=np.array([True, True, False]),
            think_s=[0, 10**12, 0],
            user=["", "ü, v", ""],
            group=["g;h", "", ""],
        )
        write_workload(jobs, tmp_path / f"w.{suffix}")
        again = read_workload(tmp_path / f"w.{suffix}", strict=True, **ALL)
        assert again.content_hash() == jobs.content_hash()
        assert again.after.tolist() == jobs.after.tolist()
        assert (again.user.tolist(), again.group.tolist()) == (jobs.user.tolist(), jobs.group.tolist())

    def test_only_columns_that_say_something_are_written(self, tmp_path):
        jobs = Workload.from_columns(
            "w", submit_s=[0], work_s=[1], sensitivity_milli=[1000], after=[()], user=["u"], group=[""]
        )
        write_workload(jobs, tmp_path / "w.csv")
        assert (tmp_path / "w.csv").read_text().splitlines()[
            -2
        ] == "job_id,submit_s,cores,work_s,estimate_s,user"

    def test_a_cut_chain_is_not_written(self, tmp_path):
        jobs = Workload.from_columns("w", submit_s=[0, 1], work_s=[1, 1], after=[(), (1,)]).select(1)
        with pytest.raises(InputError, match=r"wait for others that are not in the workload \(1\)"):
            write_workload(jobs, tmp_path / "w.csv")
        assert not (tmp_path / "w.csv").exists()

    def test_lists_in_parquet_are_ids(self, tmp_path):
        frame = pytest.importorskip("pandas").DataFrame(
            {"job_id": [1, 2, 3], "submit_s": 0, "cores": 1, "work_s": 5, "after": [[], [1], None]}
        )
        frame.to_parquet(tmp_path / "w.parquet")
        assert read_workload(tmp_path / "w.parquet", **ALL).after.tolist() == [(), (1,), ()]
        frame.assign(after=[[1.5], [1], None]).to_parquet(tmp_path / "w.parquet")
        with pytest.raises(InputError, match="row 1: column 'after' holds"):
            read_workload(tmp_path / "w.parquet", **ALL)
        frame.assign(cores=[[1], [1], [1]]).to_parquet(tmp_path / "w.parquet")
        with pytest.raises(InputError, match="row 1: column 'cores' holds"):
            read_workload(tmp_path / "w.parquet", **ALL)


PLAIN_IDS = st.text(alphabet="a1 ;\",'é\\", min_size=1, max_size=5).filter(lambda text: text == text.strip())


@given(st.lists(PLAIN_IDS, max_size=4, unique=True))
def test_any_ids_survive_their_cell(ids):
    assert id_lists("after", [id_list_cell(ids)]) == [tuple(ids)]


@given(st.text(alphabet='a1 ;"\t', max_size=8))
def test_any_cell_is_ids_or_an_error(cell):
    try:
        (ids,) = id_lists("after", [cell])
    except CellError:
        return
    assert len(set(ids)) == len(ids) and all(job == job.strip() for job in ids)
    assert id_lists("after", [id_list_cell(ids)]) == [ids]
