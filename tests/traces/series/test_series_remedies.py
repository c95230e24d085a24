"""Every remedy that a message of a series' reader proposes is applied, and must lead to a series."""

import itertools
import json
import re
import shlex

import pytest

from energy.grid.grid_series import read_carbon, read_price
from experiments.cli.root import main
from traces.errors import InputError
from traces.series.power_csv import read_power
from traces.series.rate_csv import read_rate

HOURS = "".join(f"2022-01-01T0{h}:00Z,{h}\n" for h in range(5))


def day(date, numbers, separator=","):
    return "".join(f"{date}{separator}{n},{n}\n" for n in numbers)


def clock(date, hours):
    return "".join(f"{date} {h:02}:00,{i}\n" for i, h in enumerate(hours))


YEAR = "".join(f"{i},1\n" for i in range(8760))
UTC = {"zone": "UTC"}
BERLIN = {"zone": "Europe/Berlin"}

# name: (text, reader, options, what the message must say)
CASES = {
    "no names": (HOURS, read_power, {"unit": "kW"}, ":1: the first record holds values"),
    "no names, a price": (HOURS, read_rate, {"unit": "EUR/MWh"}, ":1: the first record holds values"),
    "no names, value first": ("1,2022-01-01T00:00Z\n2,2022-01-01T01:00Z\n", read_power, {"unit": "kW"},
                              "holds values"),
    "names behind a hash": ("# time,wind\n" + HOURS, read_power, {"unit": "kW"}, "in line 1 behind '#'"),
    "no names, carbon": (HOURS, read_carbon, {"unit": "g/kWh"}, "holds values"),
    "no names, a price by its reader": (HOURS, read_price, {"unit": "EUR/MWh"}, "holds values"),
    "grouped thousands or decimals": ("time;p_kw\n2022-01-01T00:00Z;1.234\n2022-01-01T01:00Z;987\n",
                                      read_power, {}, "may be 1234 or 1.234"),
    "the same with commas": ("time;p_kw\n2022-01-01T00:00Z;1,234\n2022-01-01T01:00Z;987\n", read_power, {},
                             "may be 1234 or 1.234"),
    "a comma in quotes": ('time,p_kw\n2022-01-01T00:00Z,"4,500"\n2022-01-01T01:00Z,3\n', read_power, {},
                          "declare decimal=','"),
    "days and months alike": ("time,p_kw\n01/02/2022 00:00,1\n01/02/2022 01:00,2\n", read_power, UTC,
                              "no other row tells day from month"),
    "no zone": ("time,p_kw\n" + clock("2022-01-01", range(3)), read_power, {}, "has no offset"),
    "hours by name": ("hour,p_kw\n" + YEAR, read_power, {}, "counts and names no date"),
    "hours from 1 by name": ("hour,p_kw\n1,1\n2,2\n3,3\n", read_power, {}, "stamp='end'"),
    "a stated year": ("# wind of 2022\nt,p_kw\n" + YEAR, read_power, {}, "2022 is stated"),
    "a unit that makes no year": ("t of 2022,p_kw\n" + YEAR, read_power,
                                  {"time_unit": "min", "time_start": "2022-01-01T00:00Z"}, "2022 is stated"),
    "a unit without a start": ("t,p_kw\n" + YEAR, read_power, {"time_unit": "h"}, "counts from where"),
    "periods without a zone": ("date,period,p_kw\n" + day("2022-05-01", range(1, 25)), read_power, {},
                               "name its zone"),
    "48 periods in spring": ("date,period,p_kw\n" + day("2022-03-27", range(1, 49)), read_power,
                             {"zone": "Europe/London"}, "Period 47 on 2022-03-27"),
    "hours from 1 to 24": ("date,hour,p_kw\n" + day("2022-05-01", range(1, 25)), read_power, UTC, "1 to 24"),
    "stamps at 24:00": ("time,p_kw\n" + "".join(clock(f"2022-05-0{d}", range(1, 25)) for d in (1, 2)),
                        read_power, UTC, "ends a day"),
    "periods that end": ("Year,Month,Day,Period,p_kw\n" + day("2022,5,1", range(1, 25)), read_power,
                         {**UTC, "stamp": "end", "time_column": "Year,Month,Day,Period"},
                         "leave stamp='start'"),
    "parts of a time": ("Year,Month,Day,Period,p_kw\n" + day("2022,5,1", range(1, 25)), read_power, UTC,
                        "declare time_column='Year,Month,Day,Period'"),
    "parts of a date": ("Year,Month,Day,p_kw\n2022,5,1,1\n2022,5,2,2\n", read_power, UTC,
                        "declare time_column='Year,Month,Day'"),
    "a gap": ("time,p_kw\n" + HOURS.replace("2022-01-01T02:00Z,2\n", ""), read_power, {}, "no value from"),
    "a gap in prices": ("time,EUR/MWh\n" + HOURS.replace("Z,2", "Z,n/e"), read_rate, {}, "no value from"),
    "an hour twice": ("time,p_kw\n" + HOURS + "2022-01-01T04:00Z,4\n", read_power, {}, "there twice"),
    "an hour with two values": ("time,p_kw\n" + HOURS + "2022-01-01T04:00Z,5\n", read_power, {},
                                "there twice"),
    "two values, interpolated": ("time,p_kw\n" + HOURS + "2022-01-01T04:00Z,5\n", read_power,
                                 {"gaps": "interpolate"}, "different values"),
    "a skipped hour": ("time,p_kw\n" + clock("2022-03-27", range(5)), read_power, BERLIN, "does not exist"),
    "an hour the clock shows twice": ("time,p_kw\n" + clock("2022-10-30", (1, 2, 2, 3)), read_power, BERLIN,
                                      "occurs twice"),
    "negative power": ("time,p_kw\n" + HOURS.replace("Z,1", "Z,-1"), read_power, {}, "negative power"),
    "negative carbon": ("time,g/kWh\n" + HOURS.replace("Z,1", "Z,-1"), read_carbon, {}, "negative carbon"),
}  # fmt: skip

_OPTION = re.compile(r"(\w+)=((?:'[^']*'(?:, | or |$)?)+)")


def proposals(message):
    """The keyword arguments that a message proposes: one dict for each way of choosing among alternatives."""
    values = {}
    for key, quoted in _OPTION.findall(message):
        values.setdefault(key, []).extend(re.findall(r"'([^']*)'", quoted))
    if "(or '.'" in message:
        values["decimal"].append(".")
    if re.search(r"negatives='zero' or 'allow'", message):
        values["negatives"] = ["zero", "allow"]
    fixed = {"header": False} if "header=False" in message else {}
    return [fixed | dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def follow(path, read, options, rounds=3):
    """All series that following the messages leads to; fails where a proposal ends in no new message."""
    try:
        return [read(path, **options)]
    except InputError as error:
        message = str(error)
    assert rounds > 0, message
    ways = proposals(message)
    assert ways and ways != [{}], message
    series = []
    for way in ways:
        assert any(options.get(key) != value for key, value in way.items()), message
        series += follow(path, read, {**options, **way}, rounds - 1)
    return series


@pytest.mark.parametrize("name", CASES)
def test_what_a_message_proposes_works(tmp_path, name):
    text, read, options, says = CASES[name]
    path = tmp_path / "series.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(path, **options)
    assert says in str(caught.value)
    series = follow(path, read, options)
    assert series and all(each.end_s > 0 for each in series)


def command_line(options):
    words = []
    for key, value in options.items():
        words += ["--no-header"] if key == "header" else [f"--{key.replace('_', '-')}", value]
    return words


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[1] is read_power])
def test_what_the_command_line_proposes_works(tmp_path, capsys, monkeypatch, name):
    text, _, options, _ = CASES[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "series.csv").write_text(text, encoding="utf-8")
    words = ["traces", "show", "series.csv", "--json", *command_line(options)]
    for refusals in range(4):
        code = main(words)
        out, err = capsys.readouterr()
        if code == 0:
            assert refusals > 0
            break
        assert code == 2 and err.count("\n") == 1, err
        added = proposed_words(err)
        assert added, err
        words = [*words[:4], *_merged(words[4:], added)]
    assert code == 0, err
    assert json.loads(out)["span_s"] > 0


def proposed_words(err):
    """The options in a message, each with its value if one follows."""
    words = []
    for option, value in re.findall(r"(--[a-z-]+)(?:,? (?!--)('[^']*'|\S+))?", err):
        words.append(option)
        if option == "--decimal":
            words.append(value)
        elif option != "--no-header" and not re.match(r"\(|and|or|naming|$|--|such", value):
            words += shlex.split(value.rstrip(",;:)"))
    return words


def _merged(words, added):
    """Options given before, and those added, which win."""
    table, key = {}, ""
    for place, word in enumerate([*words, *added]):
        if word.startswith("--"):
            key, fresh = word, place >= len(words)
            table.setdefault(key, [])
        elif not table[key] or fresh:
            table[key], fresh = [word], False
    return [word for key, value in table.items() if value or key == "--no-header" for word in (key, *value)]


def test_a_date_that_repeats_asks_for_its_period(tmp_path):
    path = tmp_path / "series.csv"
    rows = "".join(f"2022-05-0{d},{n},{n}\n" for d in (1, 2) for n in range(1, 25))
    path.write_text("day of delivery,n,p_kw\n" + rows, encoding="utf-8")
    for gaps in ("error", "hold"):
        with pytest.raises(InputError, match="time_column='date=day of delivery,period=...'"):
            read_power(path, columns="p_kw", zone="UTC", gaps=gaps)
    series = read_power(path, columns="p_kw", zone="UTC", time_column="date=day of delivery,period=n")
    assert series.end_s == 48 * 3600
