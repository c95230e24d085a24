"""A scheduler takes the workload's seconds for the hour of the day, or an hour that summer time has moved."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import rare
from rare.scenario.case_builder import build
from rare.scenario.load import Overrides, load_scenario
from tests.builders import make_case
from traces.errors import InputError

ZONE = "Europe/Berlin"
JOBS = "# zone: Europe/Berlin\njob_id,submit_s,cores,work_s\n" + "".join(
    f"{number},{2700 * number},1,60\n" for number in range(40)
)
BEGINS = {
    "spring": datetime(2026, 3, 28, 15, 0, tzinfo=UTC),
    "autumn": datetime(2026, 10, 24, 14, 30, tzinfo=UTC),
}


class Noter:
    """Starts the first job that may start, and notes what the clock says."""

    def __init__(self):
        self.seen = []

    def choose(self, view):
        self.seen.append((view.now_s, view.local_time, view.local_hour))
        return view.startable[0].index if view.startable else rare.WAIT


@pytest.fixture
def jobs(tmp_path):
    (tmp_path / "jobs.csv").write_text(JOBS, encoding="utf-8")
    return str(tmp_path / "jobs.csv")


def seen(case, clock):
    noter = Noter()
    rare.simulate(case, noter, clock=clock)
    return noter.seen


@pytest.mark.parametrize("begin", BEGINS)
def test_the_hour_is_that_of_the_zone_on_both_sides_of_a_change(jobs, begin):
    start = BEGINS[begin]
    settings = (f'workload.start_utc="{start.isoformat()}"',)
    case = build(load_scenario("plain", Overrides(workload=jobs, processors=4, settings=settings))).case
    told = seen(case, "compiled")
    offsets = set()
    for now_s, local, hour in told:
        right = (start + timedelta(seconds=now_s)).astimezone(ZoneInfo(ZONE))
        assert (local, local.utcoffset()) == (right, right.utcoffset())
        assert hour == pytest.approx(right.hour + right.minute / 60 + right.second / 3600)
        offsets.add(local.utcoffset())
    assert len(offsets) == 2
    assert seen(case, "simpy") == told


def test_with_a_supply_it_is_the_sites_clock():
    built = build(load_scenario("tiny"))
    noter = Noter()
    rare.simulate(built.case, noter)
    begin = datetime.fromisoformat(built.join.begin_utc).astimezone(ZoneInfo(built.join.site_zone))
    now_s, local, _ = noter.seen[0]
    assert local == begin + timedelta(seconds=now_s - built.case.first_instant_s)
    assert local.tzinfo == begin.tzinfo


def test_without_a_calendar_it_is_refused_in_one_line():
    jobs = [{"submit_s": 0, "work_s": 10, "cores": 1}]
    case = make_case(jobs, rare.Partition(nodes=1), [{"t": 0, "grid": rare.UNLIMITED_MW}])
    with pytest.raises(InputError, match=r"no hour of the day; give workload\.start_utc"):
        rare.simulate(case, Noter())
