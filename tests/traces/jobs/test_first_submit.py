"""A trace that begins before second 0: all times move, and absolute instants stay what they were."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from traces import InputError, read_workload

ORIGIN = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)  # 10^9 s


def swf(*submits, header="; UnixStartTime: 1000000000\n"):
    lines = (f"{n} {submit} -1 10 -1 -1 -1 2 20 -1 1 {'-1 ' * 7}" for n, submit in enumerate(submits, 1))
    return header + "\n".join(lines) + "\n"


def csv(*submits, header="# start_utc: 2001-09-09T01:46:40Z\n"):
    rows = (f"{n},{submit},2,10,20," for n, submit in enumerate(submits, 1))
    return header + "job_id,submit_s,cores,work_s,estimate_s,deadline_s\n" + "\n".join(rows) + "\n"


def parquet(path, *submits):
    import pyarrow.parquet

    count = len(submits)
    table = pyarrow.table(
        {
            "job_id": list(range(1, count + 1)),
            "submit_s": list(submits),
            "cores": [2] * count,
            "work_s": [10] * count,
            "estimate_s": [20] * count,
        }
    ).replace_schema_metadata({"start_utc": "2001-09-09T01:46:40Z"})
    pyarrow.parquet.write_table(table, path)


@pytest.fixture(params=["swf", "csv", "parquet", "mapping"])
def read(request, tmp_path):
    """Read a trace of these submit times, of any format; its time 0 is ORIGIN."""

    def read_submits(*submits, **options):
        kind = request.param
        path = tmp_path / f"a.{kind}"
        if kind == "parquet":
            parquet(path, *submits)
        elif kind == "mapping":
            path = tmp_path / "a.csv"
            path.write_text(csv(*submits).replace("submit_s", "arrived").replace("estimate_s", "asked"))
            columns = {"job_id": "job_id", "submit_s": "arrived", "cores": "cores", "work_s": "work_s"}
            columns["estimate_s"] = "asked"
            text = "".join(f'[columns.{key}]\ncolumn = "{name}"\n' for key, name in columns.items())
            (tmp_path / "m.toml").write_text(text)
            options["mapping"] = tmp_path / "m.toml"
        else:
            path.write_text(swf(*submits) if kind == "swf" else csv(*submits))
        return read_workload(path, **options)

    return read_submits


@pytest.mark.parametrize(
    ("submits", "expected", "count"),
    [
        ((-1, 0, 30), [0, 1, 31], 1),
        ((-1, -1, 30), [0, 0, 31], 2),
        ((-3600, -10, 5), [0, 3590, 3605], 2),
        ((40, -7, -2), [0, 5, 47], 2),  # not sorted, the smallest not first
        ((0, 20, -5), [0, 5, 25], 1),
    ],
)
def test_all_times_move_and_it_is_counted(read, submits, expected, count):
    jobs = read(*submits)
    assert jobs.submit_s.tolist() == expected
    found = jobs.report.repairs["negative_submit"]
    assert (found.count, jobs.report.shift_s) == (count, -min(submits))
    assert str(-min(submits)) in found.text
    instants = [ORIGIN + timedelta(seconds=submit) for submit in sorted(submits)]
    assert [jobs.utc(submit_s) for submit_s in jobs.submit_s.tolist()] == instants


def test_a_trace_from_second_0_on_stays_as_it_is(read):
    jobs = read(0, 7)
    assert (jobs.submit_s.tolist(), jobs.report.shift_s, jobs.origin_utc) == ([0, 7], 0, ORIGIN)
    assert jobs.report.repairs == {}
    assert read(5, 7).submit_s.tolist() == [5, 7]


def test_strict_refuses_and_names_the_first_such_record(read):
    with pytest.raises(InputError, match=r"(:\d|row 1): .*moved by 5 s.*\(negative_submit\)"):
        read(-5, 3, strict=True)


def test_decimals_round_down_before_the_shift(tmp_path):
    (tmp_path / "a.csv").write_text(csv("-0.5", "0.5"))
    assert read_workload(tmp_path / "a.csv").submit_s.tolist() == [0, 1]
    (tmp_path / "a.swf").write_text(swf("-0.5", "0.5"))
    assert read_workload(tmp_path / "a.swf").submit_s.tolist() == [0, 1]


def test_deadlines_move_alike_and_none_stays_none(tmp_path):
    text = (
        csv(-10, -5, 0)
        .replace("1,-10,2,10,20,", "1,-10,2,10,20,-4")
        .replace("3,0,2,10,20,", "3,0,2,10,20,60")
    )
    (tmp_path / "a.csv").write_text(text)
    jobs = read_workload(tmp_path / "a.csv")
    plain = read_workload(_same_later(tmp_path, text))
    assert jobs.deadline_s.tolist() == [6, plain.deadline_s[1], 70]
    shifted = dataclasses.replace(plain, origin_utc=jobs.origin_utc)
    assert jobs.content_hash() == shifted.content_hash()


def _same_later(folder, text):
    """The same trace as its author would have written it with a clock that is 10 s further."""
    path = folder / "b.csv"
    text = text.replace("1,-10,2,10,20,-4", "1,0,2,10,20,6").replace("2,-5,", "2,5,")
    path.write_text(text.replace("3,0,2,10,20,60", "3,10,2,10,20,70"))
    return path


def test_a_skipped_record_moves_nothing(tmp_path):
    line = "9 -5 -1 -1 -1 -1 -1 2 20 -1 1 " + "-1 " * 7 + "\n"
    (tmp_path / "a.swf").write_text(line + swf(0, 3))
    jobs = read_workload(tmp_path / "a.swf")
    assert (jobs.submit_s.tolist(), jobs.report.shift_s) == ([0, 3], 0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (swf(-(10**12) - 1, 0), ["a.swf:2", "-1000000000001"]),
        (swf(-5, 10**12), ["a.swf:3", "1000000000000", "-5"]),
        (swf(-4_000_000_000, 0), ["a.swf:2", "-4000000000", "1900"]),
    ],
)
def test_beyond_every_calendar_is_an_error(tmp_path, text, parts):
    (tmp_path / "a.swf").write_text(text)
    with pytest.raises(InputError) as caught:
        read_workload(tmp_path / "a.swf")
    assert [part for part in parts if part not in str(caught.value)] == []


def test_without_a_calendar_only_the_times_move(tmp_path):
    (tmp_path / "a.swf").write_text(swf(-4_000_000_000, 0, header=""))
    jobs = read_workload(tmp_path / "a.swf")
    assert (jobs.submit_s.tolist(), jobs.origin_utc) == ([0, 4_000_000_000], None)


def test_a_start_that_the_scenario_gives_is_that_of_the_files_second_0(tmp_path):
    from rare.scenario.case_builder import build
    from rare.scenario.load import load_scenario

    (tmp_path / "a.swf").write_text(swf(-100, 0))
    workload = (
        f'[workload]\nfile = "{tmp_path / "a.swf"}"\nprocessors = 4\nstart_utc = "2020-01-01T00:00:00Z"\n'
    )
    (tmp_path / "s.toml").write_text(workload)
    built = build(load_scenario(str(tmp_path / "s.toml")), seed=0)
    jobs = built.case.workload
    assert [note for note in built.warnings if "100 s before its second 0" in note]
    assert jobs.utc(int(jobs.submit_s[-1])) == datetime(2020, 1, 1, tzinfo=UTC)
