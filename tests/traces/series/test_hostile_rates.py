"""Price and carbon files that are refused: always one clear line, with the place and what to do."""

import re
from datetime import datetime, timedelta

import pytest

from traces.errors import InputError
from traces.series.rate_csv import read_rate


def rows(*values, start="2022-01-01"):
    """Hourly rows in UTC, one a value."""
    first = datetime.fromisoformat(start)
    return [f"{first + timedelta(hours=i)}Z,{value}" for i, value in enumerate(values)]


HEAD = "time,v"
GOOD = "\n".join([HEAD, *rows(1, 2, 3)]) + "\n"

# name: (file, options beside unit='EUR/MWh', what the message must say)
FILES = {
    "nothing": ("", {}, "empty"),
    "only a header": (HEAD + "\n", {}, "no rows|at least"),
    "one row": (HEAD + "\n" + rows(1)[0] + "\n", {}, "one time only"),
    "a word": (GOOD.replace(",2\n", ",free\n"), {}, ":3: column 'v' holds 'free', not a number"),
    "a decimal comma": (GOOD.replace(",2\n", ',"2,5"\n'), {}, ":3: .*holds '2,5'"),
    "a thousands separator": (GOOD.replace(",2\n", ",2 539\n"), {}, ":3: .*holds '2 539'"),
    "a currency sign": (GOOD.replace(",2\n", ",€2\n"), {}, ":3: .*holds '€2'"),
    "infinity": (GOOD.replace(",2\n", ",inf\n"), {}, ":3: .*holds 'inf'"),
    "a price of another scale": (GOOD.replace(",2\n", ",2e6\n"), {}, ":3: .*more than 1073 of the currency"),
    "an absurdly low price": (GOOD.replace(",2\n", ",-2e6\n"), {}, ":3: .*check the unit"),
    "grams as kilograms": (GOOD.replace(",2\n", ",400\n"), {"unit": "kg/kWh"}, ":3: .*more than 10 kg"),
    "percent as PUE": (GOOD.replace(",2\n", ",130\n"), {"unit": "1"}, ":3: .*more than 10: check the unit"),
    "an hour twice": (GOOD + rows(9, start="2022-01-01T02:00")[0] + "\n", {}, ":5: .*there twice"),
    "an hour with two prices": (
        GOOD + rows(9, start="2022-01-01T02:00")[0] + "\n",
        {"gaps": "interpolate"},
        r":5: .*\(3000 and 9000 micro-EUR/kWh\)",
    ),
    "out of order": (GOOD + rows(9)[0] + "\n", {}, ":5: .*sort the file"),
    "a missing day": (GOOD + rows(9, start="2022-01-02T03:00")[0] + "\n", {}, ":5: no value .*24 steps"),
    "another step": (GOOD + "2022-01-01T02:30Z,9\n", {}, ":5: .*one step throughout"),
    "naive stamps": (GOOD.replace("Z,", ","), {}, ":2: .*has no offset; name its zone"),
    "no stamps": (GOOD.replace("2022-", "Jan "), {}, ":2: .*not a time stamp"),
    "not text": (b"\x89PNG\r\n\x1a\n\x00\xff", {}, "bad.csv"),
    "broken gzip": (b"\x1f\x8b\x08\x00broken", {}, "bad.csv"),
    "an hour that does not exist": (
        HEAD + "\n" + "".join(f"2022-03-27 {h:02}:00,{h}\n" for h in range(4)),
        {"zone": "Europe/Berlin"},
        ":4: .*does not exist.*gaps='hold' or 'interpolate'$",
    ),
    "an hour that is there twice by the clock": (
        HEAD + "\n" + "".join(f"2022-10-30 {h:02}:00,{h}\n" for h in (1, 2, 2, 3)),
        {"zone": "Europe/Berlin"},
        ":3: .*occurs twice",
    ),
    "no unit": (GOOD, {"unit": None}, "no column name declares a unit .v.; name column= and declare unit="),
    "dollars of nowhere": (GOOD, {"unit": "$/MWh"}, "which dollar"),
    "an unknown currency": (GOOD, {"unit": "DM/MWh"}, "unknown unit 'DM/MWh': use EUR/MWh"),
    "per joule": (GOOD, {"unit": "EUR/GJ"}, "unknown unit 'EUR/GJ'"),
    "the wrong case": (GOOD, {"unit": "eur/mwh"}, "write EUR/MWh"),
    "a unit of power": (GOOD, {"unit": "kW"}, "unknown unit 'kW'"),
    "an unknown column": (GOOD, {"column": "w"}, "no column 'w'"),
    "the time as price": (GOOD, {"column": "time"}, "is the time"),
    "two candidates": (GOOD.replace("v", "v,w").replace("\n2", ",1\n2"), {}, "several columns could be"),
    "an unknown policy": (GOOD, {"gaps": "previous-day"}, "error, hold, interpolate"),
    "an unknown stamp": (GOOD, {"stamp": "middle"}, "start, end"),
    "an unknown way with negatives": (GOOD, {"negatives": "abs"}, "allow, error, zero"),
    "an unknown zone": (GOOD, {"zone": "Europe/Berln"}, "did you mean Europe/Berlin"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_is_said_in_one_line(tmp_path, name):
    content, options, pattern = FILES[name]
    path = tmp_path / "bad.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_rate(path, **{"unit": "EUR/MWh", **options})
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600, message
    assert re.search(pattern, message), message


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        read_rate(tmp_path / "nowhere.csv")
