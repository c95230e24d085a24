"""A sweep leaves combinations out, runs one twice, mixes results up, or refuses a file unclearly."""

import json
import os

import pytest

from experiments.sweep.manifest import manifest_of, manifest_text
from experiments.sweep.sweep_file import read_sweep, sweep_schema
from rare.scenario.load import SHIPPED
from traces.errors import InputError

SWF = "; UnixStartTime: 0\n; MaxProcs: 4\n1 0 0 60 2 -1 -1 2 90 -1 1 1 1 1 1 1 -1 -1\n"
WHOLE = """
scenarios = ["tiny", "mine.toml"]
schedulers = ["easy", "wait.py:Wait"]
seeds = [3, 0]
windows = ["validation-00", "test"]
settings = ["rules.restart_s=30"]

[grid]
"battery.hours" = [0, 1.5]
"rules.min_battery_s" = 60

[[workload]]
name = "own"

[[workload]]
name = "heavy"
settings = ["workload.load=0.9"]

[[supply]]
name = "as it is"

[[supply]]
name = "little wind"
settings = ["supply.source.1.capacity=0.01"]
"""


@pytest.fixture
def base(tmp_path):
    (tmp_path / "jobs.swf").write_text(SWF)
    (tmp_path / "wait.py").write_text("class Wait:\n    def choose(self, view):\n        return -1\n")
    shipped = (SHIPPED / "tiny.toml").read_text()
    windows = SHIPPED / "windows-greensboro.csv"
    other = shipped.replace("windows-greensboro.csv", str(windows)).replace("seed = 2215", "seed = 7")
    (tmp_path / "mine.toml").write_text(other)
    return tmp_path


def manifest(base, text):
    (base / "s.toml").write_text(text)
    return manifest_of(read_sweep(base / "s.toml"), base)


def test_every_value_meets_every_other(base):
    whole = manifest(base, WHOLE)
    windows = len({point["window"] for point in whole.points})
    assert windows > 2 and len(whole.cells) == 2 * 2 * 2 * windows * 2 * 2 * 2
    assert whole.axes == (
        "scenario", "workload", "supply", "battery.hours", "rules.min_battery_s", "window", "seed",
        "scheduler",
    )  # fmt: skip
    assert len({json.dumps(point) for point in whole.points}) == len({cell.key for cell in whole.cells})
    assert [point["scheduler"] for point in whole.points[:4]] == ["easy", "wait.py:Wait"] * 2
    first = whole.cells[0].payload
    assert first.loaded.scenario.rules.restart_s == 30 and first.loaded.scenario.battery.hours == 0
    assert first.settings.seed == 3 and first.scheduler == "easy"
    assert whole.cells[1].payload.scheduler == f"{(base / 'wait.py').resolve()}:Wait"
    little_wind = [cell.payload.loaded for cell, point in zip(whole.cells, whole.points, strict=True)
               if point["supply"] == "little wind"]  # fmt: skip
    assert {loaded.scenario.supply.source[1].capacity for loaded in little_wind} == {0.01}


def test_quotes_around_a_key_of_the_grid_may_be_left_out(base):
    text = 'scenarios = ["tiny"]\nschedulers = ["easy"]\n[grid]\n{}\n'
    quoted = manifest(base, text.format('"battery.hours" = [0, 2]\n"supply.source.0.capacity" = [1, 2]'))
    bare = manifest(base, text.format("battery.hours = [0, 2]\nsupply.source.0.capacity = [1, 2]"))
    assert quoted.points == bare.points and bare.axes[1:3] == ("battery.hours", "supply.source.0.capacity")
    assert [cell.key for cell in quoted.cells] == [cell.key for cell in bare.cells]


def test_a_list_of_cases_is_no_grid(base):
    listed = manifest(base, """
        scenarios = ["tiny"]
        schedulers = ["easy"]
        [[case]]
        name = "small"
        settings = ["battery.hours=1", "supply.source.0.capacity=0.5"]
        [[case]]
        name = "large"
        settings = ["battery.hours=4", "supply.source.0.capacity=2"]
    """)  # fmt: skip
    assert [point["case"] for point in listed.points] == ["small", "large"]
    loaded = [cell.payload.loaded.scenario for cell in listed.cells]
    sizes = [(scenario.battery.hours, scenario.supply.source[0].capacity) for scenario in loaded]
    assert sizes == [(1, 0.5), (4, 2)]


def test_files_are_found_beside_the_sweep_from_any_folder(base, monkeypatch):
    elsewhere = base / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    text = 'schedulers = ["easy"]\n[[workload]]\nname = "a"\nfile = "jobs.swf"\nprocessors = 8\n'
    (cell,) = manifest(base, text).cells
    assert cell.payload.loaded.scenario.workload.file == str(base / "jobs.swf")
    assert cell.payload.loaded.scenario.workload.processors == 8
    text = 'schedulers = ["easy"]\nsettings = ["workload.file=jobs.swf"]\n'
    assert manifest(base, text).cells[0].payload.loaded.scenario.workload.file == str(base / "jobs.swf")


class TestKeys:
    TEXT = 'schedulers = ["easy", "wait.py:Wait"]\n[[workload]]\nname = "a"\nfile = "jobs.swf"\n'

    def keys(self, base, text=TEXT):
        return [cell.key for cell in manifest(base, text).cells]

    def test_a_name_or_an_axis_that_changes_nothing_leaves_them(self, base):
        assert self.keys(base) == self.keys(base, 'name = "other"\n' + self.TEXT.replace('"a"', '"b"'))
        more = self.TEXT.replace('["easy"', '["fcfs", "easy"')
        assert self.keys(base, more)[1:] == self.keys(base)

    @pytest.mark.parametrize("change", [
        ("jobs.swf", SWF.replace(" 60 ", " 61 ")), ("s.toml", TEXT + 'settings = ["rules.restart_s=9"]\n'),
        ("s.toml", "seeds = [4]\n" + TEXT), ("s.toml", 'clock = "simpy"\n' + TEXT),
        ("s.toml", "warmup_s = 60\n" + TEXT),
    ])  # fmt: skip
    def test_whatever_changes_the_result_changes_both(self, base, change):
        before = self.keys(base)
        name, content = change
        (base / name).write_text(content)
        os.utime(base / name, ns=(1, 1))
        after = self.keys(base, content if name == "s.toml" else self.TEXT)
        assert not set(before) & set(after)

    def test_they_do_not_depend_on_where_the_files_lie(self, base):
        before = self.keys(base)
        moved = base / "elsewhere"
        moved.mkdir()
        for name in ("jobs.swf", "wait.py"):
            (base / name).rename(moved / name)
        assert self.keys(moved) == before
        windows = 'scenarios = ["mine.toml"]\nschedulers = ["easy"]\nwindows = ["validation-00"]\n'
        (moved / "windows.csv").write_bytes((SHIPPED / "windows-greensboro.csv").read_bytes())
        inside = (
            (base / "mine.toml").read_text().replace(str(SHIPPED / "windows-greensboro.csv"), "windows.csv")
        )
        (moved / "mine.toml").write_text(inside)
        assert self.keys(base, windows) == self.keys(moved, windows)

    def test_an_edited_scheduler_changes_its_own_cells_alone(self, base):
        before = self.keys(base)
        with (base / "wait.py").open("a") as file:
            file.write("# better\n")
        after = self.keys(base)
        assert before[0] == after[0] and before[1] != after[1]


def test_shares_hold_each_cell_once_and_all_schedulers(base):
    text = 'scenarios = ["tiny"]\nschedulers = ["easy", "fcfs", "sjf", "hvf"]\nseeds = 10\n'
    whole = manifest(base, text)
    shares = [whole.share(number, 4) for number in range(1, 5)]
    assert sorted(cell.key for share in shares for cell in share) == sorted(cell.key for cell in whole.cells)
    assert {len(share) for share in shares} == {10}
    assert all(len({cell.payload.scheduler for cell in share}) > 1 for share in shares)
    assert whole.share(5, 100) == whole.share(5, 100)


def test_the_manifest_is_a_line_a_cell(base):
    whole = manifest(base, 'scenarios = ["tiny"]\nschedulers = ["easy"]\nseeds = 2\n')
    lines = [json.loads(line) for line in manifest_text(whole).splitlines()]
    assert [line.pop("cell") for line in lines] == [cell.key for cell in whole.cells]
    assert lines == list(whole.points)


@pytest.mark.parametrize(("text", "words"), [
    ("", "s.toml: schedulers"),
    ('schedulers = ["esay"]', "easy"),
    ('schedulers = ["easy", "easy"]', "s.toml: schedulers has 'easy' twice"),
    ('schedulers = ["easy"]\nseeds = 0', "s.toml: seeds"),
    ('schedulers = ["easy"]\nseeds = [1, 1]', "s.toml: seeds has 1 twice"),
    ('schedulers = ["easy"]\nseeds = [-1]', "s.toml: seeds"),
    ('schedulers = ["easy"]\nsceanrios = ["tiny"]', "did you mean"),
    ('schedulers = ["easy"]\nscenarios = ["tyni"]', "tiny"),
    ('schedulers = ["easy"]', "no workload"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\nwindows = ["vall"]', "neither a split nor a window"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[grid]\n"battery.huors" = [1]', "battery.huors"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[grid]\n"battery.hours" = []', "no value"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[grid]\n"battery.hours" = [1, -1]', "battery.hours -1"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[grid]\n"battery.hours" = [1, 1.0]', "twice"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[grid]\nseed = [1]', "table.key"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[[case]]\nname = "a"\n[[case]]\nname = "a"', "named 'a'"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[[case]]\nname = "a"\n[[case]]\nname = "b"',
     "the same run"),
    ('schedulers = ["easy"]\n[[workload]]\nname = "a"\nfile = "none.swf"', "none.swf: is no file"),
    ('schedulers = ["easy"]\nscenarios = ["tiny"]\n[[supply]]\nname = "a"\nfile = "none.csv"', "none.csv"),
])  # fmt: skip
def test_a_wrong_file_is_one_line_before_anything_is_run(base, text, words):
    with pytest.raises(InputError) as error:
        manifest(base, text)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_the_schema_knows_every_key():
    schema = sweep_schema()
    assert {"grid", "case", "workload", "supply", "seeds", "schedulers"} <= set(schema["properties"])
