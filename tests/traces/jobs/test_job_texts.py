"""Tables of jobs as spreadsheets save them: decimal commas, dates, empty columns; zones of a fixed offset."""

from datetime import UTC, datetime

import pytest

from traces.errors import InputError
from traces.jobs.job_files import read_workload, write_workload
from traces.jobs.workload import NO_DEADLINE_S

ZONE = "# zone: Europe/Berlin"
NAMES = "job_id;submit_s;cores;work_s;power_w;deadline_s"


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file and returns its path."""

    def write_lines(*lines):
        path = tmp_path / "jobs.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines


def refusal(path, **options):
    with pytest.raises(InputError) as caught:
        read_workload(path, **options)
    message = str(caught.value)
    assert "\n" not in message and "=" not in message  # no arguments of another reader
    return message


class TestDecimalCommas:
    def test_with_semicolons(self, write):
        jobs = read_workload(write("sep=;", NAMES, "1;0;4;1.234,5;850,5;", "2;60;4;100;1,25;3600"))
        assert jobs.work_s.tolist() == [1235, 100]
        assert jobs.power_mw.tolist() == [850_500, 1250]
        assert jobs.deadline_s.tolist() == [NO_DEADLINE_S, 3600]
        assert jobs.report.notes["decimal_comma"].line == 3

    def test_points_stay_points(self, write):
        jobs = read_workload(write(NAMES, "1;0;4;1.234;850.5;"))
        assert (jobs.work_s.tolist(), jobs.power_mw.tolist()) == ([2], [850_500])
        assert "decimal_comma" not in jobs.report.notes

    def test_a_comma_that_may_group_thousands(self, write):
        message = refusal(write(NAMES, "1;0;4;1,234;1;"))
        assert "jobs.csv:2: '1,234' may be 1234 or 1.234" in message and "without grouping" in message

    def test_commas_and_points_in_one_file(self, write):
        assert "decimal comma" in refusal(write(NAMES, "1;0;4;1,5;2.5;"))

    def test_a_comma_below_many_rows_with_points_is_refused(self, write, monkeypatch):
        monkeypatch.setattr("traces.jobs.readers.csv_jobs._CHUNK_ROWS", 2)
        rows = [f"{job};{job};4;1.5;1;" for job in range(4)]
        assert ":6: work_s is '1,5'" in refusal(write(NAMES, *rows, "9;9;4;1,5;1;"))

    def test_the_mark_of_a_later_chunk(self, write, monkeypatch):
        monkeypatch.setattr("traces.jobs.readers.csv_jobs._CHUNK_ROWS", 2)
        rows = [f"{job};{job};4;3;1;" for job in range(4)]
        assert read_workload(write(NAMES, *rows, "9;9;4;1,5;1;")).work_s.tolist() == [3, 3, 3, 3, 2]


class TestDates:
    def test_become_seconds_and_a_calendar(self, write):
        jobs = read_workload(
            write(ZONE, NAMES, "1;01.02.2024 08:00;4;5;;02.02.2024 08:00", "2;01.02.2024 08:00:30;4;5;;")
        )
        assert jobs.submit_s.tolist() == [0, 30]
        assert jobs.deadline_s.tolist() == [86_400, NO_DEADLINE_S]
        assert jobs.origin_utc == datetime(2024, 2, 1, 7, tzinfo=UTC)
        assert jobs.report.notes["dates"].line == 3

    def test_with_offsets_and_commas_between_cells(self, write):
        jobs = read_workload(
            write(
                "job_id,submit_s,cores,work_s", "1,2024-02-01T09:00+01:00,1,5", "2,2024-02-01T10:00+01:00,1,5"
            )
        )
        assert jobs.submit_s.tolist() == [0, 3600] and jobs.origin_utc == datetime(2024, 2, 1, 8, tzinfo=UTC)

    def test_dates_without_a_time_of_day(self, write):
        jobs = read_workload(write(ZONE, NAMES, "1;30.03.2024;4;5;;", "2;01.04.2024;4;5;;"))
        assert jobs.submit_s.tolist() == [0, 47 * 3600]  # across the day of 23 hours

    def test_count_from_the_stated_start(self, write):
        jobs = read_workload(
            write("# start_utc: 2024-02-01T00:00:00Z", ZONE, NAMES, "1;01.02.2024 08:00;4;5;;")
        )
        assert jobs.submit_s.tolist() == [7 * 3600] and jobs.origin_utc == datetime(2024, 2, 1, tzinfo=UTC)

    def test_newest_first_is_sorted(self, write):
        jobs = read_workload(write(ZONE, NAMES, *(f"{day};0{day}.02.2024 08:00;4;5;;" for day in (3, 2, 1))))
        assert jobs.job_id.tolist() == [1, 2, 3] and jobs.submit_s.tolist() == [0, 86_400, 172_800]

    def test_a_run_time_between_two_dates(self, write, tmp_path):
        mapping = tmp_path / "sacct.toml"
        mapping.write_text(
            '[columns.submit_s]\ncolumn = "Submit"\n[columns.cores]\ncolumn = "NCPUS"\n'
            '[columns.work_s]\ncolumn = "End"\nminus = "Start"\n[file]\nzone = "Europe/Berlin"\n',
            encoding="utf-8",
        )
        path = write(
            "Submit,Start,End,NCPUS", "2024-03-31T00:30:00,2024-03-31T01:30:00,2024-03-31T03:30:00,8"
        )
        assert read_workload(path, mapping=mapping).work_s.tolist() == [3600]  # clocks went forward

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ((NAMES, "1;01.02.2024 08:00;4;5;;"), ":2: '01.02.2024 08:00' has no offset: name the zone in a"),
            (
                (ZONE, NAMES, "1;31.03.2024 02:30;4;5;;"),
                ":3: '31.03.2024 02:30' does not exist in Europe/Berlin",
            ),
            ((ZONE, NAMES, "1;01/02/2024 08:00;4;5;;"), ":3: .*means one day only"),
            (
                (ZONE, NAMES, "1;01.02.2024 08:00;4;5;;", "2;17;4;5;;"),
                ":4: '17' is not a time stamp like those",
            ),
            (
                (ZONE, NAMES, "1;0;4;5;;01.02.2024 08:00"),
                ":3: column 'deadline_s' holds dates and 'submit_s' does not",
            ),
            ((ZONE, NAMES, "1;08:00;4;5;;"), ":3: '08:00' is not a time stamp"),
        ],
    )
    def test_refused_with_a_remedy(self, write, lines, said):
        path = write(*lines)
        with pytest.raises(InputError, match=said):
            read_workload(path)

    def test_an_hour_that_occurs_twice_is_a_repair(self, write):
        path = write(ZONE, NAMES, "1;27.10.2024 02:30;4;5;;")
        assert read_workload(path).origin_utc == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
        assert "occurs twice" in refusal(path, strict=True)


class TestEmptyColumns:
    def test_at_the_end_of_lines_and_file(self, write):
        jobs = read_workload(write("job_id;submit_s;cores;work_s;;", "1;0;4;5;;", ";;;;;"))
        assert len(jobs) == 1

    def test_a_cell_too_many_is_still_an_error(self, write):
        assert ":2: has 5 cells" in refusal(write("job_id;submit_s;cores;work_s", "1;0;4;5;6"))


def test_a_zone_of_a_fixed_offset_is_read_and_written(write, tmp_path):
    jobs = read_workload(write("# zone: UTC-05:00", "job_id;submit_s;cores;work_s", "1;0;4;5"))
    assert jobs.zone == "UTC-05:00"
    write_workload(jobs, tmp_path / "again.csv")
    assert read_workload(tmp_path / "again.csv").content_hash() == jobs.content_hash()
    assert "zone is 'UTC+25:00'" in refusal(
        write("# zone: UTC+25:00", "job_id;submit_s;cores;work_s", "1;0;4;5")
    )
