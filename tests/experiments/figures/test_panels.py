"""Small multiples and heat maps: scales that show every panel, the same colours in all parts of a map."""

import numpy as np
import pytest

from experiments.figures import heat_map, small_multiples
from experiments.figures.drawing import style
from experiments.figures.drawing.panels import Frame, Panel, Scaling, Series, scaling_of
from experiments.figures.heat_map import HeatMap, State


def panel(*means, name="", failed=False):
    """A panel with a line for each list of means."""
    series = [
        Series(
            f"s{place}", np.array(line, float), *np.full((2, len(line)), np.nan), np.full(len(line), failed)
        )
        for place, line in enumerate(means)
    ]
    return Panel(name, series)


def heat(values, **options):
    """A map of these numbers."""
    values = np.array(values, float)
    count, columns = values.shape
    blank = np.zeros(values.shape, bool)
    return HeatMap(
        rows=[f"r{row}" for row in range(count)],
        columns=[("outer", f"c{column}") for column in range(columns)],
        column_axes=("group", "column"),
        values=values,
        texts=np.array([[f"{value:.2f}" for value in row] for row in values], object),
        states=np.where(np.isnan(values), State.FAILED, State.NUMBER),
        bold=blank,
        corners=blank,
        title="title",
        bar_label="label",
        **options,
    )


class TestScaling:
    @pytest.mark.parametrize(
        ("panels", "expected"),
        [
            ([panel([1, 2]), panel([1.5, 3])], Scaling()),
            ([panel([10, 14]), panel([1000, 1400])], Scaling(shared=False)),
            ([panel([10, 40]), panel([300, 1600])], Scaling(log=True)),
            ([panel([1, 1000]), panel([2, 500])], Scaling(log=True)),
            ([panel([-1, 1]), panel([500, 900])], Scaling(shared=False)),
            ([panel([np.nan, np.nan])], Scaling()),
            ([panel([0.5, 0.5]), panel([0.5, 0.5])], Scaling()),
        ],
        ids=["alike", "far apart", "factors", "wide", "signs", "nothing", "flat"],
    )
    def test_one_axis_where_that_shows_all(self, panels, expected):
        assert scaling_of(panels) == expected

    def test_panels_share_their_limits_or_not(self):
        panels = [panel([1.0, 2.0]), panel([5.0, 9.0])]
        for shared in (True, False):
            frame = Frame("t", "value", 2, Scaling(shared=shared), looks=("s0",), x=(1, 2), x_label="x")
            with style.drawing():
                figure = small_multiples.draw_lines(panels, frame)
            limits = {axes.get_ylim() for axes in figure.axes}
            assert len(limits) == (1 if shared else 2)


class TestLines:
    def frame(self, looks):
        return Frame("t", "value", 2, looks=looks, x=(1, 2, 4), x_label="x")

    def test_a_look_is_of_the_name_not_of_the_panel(self):
        looks = ("s1", "s0")
        assert small_multiples.look_of("s0", looks)["color"] == style.LINES[1]
        assert small_multiples.look_of("s1", looks)["color"] == style.LINES[0]

    def test_grey_lines_are_named_and_counted(self):
        panels = [panel([1, 2, 3], [2, 3, 4], [5, 6, 7])]
        with style.drawing():
            figure = small_multiples.draw_lines(panels, self.frame(("s1",)))
        texts = {text.get_text() for text in figure.axes[0].texts}
        assert {"s0", "s2"} <= texts and "s1" not in texts
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["s1", "2 more"]

    def test_a_panel_that_failed_says_so(self):
        failed = panel([np.nan] * 3, failed=True)
        with style.drawing():
            figure = small_multiples.draw_lines([panel([1, 2, 3]), failed], self.frame(("s0",)))
        first, second = figure.axes
        assert "failed" in [text.get_text() for text in second.texts]
        assert "failed" not in [text.get_text() for text in first.texts]


class TestHeat:
    def test_parts_have_the_colours_of_the_whole(self):
        whole = heat([[0.0, 5.0, 10.0], [1.0, 6.0, 9.0]])
        part = whole.part(range(1, 3))
        assert part.values.tolist() == [[5.0, 10.0], [6.0, 9.0]] and part.span == (0.0, 10.0)
        with style.drawing():
            figure = heat_map.draw(part)
        assert figure.axes[0].collections[0].get_clim() == (0.0, 10.0)

    @pytest.mark.parametrize(("better", "colour_map"), [(1, "BrBG"), (-1, "BrBG_r")])
    def test_better_is_blue_green_either_way(self, better, colour_map):
        with style.drawing():
            figure = heat_map.draw(heat([[-1.0, 1.0]], better=better, limit=2.0))
        mesh = figure.axes[0].collections[0]
        assert mesh.get_cmap().name == colour_map and mesh.get_clim() == (-2.0, 2.0)

    def test_failed_cells_are_hatched(self):
        with style.drawing():
            figure = heat_map.draw(heat([[1.0, np.nan], [2.0, 3.0]]))
        hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
        assert [(patch.get_x(), patch.get_y()) for patch in hatched] == [(0.5, -0.5)]

    def test_cells_too_narrow_for_their_text_have_none(self):
        with style.drawing():
            texts = {
                columns: len(heat_map.draw(heat(np.ones((1, columns)))).axes[0].texts) for columns in (4, 120)
            }
        assert texts[4] - texts[120] == 4

    def test_equal_maps_give_equal_bytes(self, tmp_path):
        with style.drawing():
            for name in ("a", "b"):
                style.save(heat_map.draw(heat([[1.0, 2.0]])), tmp_path, name)
        for suffix in ("png", "svg"):
            assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
