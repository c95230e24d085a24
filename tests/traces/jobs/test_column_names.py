"""Files whose first record holds values: refused by every CSV reader, or read by position."""

import numpy as np
import pytest

from energy.grid.grid_series import read_carbon, read_price
from experiments.cli.root import main
from traces import read_workload
from traces.errors import InputError
from traces.files.csv_head import holds_values, separator
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

ROWS = "2022-01-01T00:00Z,5\n2022-01-01T01:00Z,6\n2022-01-01T02:00Z,7\n"
EPOCH = "".join(f"{1640995200 + 3600 * h},{h + 5}\n" for h in range(3))


@pytest.fixture
def write(tmp_path):
    """Writes a text to a file and returns its path."""

    def write_text(text, name="series.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


READERS = {
    "power": (read_power, {"unit": "kW", "columns": "2"}, 10**6),
    "rate": (read_rate, {"unit": "EUR/MWh", "column": "2"}, 1000),
    "price": (read_price, {"unit": "EUR/MWh", "column": "2"}, 1000),
    "carbon": (read_carbon, {"unit": "g/kWh", "column": "2"}, 1000),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", [ROWS, EPOCH, "# a note\n" + ROWS, ROWS.replace(",", ";"), "\ufeff" + ROWS])
def test_no_record_is_lost_without_a_word(write, reader, text):
    read, by_position, scale = READERS[reader]
    for options in ({"unit": by_position["unit"]}, {**by_position, "time_column": "1"}):
        with pytest.raises(InputError, match="the first record holds values"):
            read(write(text), **options)
    series = read(write(text), header=False, **by_position)
    assert series.values.tolist() == [5 * scale, 6 * scale, 7 * scale]
    assert series.report.records == 3


@pytest.mark.parametrize("reader", READERS)
def test_names_behind_a_hash_are_found(write, reader):
    read, by_position, _ = READERS[reader]
    with pytest.raises(InputError, match=r":3: .*column names stand in line 2 behind '#'.*remove the '#'"):
        read(write("# my file\n# time,value\n" + ROWS), unit=by_position["unit"])


@pytest.mark.parametrize(
    ("first", "below", "values"),
    [
        (["2022-01-01", "Germany", "5"], [["2022-01-02", "Germany", "6"]], True),
        (["2022-01-01 00:00", ""], [["2022-01-01 01:00", "5"]], True),
        (["0", "5"], [["1", "6"]], True),
        (["01.01.2022", "1,5"], [["02.01.2022", "1,6"]], True),
        (["2022-01-01", "x"], [["2022-01-02", "7"]], True),
        (["2022-01-01", "5"], [], True),
        (["time", "2016", "2017"], [["2016-01-01", "5", "6"]], False),  # names may be numbers
        (["", "0"], [["2022-01-01", "5"]], False),  # a pandas series
        (["0", "1"], [["2022-01-01", "5"]], False),  # a pandas table without names
        (["time", "1"], [], False),
        (["Date", "01:00", "02:00"], [["2022-01-01", "5", "6"]], False),
        (["time", "power"], [["UTC", "MW"], ["2022-01-01", "5"]], False),
        (["a", "b"], [["c", "d"]], False),
    ],
)
def test_names_are_told_from_values(first, below, values):
    assert holds_values(first, below) is values


@pytest.mark.parametrize(
    "name", ["em_DE-LU_2022_carbon_intensity", "eia_CISO_2022_generation_avgCI", "price_US-CAL-CISO_2022"]
)
def test_real_files_without_their_first_line(shared, write, name):
    import gzip

    text = gzip.decompress((shared / f"data/grid/{name}.csv.gz").read_bytes()).decode()
    path = write("\n".join(text.split("\n")[1:200]))
    with pytest.raises(InputError, match="the first record holds values"):
        read_rate(path, unit="g/kWh", zone="UTC")


class TestJobs:
    HEAD = "job_id,submit_s,cores,work_s"
    JOBS = "7,0,4,100\n8,5,2,50\n"
    MAPPING = "header = false\n" + "".join(
        f'[columns.{name}]\ncolumn = "{place}"\n'
        for place, name in enumerate(("job_id", "submit_s", "cores", "work_s"), 1)
    )

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (JOBS, r":1: the first record holds values, '7, 0, 4, 100'"),
            ("# a note\n" + JOBS, r":2: the first record holds values"),
            (f"#{HEAD}\n{JOBS}", r":2: .*stand in line 1 behind '#'"),
            ("a,0,4,100\nb,5,2,50\n", r":1: the first record holds values"),
        ],
    )
    def test_without_names_are_refused_and_read_by_position(self, write, text, says):
        path = write(text, "jobs.csv")
        with pytest.raises(InputError, match=says):
            read_workload(path)
        with pytest.raises(InputError, match="the first record holds values"):
            read_workload(path, mapping="gaia")
        jobs = read_workload(path, mapping=write(self.MAPPING, "m.toml"))
        assert (jobs.cores.tolist(), jobs.work_s.tolist()) == ([4, 2], [100, 50])
        assert jobs.report.records == 2

    def test_lines_are_counted_alike(self, write):
        path = write("# a note\n" + self.JOBS + "9,x,1,1\n", "jobs.csv")
        with pytest.raises(InputError, match=r"jobs\.csv:4: 2 is 'x'"):
            read_workload(path, mapping=write(self.MAPPING, "m.toml"))

    def test_a_header_that_is_no_flag(self, write):
        with pytest.raises(InputError, match="write header = false"):
            read_workload(write(self.JOBS, "a.csv"), mapping=write('header = "no"\n[columns]', "m.toml"))

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    @pytest.mark.parametrize("declared", [True, False])
    def test_as_excel_saves_them(self, write, delimiter, declared):
        text = f"# zone: Europe/Berlin\n{self.HEAD}\n{self.JOBS}".replace(",", delimiter)
        if declared:
            text = f"sep={delimiter}\n" + text
        jobs = read_workload(write("\ufeff" + text, "jobs.csv"))
        assert (jobs.job_id.tolist(), jobs.zone) == ([7, 8], "Europe/Berlin")
        with pytest.raises(InputError, match=rf"jobs\.csv:{3 + declared}: "):
            read_workload(write(text.replace(f"7{delimiter}0", f"7{delimiter}x"), "jobs.csv"))


class TestCommands:
    def test_traces_show(self, write, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        write(ROWS)
        assert main(["traces", "show", "series.csv", "--unit", "kW"]) == 2
        err = capsys.readouterr().err
        assert "--no-header, --time-column 1, --columns 2" in err and err.count("\n") == 1
        assert main(["traces", "show", "series.csv", "--no-header", "--unit", "kW"]) == 0
        assert "3 records" in capsys.readouterr().out
        assert main(["traces", "show", "series.csv", "--no-header", "--unit", "ct/kWh"]) == 0
        assert "in EUR/kWh" in capsys.readouterr().out
        assert main(["traces", "show", "series.csv", "--no-header", "--kind", "workload"]) == 2
        assert "header = false in a mapping file" in capsys.readouterr().err

    def test_a_scenario(self, write, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        write(ROWS)
        write("job_id,submit_s,cores,work_s\n1,0,1,60\n", "jobs.csv")
        write(
            '[workload]\nfile = "jobs.csv"\nprocessors = 4\n[[supply.source]]\nfile = "series.csv"\n'
            'header = false\nunit = "kW"\n[grid.price]\nfile = "series.csv"\nheader = false\n'
            'column = "2"\nunit = "EUR/MWh"\n',
            "s.toml",
        )
        code = main(["simulate", "--scenario", "s.toml", "--json"])
        out, err = capsys.readouterr()
        assert code == 0, err


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("sep=;", ";"),
        ('"sep=,"', ","),
        ("SEP=\t", "\t"),
        ("sep=;;;", ";"),
        ("sep=x", None),
        ("separator", None),
    ],
)
def test_the_line_that_excel_writes(line, delimiter):
    assert separator(line) == delimiter


def test_memory_is_bounded_by_the_cap(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text(",".join(map(str, np.arange(200_000))), encoding="utf-8")
    with pytest.raises(InputError):
        read_power(path, unit="kW", max_bytes=2**16)
