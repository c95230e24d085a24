"""`rare traces show` guesses the wrong kind, speaks Python, or prints numbers nobody can read."""

import json

import pytest

from experiments.cli.root import main
from experiments.data.option_words import option_words
from experiments.data.show_file import kind_of, show_file
from experiments.results.number_formats import energy, power
from tests.energy.weather.weather_makers import epw_lines, nsrdb_lines, tmy3_lines, write
from tests.rare.scenario.conftest import JOBS, SUPPLY
from traces.errors import InputError, Parameter

HOURS = [f"2022-01-01T{hour:02d}:00:00Z" for hour in range(6)]
GRID = "timestamp,WND,SUN,CI\n" + "".join(
    f"{at},{10000 + 1000 * min(place, 2)},{place},0.4\n" for place, at in enumerate(HOURS)
)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text(JOBS, encoding="utf-8")
    (tmp_path / "supply.csv").write_text(SUPPLY, encoding="utf-8")
    (tmp_path / "grid.csv").write_text(GRID, encoding="utf-8")
    (tmp_path / "nodes.csv").write_text("sn,model\nA,x\n", encoding="utf-8")
    (tmp_path / "parts.csv").write_text("Year,Month,Day,Period,W\n2020,1,1,1,5\n2020,1,1,2,6\n")
    (tmp_path / "plus.csv").write_text(GRID.replace("WND", "WND+SUN"), encoding="utf-8")
    return tmp_path


def show(capsys, *arguments):
    code = main(["traces", "show", *arguments])
    return code, *capsys.readouterr()


class TestKind:
    def test_by_the_columns(self, files):
        kinds = {name: kind_of(f"{name}.csv") for name in ("jobs", "supply", "grid", "nodes", "parts")}
        assert kinds == {
            "jobs": "workload",
            "supply": "power",
            "grid": "power",
            "nodes": None,
            "parts": "power",
        }
        assert kind_of("trace.swf.gz") == "workload"

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("time,Price (EUR/MWh)\n2022-01-01,5\n", "rate"),
            ("time,price\nUTC,EUR/MWh\n2022-01-01,5\n", "rate"),
            ("time,p_kw,Price (EUR/MWh)\n2022-01-01,5,1\n", "power"),
            ("Datum von;Preis [€/MWh]\n01.01.2024 00:00;5,5\n", "rate"),
            ("settlementDate,settlementPeriod,ND\n2024-01-01,1,5\n", "power"),
            ("2022-01-01T00:00Z,5\n2022-01-01T01:00Z,5\n", "power"),
            ("1,0,4,100\n2,0,4,100\n", None),
            ("sep=;\njob_id;submit_s;cores;work_s\n1;0;1;1\n", "workload"),
        ],
    )
    def test_of_files_as_they_come(self, tmp_path, text, kind):
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        assert kind_of(tmp_path / "a.csv") == kind

    def test_a_power_series_needs_no_option(self, files, capsys):
        assert show(capsys, "supply.csv", "--json")[0] == 0
        assert "peak 23 kW" in show(capsys, "supply.csv")[1]

    def test_an_unclear_file_is_told_how(self, files, capsys):
        code, out, err = show(capsys, "nodes.csv")
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert "--kind power" in err

    def test_a_repaired_trace_of_jobs_stays_one(self, files, capsys):
        (files / "bad.csv").write_text("job_id,submit_s,work_s\n1,2,3\n")
        assert "cores" in show(capsys, "bad.csv")[2]


class TestColumns:
    @pytest.mark.parametrize("given", [("WND+SUN",), ("WND,SUN",), ("WND", "SUN"), ("wnd + sun",)])
    def test_may_be_joined(self, files, capsys, given):
        options = [part for name in given for part in ("--columns", name)]
        code, out, err = show(capsys, "grid.csv", "--unit", "MW", *options, "--json")
        assert code == 0, err
        assert json.loads(out)["peak_kw"] == 12_005_000

    def test_a_column_of_that_very_name_is_taken(self, files, capsys):
        out = show(capsys, "plus.csv", "--unit", "MW", "--columns", "WND+SUN", "--json")[1]
        assert json.loads(out)["peak_kw"] == 12_000_000


class TestRates:
    PRICES = "time,Price (EUR/MWh),Other (EUR/MWh)\n" + "".join(
        f"{at},{i - 1},9\n" for i, at in enumerate(HOURS)
    )

    def test_a_price_is_shown_in_its_unit(self, files, capsys):
        (files / "prices.csv").write_text(self.PRICES)
        out = json.loads(show(capsys, "prices.csv", "--columns", "Price (EUR/MWh)", "--json")[1])
        assert (out["kind"], out["unit"], out["max"], out["min"]) == ("rate", "EUR/kWh", 0.004, -0.001)
        text = show(capsys, "prices.csv", "--columns", "Price (EUR/MWh)")[1]
        assert "6 records over 6.0 h, in EUR/kWh" in text

    def test_messages_name_options(self, files, capsys):
        (files / "prices.csv").write_text(self.PRICES)
        code, _, err = show(capsys, "prices.csv")
        assert code == 2 and "choose by --columns" in err
        names = [part for name in ("Price (EUR/MWh)", "Other (EUR/MWh)") for part in ("--columns", name)]
        assert "a rate is one column, not 2" in show(capsys, "prices.csv", *names)[2]

    def test_a_unit_of_money_makes_it_a_rate(self, files, capsys):
        assert "in GBP/kWh" in show(capsys, "grid.csv", "--columns", "CI", "--unit", "p/kWh")[1]

    def test_jobs_take_no_options_of_series(self, files, capsys):
        assert "--kind power" in show(capsys, "jobs.csv", "--decimal", ",")[2]


class TestWords:
    def test_a_power_series_has_no_jobs(self, files, capsys):
        out = show(capsys, "grid.csv", "--unit", "MW", "--columns", "WND")[1]
        assert "jobs" not in out
        assert "6 records over 6.0 h, peak 12 GW" in out
        assert "3 (neighbouring steps of equal value are merged)" in out
        assert "columns: WND, in MW" in out
        assert "jobs_skipped" not in json.loads(show(capsys, "supply.csv", "--json")[1])

    def test_findings_are_sentences(self, files, capsys):
        (files / "j.csv").write_text("job_id,submit_s,cores,work_s\n1,0,1,5\n")
        out = show(capsys, "j.csv")[1]
        assert "1 x no estimate, the run time stands in" in out.replace("  ", " ")

    @pytest.mark.parametrize(
        "name, options, said",
        [
            ("grid.csv", (), ("--columns", "--unit (W,")),
            ("parts.csv", (), ("--time-column Year,Month,Day,Period",)),
        ],
    )
    def test_messages_name_options(self, files, capsys, name, options, said):
        code, _, err = show(capsys, name, *options)
        assert code == 2 and not any(f"{word}=" in err for word in ("columns", "unit", "time_column"))
        assert all(each in err for each in said), err

    @pytest.mark.parametrize(
        "parameter, words",
        [
            (Parameter("gaps", ("hold", "interpolate", "zero")), "--gaps hold, interpolate or zero"),
            (Parameter("column"), "--columns"),
            (Parameter("zone", "UTC"), "--zone UTC"),
            (Parameter("time_column", "Start (UTC)"), "--time-column 'Start (UTC)'"),
            (Parameter("header", False), "--no-header"),
            (Parameter("clear_sky", True, "read_weather"), "--clear-sky"),
            (Parameter("utc_offset_h", 5.0), "--utc-offset-h 5"),
        ],
        ids=str,
    )
    def test_parameters_become_options(self, parameter, words):
        assert option_words(parameter) == words

    def test_a_gap_says_how_it_is_filled(self, files, capsys):
        (files / "gap.csv").write_text(
            "".join(line + "\n" for line in GRID.splitlines() if "T03" not in line)
        )
        err = show(capsys, "gap.csv", "--unit", "MW", "--columns", "WND")[2]
        assert "--gaps" in err and "gaps=" not in err


def test_units_suit_the_size():
    assert [power(kw) for kw in (0.0123, 5, 1234.5, 3.0374e7)] == ["12.3 W", "5 kW", "1.234 MW", "30.37 GW"]
    assert [energy(kwh) for kwh in (12, 12_000, 1.2e7, 1.31e11)] == [
        "12.00 kWh", "12.0 MWh", "12.0 GWh", "131.0 TWh",
    ]  # fmt: skip


class TestWeather:
    def test_is_described(self, tmp_path, capsys):
        path = write(tmp_path, epw_lines(), "tucson.epw")
        code, out, _ = show(capsys, str(path), "--json")
        summary = json.loads(out)
        assert code == 0 and summary["kind"] == "weather"
        assert (summary["latitude_deg"], summary["zone"], summary["utc_offset_h"]) == (32.17, "UTC-07:00", -7)
        assert (summary["start_utc"], summary["step_s"], summary["steps"]) == (
            "1999-01-01T07:00:00+00:00",
            3600,
            24,
        )
        assert summary["wind_speed_m_s"] == {"min": 5, "mean": 5, "max": 5}
        assert "jobs_skipped" not in summary

    @pytest.mark.parametrize(
        ("name", "lines"),
        [("a.csv", tmy3_lines()), ("a.csv", nsrdb_lines([(0, 30), (1, 30)])), ("a", epw_lines())],
    )
    def test_is_told_by_its_first_lines(self, tmp_path, capsys, name, lines):
        code, out, _ = show(capsys, str(write(tmp_path, lines, name)))
        assert code == 0 and "weather of" in out and "zone" in out

    def test_messages_and_notes_name_options_that_work(self, tmp_path, capsys):
        path = str(write(tmp_path, nsrdb_lines([(hour, 30) for hour in range(24)])[2:]))
        code, _, err = show(capsys, path)
        assert code == 2 and err.rstrip().endswith("give --latitude-deg, --longitude-deg, --utc-offset-h")
        place = ("--latitude-deg", "0", "--longitude-deg", "0", "--utc-offset-h", "0")
        code, out, _ = show(capsys, path, *place)
        assert code == 0 and "--altitude-m states it" in out
        code, out, _ = show(capsys, path, *place, "--altitude-m", "5", "--zone", "Europe/London")
        assert code == 0 and "altitude (" not in out and "Europe/London" in out

    def test_options_of_another_kind(self, tmp_path, capsys):
        path = str(write(tmp_path, epw_lines(), "a.epw"))
        code, _, err = show(capsys, path, "--kind", "weather", "--unit", "kW")
        assert code == 2 and "--unit is for --kind power" in err
        code, _, err = show(capsys, path, "--kind", "power", "--year", "2020")
        assert code == 2 and "--year is for --kind weather" in err

    def test_an_unknown_format(self, tmp_path, capsys):
        code, _, err = show(capsys, str(write(tmp_path, epw_lines(), "a.epw")), "--format", "epv")
        assert code == 2 and "unknown weather format 'epv'" in err


def test_strict_is_for_series_too(files, capsys):
    rows = "".join(f"2024-06-01T{hour:02}:00Z,{hour}\n" for hour in (3, 2, 1, 0))
    (files / "newest.csv").write_text("time,p_kw\n" + rows, encoding="utf-8")
    assert show(capsys, "newest.csv")[0] == 0
    code, _, err = show(capsys, "newest.csv", "--strict")
    assert code == 2 and "newest first" in err


def test_a_series_without_a_unit_may_be_a_rate(files, capsys):
    (files / "moer.csv").write_text(GRID.replace("WND,SUN,CI", "moer,f1,f2"), encoding="utf-8")
    code, _, err = show(capsys, "moer.csv")
    assert code == 2 and "kg/kWh" in err
    code, out, _ = show(capsys, "moer.csv", "--columns", "f2", "--unit", "kg/kWh")
    assert code == 0 and "g/kWh" in out


def test_options_of_a_series_outweigh_first_lines_that_look_like_weather(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(tmy3_lines(3)) + "\n")
    assert show_file(path, None, {}, {})["kind"] == "weather"
    with pytest.raises(InputError):
        show_file(path, None, {}, {"columns": ["sun_mw"], "zone": "UTC"})


class TestWaitingJobs:
    """A trace's cancelled jobs and chains are invisible, or shown only to those who know the option."""

    JOBS = (
        "job_id,submit_s,cores,work_s,estimate_s,sensitivity,cancel_s,after,user,group\n"
        "a,0,1,9,9,0.5,20,,ann,x\nb,0,1,9,9,,,,bob,x\nc,0,1,9,9,,,b,ann,\nd,0,1,9,9,,,c;b,,\n"
    )

    def test_all_of_them_are_counted_by_default(self, files, capsys):
        (files / "j.csv").write_text(self.JOBS)
        out = json.loads(show(capsys, "j.csv", "--json")[1])
        assert (out["jobs"], out["jobs_skipped"]) == (3, 1)
        assert out["jobs_cancelled_while_waiting"] == 1
        assert (out["jobs_waiting_for_others"], out["longest_chain"]) == (2, 3)
        assert (out["users"], out["groups"], out["sensitivity"]) == (2, 1, None)
        text = show(capsys, "j.csv")[1]
        assert "read with --dependencies wait (dependencies_ignored" in text

    def test_options_read_them_as_jobs(self, files, capsys):
        (files / "j.csv").write_text(self.JOBS)
        options = ("--cancellations", "replay", "--dependencies", "wait")
        out = json.loads(show(capsys, "j.csv", *options, "--json")[1])
        assert (out["jobs"], out["jobs_skipped"], out["sensitivity"]["min"]) == (4, 0, 0.5)
        assert out["jobs_cancelled_while_waiting"] == 1
        assert out["notes"].keys() == {"dependencies"}

    def test_a_cycle_is_shown_and_stops_only_who_waits(self, files, capsys):
        (files / "j.csv").write_text(self.JOBS.replace("b,0,1,9,9,,,,", "b,0,1,9,9,,,d,"))
        code, out, _ = show(capsys, "j.csv", "--json")
        shown = json.loads(out)
        assert code == 0 and "'b' -> 'd' -> 'b'" in shown["dependencies_problem"]
        assert (shown["jobs_cancelled_while_waiting"], shown["longest_chain"]) == (1, None)
        code, _, err = show(capsys, "j.csv", "--dependencies", "wait")
        assert code == 2 and "(lines 3, 5)" in err

    def test_cancelled_jobs_that_cannot_be_replayed_are_counted_apart(self, files, capsys):
        records = ("1 0 5 9", 1), ("2 0 -1 -1", 5), ("3 0 8 -1", 5)
        lines = [f"{start} 1 -1 -1 1 20 -1 {status} {'-1 ' * 7}\n" for start, status in records]
        (files / "t.swf").write_text("".join(lines))
        out = json.loads(show(capsys, "t.swf", "--json")[1])
        assert (out["jobs"], out["jobs_cancelled_while_waiting"], out["jobs_cancelled_unreplayable"]) == (
            1,
            1,
            1,
        )
        assert out["skips"]["unknown_run_time"]["count"] == 2

    def test_series_take_no_such_option(self, files, capsys):
        code, _, err = show(capsys, "supply.csv", "--cancellations", "replay")
        assert code == 2 and "--cancellations is for --kind workload" in err
