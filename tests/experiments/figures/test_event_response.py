"""The figure of grid events: which are drawn, what each panel says, and runs in which none began."""

import pandas as pd
import pytest

from experiments.figures import event_response, figure_names
from experiments.figures.drawing import style
from experiments.results.run_folder import load_run
from experiments.results.run_tables import GRID_EVENT_COLUMNS, write_table
from tests.experiments.fake_runs import START_S, fake_run

HOUR_S = 3600


def event(number, start_s, **changes):
    row = dict.fromkeys(GRID_EVENT_COLUMNS) | {
        "number": number,
        "notice_s": start_s - 600,
        "start_s": start_s,
    }
    row |= {"comply_s": start_s + 300, "end_s": start_s + 3 * HOUR_S, "limit_w": 900.0, "baseline_w": 1200.0}
    met = {"complied_after_s": 120, "depth": 0.25, "shed_kwh": 1.0, "jobs": 5, "late": 1}
    return row | met | changes


def drawn(tmp_path, *events):
    folder = fake_run(tmp_path / "run")
    write_table(folder / "grid_events.csv", pd.DataFrame(events), GRID_EVENT_COLUMNS)
    with style.drawing():
        return event_response.draw(load_run(folder))


def panels_of(figure):
    return [axes for axes in figure.axes if axes.axison]


def test_a_panel_for_each_event_with_draw_limit_and_the_draw_before(tmp_path):
    events = [
        event(1, START_S + 9 * HOUR_S),
        event(2, START_S + 20 * HOUR_S, complied_after_s=None, depth=None),
    ]
    figure = drawn(tmp_path, *events)
    one, other = panels_of(figure)
    assert one.get_title(loc="left") == "1: 25% less, met after 2 min" and "never met" in other.get_title(
        loc="left"
    )
    assert one.get_xlim()[1] == pytest.approx(6)  # as long again after the end, in hours
    limits = [line.get_ydata()[0] for line in one.lines if len(set(line.get_ydata())) == 1]
    assert sorted(limits)[-1] / sorted(limits)[-2] == pytest.approx(1200 / 900)
    assert "met in 1 of 2" in figure.get_suptitle()


def test_of_many_events_those_that_shed_the_most(tmp_path):
    events = [event(k, START_S + 3 * k * HOUR_S, shed_kwh=k % 11) for k in range(1, 13)]
    figure = drawn(tmp_path, *events)
    numbers = [int(axes.get_title(loc="left").split(":")[0]) for axes in panels_of(figure)]
    assert numbers == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert "9 of them drawn" in figure.get_suptitle()


def test_events_that_never_began_have_no_panel(tmp_path):
    figure = drawn(tmp_path, event(1, 10**7, jobs=None, depth=None, complied_after_s=None, shed_kwh=None))
    assert "No grid event began" in figure.texts[-1].get_text()


def test_only_runs_with_events_have_the_figure(tmp_path):
    run = load_run(fake_run(tmp_path / "run"))
    assert "grid_events" not in figure_names(run)
    write_table(run.path / "grid_events.csv", pd.DataFrame([event(1, START_S)]), GRID_EVENT_COLUMNS)
    assert "grid_events" in figure_names(run)
