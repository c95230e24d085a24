"""A window runs other jobs, another site or another time than its file says, or training sees the test."""

import numpy as np
import pytest

from experiments.evaluation.evaluate import choose_windows
from rare.scenario.case_builder import build
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.windows import read_windows, windows_of
from traces.errors import InputError

HOUR, DAY = 3600, 86400
WINDOWS = """name,split,first_day,days,site
# two weeks and a bit
learn-a,train,0,6,
check-a,validation,7,6,
try-a,test,14,6,
far-a,unseen,14,6,miami
"""
SCENARIO = """name = "mine"
[site]
name = "greensboro"
[workload]
model = "lublin"
processors = 16
load = 0.7
days = 28
[cluster.node]
profile = "xeon-x5675-2s"
cores_per_node = 8
[[supply.source]]
kind = "wind"
capacity = 1.0
[windows]
file = "windows.csv"
default = "check-a"
"""
CLASS = """
[[service_class]]
name = "only"
share = 1.0
value_per_core_hour = 1.0
value_spread = [0.5, 1.5]
slack_factor = [2.0, 3.0]
min_allowance_s = 3600
"""


@pytest.fixture
def made(here):
    """Load, or build, SCENARIO with its windows file."""
    (here / "windows.csv").write_text(WINDOWS, encoding="utf-8")

    def make(*settings, more="", text=SCENARIO, load=False):
        (here / "mine.toml").write_text(text + more, encoding="utf-8")
        loaded = load_scenario("mine.toml", Wishes(settings=settings))
        return loaded if load else build(loaded)

    return make


class TestChoice:
    def test_the_default_runs_where_none_is_named(self, made):
        assert made().resolved()["resolved"]["window"]["name"] == "check-a"
        assert made("window=try-a").resolved()["resolved"]["window"]["split"] == "test"

    def test_all_is_the_whole_of_the_time(self, made):
        case = made("window=all").case
        assert (case.begin_s, case.end_s) == (None, None)
        assert case.workload.submit_s.max() > 27 * DAY

    def test_without_a_default_the_whole_runs(self, made):
        assert made(text=SCENARIO.replace('default = "check-a"\n', "")).case.end_s is None

    def test_an_unknown_name_gets_the_nearest(self, made):
        with pytest.raises(
            InputError, match=r"window 'chek-a' is not in .*windows.csv; did you mean 'check-a'"
        ):
            made("window=chek-a")
        with pytest.raises(InputError, match="known are learn-a, check-a, try-a, far-a and all"):
            made("window=zzz")

    def test_splits_and_names_choose_for_evaluation(self, made):
        loaded = made(load=True)
        assert [w.name for w in windows_of(loaded, "test")] == ["try-a"]
        assert [w.name for w in choose_windows(loaded, ["far-a", "train"])] == ["learn-a", "far-a"]
        with pytest.raises(InputError, match="'tset': is neither a split .*nor a window"):
            choose_windows(loaded, ["tset"])
        with pytest.raises(InputError, match="split 'tset' is unknown; known are train"):
            windows_of(loaded, "tset")


class TestSpan:
    def test_only_jobs_submitted_in_it_run(self, made):
        whole, part = made("window=all").case, made("window=try-a").case
        inside = (whole.workload.submit_s >= 14 * DAY) & (whole.workload.submit_s < 20 * DAY)
        assert part.begin_s == 14 * DAY
        assert part.workload.job_id.tolist() == whole.workload.job_id[inside].tolist()

    def test_it_ends_after_two_allowances(self, made):
        case = made("window=try-a", more=CLASS).case
        jobs = case.workload
        allowance_s = jobs.deadline_s - jobs.submit_s
        assert case.end_s == int((jobs.submit_s + 2 * allowance_s).max())
        assert case.end_s <= case.inputs.end_s

    def test_without_deadlines_it_has_no_end_of_its_own(self, made):
        assert made("window=try-a").case.end_s is None

    def test_days_are_the_sites_standard_days(self, made):
        """Day 0 of the typical year is local midnight, and the first job of the window is after day 14's."""
        built = made("window=try-a")
        assert (built.join.shift_s, built.case.begin_s) == (0, 14 * DAY)
        assert 14 * DAY <= built.case.workload.submit_s[0] < 15 * DAY

    def test_a_trace_with_a_calendar_has_windows_too(self, here, made):
        text = SCENARIO.split("[site]")[0] + '[workload]\nfile = "jobs.csv"\n[cluster.node]\n'
        text += (
            'cores_per_node = 8\nidle_w = 1\ncore_w = 1\n[[supply.source]]\nfile = "supply.csv"\nscale = 1\n'
        )
        text += '[windows]\nfile = "w.csv"\ndefault = "second"\n'
        (here / "w.csv").write_text("name,split,first_day,days\nsecond,test,1,1\n", encoding="utf-8")
        case = made(text=text).case  # jobs at 100, 200 and 86500 s; the supply's day 0 is second 0
        assert case.workload.job_id.tolist() == [3]
        assert case.begin_s == DAY

    def test_a_window_may_take_its_first_jobs_only(self, made):
        all_of_it, few = made("window=try-a").case, made("window=try-a", "windows.jobs=3").case
        assert few.workload.job_id.tolist() == all_of_it.workload.job_id[:3].tolist()

    def test_a_window_without_jobs_is_an_error(self, here, made):
        (here / "windows.csv").write_text(WINDOWS + "late,test,300,6,\n", encoding="utf-8")
        with pytest.raises(InputError, match="window 'late': no job of lublin"):
            made("window=late")

    def test_a_window_behind_the_supply_is_an_error(self, here, made):
        (here / "windows.csv").write_text(WINDOWS + "late,test,400,6,\n", encoding="utf-8")
        with pytest.raises(InputError, match="window 'late': its first day 400 .*365 days.*supply.repeat"):
            made("window=late")


class TestSite:
    def test_a_window_may_be_elsewhere(self, made):
        here, there = made("window=try-a"), made("window=far-a")
        assert there.loaded.scenario.site.name == "miami"
        assert here.loaded.scenario.site.name == "greensboro"
        assert not np.array_equal(here.case.inputs.supply_mw, there.case.inputs.supply_mw)
        assert np.array_equal(here.case.workload.submit_s, there.case.workload.submit_s)

    def test_an_unknown_site_is_named(self, here, made):
        (here / "windows.csv").write_text(WINDOWS.replace("miami", "miammi"), encoding="utf-8")
        with pytest.raises(InputError, match="^site: unknown site 'miammi': did you mean 'miami'"):
            made("window=far-a")

    def test_a_site_without_weather_in_the_scenario_is_an_error(self, here, made):
        text = SCENARIO.replace('[site]\nname = "greensboro"\n', "")
        text = text.replace('kind = "wind"\ncapacity = 1.0', 'file = "supply.csv"\nscale = 1')
        with pytest.raises(InputError, match="window 'far-a': is at site 'miami', but nothing"):
            made("window=far-a", text=text)


class TestTraining:
    """What climatology learns: the hours of training and validation windows, whatever window runs."""

    FORECAST = '[forecast]\nkind = "{}"\nhours = 12\n'
    FILES = SCENARIO.replace('[site]\nname = "greensboro"\n', "").replace(
        'kind = "wind"\ncapacity = 1.0', 'file = "{}"\nunit = "kW"\nquantity = "wind"\nscale = 1'
    )
    ROWS = "name,split,first_day,days\nlearn,train,0,6\ncheck,validation,7,6\ntry,test,14,6\n"

    @pytest.fixture
    def forecast(self, here, made):
        (here / "windows.csv").write_text(self.ROWS, encoding="utf-8")
        values = np.random.default_rng(3).integers(1, 90, 28 * 24)

        def make(kind, changed, window="learn"):
            kw = values.copy()
            kw[changed] = 99
            rows = [f"2022-06-{1 + h // 24:02d}T{h % 24:02d}:00Z,{v}\n" for h, v in enumerate(kw)]
            (here / "supply.csv").write_text("time,kw\n" + "".join(rows), encoding="utf-8")
            text = self.FILES.format("supply.csv").replace("check-a", window)
            return made(more=self.FORECAST.format(kind), text=text).case.forecast

        return make

    @pytest.mark.parametrize("kind", ["climatology", "persistence", "daily-persistence", "synthetic"])
    def test_test_windows_do_not_change_what_is_forecast_in_training(self, forecast, kind):
        test_hours = slice(14 * 24, 20 * 24)
        one, other = forecast(kind, slice(0, 0)), forecast(kind, test_hours)
        hours = 6 * 24 - 12  # the window without the allowance after it
        for table in ("supply_mw", "low_mw", "high_mw"):
            assert np.array_equal(getattr(one, table)[:hours], getattr(other, table)[:hours])

    def test_training_windows_do_change_it(self, forecast):
        learned = forecast("climatology", slice(0, 0), "try"), forecast("climatology", slice(0, 100), "try")
        assert not np.array_equal(learned[0].supply_mw, learned[1].supply_mw)

    def test_the_days_between_windows_are_not_learned_from(self, forecast):
        gap = slice(6 * 24, 7 * 24)
        one, other = (forecast("climatology", each, "try") for each in (slice(0, 0), gap))
        assert np.array_equal(one.supply_mw, other.supply_mw)

    def test_where_windows_overlap_the_test_wins(self, here, forecast):
        self_rows = self.ROWS + "wide,train,10,10\n"
        one = forecast("climatology", slice(0, 0))
        (here / "windows.csv").write_text(self_rows, encoding="utf-8")
        wide = forecast("climatology", slice(0, 0)), forecast("climatology", slice(14 * 24, 20 * 24))
        assert np.array_equal(wide[0].supply_mw, wide[1].supply_mw)
        assert not np.array_equal(one.supply_mw, wide[0].supply_mw)

    def test_without_anything_to_learn_from_it_says_so(self, here, forecast):
        (here / "windows.csv").write_text("name,split,first_day,days\nlearn,test,0,6\n", encoding="utf-8")
        with pytest.raises(InputError, match="windows.csv: no training or validation window"):
            forecast("climatology", slice(0, 0))


class TestShipped:
    @pytest.mark.parametrize("name", ["islanded", "grid-tied", "solar-night", "gpu-cluster", "tiny"])
    def test_windows_of_one_site_are_a_day_apart_and_in_every_season(self, name):
        windows = windows_of(load_scenario(name))
        assert windows
        for site in {window.site for window in windows}:
            spans = sorted(w.span_s for w in windows if w.site == site)
            assert all(later[0] - earlier[1] >= DAY for earlier, later in zip(spans, spans[1:], strict=False))
            assert spans[0][0] < 60 * DAY and spans[-1][1] > 300 * DAY

    @pytest.mark.parametrize("name", ["islanded", "grid-tied", "solar-night", "gpu-cluster", "tiny"])
    def test_the_unseen_site_is_in_no_other_split(self, name):
        loaded = load_scenario(name)
        windows = windows_of(loaded)
        unseen = {w.site for w in windows if w.split == "unseen"}
        assert len(unseen) == 1 and loaded.scenario.site.name not in unseen
        assert not unseen & {w.site for w in windows if w.split != "unseen"}


def test_excel_writes_a_byte_order_mark(tmp_path):
    (tmp_path / "w.csv").write_bytes(b"\xef\xbb\xbfname,split,first_day,days\r\na,train,0,6\r\n\r\n")
    (window,) = read_windows(tmp_path / "w.csv")
    assert (window.name, window.days, window.site) == ("a", 6, None)
