"""RARE ranks jobs as a real Slurm 22.05 does: its factors, its usage, and the order in which jobs start."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from tests.slurm.priority_record import (
    CLASSIC,
    CONF,
    CPUS,
    NODES,
    ORDER_CONF,
    PARTITIONS,
    Record,
    compare_order,
    deviations,
    record_factors,
    record_order,
)
from tests.slurm.slurm_daemons import running_slurm
from tests.slurm.slurm_packages import install

RECORDED = Path(__file__).with_name("recorded") / "priorities.json"
"""What Slurm 22.05.8 of Debian 12 printed: python -m tests.slurm.priority_record."""
CHANGES = {"tree": {}, "classic": {"fair_share": "classic", "favor_small": True}}
#: sprio rounds each part to whole points, sshare cuts usage to whole core-seconds. Slurm's decay of a second
#: is 1 - 0.693 / half-life, ours 2^(-1 / half-life), so the classic factor differs in its sixth digit.
ALLOWED = {
    "tree": {"age": 0.51, "fair_share": 0.51, "rest": 1.01, "priority": 0.0, "usage": 1.0},
    "classic": {"age": 0.51, "fair_share": 20.0, "rest": 1.01, "priority": 20.0, "usage": 1.0},
}


def assert_ranked_alike(kind: str, record: Record) -> None:
    found = deviations(record, **CHANGES[kind])
    assert all(found[name] <= most for name, most in ALLOWED[kind].items()), found


def swapped_share(theirs: list[int], ours: list[int]) -> float:
    """Share of the pairs of jobs that start in the other order."""
    place = {number: i for i, number in enumerate(ours)}
    pairs = list(combinations(theirs, 2))
    return sum(place[one] > place[other] for one, other in pairs) / len(pairs)


class TestRecorded:
    @pytest.fixture
    def records(self):
        return json.loads(RECORDED.read_text(encoding="utf-8"))

    @pytest.mark.parametrize("kind", ["tree", "classic"])
    def test_priorities_are_those_that_sprio_printed(self, records, kind):
        assert_ranked_alike(kind, records[kind])

    def test_another_half_life_would_be_noticed(self, records):
        assert deviations(records["tree"], half_life_s=900)["usage"] > 10

    def test_other_shares_or_sizes_would_be_noticed(self, records):
        assert deviations(records["tree"], size_nodes="one")["priority"] > 10_000
        assert deviations(records["tree"], fair_share="classic")["priority"] > 10_000

    def test_sixty_jobs_start_in_the_order_of_slurm(self, records):
        theirs, ours, their_starts, our_starts = compare_order(records["order"])
        assert len(theirs) == 61 and theirs == ours and their_starts == our_starts


@pytest.mark.slurm
class TestReal:
    @pytest.fixture(autouse=True)
    def installed(self):
        reason = install()
        if reason:
            pytest.skip(reason)

    @pytest.mark.parametrize("kind, more", [("tree", ""), ("classic", CLASSIC)])
    def test_priorities_are_those_of_sprio(self, kind, more):
        with running_slurm(more=CONF + more, nodes=NODES, cpus=CPUS, partitions=PARTITIONS) as slurm:
            assert_ranked_alike(kind, record_factors(slurm))

    def test_sixty_jobs_start_in_nearly_the_same_order(self, tmp_path):
        """A job that starts in the second of a mark may be on either side: a minute hangs on it.

        Three runs had 0, 0.4 and 7.5 % of the pairs swapped; first come, first served has 35 % and more.
        """
        with running_slurm(more=ORDER_CONF, nodes=1, cpus=1) as slurm:
            record = record_order(slurm)
        (tmp_path / "order.json").write_text(json.dumps(record), encoding="utf-8")
        theirs, ours, *_ = compare_order(record)
        assert len(theirs) == 61 and swapped_share(theirs, ours) <= 0.15
