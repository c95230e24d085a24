"""The timeline's data: what the page holds equals the run's tables, fits, and cannot leave its element."""

import base64
import json
import subprocess
import sys
import zlib

import numpy as np
import pandas as pd
import pytest

from experiments.report.html_report import write_report
from experiments.report.timeline.job_details import BETWEEN, job_times, pack_jobs
from experiments.report.timeline.packed_columns import pack_numbers, pack_texts
from experiments.report.timeline.power_details import binned, pack_steps, power_steps
from experiments.report.timeline.run_rows import RunRows
from experiments.report.timeline.timeline_section import MARKUP, timeline_section
from experiments.report.timeline.wait_reasons import starting_limit_w, wait_reasons
from experiments.results.run_folder import load_compare, load_run, write_run
from tests.experiments.fake_runs import START_S, fake_compare, fake_run

PLAIN_NODE = {"core_w": 10.0, "idle_w": 20.0, "sleep_w": 0.0, "speed": []}


def unpacked(packed):
    """What templates/timeline_data.js makes of a packed column."""

    def inflated(text):
        return zlib.decompress(base64.b64decode(text))

    if "t" in packed:
        return json.loads(inflated(packed["t"]))
    planes = np.zeros((8, packed["n"]), np.uint8)
    planes[: packed["w"]] = np.frombuffer(inflated(packed["z"]), np.uint8).reshape(packed["w"], -1)
    planes[packed["w"] :] = np.where(planes[packed["w"] - 1] > 127, 255, 0)
    whole = np.ascontiguousarray(planes.T).view("<i8").ravel()
    values = (np.cumsum(whole) if packed["d"] else whole) * packed["q"]
    if "m" in packed:
        values = np.where(np.frombuffer(inflated(packed["m"]), np.uint8), np.nan, values)
    return values


def hand_made(folder, jobs, events, power, config=None):
    """A run of the given rows; jobs: (id, submit, start, end, cores, work, status)."""
    names = ["job_id", "submit_s", "start_s", "end_s", "cores", "work_s", "status"]
    table = pd.DataFrame(jobs, columns=names).assign(
        suspensions=0, value=np.nan, earned=0.0, partition="main"
    )
    log = pd.DataFrame(events, columns=["time_s", "event", "job_id"])
    rows = pd.DataFrame(power, columns=["time_s", "supply_w", "draw_w", "used_cores", "queued"])
    rows = rows.assign(battery_w=np.nan, battery_wh=np.nan, grid_w=0.0, running=0)
    rows["curtailed_w"] = rows["supply_w"] - rows["draw_w"]
    config = config or {
        "cluster": {"pue": 1.0, "node": PLAIN_NODE, "partition": []},
        "resolved": {
            "partitions": [{"name": "main", "nodes": 2, "cores": 4}],
            "import_limit_kw": 0.0,
            "peak_draw_kw": 0.08,
            "battery_kwh": 0.0,
        },
    }
    write_run(folder, config, {}, {"scenario": "s", "scheduler": "easy", "metrics": {}}, table, log, rows)
    return RunRows(load_run(folder))


class TestPackedColumns:
    @pytest.mark.parametrize("differences", [False, True])
    def test_numbers_come_back(self, differences):
        for values in (
            [],
            [5],
            [-1, 2**45, -(2**45), 0],
            [127, 128, 255, -128, -129],
            [np.nan, 3, np.nan, 4],
        ):
            packed = pack_numbers(np.array(values, dtype=float), differences=differences)
            np.testing.assert_array_equal(unpacked(packed), values)
            json.dumps(packed, allow_nan=False)

    def test_rounded_to_the_quantum(self):
        values = np.random.default_rng(1).uniform(-5000, 5000, 500)
        back = unpacked(pack_numbers(values, quantum=0.01, differences=True))
        assert np.abs(back - values).max() <= 0.0051  # errors do not add up

    def test_huge_numbers_lose_digits_and_not_their_size(self):
        back = unpacked(pack_numbers(np.array([2.0**50, -(2.0**62)]), differences=True))
        np.testing.assert_allclose(back, [2.0**50, -(2.0**62)], rtol=1e-4)

    def test_texts_come_back(self):
        texts = ["", "</script>", "ü €", "\ud800", '"quoted"', "a\nb", "<!--"]
        assert unpacked(pack_texts(texts)) == texts


class TestJobs:
    def test_equal_the_tables(self, tmp_path):
        run = load_run(fake_run(tmp_path / "r", 300))
        packed = {name: unpacked(column) for name, column in pack_jobs(RunRows(run)).items()}
        jobs = run.jobs
        arrive = packed["submit"] + packed["delay"]
        start = arrive + packed["wait"]
        begun = np.where(np.isnan(start), arrive, start)
        gone = begun + packed["stay"] + packed["work"]
        same = np.testing.assert_array_equal
        same(packed["id"].astype(int).astype(str), jobs["job_id"])
        same(packed["submit"], jobs["submit_s"])
        same(start, jobs["start_s"])
        ended = jobs["end_s"].notna().to_numpy()
        same(gone[ended], jobs["end_s"][ended])
        for name in ("cores", "suspensions", "kills"):
            same(packed[name], jobs[name])
        np.testing.assert_allclose(packed["value"], jobs["value"], atol=1e-9)
        np.testing.assert_allclose(packed["value"] - packed["lost"], jobs["earned"], atol=1e-6)
        same(np.array(packed["status_names"])[packed["status"].astype(int)], jobs["status"])
        log = run.events[run.events["event"].isin(["suspend", "resume"])]
        assert len(packed["between_job"]) == len(log) > 20
        ids = packed["id"][packed["between_job"].astype(int)].astype(int).astype(str)
        codes = np.array(BETWEEN)[packed["between_code"].astype(int)]
        told = sorted(zip(ids, packed["between_time"].astype(int), codes, strict=True))
        assert told == sorted(zip(log["job_id"], log["time_s"].astype(int), log["event"], strict=True))

    def test_killed_unfinished_rejected_and_never_come(self, tmp_path):
        jobs = [
            ("a", 0, 0, 90, 1, 40, "completed"),
            ("b", 5, 20, np.nan, 1, 999, "unfinished"),
            ("c", 6, np.nan, np.nan, 9, 10, "rejected"),
            ("d", 200, np.nan, np.nan, 1, 10, "unfinished"),
        ]
        events = [
            (0, "submit", "a"), (0, "start", "a"), (5, "submit", "b"), (6, "reject", "c"), (10, "kill", "a"),
            (20, "start", "b"), (50, "start", "a"), (90, "end", "a"),
        ]  # fmt: skip
        rows = hand_made(tmp_path / "r", jobs, events, [(0, 100, 0, 0, 0), (100, 100, 0, 0, 0)])
        times = job_times(rows)
        nan = np.nan
        np.testing.assert_array_equal(times.arrive_s, [0, 5, nan, nan])
        np.testing.assert_array_equal(times.start_s, [0, 20, nan, nan])
        np.testing.assert_array_equal(times.gone_s, [90, nan, 6, nan])
        assert times.between[["job", "time_s", "code"]].to_numpy().tolist() == [
            [0, 10, BETWEEN.index("kill")],
            [0, 50, BETWEEN.index("start")],
        ]
        assert unpacked(pack_jobs(rows)["id"]) == ["a", "b", "c", "d"]


class TestPower:
    @pytest.mark.parametrize("bins", [10_000_000, 500, 37])
    def test_energy_is_the_runs(self, tmp_path, bins):
        run = load_run(fake_run(tmp_path / "r", 200))
        columns = {
            name: unpacked(one) for name, one in pack_steps(binned(power_steps(RunRows(run)), bins)).items()
        }
        hours = np.diff(columns["edges"]) / 3600
        kwh = {
            name: float(columns[name] @ hours / 1000) for name in columns if len(columns[name]) == len(hours)
        }
        metrics = run.metrics
        draw_kwh = kwh["renewable"] + kwh["discharge"] + kwh["grid"]
        assert draw_kwh == pytest.approx(metrics["energy_kwh"], rel=1e-5)
        assert kwh["curtailed"] == pytest.approx(metrics["curtailed_kwh"], rel=1e-5)
        supply_kwh = kwh["renewable"] + kwh["charge"] + kwh["curtailed"]
        assert supply_kwh == pytest.approx(metrics["renewable_available_kwh"], rel=1e-5)

    def test_exact_steps_equal_the_table(self, tmp_path):
        run = load_run(fake_run(tmp_path / "r", 60))
        columns = {name: unpacked(one) for name, one in pack_steps(power_steps(RunRows(run))).items()}
        np.testing.assert_array_equal(columns["edges"], run.power["time_s"])
        np.testing.assert_array_equal(columns["queued"], run.power["queued"][:-1])
        np.testing.assert_array_equal(columns["used"], run.power["used_cores"][:-1])
        draw_w = sum(columns[name] for name in ("renewable", "discharge", "grid") if name in columns)
        np.testing.assert_allclose(draw_w, run.power["draw_w"][:-1], atol=0.05)

    def test_cores_asked_by_waiting_jobs(self, tmp_path):
        events = [
            (0, "submit", "a"),
            (10, "submit", "b"),
            (20, "start", "a"),
            (30, "shed", "a"),
            (40, "start", "b"),
        ]
        jobs = [("a", 0, 20, np.nan, 3, 50, "unfinished"), ("b", 10, 40, np.nan, 4, 50, "unfinished")]
        power = [(second, 100, 0, 0, 0) for second in (0, 10, 20, 30, 40, 50)]
        steps = power_steps(hand_made(tmp_path / "r", jobs, events, power))
        assert steps.columns["asked"].tolist() == [3, 7, 4, 7, 3]

    def test_no_time_no_timeline(self, tmp_path):
        rows = hand_made(tmp_path / "r", [], [], [(0, 100, 0, 0, 0)])
        assert timeline_section(rows.run, 10**6) is None


class TestWaits:
    """4 cores of 10 W in two nodes of 20 W; job b asks for 2 cores from 0 s on and starts at 100 s."""

    def reasons(self, tmp_path, power, **config):
        jobs = [("a", 0, 0, 500, 3, 500, "completed"), ("b", 0, 100, 500, 2, 400, "completed")]
        events = [(0, "submit", "a"), (0, "submit", "b"), (0, "start", "a"), (100, "start", "b")]
        rows = hand_made(tmp_path / "r", jobs, events, [*power, (500, power[-1][1], 0, 0, 0)], **config)
        times = job_times(rows)
        found = wait_reasons(rows, times.arrive_s, times.start_s, times.gone_s)
        return found and [float(one[1]) for one in (found.cores_s, found.power_s, found.turn_s)]

    def test_each_cause_for_its_time(self, tmp_path):
        power = [
            (0, 200, 70, 3, 1),  # one core free: cores were taken, for 30 s
            (30, 80, 65, 2, 1),  # 15 W left, its cores draw 20: power was short, for 40 s
            (70, 200, 60, 2, 1),  # 140 W left, its cores and a node draw 40: not its turn, for 20 s
            (90, 90, 60, 2, 1),  # 30 W left: enough if its node is lit already. Not decided
            (100, 200, 80, 4, 0),
        ]
        assert self.reasons(tmp_path, power) == [30, 40, 20]

    def test_without_a_limit_power_is_never_short(self, tmp_path):
        power = [(0, np.nan, 70, 3, 1), (30, np.nan, 60, 2, 1), (100, np.nan, 80, 4, 0)]
        assert self.reasons(tmp_path, power) == [30, 0, 70]

    @pytest.mark.parametrize(
        ("first", "limits_w"), [("battery", [15, 79, 95, 95]), ("grid", [25, 94, 95, 95])]
    )
    def test_a_battery_counts_as_far_as_it_lasts(self, first, limits_w):
        """RULES 2.5 with an hour, 80 W from the battery and 15 W from the grid."""
        config = {
            "battery": {"discharge_ratio": 1.0, "discharge_efficiency": 1.0},
            "resolved": {"battery_kwh": 0.2, "peak_draw_kw": 0.08},
            "rules": {"min_battery_s": 3600, "dispatch_first": first},
        }
        assert starting_limit_w(config, np.array([10.0, 79.0, 80.0, 200.0]), 15.0).tolist() == limits_w

    def test_unknown_cluster_or_grid(self, tmp_path):
        power = [(0, 200, 70, 3, 1), (30, 80, 65, 2, 1), (100, 200, 80, 4, 0)]
        assert self.reasons(tmp_path / "1", power, config={"a": 1}) is None
        config = {
            "cluster": {"node": PLAIN_NODE},
            "resolved": {"partitions": [{"name": "main", "nodes": 2, "cores": 4}]},
        }
        assert self.reasons(tmp_path / "2", power, config=config) == [30, 0, 0]


class TestPage:
    def test_the_library_is_loaded_only_for_a_report(self):
        code = "import sys, experiments.cli, experiments.report.html_report; sys.exit('bokeh' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def data(self, text):
        start = text.index('id="timeline-data">') + len('id="timeline-data">')
        return json.loads(text[start : text.index("</script>", start)])

    def test_what_does_not_fit_is_left_out_and_said(self, tmp_path):
        compare = load_compare(fake_compare(tmp_path / "c", {"easy": 1, "fcfs": 3}, 400))
        whole = timeline_section(compare, 5_000_000)
        assert whole.notes == []
        needed = len(whole.data) + sum(len(script.text) for script in whole.scripts)
        assert len(timeline_section(compare, needed + MARKUP).data) == len(whole.data)
        small = timeline_section(compare, needed + MARKUP - 2_500)
        assert ["leaves out the single jobs of fcfs" in note for note in small.notes] == [True], small.notes
        assert len(small.data) < len(whole.data) - 2_000
        assert timeline_section(compare, 10_000) is None

    def test_equal_columns_of_two_runs_are_stored_once(self, tmp_path):
        compare = load_compare(fake_compare(tmp_path / "c", {"easy": 1, "fcfs": 3}, 100))
        first, second = (run["jobs"] for run in json.loads(timeline_section(compare, 5_000_000).data)["runs"])
        assert first["submit"] == second["submit"] and first["cores"] == second["cores"]
        assert first["wait"] != second["wait"]

    def test_hostile_fields_stay_in_their_element(self, tmp_path):
        evil = "</script><script>alert(1)</script><!-- \"'&<img src=x onerror=alert(2)> \ud83d €"
        folder = fake_run(tmp_path / "r", 20, scheduler=evil)
        jobs = pd.read_csv(folder / "jobs.csv", dtype=str).assign(user=evil[:-3], group="</SCRIPT>")
        jobs.to_csv(folder / "jobs.csv", index=False)
        text = write_report(folder).read_text()
        assert "alert(1)</script>" not in text and "</SCRIPT>" not in text
        data = self.data(text)
        assert data["runs"][0]["name"].startswith("script><script>alert(1)</script>")
        assert unpacked(data["columns"][data["runs"][0]["jobs"]["user_names"]]) == [evil[:-3]]

    @pytest.mark.parametrize(
        "damaged", [None, 3, "text", [1], {"partitions": [1, {"cores": "x"}], "battery_kwh": "y"}]
    )
    def test_a_damaged_configuration_only_tells_less(self, tmp_path, damaged):
        names = ("resolved", "cluster", "rules", "outage", "grid", "battery")
        run = load_run(fake_run(tmp_path / "r", 20, config=dict.fromkeys(names, damaged)))
        assert json.loads(timeline_section(run, 5_000_000).data)["runs"][0]["cores"] is None

    def test_time_zone_and_change_of_clocks(self, tmp_path):
        config = {"time": {"origin_utc": "2022-11-05T00:00:00+00:00", "zone": "US/Central"}}
        run = load_run(fake_run(tmp_path / "r", 20, config=config))
        axis = json.loads(timeline_section(run, 5_000_000).data)["axis"]
        assert axis["zone"] == "US/Central" and axis["begin"] == START_S
        changes_s = 31 * 3600  # 2 a.m. daylight time on 6 November is 7 a.m. in UTC
        assert axis["offsets"] == [[START_S, -5 * 3600], [changes_s, -6 * 3600]]

    def test_marks_of_grid_events_and_outages(self, tmp_path):
        folder = fake_run(
            tmp_path / "r", 20, config={"outage": [{"from": 9000, "to": 9600, "nodes": 2, "planned": True}]}
        )
        events = pd.read_csv(folder / "events.csv")
        events.loc[len(events)] = [int(events["time_s"].max()), "lose", 1]
        events.to_csv(folder / "events.csv", index=False)
        marks = json.loads(timeline_section(load_run(folder), 5_000_000).data)["runs"][0]["marks"]
        assert [mark["text"] for mark in marks] == [
            "planned outage of 2 node(s)",
            "an outage: jobs lost their nodes",
        ]
        assert (marks[0]["from"], marks[0]["to"]) == (9000, 9600)
