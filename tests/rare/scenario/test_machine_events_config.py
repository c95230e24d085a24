"""What a scenario says of speed levels, grid events and outages becomes another case, or a mistake passes."""

import numpy as np
import pytest

import rare
from rare.episodes import window_case
from rare.machine_events import NO_LIMIT_MW, PLANNED, Speed
from rare.model import NEVER_S
from rare.scenario.case_builder import build
from rare.scenario.case_hash import case_hash, config_hash
from rare.scenario.load import Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of
from schedulers import make_scheduler
from tests.rare.scenario.scenario_texts import BASE, DAY, HOUR, SERIES
from traces.errors import InputError

NODE = "[[cluster.node.speed]]\n"
EVENT = "[[event]]\n"
OUTAGE = "[[outage]]\n"
PARTITIONS = BASE.split("[cluster.node]")[0] + "".join(
    f'[[cluster.partition]]\nname = "{name}"\nnodes = {nodes}\ncores_per_node = 4\nidle_w = 40\ncore_w = 10\n'
    for name, nodes in (("a", 2), ("b", 3))
)


def refused(made, more, message, *settings, base=BASE):
    with pytest.raises(InputError, match=message):
        made(more, *settings, base=base)


class TestSpeedLevels:
    def test_levels_become_thousandths(self, made):
        case = made(f"{NODE}rate = 0.85\npower = 0.68\n{NODE}rate = 0.6\npower = 0.4\n").case
        assert case.cluster.partitions[0].speeds == (Speed(850, 680), Speed(600, 400))

    def test_published_levels_by_name_for_nodes_and_partitions(self, made):
        by_node = made("", "cluster.node.speeds=cpu").case.cluster.partitions[0].speeds
        a, b = made("", "cluster.partition.b.speeds=cpu", base=PARTITIONS).case.cluster.partitions
        assert by_node == b.speeds == (Speed(745, 680), Speed(575, 510)) and a.speeds == ()

    def test_one_level_may_be_set_by_its_place(self, made):
        settings = ("cluster.partition.b.speed.0.rate=0.8", "cluster.partition.b.speed.0.power=0.5")
        assert made("", *settings, base=PARTITIONS).case.cluster.partitions[1].speeds == (Speed(800, 500),)

    @pytest.mark.parametrize(
        "more, message",
        [
            ("rate = 1\npower = 0.5\n", r"mine.toml:\d+: .*speed.0.rate must be between 0.001 and 0.999"),
            ("rate = 0.5\n", "speed.0.power is missing"),
            (f"rate = 0.5\npower = 0.4\n{NODE}rate = 0.6\npower = 0.3\n", "fastest first.*0.5 and then 0.6"),
            (f"rate = 0.5\npower = 0.4\n{NODE}rate = 0.4\npower = 0.4\n", "power 0.4 and then 0.4"),
            (
                f"rate = 0.5\npower = 0.4\n{NODE}" * 7 + "rate = 0.4\npower = 0.1\n",
                "has 8 entries; give at most 7",
            ),
        ],
    )
    def test_wrong_levels(self, made, more, message):
        refused(made, NODE + more, message)

    def test_two_kinds_of_levels_or_an_unknown_name(self, made):
        refused(made, f'speeds = "cpu"\n{NODE}rate = 0.5\npower = 0.4\n', "speeds and .* keep one")
        refused(made, "", r"cluster.node.speeds: unknown speed levels 'gpus'", "cluster.node.speeds=gpus")


class TestSensitivity:
    CLASSES = "".join(
        f'[[service_class]]\nname = "{name}"\nshare = 0.5\nvalue_per_core_hour = 1\n{more}'
        for name, more in (("calm", "sensitivity = 0.5\n"), ("keen", ""))
    )

    def test_none_is_said_where_nobody_says_any(self, made):
        assert made().case.workload.sensitivity_milli is None

    def test_of_all_jobs(self, made):
        assert made("", "workload.sensitivity=0.7").case.workload.sensitivity_milli.tolist() == [700] * 3

    def test_of_a_class_else_of_all(self, made):
        jobs = made(self.CLASSES, "workload.sensitivity=0.7", seed=4).case.workload
        expected = np.where(jobs.service_class == "calm", 500, 700)
        assert set(jobs.service_class) == {"calm", "keen"}
        assert jobs.sensitivity_milli.tolist() == expected.tolist()

    def test_a_class_that_says_nothing_is_fully_sensitive(self, made):
        jobs = made(self.CLASSES, seed=4).case.workload
        assert set(jobs.sensitivity_milli.tolist()) == {500, 1000}


class TestGridEvents:
    def test_a_listed_event_on_the_workloads_clock(self, made):
        more = "start = 7200\nduration_h = 3\nnotice_h = 0.5\ndepth = 0.25\ncomply_min = 10\n"
        events = made(EVENT + more).case.events
        assert (events.notice_s[0], events.start_s[0], events.comply_s[0]) == (5400, 7200, 7800)
        assert (events.end_s[0], events.limit_mw[0], events.depth_per_mille[0]) == (18000, NO_LIMIT_MW, 250)

    def test_a_limit_in_kilowatts(self, made):
        events = made(f"{EVENT}start = 7200\nduration_h = 1\nlimit_kw = 0.1\n").case.events
        assert (events.limit_mw[0], events.depth_per_mille[0]) == (100_000, 0)

    def test_dates_are_those_of_the_supply(self, made):
        """jobs.csv starts on 2022-06-13 UTC, the supply on the same day; its clock is an hour ahead."""
        more = SERIES.replace('calendar = "none"', 'calendar = "start"')
        event = f"{EVENT}start = 2022-06-14T17:00:00\nduration_h = 1\ndepth = 0.5\n"
        assert made(more + event).case.events.start_s.tolist() == [DAY + 17 * HOUR]
        zoned = made(more + event, "supply.site_zone=UTC+01:00", "workload.zone=UTC+01:00")
        assert zoned.case.events.start_s.tolist() == [DAY + 16 * HOUR]
        offset = made(more + event.replace(":00:00", ":00:00-05:00")).case.events
        assert offset.start_s.tolist() == [DAY + 22 * HOUR]

    def test_without_a_supply_dates_are_those_of_the_jobs(self, made):
        event = f"{EVENT}start = 2022-06-13T01:00:00\nduration_h = 1\ndepth = 0.5\n"
        assert made(event).case.events.start_s.tolist() == [HOUR]

    def test_a_date_needs_a_calendar(self, made, here):
        (here / "jobs.csv").write_text(
            "# processors: 8\njob_id,submit_s,cores,work_s\n1,0,1,10\n", encoding="utf-8"
        )
        event = f"{EVENT}start = 2022-06-13T01:00:00\nduration_h = 1\ndepth = 0.5\n"
        refused(made, event, r"event.0: .* is a date, but neither jobs nor power have a calendar")

    def test_those_of_a_file_stand_beside_those_listed(self, made, here):
        (here / "e.csv").write_text(
            "# called\nstart,duration_h,depth,limit_kw\n"
            "2022-06-13T06:00+01:00,1,,0.2\n2022-06-13T03:00,1,0.5,\n",
            encoding="utf-8",
        )
        more = f'[events]\nfile = "e.csv"\n{EVENT}start = 14400\nduration_h = 1\ndepth = 0.1\n'
        built = made(more)
        assert built.case.events.start_s.tolist() == [3 * HOUR, 4 * HOUR, 5 * HOUR]
        assert built.files["events"].name == "e.csv"
        assert built.resolved()["resolved"]["grid_events"] == 3
        zoned = made(more, "events.zone=UTC-02:00").case.events  # of times without an offset
        assert zoned.start_s.tolist() == [4 * HOUR, 5 * HOUR, 5 * HOUR]

    def test_events_outside_the_run_are_left_out_and_told(self, made):
        late = f"{EVENT}start = 864000\nduration_h = 1\ndepth = 0.1\n"
        built = made(SERIES + late.replace("864000", "7200") + late)
        assert built.case.events.start_s.tolist() == [7200]
        assert "1 of 2 grid events lie outside the run" in built.warnings

    def test_drawn_ones_are_the_same_in_every_window(self):
        def drawn(window):
            settings = ["events.model=random", "events.per_year=200", f"window={window}"]
            return build(load_scenario("tiny", Wishes(settings=settings))).case

        year, week = drawn("all"), drawn("validation-06")
        ends = (week.first_instant_s, week.end_s)
        here = (year.events.start_s < ends[1]) & (year.events.end_s > ends[0])
        assert here.sum() >= 2 and len(year.events) > 150
        for name in ("notice_s", "start_s", "comply_s", "end_s", "depth_per_mille"):
            assert np.array_equal(getattr(year.events, name)[here], getattr(week.events, name))
        hour = (week.events.start_s % DAY) / HOUR  # time 0 is local midnight
        assert (hour >= 16).all() and ((week.events.end_s - 1) % DAY < 21 * HOUR).all()
        assert (week.events.start_s - week.events.notice_s == 1800).all()

    @pytest.mark.parametrize(
        "more, message",
        [
            ("start = 0\nduration_h = 1\n", r"mine.toml:\d+: event.0.depth or limit_kw"),
            ("start = 0\nduration_h = 1\ndepth = 0.1\nlimit_kw = 3\n", "exactly one of them"),
            ("start = 0\nduration_h = 0\ndepth = 0.1\n", "event.0.duration_h must be above 0"),
            ("start = 0\nduration_h = 1\ndepth = 1.5\n", "depth must be between 0.001 and 1"),
            ("start = 0\nduration_h = 1\ndepth = 0.1\ncomply_min = 60\n", "the event ends after 60 min"),
            ("start = 0.5\nduration_h = 1\ndepth = 0.1\n", "must be whole seconds .* or a date, got 0.5"),
            ('start = "soon"\nduration_h = 1\ndepth = 0.1\n', "must be a date"),
            ("start = 10_000_000_000_000\nduration_h = 1\ndepth = 0.1\n", "between -10.12 and 10.12 seconds"),
        ],
    )
    def test_wrong_events(self, made, more, message):
        refused(made, EVENT + more, message)

    @pytest.mark.parametrize(
        "settings, message",
        [
            (["events.seed=1"], "events.file or model"),
            (["events.model=random"], "per_year is missing"),
            (["events.model=random", "events.per_year=9", "events.file=x.csv"], "give one of them"),
            (["events.file=x.csv", "events.per_year=9"], "per_year belongs to a model"),
            (["events.model=random", "events.per_year=9", "events.zone=UTC"], "zone belongs to a file"),
            (
                ["events.model=random", "events.per_year=9", "events.hours=[16, 18]"],
                "reaches 5 h, but hours leaves 2",
            ),
            (["events.model=random", "events.per_year=9", "events.months=[13]"], "months from 1 to 12"),
            (["events.model=random", "events.per_year=9", "events.depth=[0.3, 0.2]"], "lower number first"),
            (["events.model=random", "events.per_year=300", "events.weekdays=true"], "leave 260 days a year"),
            (
                ["events.model=random", "events.per_year=9", "events.comply_min=60"],
                "events may end after 60 min",
            ),
            (["events.file=none.csv"], "none.csv"),
        ],
    )
    def test_wrong_models(self, made, settings, message):
        refused(made, "", message, *settings)

    @pytest.mark.parametrize(
        "text, message",
        [
            ("start,hours\n", r"e.csv:1: column 'hours' is unknown.*known are start, duration_h"),
            ("start,start\n", "is there twice"),
            ("start,duration_h,depth\n0,1\n", r"e.csv:2: has 2 fields, not 3"),
            ("start,duration_h,depth\n0,1,x\n", r"e.csv:2: depth must be a number.*'x'"),
            ("start,duration_h,depth\n0,1,\n", r"e.csv:2: depth or limit_kw"),
            ("", "is empty"),
        ],
    )
    def test_a_wrong_file(self, made, here, text, message):
        (here / "e.csv").write_text(text, encoding="utf-8")
        refused(made, '[events]\nfile = "e.csv"\n', message)


class TestOutages:
    def test_a_planned_one_is_one_row_and_others_a_row_a_node(self, made):
        rows = "from = 3600\nto = 7200\nnodes = 2\nplanned = {}\n"
        outages = made(OUTAGE + rows.format("true") + OUTAGE + rows.format("false")).case.outages
        assert outages.nodes.tolist() == [2, 1, 1]
        assert outages.draw[0] == PLANNED and outages.draw[1] != outages.draw[2]
        assert set(outages.from_s.tolist()) == {3600} and set(outages.to_s.tolist()) == {7200}

    def test_dates_are_the_machines_own(self, made):
        more = f"{OUTAGE}from = 2022-06-13T02:00:00\nplanned = true\n"
        outages = made(more, "workload.zone=UTC+01:00").case.outages
        assert (outages.from_s.tolist(), outages.to_s.tolist()) == ([HOUR], [NEVER_S])

    def test_the_partition_is_found_by_name(self, made):
        more = f'{OUTAGE}partition = "b"\nnodes = 3\nfrom = 0\nto = 9000\nplanned = true\n'
        assert made(more, base=PARTITIONS).case.outages.partition.tolist() == [1]

    def test_a_file(self, made, here):
        (here / "o.csv").write_text(
            "partition,nodes,from,to,planned\nb,1,7200,,no\na,2,3600,9000,true\n", encoding="utf-8"
        )
        built = made('[outages]\nfile = "o.csv"\n', base=PARTITIONS)
        outages = built.case.outages
        assert (outages.partition.tolist(), outages.from_s.tolist()) == ([0, 1], [3600, 7200])
        assert outages.draw[0] == PLANNED and outages.to_s[1] == NEVER_S
        assert built.resolved()["resolved"]["outages"] == 2 and "outages" in built.files

    def test_a_draw_does_not_depend_on_other_outages(self, made):
        one = f"{OUTAGE}from = 3600\nto = 7200\nplanned = false\n"
        alone, second = made(one).case.outages, made(one.replace("3600", "1800") + one).case.outages
        assert alone.draw[0] == second.draw[1] != second.draw[0]

    def test_failures_drawn_at_random(self, made):
        settings = ("outages.model=mtbf", "outages.mtbf_h=200", "outages.repair_h=2")
        outages = made(SERIES, *settings).case.outages
        assert len(outages) > 0 and (outages.nodes == 1).all() and (outages.draw >= 0).all()
        more = made(SERIES + f"{OUTAGE}from = 3600\nto = 7200\nplanned = true\n", *settings).case.outages
        assert len(more) == len(outages) + 1

    @pytest.mark.parametrize(
        "more, message",
        [
            ("from = 0\nto = 5\n", "outage.0.planned is missing"),
            ("planned = true\n", "outage.0.from is missing"),
            ("from = 9\nto = 9\nplanned = true\n", r"mine.toml:\d+: outage.0.to is 9, which is not later"),
            (
                'from = 2022-06-14\nto = 9\npartition = "a"\nplanned = true\n',
                "outage.0.to: 9 is not later than from, '2022-06-14'",
            ),
            (
                'from = 0\npartition = "c"\nplanned = true\n',
                "outage.0.partition: 'c' is unknown; known are a, b",
            ),
            ("from = 0\nplanned = true\n", "outage.0.partition: is missing: the cluster has several"),
            ('from = 0\npartition = "a"\nnodes = 3\nplanned = true\n', "is 3, but partition a has 2 nodes"),
            ("from = 0\nnode = 3\nplanned = true\n", "unknown key; did you mean 'nodes'"),
        ],
    )
    def test_wrong_outages(self, made, more, message):
        refused(made, OUTAGE + more, message, base=PARTITIONS)

    @pytest.mark.parametrize(
        "settings, message",
        [
            (["outages.model=mtbf"], "mtbf_h is missing"),
            (["outages.mtbf_h=9"], "outages.file or model"),
            (["outages.file=o.csv", "outages.repair_h=1"], "repair_h belongs to a model"),
            (["outages.model=mtbf", "outages.mtbf_h=9", "outages.zone=UTC"], "zone belongs to a file"),
            (
                [
                    "outages.model=mtbf",
                    "outages.mtbf_h=9",
                    "outages.distribution=exponential",
                    "outages.shape=0.9",
                ],
                "shape belongs to",
            ),
            (["rules.checkpoint_cost_s=9"], "there are no checkpoints"),
            (["workload.cancellations=play"], "must be one of skip, replay"),
        ],
    )
    def test_wrong_models(self, made, settings, message):
        refused(made, "", message, *settings)

    def test_checkpoints(self, made):
        options = made("", "rules.checkpoint_s=3600", "rules.checkpoint_cost_s=30").case.options
        assert (options.checkpoint_s, options.checkpoint_cost_s) == (3600, 30)


CHAIN = """# processors: 8
job_id,submit_s,cores,work_s,after,after_kind,cancel_s
1,0,1,600,,,
2,100,1,600,1,ok,
3,200,1,600,2,any,900
"""


class TestJobs:
    @pytest.fixture(autouse=True)
    def chain(self, here):
        (here / "jobs.csv").write_text(CHAIN, encoding="utf-8")

    def test_nothing_waits_or_is_cancelled_unless_asked_for(self, made):
        jobs = made().case.workload
        assert jobs.after is None and jobs.cancel_s is None

    def test_dependencies_and_cancellations_when_asked_for(self, made):
        jobs = made("", "workload.dependencies=wait", "workload.cancellations=replay").case.workload
        assert jobs.after.tolist() == [(), (1,), (2,)] and jobs.after_any.tolist()[1:] == [False, True]
        assert jobs.cancel_s[2] == 900

    def test_a_chain_that_the_choice_of_jobs_cuts_is_told(self, made):
        built = made("", "workload.dependencies=wait", "workload.cancellations=replay", jobs="1:3")
        assert built.case.workload.after.tolist() == [(), (2,)]
        assert "1 of 2 jobs wait for others that are not chosen; they do not wait for those" in built.warnings

    def test_a_chain_that_a_window_cuts_is_told(self, made, here):
        (here / "w.csv").write_text("name,split,first_day,days\nlate,test,1,1\n", encoding="utf-8")
        (here / "jobs.csv").write_text(
            CHAIN.replace("3,200", "3,90000").replace("900\n", "\n"), encoding="utf-8"
        )
        built = made(SERIES + '[windows]\nfile = "w.csv"\n', "workload.dependencies=wait", window="late")
        assert built.case.workload.after is None
        assert any(note.startswith("1 of 1 jobs wait for others") for note in built.warnings)

    def test_a_model_of_jobs_has_neither(self):
        for key in ("dependencies=wait", "cancellations=replay"):
            with pytest.raises(InputError, match="belongs to a file of jobs"):
                load_scenario("tiny", Wishes(settings=[f"workload.{key}"]))


class TestHashes:
    def test_a_scenario_that_uses_none_of_it_has_its_old_hashes(self):
        """As they were before these keys existed."""
        loaded = load_scenario("tiny")
        assert config_hash(loaded.scenario).startswith("536d38817cdb")
        assert case_hash(build(loaded).case).startswith("dc3ffc56872c")

    @pytest.mark.parametrize(
        "settings",
        [
            ["cluster.node.speeds=cpu"],
            ["workload.sensitivity=0.5"],
            ["workload.sensitivity=1"],
            ["event.0.start=0", "event.0.duration_h=9000", "event.0.depth=0.1"],
            ["outage.0.from=0", "outage.0.planned=true"],
            ["rules.checkpoint_s=60"],
        ],
    )
    def test_a_scenario_that_uses_some_has_others(self, settings):
        plain, changed = (load_scenario("tiny", Wishes(settings=wishes)) for wishes in ([], settings))
        assert config_hash(plain.scenario) != config_hash(changed.scenario)
        assert case_hash(build(plain).case) != case_hash(build(changed).case)


def test_a_window_of_the_whole_year_meets_the_events_of_the_window_by_itself():
    """As environments run it: the case of the year, cut to a window, is the window's own case."""
    settings = (
        "cluster.node.speeds=cpu",
        "events.model=random",
        "events.per_year=300",
        "outages.model=mtbf",
        "outages.mtbf_h=100",
    )
    episodes = episodes_of("tiny", settings)
    episode = next(each for each in episodes.episodes if each.name == "validation-06")
    cut = window_case(episodes.case, episode)
    alone = build(load_scenario("tiny", Wishes(settings=(*settings, "window=validation-06")))).case
    assert 0 < len(alone.events) < len(cut.events) and 0 < len(alone.outages) < len(cut.outages)
    first, second = (rare.simulate(case, make_scheduler("easy+slow")) for case in (cut, alone))
    assert np.array_equal(first.events, second.events)
