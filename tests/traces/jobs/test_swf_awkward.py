"""SWF files as they are published: longer and shorter records, words for numbers, repeated records."""

import pytest

from traces import InputError, read_workload

TAIL = " -1 -1 -1 -1 -1 -1 -1"


def record(job=1, submit=0, run=10, status=1, tail=TAIL):
    return f"{job} {submit} -1 {run} 2 -1 -1 2 20 -1 {status}{tail}"


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines, end="\n", encoding="latin-1", **options):
        path = tmp_path / "a.swf"
        path.write_bytes((end.join(lines) + end).encode(encoding))
        return read_workload(path, **options)

    return read_lines


def test_fields_behind_the_18th_are_counted_and_not_used(read):
    lines = [record(1), record(2, tail=TAIL + " 7"), record(3, tail=TAIL + " GPU node[1-3] ; \xfc")]
    jobs = read(*lines)
    assert jobs.content_hash() == read(*(record(job) for job in (1, 2, 3))).content_hash()
    jobs = read(*lines, strict=True)  # a note: nothing of a job was changed
    found = jobs.report.notes["extra_fields"]
    assert (found.count, found.line, found.value) == (2, 2, "'7'")


def test_users_and_groups_may_be_words_and_so_may_fields_that_are_not_used(read):
    lines = [
        record(1, tail=" ann phys a.out batch main -1 -1"),
        record(2, tail=" 7 -1 -1 -1 -1 -1 -1"),
        record(3, tail=" ann inf -1 -1 -1 -1 -1"),
    ]
    jobs = read(*lines)
    assert jobs.user.tolist() == ["ann", "7", "ann"]
    assert jobs.group.tolist() == ["phys", "", "inf"]
    assert jobs.report.notes["word_not_used"].count == 3
    assert jobs.report.notes["names"].count == 4
    assert read(record(1, tail=" M\xfcller" + TAIL[3:]), encoding="latin-1").user.tolist() == ["Müller"]
    assert read(record(1, tail=" M\xfcller" + TAIL[3:]), encoding="utf-8").user.tolist() == ["Müller"]


def test_a_file_whose_lines_all_end_early_is_read(read):
    jobs = read(record(1, tail=" 5"), record(2, tail=" 6"))
    assert jobs.user.tolist() == ["5", "6"]
    assert jobs.group is None
    assert jobs.report.repairs["missing_fields"].count == 2
    with pytest.raises(InputError, match=r"a\.swf:2: has 12 fields, expected 18"):
        read(record(1), record(2, tail=" 6"))  # cut off


def test_a_record_that_stands_there_twice_is_skipped(read):
    jobs = read(record(1), record(2), record(1), record(3))
    assert jobs.job_id.tolist() == [1, 2, 3]
    found = jobs.report.skips["repeated_record"]
    assert (found.count, found.line, found.value) == (1, 3, "1")
    with pytest.raises(InputError, match=r"a\.swf:3: job number \(field 1\) 1 was given before"):
        read(record(1), record(2), record(1, run=11))


def test_parts_that_are_alike_are_parts_all_the_same(read):
    jobs = read(record(1, run=10, status=2), record(1, run=10, status=2), record(1, run=10, status=3))
    assert jobs.work_s.tolist() == [30]
    assert not jobs.report.skips


def test_comments_tabs_windows_line_ends_and_a_late_header(read):
    lines = [
        "\ufeff# converted by hand",
        record(1).replace(" ", "\t"),
        "; a comment between jobs",
        "",
        "  " + record(2, submit=5) + " \t",
        "; MaxProcs: 64",
        "; UnixStartTime: -5",
    ]
    jobs = read(*lines, end="\r\n", encoding="utf-8")
    assert (jobs.job_id.tolist(), jobs.submit_s.tolist(), jobs.work_s.tolist()) == ([1, 2], [0, 5], [10, 10])
    assert jobs.processors == 64
    assert jobs.origin_utc is None
    assert jobs.report.notes["header_UnixStartTime"].line == 7
