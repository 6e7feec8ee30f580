"""The paper's pictures of small drawn results: what is drawn is the result, and all texts have room."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.results import Stage
from core.specs import ModelSpec
from dashboard import figures
from dashboard.figures.label_map import PALEST
from dashboard.figures.marks import tiles
from dashboard.figures.runs import shown_steps
from dashboard.theme import LIGHT, THEMES, Theme, rgba
from tests.synthetic import (
    SHAPE,
    STEPS,
    floats,
    make_branches,
    make_cloud,
    make_curves,
    make_dynamics,
    make_geometry,
    make_latent_sweep,
    make_map,
    make_plane,
    make_run,
    make_space,
    make_sweep,
)
from tests.test_theme import contrast, over

NAMES = tuple("0123456789")
PIXELS = SHAPE[0] * SHAPE[1]


@cache
def every(theme: Theme) -> dict[str, go.Figure]:
    """All pictures of the paper."""
    space, sweep = make_space(), make_sweep("1223")
    return {
        "strip": figures.strip([make_run()], space.concept_images[:1], theme, names=["6"], shape=SHAPE),
        "windows": figures.windows(make_plane(), space, theme, label=1, names=NAMES),
        "movie": figures.movie(make_plane(), space, theme, label=1, names=NAMES),
        "branches": figures.branches(make_branches(), theme, titles=("one", "other"), names=NAMES, shape=SHAPE),
        "approach": figures.approach(make_curves(), theme, names=NAMES),
        "all_concepts": figures.all_concepts(make_curves(), theme, names=NAMES),
        "stages": figures.stage_chart(sweep, theme, label="6"),
        "steps": figures.minimum_steps(sweep, theme, label="6"),
        "stage_map": figures.stage_map([sweep] * 10, NAMES, theme, rows="label"),
        "label_map": figures.label_map(make_map(), theme, names=NAMES),
        "concept_map": figures.concept_map(make_geometry(), theme, names=NAMES),
        "contribution": figures.contribution(make_geometry(), theme),
        "orthogonality": figures.orthogonality_with_runs(
            [(2, 50.0), (100, 4.0), (100, 5.0)],
            {"2": make_cloud(), "100": make_cloud(1)},
            theme,
            label="6",
            floors={"zero mean": [(2, 40.0), (100, 1.1)]},
        ),
        "cosines": figures.cosine_matrices({"N_z = 2": make_geometry()}, theme, names=NAMES),
        "elbo": figures.elbo_over_latents(make_latent_sweep(), theme, shipped=[(2, 140.0), (10, 101.0)]),
        "schematic": figures.schematic(make_plane(), space, make_run(), theme, label=6, names=NAMES),
        "network": figures.network(ModelSpec(n_latent=14), 784, theme),
        "dynamics": figures.dynamics(make_dynamics(), theme, names=NAMES),
    }


def texts(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
@pytest.mark.parametrize("name", list(every(LIGHT)))
def test_every_picture_is_complete_in_both_looks(name: str, theme: Theme):
    figure = every(theme)[name]
    assert figure.data
    assert figure.layout.template.layout.font.color == theme.quiet
    assert not figure.layout.showlegend
    shown = [axis for axis in figure.select_xaxes() if axis.visible is not False]
    named = [a.text for a in figure.layout.annotations] + [axis.title.text for axis in shown]
    assert not shown or any(named)
    assert "nan" not in " ".join(str(text) for text in named)


def test_a_strip_has_the_steps_of_the_paper_and_the_concept_at_its_right():
    assert shown_steps(60) == [0, 1, 2, 5, 10, 20, 30, 40, 50, 60]
    assert shown_steps(8) == [0, 1, 2, 5, 8]
    run, concept = make_run(), np.full(PIXELS, 0.25, np.float32)
    figure = figures.strip([run], concept[None], LIGHT, names=["6"], shape=SHAPE)
    picture = figure.data[0].z
    assert texts(figure) == ["6", "t = 0", "1", "2", "5", "8", "concept"]
    np.testing.assert_array_equal(picture[:, :8], run.images[0].reshape(SHAPE))
    np.testing.assert_array_equal(picture[:, -8:], 0.25)
    np.testing.assert_array_equal(picture[:, 4 * 9 : 4 * 9 + 8], run.images[8].reshape(SHAPE))


def test_images_lie_side_by_side_with_a_gap():
    images = floats(np.random.default_rng(0), 3, PIXELS)
    row = tiles(images, SHAPE)
    assert row.shape == (8, 26)
    assert np.isnan(row[:, [8, 17]]).all()
    np.testing.assert_array_equal(row[:, 18:], images[2].reshape(SHAPE))


def test_every_window_is_drawn_with_its_own_basis():
    plane, space = make_plane(), make_space()
    figure = figures.windows(plane, space, LIGHT, label=1, names=NAMES)
    traces: list[Any] = list(figure.data)
    dots, marks = traces[::2], traces[1::2]
    assert len(dots) == 2  # t = 0 and 5 of 8 steps
    np.testing.assert_array_equal(dots[1].x, plane.embedding[5, 0, :, 0])
    share = 100 * plane.explained_variance_ratio[5].sum()
    assert f"t = 5<br>{share:.0f} % of the variance" in texts(figure)
    at = (space.concepts - plane.mean[5]) @ plane.basis[5].T
    np.testing.assert_allclose(np.stack([marks[1].x, marks[1].y], 1), at, rtol=1e-6)
    assert np.argmax(marks[1].marker.size) == 1
    ranges = {tuple(axis.range) for axis in figure.select_xaxes()}
    assert len(ranges) == 1  # else a contraction could not be seen


def test_a_movie_has_a_frame_for_every_step_in_the_basis_of_that_step():
    plane, space = make_plane(), make_space()
    figure = figures.movie(plane, space, LIGHT, label=1, names=NAMES)
    assert [frame.name for frame in figure.frames] == [str(t) for t in range(len(plane.basis))]
    dots, marks, words = figure.frames[5].data
    np.testing.assert_array_equal(np.stack([dots.x, dots.y], 1), plane.embedding[5, 0])
    at = (space.concepts - plane.mean[5]) @ plane.basis[5].T
    np.testing.assert_allclose(np.stack([marks.x, marks.y], 1), at, rtol=1e-6)
    share = 100 * plane.explained_variance_ratio[5].sum()
    assert words.text == (f"t = 5, {share:.0f} % of the variance",)
    jumps = [list(step.args[0]) for step in figure.layout.sliders[0].steps]
    assert jumps == [[frame.name] for frame in figure.frames]


def test_curves_of_every_label_have_bands_of_two_errors():
    curves = make_curves()
    figure = figures.approach(curves, LIGHT, names=NAMES)
    bands = [t for t in figure.data if t.fill == "toself"]
    lines = [t for t in figure.data if t.line.width == 2]
    assert (len(bands), len(lines)) == (20, 20)
    np.testing.assert_allclose(lines[7].y, curves.concept[3])
    np.testing.assert_allclose(bands[7].y[:STEPS], curves.concept[3] + 0.2, rtol=1e-6)
    np.testing.assert_allclose([t for t in figure.data if t.line.dash == "dot"][4].y, curves.line[4])
    assert f"‘3’: {100 * curves.same_step_approach_share[3]:.0f} % approach" in texts(figure)
    other = figures.approach(curves, LIGHT, names=["Shirt", *NAMES[1:]], metric="mahalanobis")
    assert "Mahalanobis distance" in texts(other)
    assert texts(other)[0].startswith("Shirt<br>")


def test_the_own_concept_is_thick_and_the_winners_are_named():
    shares = np.zeros((10, 10), np.float32)
    shares[:, 4] = 0.7
    shares[:, 2] = 0.3
    figure = figures.all_concepts(make_curves(winners=shares), LIGHT, names=NAMES)
    traces: list[Any] = list(figure.data)
    thick = [t for t in traces if t.line.width > 3]
    assert [t.line.color for t in thick] == list(LIGHT.labels)
    assert len(traces) == 100
    assert texts(figure)[0] == "‘0’<br><span style='font-size:11px'>nearest 4 70 %, 2 30 %</span>"


def test_the_steps_of_the_minima_stand_on_the_same_stages():
    sweep = make_sweep("1" * 10 + "2" * 10 + "3" * 10)
    one, two = (draw(sweep, LIGHT, label="6") for draw in (figures.stage_chart, figures.minimum_steps))
    assert one.layout.shapes == two.layout.shapes
    np.testing.assert_allclose([t.y for t in two.data if t.line.width == 2], sweep.minimum_step)
    assert two.layout.yaxis.title.text == "step of the minimum"


def test_the_map_of_stages_has_a_bar_per_stage_and_its_numeral():
    figure = figures.stage_map([make_sweep("1223"), make_sweep("1111")], ["0", "1"], LIGHT, rows="label")
    *traces, cells = figure.data
    bars = [(t.y[0], round(t.base[0], 3), round(t.x[0], 3), t.marker.color) for t in traces]
    one, two, three = LIGHT.points
    assert bars == [
        ("0", 0, 0.167, one),
        ("0", 0.167, 0.667, two),
        ("0", 0.833, 0.167, three),
        ("1", 0, 1, one),
    ]
    assert texts(figure) == [f"<b>{stage}</b>" for stage in (*Stage, Stage.MEMORY)]
    assert (list(cells.y), list(cells.x)) == (["0", "1"], list(make_sweep("1223").noises))  # what a click hits
    assert {t.hoverinfo for t in traces} == {"skip"}


def test_the_map_of_stages_is_paler_where_the_runs_do_not_decide():
    sweep = make_sweep("1223")
    errors = sweep.minimum_distance_difference_sem.copy()
    errors[:, 1] = 9
    figure = figures.stage_map([replace(sweep, minimum_distance_difference_sem=errors)], ["6"], LIGHT, rows="label")
    veils = [t for t in figure.data[:-1] if t.marker.color == rgba(LIGHT.paper, 0.5)]
    assert [(round(t.base[0], 3), round(t.x[0], 3)) for t in veils] == [(0.167, 0.333)]
    places = [(round(note.x, 3), note.font.color) for note in figure.layout.annotations]
    assert places == [(0.083, LIGHT.paper), (0.667, LIGHT.paper), (0.917, LIGHT.paper)]  # II beside the veil


def test_a_stage_that_is_all_undecided_is_named_in_ink():
    sweep = make_sweep("1113")
    errors = np.full_like(sweep.minimum_distance_difference_sem, 9)
    figure = figures.stage_map([replace(sweep, minimum_distance_difference_sem=errors)], ["6"], LIGHT, rows="label")
    for note, colour in zip(figure.layout.annotations, (LIGHT.points[0], LIGHT.points[2]), strict=True):
        assert contrast(note.font.color, over(colour, LIGHT.paper, 0.5)) > 3.9


def test_names_that_are_numbers_stay_names():
    figure = figures.stage_map([make_sweep("1111"), make_sweep("3333")], ["2", "100"], LIGHT, rows="latent units")
    assert [note.y for note in figure.layout.annotations] == [0, 1]  # "100" would be the hundredth row
    assert figure.layout.yaxis.type == "category"


def test_the_label_map_has_a_colour_a_number_and_a_name_for_every_label():
    found = make_map()
    figure = figures.label_map(found, LIGHT, names=["Top", *NAMES[1:]])
    np.testing.assert_array_equal(figure.data[0].z, found.predicted_labels)
    scale = figure.data[0].colorscale
    for label in (0, 6):
        at = (label + 0.5) / 10  # where z lies between -0.5 and 9.5
        assert [c for edge, c in scale if edge <= at][-1] == LIGHT.labels[label]
    letters = figure.data[2]
    assert all((text == "6") == (p < 0.5) for p, text in zip(letters.y, letters.text, strict=True))
    assert texts(figure) == ["<b>0 Top</b>", "<b>6</b>"]
    assert set(letters.textfont.color) == {LIGHT.ink, LIGHT.paper}
    for t, p, text, colour in zip(letters.x, letters.y, letters.text, letters.textfont.color, strict=True):
        veil = PALEST * (1 - found.share[list(found.noises).index(p), t]) / 0.9
        assert contrast(colour, over(LIGHT.labels[int(text)], LIGHT.paper, 1 - veil)) > 3.9
    np.testing.assert_array_equal(figure.data[3].z, found.share)
    assert (figure.data[3].zmin, figure.data[3].zmax) == (0, 1)
    assert figure.layout.hovermode == "closest"  # without it a click names no cell


def test_units_are_sorted_and_the_active_ones_counted():
    found = make_geometry(active=3)
    figure = figures.concept_map(found, LIGHT, names=NAMES)
    bars, heat = figure.data
    np.testing.assert_array_equal(bars.y, np.sort(found.variance)[::-1])
    np.testing.assert_array_equal(heat.z[:, 0], found.concepts[:, 1])
    assert "3 of 6 active: variance above 0.01" in texts(figure)
    assert 3.5 in [shape.x0 for shape in figure.layout.shapes]


def test_the_contribution_ratio_says_ours_and_the_papers_dimensions():
    figure = figures.contribution(make_geometry(), LIGHT)
    assert set(texts(figure)) >= {
        *("here: 70 % in 2", "here: 99 % in 4"),
        *("paper: 70 % in 9", "paper: 100 % in 14"),
    }
    np.testing.assert_allclose(figure.data[0].y, [0, 50, 72, 90, 99.5, 100, 100], rtol=1e-5)


def test_several_seeds_are_several_points_and_runs_stand_beside_them():
    runs = {"2": make_cloud(), "100": make_cloud(1)}
    floors = {"random directions": [(2, 45.0), (100, 4.5)], "zero mean": [(2, 40.0), (100, 1.1)]}
    models = [(100, 5.0), (2, 50.0), (100, 4.0)]
    figure = figures.orthogonality_with_runs(models, runs, LIGHT, label="6", floors=floors)
    traces: list[Any] = list(figure.data)
    line, points = traces[:2]
    assert (list(line.x), list(line.y)) == ([2, 100], [50, 4.5])
    assert len(points.x) == 3
    curves = [t for t in traces[2:] if t.line.width == 2]
    np.testing.assert_array_equal(curves[3].y, runs["100"].distances[1])
    assert {"N_z = 2: 80 % approach", "own memory", "concept ‘6’", "straight line"} <= set(texts(figure))
    dashed = {tuple(t.y) for t in traces if t.line.dash in ("dash", "dot") and len(t.x) == 2}
    assert dashed == {(45.0, 4.5), (40.0, 1.1)}
    assert set(floors) <= set(texts(figure))


def test_what_is_missing_or_diverged_is_no_point_of_the_best_curve():
    figure = figures.elbo_over_latents(make_latent_sweep(), LIGHT)
    shown, beyond, best = figure.data
    assert sorted(shown.y) == [104, 150]
    assert list(beyond.x) == [2]  # 400 nats: at the upper border
    assert list(best.y[:2]) == [150, 104]
    assert np.isnan(best.y[2])
    assert set(texts(figure)) == {
        *("missing", "best of the grid", "4 of 6 trainings, 100 epochs; 1 diverged, 2 missing")
    }


def test_shipped_models_are_a_second_series_and_an_empty_grid_says_how_to_train_it():
    grid = make_latent_sweep()
    empty = replace(grid, epochs=0 * grid.epochs, negative_elbo=np.full_like(grid.negative_elbo, np.nan))
    figure = figures.elbo_over_latents(empty, LIGHT, shipped=[(100, 99.0), (2, 140.0)])
    (own,) = figure.data
    assert (list(own.x), list(own.y)) == ([2, 100], [140, 99])
    assert "No training of the grid is here. Train it: python -m core grid" in texts(figure)
    nothing = figures.elbo_over_latents(empty, LIGHT)
    assert not nothing.data
    assert "python -m core grid" in " ".join(texts(nothing))


def test_the_schematic_is_true_to_the_data():
    plane, space, run = make_plane(), make_space(), make_run()
    figure = figures.schematic(plane, space, run, LIGHT, label=6, names=NAMES)
    at = {note.text: (note.x, note.y) for note in figure.layout.annotations}
    np.testing.assert_allclose(
        at["<b>concept ‘6’</b>"], (space.concepts[6] - plane.mean[0]) @ plane.basis[0].T, rtol=1e-5
    )
    np.testing.assert_allclose(at["<b>a memory</b>"], (run.memory - plane.mean[0]) @ plane.basis[0].T, rtol=1e-5)
    mean = next(t for t in figure.data if t.mode == "lines+markers")
    np.testing.assert_allclose(mean.x, plane.embedding[:, 0, :, 0].mean(1), rtol=1e-6)
    for axis, k in ((figure.layout.xaxis, 0), (figure.layout.yaxis, 1)):
        assert all(axis.range[0] < place[k] < axis.range[1] for place in at.values())


def test_the_network_has_the_sizes_of_the_model():
    found = " ".join(texts(figures.network(ModelSpec(n_latent=14, n_hidden=256), 64, LIGHT)))
    assert all(word in found for word in ("64 pixels", "256 tanh", "N_z = 14", "64 sigmoid"))


def test_branches_are_told_apart_by_colour_and_shape_and_read():
    found = make_branches()
    figure = figures.branches(found, LIGHT, titles=("narrow branch", "wide branch"), names=NAMES, shape=SHAPE)
    dots = [t for t in figure.data if t.type == "scatter"]
    assert [len(t.x) for t in dots] == [4, 8]
    assert len({t.marker.symbol for t in dots}) == 2
    bars = [t for t in figure.data if t.type == "bar"]
    assert (bars[0].x[0], bars[0].y[0]) == (100, "1")
    assert bars[1].y[0] == "9"
    images = [t for t in figure.data if t.type == "heatmap"]
    np.testing.assert_array_equal(images[1].z[:, :8], found.mean_images[1].reshape(SHAPE))


def test_dynamics_show_eigenvalues_and_gains_of_every_concept():
    found = make_dynamics()
    figure = figures.dynamics(found, LIGHT, names=NAMES)
    *moduli, along, remains, across, largest = figure.data
    np.testing.assert_array_equal([t.y for t in moduli], found.moduli)
    assert texts(figure)[2:12] == [str(k) for k in range(10)]  # label k has k that grow
    np.testing.assert_array_equal(along.y, found.noise_gain)
    np.testing.assert_array_equal(remains.y, found.noise_stretch)
    np.testing.assert_array_equal(across.y, found.orthogonal_gain)
    np.testing.assert_array_equal(largest.y, found.largest_orthogonal_stretch)
    assert {"|Ju| along", "u·Ju along", "|Jv| across", "largest v·Jv"} <= set(texts(figure))
