"""Datasets of scenarios with speed levels and events: what their layout is, and what their actions are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.data.action_coverage import RAISE, SLOW, START, STOP, WAIT, kind_names, kinds_of
from rare import Layout
from rare.dataset.minari.minari_read import Metadata, layout_of
from rare.env.batch import Batch
from rare.episodes import episodes_of_case
from tests.rare.env.level_cases import drawn_case

SIZES = {"queue_slots": 5, "running_slots": 3, "forecast_hours": 2}


@pytest.fixture(scope="module")
def rows():
    """Observations of the first decisions of a case with levels and events."""
    layout = Layout(**SIZES, levels=True, events=True)
    batch, draws, seen = (
        Batch(episodes_of_case(drawn_case(count=12)), layout, 1),
        np.random.default_rng(0),
        [],
    )
    batch.set_up(0, batch.episodes.episodes[0])
    batch.begin(0)
    for _ in range(12):
        seen.append(batch.obs[0].copy())
        batch.step_single(0, int(draws.choice(np.flatnonzero(batch.mask[0]))))
    return np.array(seen)


@pytest.mark.parametrize("options", [{**SIZES, "scenario": "mine"}, {}])
def test_what_others_collected_has_the_layout_of_its_numbers(rows, options):
    layout = Layout(**SIZES, levels=True, events=True)
    metadata = Metadata(Path("metadata.json"), 1, 12, layout.size, layout.actions, options, "unknown")
    assert layout_of(metadata, rows) == layout


@pytest.mark.parametrize("levels", [True, False])
@pytest.mark.parametrize("events", [True, False])
def test_a_named_environment_says_its_slots_and_the_width_the_rest(rows, levels, events):
    layout = Layout(**SIZES, levels=levels, events=events)
    metadata = Metadata(Path("metadata.json"), 1, 12, layout.size, layout.actions, SIZES, "unknown")
    assert layout_of(metadata, rows) == layout


def test_kinds_of_actions():
    levels = Layout(**SIZES, levels=True)
    last = [WAIT, START, STOP, SLOW, RAISE]
    ends = [span.stop - 1 for span in levels.action_ranges.values()]
    assert kinds_of(np.array(ends), levels).tolist() == last
    begins = [span.start for span in levels.action_ranges.values()]
    assert kinds_of(np.array(begins), levels).tolist() == last
    assert len(kind_names(levels)) == 5 and len(kind_names(replace(levels, levels=False))) == 3
