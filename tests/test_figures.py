"""Figures of small drawn results: everything lies inside the axes, in data coordinates."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.results import Stage
from dashboard import figures
from dashboard.theme import DARK, LIGHT, THEMES, Theme, rgba
from tests.synthetic import make_sweep

BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
I, II, III = Stage.MEMORY, Stage.CONCEPT, Stage.ABSTRACT  # noqa: E741 (the paper's names)


def traces(figure: go.Figure) -> list[Any]:
    return list(figure.data)


def ends_of(figure: go.Figure) -> dict[str, Any]:
    """The names at the right end of the curves, with where they stand."""
    return {a.text: a for a in figure.layout.annotations if a.xref == "paper"}


def test_figures_need_no_torch_and_no_dash(root: Path):
    code = "import sys, dashboard.figures; print(*[m for m in ('torch', 'dash', 'flask') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@examples(max_examples=50, deadline=None)
@given(values=st.lists(st.tuples(*[st.floats(-1e3, 1e3)] * 2), min_size=1, max_size=20))
def test_the_extent_is_a_box_around_all_points_that_is_never_empty(values: list[tuple[float, float]]):
    points = np.array(values)
    low, high = figures.extent(points)
    assert (low < points.min(0)).all()
    assert (high > points.max(0)).all()


def every_value(figure: go.Figure) -> np.ndarray:
    return np.concatenate([np.asarray(t.y, float) for t in traces(figure)])


@pytest.mark.parametrize("sem", [0.01, 1.0])
def test_the_stage_chart_lies_inside_its_axes(sem: float):
    figure = figures.stage_chart(make_sweep("1123", sem=sem), LIGHT, label="6")
    assert every_value(figure).max() <= figure.layout.yaxis.range[1]
    assert tuple(figure.layout.xaxis.range) == (0, 1)
    assert figure.layout.dragmode is False


@BOTH
def test_the_stage_chart_shows_curves_bands_and_names(theme: Theme):
    sweep = make_sweep("1122333")
    figure = figures.stage_chart(sweep, theme, label="6")
    lines = [t for t in traces(figure) if t.line.width == 2]
    np.testing.assert_allclose([t.y for t in lines], sweep.minimum_distance)
    assert [a.text for a in figure.layout.annotations][:3] == ["<b>I</b>", "<b>II</b>", "<b>III</b>"]
    assert len(bands_of(figure, theme)) == 3
    assert set(ends_of(figure)) == {"own memory", "concept ‘6’", "abstract concept"}


def bands_of(figure: go.Figure, theme: Theme = LIGHT) -> list[tuple[float, float]]:
    """From where to where the stages are coloured."""
    return [(s.x0, s.x1) for s in figure.layout.shapes if s.fillcolor != veil(theme)]


def veil(theme: Theme) -> str:
    return rgba(theme.paper, 0.6)


@BOTH
def test_a_band_is_paler_where_the_runs_do_not_decide_the_stage(theme: Theme):
    sweep = make_sweep("11223", sem=0.01)
    assert sweep.is_decided.all()
    assert len(figures.stage_chart(sweep, theme, label="6").layout.shapes) == 3
    near = sweep.minimum_distance.copy()
    near[2, 3:] = 1.02, 1.03  # 2 standard errors of the difference are 0.028
    near[1, 3:] = 1, 1
    sweep = replace(sweep, minimum_distance=near)
    assert sweep.is_decided.tolist() == [True, True, True, False, True]
    figure = figures.stage_chart(sweep, theme, label="6")
    assert [(s.x0, s.x1) for s in figure.layout.shapes if s.fillcolor == veil(theme)] == [(0.625, 0.875)]
    assert bands_of(figure, theme) == [(0, 0.375), (0.375, 1)]


def test_names_of_narrow_bands_do_not_run_into_each_other():
    named = figures.stage_chart(make_sweep("123" + "3" * 20), LIGHT, label="6").layout.annotations
    assert [a.yshift for a in named[:3]] == [0, -15, 0]
    named = figures.stage_chart(make_sweep("111222333"), LIGHT, label="6").layout.annotations
    assert [a.yshift for a in named[:3]] == [0, 0, 0]


@pytest.mark.parametrize("name", ["6", "Pullover"])
def test_there_is_room_for_the_names(name: str):
    figure = figures.stage_chart(make_sweep(), LIGHT, label=name)
    assert figure.layout.margin.r >= 6 + 6.4 * len(f"concept ‘{name}’")


def test_a_stage_that_is_too_narrow_is_not_named():
    figure = figures.stage_chart(make_sweep("1" + "2" + "3" * 60), LIGHT, label="6")
    assert len(bands_of(figure)) == 3
    assert "<b>II</b>" not in [a.text for a in figure.layout.annotations]


@pytest.mark.parametrize(
    ("stages", "bands"),
    [
        ("112", [(0, 0.75, I), (0.75, 1, II)]),
        ("111", [(0, 1, I)]),
        ("121", [(0, 0.25, I), (0.25, 0.75, II), (0.75, 1, I)]),
        ("12333", [(0, 0.125, I), (0.125, 0.375, II), (0.375, 1, III)]),
    ],
)
def test_borders_lie_half_way_and_equal_neighbours_are_one_band(stages: str, bands: list[tuple[float, float, Stage]]):
    sweep = make_sweep(stages)
    assert figures.spans(sweep.noises, sweep.stages) == bands


@examples(max_examples=100, deadline=None)
@given(stages=st.text("123", min_size=2, max_size=41))
def test_bands_cover_all_of_p_without_overlap(stages: str):
    sweep = make_sweep(stages)
    bands = figures.spans(sweep.noises, sweep.stages)
    assert (bands[0][0], bands[-1][1]) == (0, 1)
    assert all(one[1] == two[0] and one[2] != two[2] for one, two in pairwise(bands))
    for p, stage in zip(sweep.noises, sweep.stages, strict=True):
        assert any(start <= p <= end and stage == found for start, end, found in bands)


# Names at the ends of the curves


HEIGHTS = st.lists(st.floats(0, 10), min_size=1, max_size=8)


@examples(max_examples=500, deadline=None)
@given(heights=HEIGHTS)
def test_spread_keeps_a_distance_the_order_and_the_bounds(heights: list[float]):
    placed = figures.spread(heights, 1.0, 10.0)
    ordered = [placed[i] for i in sorted(range(len(heights)), key=heights.__getitem__)]
    assert all(two - one >= 1 - 1e-9 for one, two in pairwise(ordered)), placed
    assert ordered[0] >= -1e-9
    assert ordered[-1] <= 10 + 1e-9


def test_a_group_at_the_edge_pushes_its_neighbour():
    assert figures.spread([8.4, 9.9, 9.95], 1.0, 10.0) == pytest.approx([8, 9, 10])
    assert figures.spread([1.6, 0.1, 0.05], 1.0, 10.0) == pytest.approx([2, 1, 0])


@examples(max_examples=100, deadline=None)
@given(heights=st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True))
def test_heights_with_room_between_them_stay(heights: list[int]):
    assert figures.spread([2.0 * h for h in heights], 1.0, 10.0) == [2.0 * h for h in heights]


@examples(max_examples=50, deadline=None)
@given(heights=st.lists(st.floats(0, 1), min_size=12, max_size=15))
def test_more_names_than_fit_are_still_spread_evenly(heights: list[float]):
    placed = sorted(figures.spread(heights, 1.0, 5.0))
    assert all(two - one >= 1 - 1e-9 for one, two in pairwise(placed))


def test_names_stand_apart_and_in_the_colour_of_their_curves():
    sweep = replace(make_sweep(), minimum_distance=np.ones((3, 4), np.float32))
    figure = figures.stage_chart(sweep, DARK, label="6")
    low, top = figure.layout.yaxis.range
    found = ends_of(figure)
    heights = sorted(a.y for a in found.values())
    assert len(found) == 3
    assert min(np.diff(heights)) >= min(figures.LABEL_SHARE, 0.9 / len(found)) * (top - low) - 1e-6
    assert [a.font.color for a in found.values()] == list(DARK.points)


def test_the_course_of_a_training_keeps_its_end_in_the_picture():
    test = [200.0, 120.0, 100.0, 99.0, 98.0, 98.6]
    figure = figures.history(
        {"train": [300.0, 110.0, 101.0, 99.0], "step": [3], "test": test, "epochs": [1, 3, 5, 7, 9, 11]}, LIGHT
    )
    assert [list(trace.x) for trace in figure.data] == [[1, 4, 7, 10], [1, 3, 5, 7, 9, 11]]
    low, high = figure.layout.yaxis.range
    assert low < 98.0
    assert 98.6 < high < 200
    assert list(figure.layout.xaxis.range) == [1, 11]
    assert [note.text for note in figure.layout.annotations] == ["training", "test"]


def test_the_course_of_a_model_whose_card_knows_its_test_bound_alone():
    figure = figures.history({"test": [99.0], "epochs": [1]}, LIGHT)
    assert [note.text for note in figure.layout.annotations] == ["test"]
    assert figure.layout.xaxis.range == (1, 2)
