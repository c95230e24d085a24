"""What a message of the workload readers proposes is done, and must work."""

import gzip

import pandas as pd
import pytest

from traces import InputError, read_workload, write_workload

HEAD = "job_id,submit_s,cores,work_s"


def record(**fields):
    values = ["1", "0", "-1", "10", "2", "-1", "-1", "2", "20", "-1", "1", *["-1"] * 7]
    for key, value in fields.items():
        values[int(key.removeprefix("f")) - 1] = value
    return " ".join(values) + "\n"


def refused(path, text, **options):
    """The message for a file of this content."""
    path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
    with pytest.raises(InputError) as caught:
        read_workload(path, **options)
    return str(caught.value)


#: Users, groups and what is not used may be words.
NUMBERS = [number for number in range(1, 19) if not 12 <= number <= 16]


@pytest.mark.parametrize("number", NUMBERS)
def test_minus_one_is_proposed_only_where_it_is_taken_for_unknown(tmp_path, number):
    path = tmp_path / "a.swf"
    message = refused(path, record(**{f"f{number}": "ten"}))
    path.write_text(record(**{f"f{number}": "-1"}))
    if "-1 for unknown" in message:
        jobs = read_workload(path)
        assert len(jobs) == 1 and jobs.report.shift_s == 0
    else:
        assert number in (1, 2, 4)


@pytest.mark.parametrize("start", ["2022-01-01", "2022-01-01T06:00", "2022-01-01 06:00:30"])
def test_a_start_without_an_offset_is_refused_with_one_that_is_taken(tmp_path, start):
    path, rows = tmp_path / "a.csv", f"{HEAD}\n1,0,1,5\n"
    message = refused(path, f"# start_utc: {start}\n{rows}")
    remedy = message.split("write ")[1].removesuffix(" for UTC")
    path.write_text(f"# start_utc: {remedy}\n{rows}")
    assert read_workload(path).origin_utc.isoformat().startswith(start[:10])


@pytest.mark.parametrize("start", ["2022-01-01", "2022-01-01T06:00"])
def test_so_it_is_in_a_scenario(tmp_path, start):
    from rare.scenario.case_builder import build
    from rare.scenario.load import load_scenario

    def case(text):
        (tmp_path / "a.swf").write_text(record())
        keys = f'file = "{tmp_path / "a.swf"}"\nprocessors = 4\nstart_utc = "{text}"\n'
        (tmp_path / "s.toml").write_text(f"[workload]\n{keys}")
        return build(load_scenario(str(tmp_path / "s.toml")), seed=0).case

    with pytest.raises(InputError) as caught:
        case(start)
    remedy = str(caught.value).replace("such as ", "write ").split("write ")[1].removesuffix(" for UTC")
    assert case(remedy).workload.origin_utc.isoformat().startswith(start)


def test_no_built_in_mapping_is_proposed_for_columns_that_it_does_not_fit(tmp_path):
    message = refused(tmp_path / "a.csv", "id,at,n,length\n1,0,1,5\n")
    assert "openb" not in message and "gaia" not in message
    (tmp_path / "a.csv").write_text(f"{HEAD}\n1,0,1,5\n")  # "rename your columns"
    assert len(read_workload(tmp_path / "a.csv")) == 1
    (tmp_path / "a.csv").write_text("id,at,n,length\n1,0,1,5\n")
    fields = zip(HEAD.split(","), ["id", "at", "n", "length"], strict=True)
    (tmp_path / "m.toml").write_text("".join(f'[columns.{key}]\ncolumn = "{name}"\n' for key, name in fields))
    assert (
        len(read_workload(tmp_path / "a.csv", mapping=tmp_path / "m.toml")) == 1
    )  # "a mapping file (.toml)"


def test_an_unknown_column_may_be_left_out(tmp_path):
    message = refused(tmp_path / "a.csv", f"{HEAD},colour\n1,0,1,5,red\n")
    assert "leave it out" in message
    (tmp_path / "a.csv").write_text(f"{HEAD}\n1,0,1,5\n")
    assert len(read_workload(tmp_path / "a.csv")) == 1


def test_a_gzipped_parquet_file_is_to_be_unpacked(tmp_path):
    table = pd.DataFrame([[1, 0, 1, 5]], columns=HEAD.split(","))
    table.to_parquet(tmp_path / "a.parquet")
    packed = gzip.compress((tmp_path / "a.parquet").read_bytes())
    for name in ("b.parquet.gz", "b.parquet"):
        assert "unpack it" in refused(tmp_path / name, packed)
    (tmp_path / "b.parquet").write_bytes(gzip.decompress(packed))
    assert len(read_workload(tmp_path / "b.parquet")) == 1


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        (pd.to_datetime(["2022-01-01", "2022-01-02"]), "seconds as numbers"),
        (pd.to_datetime(["2022-01-01", "2022-01-02"]).date, "seconds as numbers"),
        (pd.to_timedelta([1, 2], unit="s"), "seconds as numbers"),
        ([b"1", b"2"], "text"),
        ([[1], [2]], "numbers"),
    ],
)
def test_a_parquet_column_of_another_type_says_what_to_store(tmp_path, values, remedy):
    path = tmp_path / "a.parquet"
    table = pd.DataFrame({"job_id": [1, 2], "submit_s": values, "cores": 1, "work_s": 5})
    table.to_parquet(path)
    assert remedy in refused(path, path.read_bytes())
    table["submit_s"] = ["0", "1"] if remedy == "text" else [0.0, 1.0]
    table.to_parquet(path)
    assert len(read_workload(path)) == 2


@pytest.mark.parametrize("text", [record() + record(f2="9"), record(f11="0") + record(f11="5")])
def test_a_number_of_its_own_makes_two_jobs(tmp_path, text):
    assert "give each job a number of its own" in refused(tmp_path / "a.swf", text)
    first, second = text.splitlines(keepends=True)
    (tmp_path / "a.swf").write_text(first + "2" + second[1:])
    assert len(read_workload(tmp_path / "a.swf")) == 2


def test_fields_that_lack_are_to_be_written_as_unknown(tmp_path):
    short = record(f1="2").replace(" -1\n", "\n")
    assert "write -1" in refused(tmp_path / "a.swf", record() + short)
    (tmp_path / "a.swf").write_text(record() + short.replace("\n", " -1\n"))
    assert len(read_workload(tmp_path / "a.swf")) == 2


def test_a_mapping_without_a_column_shows_a_line_that_is_taken(tmp_path):
    (tmp_path / "m.toml").write_text("columns.submit_s = 5\ncolumns.cores = 5\ncolumns.work_s = 5\n")
    message = refused(tmp_path / "a.csv", "at\n1\n", mapping=tmp_path / "m.toml")
    line = message.split("like ")[1].replace("...", "at")
    lines = [line.replace("submit_s", name) for name in ("submit_s", "cores", "work_s")]
    (tmp_path / "m.toml").write_text("\n".join(lines))
    assert len(read_workload(tmp_path / "a.csv", mapping=tmp_path / "m.toml")) == 1


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.xlsx", "save the spreadsheet"),
        ("a.ods", "save the spreadsheet"),
        ("a.swf.bz2", "unpack it"),
        ("a.csv.zip", "unpack it"),
        ("a.tar.gz", "unpack it"),
    ],
)
def test_no_new_name_is_proposed_for_what_is_no_text(tmp_path, name, remedy):
    message = refused(tmp_path / name, b"PK")
    assert remedy in message and "name it" not in message


@pytest.mark.parametrize("name", ["a.txt", "trace"])
def test_a_new_name_or_the_format_makes_a_text_readable(tmp_path, name):
    message = refused(tmp_path / name, record())
    assert "name it .swf" in message and "swf, csv, parquet" in message
    assert len(read_workload(tmp_path / name, format="swf")) == 1
    (tmp_path / name).rename(tmp_path / "a.swf")
    assert len(read_workload(tmp_path / "a.swf")) == 1


def test_writing_proposes_only_what_it_can_write(tmp_path):
    (tmp_path / "a.swf").write_text(record())
    jobs = read_workload(tmp_path / "a.swf")
    for name in ("b.txt", "b.swf", "b"):
        with pytest.raises(InputError) as caught:
            write_workload(jobs, tmp_path / name)
        assert "give the format" not in str(caught.value)
        for suffix in (".csv", ".parquet"):
            assert suffix in str(caught.value)
            write_workload(jobs, tmp_path / f"b{suffix}")
            assert read_workload(tmp_path / f"b{suffix}").job_id.tolist() == [1]
