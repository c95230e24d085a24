"""Bad power files and bad requests: each gives one line that says what, where and what to do."""

import gzip
import os
import random
import re

import pytest

from traces.errors import InputError
from traces.series.power_csv import read_power

HEAD = "time,power_w"
GOOD = f"{HEAD}\n2022-01-01T00:00Z,1\n2022-01-01T01:00Z,2\n2022-01-01T02:00Z,3\n"


def rows(*lines, head=HEAD):
    return "\n".join((head, *lines)) + "\n"


def after(*lines):
    """Lines below three good ones."""
    return GOOD + "\n".join(lines) + "\n"


# name: (content, what the message must say)
FILES = {
    "empty": ("", "empty"),
    "only blank lines": ("\n\n\n", "empty"),
    "only comments": ("# a\n# b\n", "empty"),
    "only a header": (HEAD + "\n", "no rows"),
    "one row": (rows("2022-01-01T00:00Z,1"), "two rows"),
    "no header": ("2022-01-01T00:00Z,1\n2022-01-01T01:00Z,2\n", ":1: the first record holds values"),
    "damaged utf-16": (GOOD.encode("utf-16")[:-1], "UTF-16"),
    "half a character in utf-16": (GOOD.encode("utf-16") + b"\x00\xd8", "UTF-16"),
    "utf-16 without its mark": (GOOD.encode("utf-16-le"), "zero bytes"),
    "latin-1": (GOOD.encode() + b"2022-01-01T03:00Z,\xe9\n", ":5: not UTF-8"),
    "zero bytes": (GOOD.encode() + b"\0\0\0", "zero bytes"),
    "random bytes": (random.Random(1).randbytes(5000), "not text|not UTF-8"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(100), "not text|not UTF-8"),
    "a zip file": (b"PK\x03\x04" + bytes(50), "zip"),
    "a Parquet file": (b"PAR1" + bytes(50), "Parquet"),
    "truncated gzip": (gzip.compress(GOOD.encode() * 50)[:-30], "gzip"),
    "damaged gzip": (gzip.compress(GOOD.encode())[:20] + b"xxxxxxxxxxxx", "gzip"),
    "gzip head only": (b"\x1f\x8b\x08\x00", "gzip"),
    "an endless line": ("x" * (2 * 2**20), "longer than"),
    "an open quote": (after('2022-01-01T03:00Z,"4'), "not a CSV line"),
    "an open quote in the header": ('"time,power_w\n1,2\n', "column names"),
    "text after a quote": (after('2022-01-01T03:00Z,"4"5'), ":5: not a CSV line"),
    "a huge cell": (after('2022-01-01T03:00Z,"' + "9" * 200_000 + '"'), ":5: not a CSV line"),
    "a long number": (after("2022-01-01T03:00Z," + "9" * 100), ":5: .*not a number"),
    "too few cells": (after("2022-01-01T03:00Z"), ":5: 1 cells, the header has 2"),
    "too many cells": (after("2022-01-01T03:00Z,4,5"), ":5: 3 cells"),
    "a decimal comma": (after("2022-01-01T03:00Z,4,5"), "mend"),
    "a thousands comma": (after('2022-01-01T03:00Z,"4,500"'), ":5: .*'4,500', not a number"),
    "words": (after("2022-01-01T03:00Z,windy"), ":5: .*'windy', not a number"),
    "infinity": (after("2022-01-01T03:00Z,inf"), ":5: .*not a number"),
    "a Python number": (after("2022-01-01T03:00Z,1_000"), ":5: .*not a number"),
    "hexadecimal": (after("2022-01-01T03:00Z,0x10"), ":5: .*not a number"),
    "digits of another script": (after("2022-01-01T03:00Z,٣"), ":5: .*not a number"),
    "a huge exponent": (after("2022-01-01T03:00Z,1e999999999"), ":5: .*not a number"),
    "a large exponent": (after("2022-01-01T03:00Z,1e300"), ":5: .*check the unit"),
    "more than the world uses": (after("2022-01-01T03:00Z,2e15"), ":5: .*check the unit"),
    "negative": (after("2022-01-01T03:00Z,-1"), ":5: negative power -1 .*negatives='zero'"),
    "a missing value": (
        after("2022-01-01T03:00Z,", "2022-01-01T04:00Z,4"),
        ":5: no value from 2022-01-01 03",
    ),
    "not-a-number": (after("2022-01-01T03:00Z,NaN"), ":5: no value"),
    "no value at all": (rows("2022-01-01T00:00Z,", "2022-01-01T01:00Z,"), "no row has a value"),
    "a gap": (after("2022-01-01T04:00Z,4"), ":5: no value from 2022-01-01 03:00:00 UTC"),
    "a duplicate": (after("2022-01-01T02:00Z,3"), ":5: .*there twice"),
    "all rows at one time": (rows(*["2022-01-01T00:00Z,1"] * 3), "two rows"),
    "going back in time": (after("2022-01-01T00:30Z,3"), ":5: .*sort the file"),
    "newest first": (rows("2022-01-02T00:00Z,1", "2022-01-01T00:00Z,1"), "two rows|sort"),
    "off the step": (after("2022-01-01T03:30Z,3"), ":5: .*5400 s after the row before, the step is 3600 s"),
    "a finer step further down": (
        after("2022-01-01T03:00Z,3", "2022-01-01T03:15Z,3", "2022-01-01T04:00Z,3"),
        ":6: .*one step",
    ),
    "a coarser step further down": (
        after(*(f"2022-01-01T{h:02}:00Z,1" for h in (3, 4, 5, 6, 8, 10, 12))),
        ":9: from here rows are 7200 s apart, elsewhere 3600 s",
    ),
    "no zone": (rows("2022-01-01 00:00,1", "2022-01-01 01:00,2"), ":2: .*no offset; name its zone"),
    "zone on some lines": (after("2022-01-01T03:00,4"), ":5: .*no offset, unlike the lines above"),
    "no such day": (after("2022-02-30T03:00Z,4"), ":5: .*no such day"),
    "no such hour": (after("2022-01-01T25:00Z,4"), ":5: .*no such time of day"),
    "no such minute": (after("2022-01-01T03:60Z,4"), ":5: .*no such time of day"),
    "a leap second": (after("2022-01-01T03:00:60Z,4"), ":5: .*no such time of day"),
    "no such offset": (after("2022-01-01T03:00+25:00,4"), ":5: .*no offset"),
    "half a second": (after("2022-01-01T03:00:00.5Z,4"), ":5: .*fraction of a second"),
    "American dates": (rows("01/31/2022 00:00,1", "01/31/2022 01:00,2"), ":2: .*no offset; name its zone"),
    "German dates": (rows("31.01.2022 00:00,1", "31.01.2022 01:00,2"), ":2: .*no offset; name its zone"),
    "dates of either order": (rows("01/02/2022,1", "02/02/2022,2"), ":2: .*declare date_order='day-first'"),
    "no stamp": (after(",4"), ":5: '' is not a time stamp"),
    "a stamp with words": (after("tomorrow,4"), ":5: 'tomorrow' is not a time stamp"),
    "a date without dashes": (rows("20220101,1", "20220102,2"), ":2: .*write 2022-01-31"),
    "milliseconds": (rows("1640995200000,1", "1640998800000,2"), ":2: .*[Mm]illiseconds"),
    "seconds, then stamps": (rows("1640995200,1", "2022-01-01T01:00Z,2"), ":3: .*one way"),
    "fractions of seconds": (rows("1640995200,1", "1640998800.5,2"), ":3: .*whole number"),
    "year 1": (rows("0001-01-01T00:00Z,1", "0001-01-01T01:00Z,2"), ":2: .*year 1 "),
    "year 9999": (rows("9999-12-31T23:00Z,1", "9999-12-31T24:00Z,2"), ":2: .*year 9999"),
    "too long a gap": (
        rows("0,1", "1,1", "2,1", "4000000000,1", head="time_s,power_w"),
        "steps of 1 s between|no value",
    ),
    "the same column twice": ("time,power_w,power_w\n0,1,2\n1,1,2\n", "several columns|2 times"),
    "two times": ("time,time,power_w\n0,1,2\n1,1,2\n", "'time' is there 2 times"),
    "no time": ("power_w,load_w\n1,2\n3,4\n", "no column of time stamps"),
    "time in parts": ("Year,Month,Day,power_w\n2022,1,1,2\n", "time_column='Year,Month,Day'"),
    "only times": ("time\n0\n1\n", "no columns beside the time"),
    "old Mac lines after the header": (GOOD.replace("\n", "\r").encode() + b"x,y", ":5: .*not a time stamp"),
}

# name: (options, what the message must say), on a good file
REQUESTS = {
    "an unknown column": ({"columns": "powr_w"}, "no column 'powr_w': did you mean 'power_w'"),
    "no columns": ({"columns": []}, "columns is empty"),
    "a column twice": ({"columns": ["power_w", "power_w"]}, "twice"),
    "the time as power": ({"columns": "time", "unit": "W"}, "is the time"),
    "half a sum": ({"columns": "power_w+"}, "no column ''"),
    "an unknown unit": ({"unit": "hp"}, "unknown unit 'hp': use W, kW"),
    "a unit in the wrong case": ({"unit": "mw"}, "write MW"),
    "milliwatts": ({"unit": "mW"}, "write MW"),
    "an unknown stamp": ({"stamp": "middle"}, "start, end"),
    "an unknown policy": ({"gaps": "linear"}, "error, hold, interpolate, zero"),
    "an unknown way with negatives": ({"negatives": "abs"}, "error, zero"),
    "an unknown time column": ({"time_column": "when"}, "no time column 'when'"),
    "unknown parts of time": ({"time_column": "time,power_w"}, "Year,Month,Day,Period"),
    "an unknown zone": ({"zone": "Europe/Berln"}, "did you mean Europe/Berlin"),
    "a zone that is a folder": ({"zone": "Europe"}, "unknown time zone"),
    "a zone that is a path": ({"zone": "../../etc/passwd"}, "unknown time zone"),
    "an empty zone": ({"zone": ""}, "unknown time zone"),
    "a small cap": ({"max_bytes": 50}, "50 bytes"),
}

PART_HEAD = "Year,Month,Day,Period,power_w"
# name: (rows, stamp, what the message must say), read by parts of the time
PARTS_FILES = {
    "a period of odd length": (["2022,1,1,1,5", "2022,1,1,7,5"], "start", "largest Period is 7"),
    "period 0": (["2022,1,1,0,5", "2022,1,1,24,5"], "start", ":2: Period 0"),
    "a month too many": (["2022,13,1,1,5", "2022,1,1,24,5"], "start", ":2: 2022-13-1: .*no such day"),
    "a part that is no number": (["2022,Jan,1,1,5", "2022,1,1,2,5"], "start", ":2: month 'Jan'"),
    "periods with stamps at the end": (["2022,1,1,24,5"], "end", "leave stamp='start'"),
}


def refused(path, **options):
    with pytest.raises(InputError) as caught:
        read_power(path, **options)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600, message
    return message


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_gives_one_clear_line(tmp_path, name):
    content, pattern = FILES[name]
    path = tmp_path / "bad.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    message = refused(path)
    assert "bad.csv" in message
    assert re.search(pattern, message), message


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request_gives_one_clear_line(tmp_path, name):
    options, pattern = REQUESTS[name]
    path = tmp_path / "good.csv"
    path.write_text(GOOD, encoding="utf-8")
    assert re.search(pattern, refused(path, **options))


@pytest.mark.parametrize("name", PARTS_FILES)
def test_bad_parts_of_time_give_one_clear_line(tmp_path, name):
    lines, stamp, pattern = PARTS_FILES[name]
    path = tmp_path / "parts.csv"
    path.write_text(rows(*lines, head=PART_HEAD), encoding="utf-8")
    message = refused(path, time_column="Year,Month,Day,Period", zone="UTC", stamp=stamp)
    assert re.search(pattern, message), message


def test_what_is_no_file(tmp_path):
    assert "nowhere.csv" in refused(tmp_path / "nowhere.csv")
    assert "folder" in refused(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a regular file" in refused(pipe)
    refused("a\0b")
    refused("x" * 300)  # longer than file systems allow


def test_a_gzip_bomb_is_stopped_early(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(GOOD.encode())
        for _ in range(40):
            file.write(b"\n" * 2**20)
    assert "bytes" in refused(path, max_bytes=2**20)


def test_a_bomb_of_one_line_is_stopped_early(tmp_path):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode() + b"9" * (40 * 2**20)))
    assert "longer than" in refused(path)


def test_too_large_a_sum_is_refused(tmp_path):
    path = tmp_path / "sum.csv"
    path.write_text("time,a_w,b_w\n0,9e14,9e14\n60,1,1\n", encoding="utf-8")
    assert "sum.csv:2: the columns' sum" in refused(path, columns="a_w+b_w")


def test_a_file_name_with_a_line_break_stays_on_one_line(tmp_path):
    path = tmp_path / "a\nb.csv"
    path.write_text(GOOD + "x,y\n", encoding="utf-8")
    refused(path)


def test_random_damage_never_escapes_as_another_error(tmp_path):
    # One to four bytes of a good file changed: it either still reads, or is refused in one line.
    generator = random.Random(7)
    path = tmp_path / "damaged.csv"
    for packed in (False, True):
        original = gzip.compress(GOOD.encode(), mtime=0) if packed else GOOD.encode()
        for _ in range(400):
            content = bytearray(original)
            for _ in range(generator.randint(1, 4)):
                content[generator.randrange(len(content))] = generator.randrange(256)
            path.write_bytes(bytes(content))
            try:
                read_power(path, gaps=generator.choice(["error", "hold", "interpolate", "zero"]))
            except InputError as error:
                assert "\n" not in str(error)
