"""Drawn arrivals: whole days of the past, at their hour of the week, from what had passed only."""

import numpy as np

from experiments.operate.start_times.arrival_blocks import WEEK_S, ArrivalBlocks

DAY_S = 86400
NOW_S = 100 * WEEK_S + 3 * DAY_S + 5000


def test_arrivals_keep_their_hour_of_the_week():
    past = NOW_S - np.arange(1, 6 * WEEK_S, 3000)[::-1]
    places, submit_s = ArrivalBlocks(past, NOW_S, 0).draw(0, 7)
    assert set(((submit_s - 1 - past[places]) % WEEK_S).tolist()) == {0}
    assert (np.diff(submit_s) >= 0).all()
    assert submit_s[0] > NOW_S and submit_s[-1] <= NOW_S + 7 * DAY_S


def test_days_stay_whole_and_differ_between_futures():
    past = NOW_S - np.arange(1, 6 * WEEK_S, 3000)[::-1]
    blocks = ArrivalBlocks(past, NOW_S, 0)
    places, _ = blocks.draw(0, 1)
    assert (np.diff(places) == 1).all() and 28 <= len(places) <= 29
    assert len({int(blocks.draw(future, 1)[0][0]) for future in range(30)}) > 2


def test_a_past_of_days_is_repeated_by_days():
    past = NOW_S - 3 * DAY_S + np.arange(0, 3 * DAY_S, 3600)
    _, submit_s = ArrivalBlocks(past, NOW_S, 0).draw(0, 7)
    assert len(submit_s) == 7 * 24


def test_a_past_that_ended_earlier_leaves_no_gap():
    past = NOW_S - 3 * WEEK_S - np.arange(1, 6 * WEEK_S, 3000)[::-1]
    places, submit_s = ArrivalBlocks(past, NOW_S, 0).draw(0, 7)
    assert len(submit_s) > 190
    assert set(((submit_s - 1 - past[places]) % WEEK_S).tolist()) == {0}


def test_without_a_past_nobody_arrives():
    assert len(ArrivalBlocks(np.zeros(0, np.int64), NOW_S, 0).draw(0, 7)[0]) == 0
    assert len(ArrivalBlocks(np.array([NOW_S - 60]), NOW_S, 0).draw(0, 7)[0]) == 0
