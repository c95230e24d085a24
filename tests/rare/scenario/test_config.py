"""A scenario means something else than its author wrote, or a mistake in it goes unnoticed."""

import numpy as np
import pytest

from rare.model import NEVER_S, UNLIMITED_MW
from rare.scenario.case_builder import build
from rare.scenario.config.scenario_config import Scenario
from rare.scenario.load import Wishes, find_line, load_scenario, shipped_names
from tests.rare.scenario.scenario_texts import BASE
from traces.errors import InputError


class TestCluster:
    def test_nodes_follow_from_the_header(self, made):
        (partition,) = made().case.cluster.partitions
        assert (partition.nodes, partition.cores_per_node) == (2, 4)

    def test_processors_round_up_to_whole_nodes(self, made):
        assert made(processors=9).case.cluster.partitions[0].nodes == 3

    def test_watts_become_milliwatts(self, made):
        assert made().case.cluster.peak_draw_mw == 2 * (40 + 4 * 10) * 1000

    def test_no_cluster_table_means_plain_nodes(self, here):
        (here / "mine.toml").write_text('[workload]\nfile = "jobs.csv"\n', encoding="utf-8")
        (partition,) = build(load_scenario("mine.toml")).case.cluster.partitions
        assert (partition.nodes, partition.core_mw) == (8, 8000)

    def test_fixed_partitions_refuse_processors(self, here):
        text = BASE.split("[cluster.node]")[0] + (
            '[[cluster.partition]]\nname = "a"\nnodes = 2\ncores_per_node = 4\nidle_w = 1\ncore_w = 1\n'
        )
        (here / "mine.toml").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="cluster.partition.NAME.nodes"):
            build(load_scenario("mine.toml", Wishes(processors=3)))
        changed = load_scenario("mine.toml", Wishes(settings=["cluster.partition.a.nodes=5"]))
        assert build(changed).case.cluster.partitions[0].nodes == 5

    def test_jobs_that_fit_nowhere_are_told_of(self, made):
        (note,) = made(processors=4).warnings
        assert "1 of 3 jobs" in note and "--processors" in note


class TestSupply:
    SERIES = '[[supply.source]]\nfile = "supply.csv"\n'

    def test_peak_is_relative_to_the_peak_draw(self, made):
        case = made(self.SERIES + "peak = 1.5\n").case
        assert case.inputs.supply_mw.max() == 1.5 * case.cluster.peak_draw_mw

    def test_sources_add_up(self, made):
        case = made(self.SERIES + "peak_kw = 2\n" + self.SERIES + "peak_kw = 3\n").case
        assert case.inputs.supply_mw.max() == 5_000_000

    def test_scale_one_is_the_file_itself(self, made):
        assert made(self.SERIES + "scale = 1\n").case.inputs.supply_mw.max() == 23_000_000

    def test_the_peak_does_not_move_with_the_window_of_jobs(self, made):
        early, late = (made(self.SERIES + "peak = 1\n", jobs=jobs) for jobs in ("0:2", "2:3"))
        assert early.case.inputs.supply_mw.max() == late.case.inputs.supply_mw.max()

    def test_beside_a_series_there_is_no_grid_unless_asked(self, made):
        built = made(self.SERIES + "peak = 1\n")
        assert built.case.inputs.import_limit_mw.max() == 0
        assert any("islanded" in note for note in built.warnings)

    @pytest.mark.parametrize("grid, limit_mw", [
        ("import_ratio = 0.5", 80_000), ("import_kw = 0.003", 3_000), ("unlimited = true", UNLIMITED_MW),
    ])  # fmt: skip
    def test_import_limits(self, made, grid, limit_mw):
        assert made(self.SERIES + f"peak = 1\n[grid]\n{grid}\n").case.inputs.import_limit_mw[0] == limit_mw

    def test_the_supply_starts_at_the_jobs_and_ends_with_the_file(self, made):
        case = made(self.SERIES + "peak = 1\n").case
        assert case.inputs.change_s[0] == 100
        assert case.inputs.end_s == 10 * 86400
        assert made(self.SERIES + "peak = 1\n").join.shift_s == 0

    def test_a_supply_that_ends_early_is_told_of_and_repeat_mends_it(self, made):
        (window,) = (
            n
            for n in made(
                self.SERIES + 'peak = 1\n[time]\ncalendar = "none"\nsupply_start_s = -820000\n'
            ).warnings
            if "repeat" in n
        )
        assert "1 of 3 jobs" in window
        repeated = made(self.SERIES + "peak = 1\n", "supply.repeat=true")
        assert not [note for note in repeated.warnings if "repeat" in note]
        inputs = repeated.case.inputs
        assert inputs.end_s > 300 * 86400
        day = np.searchsorted(inputs.change_s, 11 * 86400 + 5 * 3600, side="right") - 1
        first = np.searchsorted(inputs.change_s, 1 * 86400 + 5 * 3600, side="right") - 1
        assert inputs.supply_mw[day] == inputs.supply_mw[first]

    def test_unlimited_power_has_no_end_and_no_renewable_part(self, made):
        inputs = made().case.inputs
        assert (inputs.import_limit_mw[0], inputs.end_s, inputs.renewable) == (UNLIMITED_MW, NEVER_S, False)

    def test_power_unlimited_overrules_series_and_battery(self, made):
        built = made(
            self.SERIES + "peak = 1\n[battery]\nhours = 1\n[grid]\nimport_ratio = 0\n", power="unlimited"
        )
        assert built.case.inputs.import_limit_mw[0] == UNLIMITED_MW
        assert built.case.battery.capacity_mj == 0

    def test_power_file_fills_the_sources_without_one(self, made):
        two = "[[supply.source]]\npeak_kw = 1\n[[supply.source]]\npeak_kw = 2\n"
        assert made(two, power="supply.csv").case.inputs.supply_mw.max() == 3_000_000

    def test_a_power_file_in_place_of_others_keeps_their_size(self, made):
        two = self.SERIES + "peak = 0.5\n" + self.SERIES + "peak = 0.25\n"
        case = made(two, power="supply.csv").case
        assert case.inputs.supply_mw.max() == 0.75 * case.cluster.peak_draw_mw

    def test_raw_values_far_from_the_cluster_are_told_of(self, made):
        assert any("peak=1" in note for note in made(self.SERIES).warnings)


class TestWorkload:
    def test_another_file_does_not_inherit_what_described_the_first(self, here):
        (here / "mine.toml").write_text(
            BASE.replace(
                'file = "jobs.csv"', 'file = "old.swf"\nformat = "swf"\nprocessors = 999\njobs = "5:9"'
            ),
            "utf-8",
        )
        built = build(load_scenario("mine.toml", Wishes(workload="jobs.csv")))
        assert len(built.case.workload) == 3
        assert built.case.cluster.partitions[0].nodes == 2

    def test_a_scenario_without_a_file_keeps_its_choice_of_jobs(self, here):
        (here / "mine.toml").write_text(BASE.replace('file = "jobs.csv"', 'jobs = "1:3"'), encoding="utf-8")
        built = build(load_scenario("mine.toml", Wishes(workload="jobs.csv")))
        assert built.case.workload.job_id.tolist() == [2, 3]

    def test_dates_are_the_machines_own_and_the_last_is_left_out(self, made):
        assert made(from_date="2022-06-14").case.workload.job_id.tolist() == [3]
        assert made(to_date="2022-06-14").case.workload.job_id.tolist() == [1, 2]

    def test_paths_are_relative_to_the_scenario_file(self, here, made, monkeypatch):
        made()
        (here / "elsewhere").mkdir()
        monkeypatch.chdir(here / "elsewhere")
        assert len(build(load_scenario("../mine.toml")).case.workload) == 3


class TestServiceClasses:
    CLASSES = """
[[service_class]]
name = "urgent"
share = 0.5
value_per_core_hour = 2.0
[[service_class]]
name = "free"
share = 0.5
value_per_core_hour = 0.5
deadline = false
"""

    def test_every_job_gets_a_value(self, made):
        assert (made(self.CLASSES).case.workload.value_u > 0).all()

    def test_the_seed_draws_and_the_window_does_not(self, made):
        whole = made(self.CLASSES, seed=5).case.workload
        part = made(self.CLASSES, seed=5, jobs="1:3").case.workload
        assert whole.value_u[1:].tolist() == part.value_u.tolist()

    def test_shares_must_add_up(self, made):
        with pytest.raises(InputError, match="service_class has shares that add up to 1.4"):
            made(self.CLASSES, "service_class.urgent.share=0.9")


class TestBattery:
    def test_hours_are_of_peak_draw(self, made):
        supply = '[supply]\nkind = "none"\n'
        battery = made(supply + "[battery]\nhours = 2\ncharge_ratio = 0.5\n").case.battery
        assert battery.capacity_mj == 2 * 3600 * 160_000
        assert (battery.charge_limit_mw, battery.discharge_limit_mw) == (80_000, 160_000)


class TestOverrides:
    def test_values_are_toml_and_texts_need_no_quotes(self, made):
        scenario = made(
            "", "grid.price_per_kwh=0.3", "cluster.node.idle_nodes=on", "rules.max_kills=7"
        ).loaded.scenario
        assert (scenario.grid.price_per_kwh, scenario.cluster.node.idle_nodes) == (0.3, "on")
        assert scenario.rules.max_kills == 7

    def test_arrays_grow_by_their_next_place(self, made):
        case = made("", "supply.source.0.file=supply.csv", "supply.source.0.peak_kw=4").case
        assert case.inputs.supply_mw.max() == 4_000_000

    def test_a_wrong_override_is_blamed_on_the_option(self, made):
        with pytest.raises(InputError, match=r"^--set battery.hours=-3: battery.hours must be between 0"):
            made("", "battery.hours=-3")


class TestMessages:
    @pytest.mark.parametrize("more, wanted", [
        ("[baterry]\nhours = 1\n", r"mine.toml:8: baterry is an unknown table; did you mean 'battery'\?"),
        ("[battery]\nhour = 1\n", r"mine.toml:9: battery.hour is an unknown key; did you mean 'hours'\?"),
        ("[battery]\nhours = \"four\"\n", r"mine.toml:9: battery.hours must be a number, got 'four'"),
        ("[battery]\nhours = nan\n", r"mine.toml:9: battery.hours must be a finite number, got nan"),
        ("[grid]\nimport_ratio = 1\n[grid.deep]\nx = 1\n", r"mine.toml:10: grid.deep is an unknown"),
        ("[[supply.source]]\nfile = \"x\"\npeak = 1\npeek = 2\n", r"mine.toml:11: supply.source.0.peek is"),
    ])  # fmt: skip
    def test_file_line_key_and_value_are_named(self, made, more, wanted):
        with pytest.raises(InputError, match=wanted):
            made(more)

    def test_lines_are_found_in_arrays_of_tables(self):
        text = "a = 1\n[[x]]\nn = 1\n[[x]]\nn = 2\n[y.z]\nk = 3\n"
        assert find_line(text, ("x", 1, "n")) == 5
        assert find_line(text, ("y", "z", "k")) == 7
        assert find_line(text, ("x", 0, "missing")) == 2
        assert find_line(text, ("nowhere",)) is None


class TestShipped:
    @pytest.mark.parametrize("name", shipped_names())
    def test_every_shipped_scenario_is_valid(self, name):
        assert isinstance(load_scenario(name).scenario, Scenario)

    def test_the_example_is_valid_and_describes_the_issue(self, here):
        from pathlib import Path

        example = Path(__file__).resolve().parents[3] / "examples" / "kth-ercot.toml"
        scenario = load_scenario(str(example)).scenario
        assert scenario.workload.jobs == "0:5000"
        assert [each.name for each in scenario.service_class] == ["urgent", "normal", "flexible"]

    def test_plain_documents_the_default_node(self):
        from rare.scenario.config.scenario_config import PLAIN_NODE

        assert load_scenario("plain").scenario.cluster.node == PLAIN_NODE
