import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.analysis import concepts


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_abstract_concept_is_the_mean_of_the_concepts():
    found = concepts.abstract_concept(torch.tensor([[0.0, 2.0], [4.0, 0.0]]))
    assert found.tolist() == [2.0, 1.0]


def test_distance_to_one_point_for_all_trials(device: torch.device):
    z, point = draw(4, 3, 5), draw(5, seed=1)
    expected = np.sqrt(((z.numpy() - point.numpy()) ** 2).sum(-1))
    np.testing.assert_allclose(concepts.distance(z.to(device), point.to(device)).cpu(), expected, rtol=1e-6)


def test_distance_to_each_trial_s_own_point():
    z, own = draw(4, 3, 5), draw(3, 5, seed=1)
    found = concepts.distance(z, own)
    for run in range(3):
        torch.testing.assert_close(found[:, run], concepts.distance(z, own[run])[:, run])


def test_distance_to_itself_is_zero():
    z = draw(1, 3, 5)
    assert concepts.distance(z, z[0]).tolist() == [[0.0] * 3]


@examples(max_examples=30, deadline=None)
@given(values=arrays(np.float64, (3, 7), elements=st.floats(-100, 100)))
def test_mean_and_standard_error(values: np.ndarray):
    found = concepts.mean_error(torch.from_numpy(values))
    np.testing.assert_allclose(found.mean, values.mean(1), atol=1e-9)
    np.testing.assert_allclose(found.sem, values.std(1, ddof=1) / np.sqrt(7), atol=1e-9)


@examples(max_examples=30, deadline=None)
@given(values=arrays(np.float64, (3, 7), elements=st.floats(-100, 100)))
def test_the_error_of_a_difference_is_that_of_the_differences_of_each_trial(values: np.ndarray):
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = [(values[i] - values[j]).std(ddof=1) / np.sqrt(7) for i, j in pairs]
    np.testing.assert_allclose(concepts.paired_error(torch.from_numpy(values), pairs), expected, atol=1e-9)


def test_trials_that_differ_from_each_other_alike_at_both_points_have_no_error_of_the_difference():
    near = 10 * draw(200)
    apart = torch.stack([near, near + 3])
    assert concepts.mean_error(apart).sem.min() > 0.5
    assert concepts.paired_error(apart, [(0, 1)]).item() == pytest.approx(0, abs=1e-6)


@examples(max_examples=30, deadline=None)
@given(values=arrays(np.float32, (6, 4), elements=st.integers(0, 3)))
def test_minimum_and_the_first_step_that_reaches_it(values: np.ndarray):
    smallest, step = concepts.minimum(torch.from_numpy(values))
    assert smallest.tolist() == values.min(0).tolist()
    assert step.tolist() == values.argmin(0).tolist()


def test_the_step_of_the_minimum_is_not_left_to_rounding():
    rest = 2 + 1e-6 * draw(50, 100)
    smallest, step = concepts.minimum(torch.cat([torch.full((1, 100), 5.0), rest]))
    assert step.tolist() == [1] * 100
    assert smallest.tolist() == rest.amin(0).tolist()


def test_minima_of_several_points_at_once():
    d = draw(3, 6, 4).abs()
    for each, smallest, step in zip(d, *concepts.minimum(d), strict=True):
        assert [smallest.tolist(), step.tolist()] == [found.tolist() for found in concepts.minimum(each)]


@pytest.mark.parametrize("own", [False, True])
def test_linear_interpolation_agrees_with_dense_sampling(own: bool):
    start, end, point = draw(20, 3), draw(20, 3, seed=1), draw(20, 3, seed=2) if own else draw(3, seed=2)
    along = np.linspace(0, 1, 20_001)[:, None, None]
    line = (1 - along) * start.numpy() + along * end.numpy()
    expected = np.linalg.norm(line - point.numpy(), axis=-1).min(0)
    np.testing.assert_allclose(concepts.linear_interpolation(start, end, point), expected, atol=1e-4)


def test_the_segment_ends_where_the_run_ends():
    start, end = torch.tensor([[0.0, 0.0]] * 3), torch.tensor([[1.0, 0.0]] * 3)
    points = torch.tensor([[-3.0, 4.0], [4.0, -4.0], [0.5, 2.0]])
    assert concepts.linear_interpolation(start, end, points).tolist() == [5.0, 5.0, 2.0]


def test_a_run_that_ends_where_it_began_is_a_point():
    start = torch.tensor([[1.0, 1.0]])
    assert concepts.linear_interpolation(start, start, torch.tensor([4.0, 5.0])).tolist() == [5.0]


CURVES = {
    # name: (distances, distance of the straight line, approaches, approaches strictly)
    "dips below the line": ([4, 2, 1, 2, 3], 1.5, True, True),
    "dips, but the line comes as near": ([4, 2, 1, 2, 3], 1.0, False, False),
    "nearest at the end": ([4, 3, 2, 1, 0.5], 2.0, False, False),
    "nearest at the start": ([1, 2, 3, 4, 5], 2.0, False, False),
    "lowest at the start, with a later dip": ([0, 3, 1, 2, 3], 2.0, False, False),
    "two dips": ([4, 2, 3, 1, 2], 1.5, True, False),
    "two equal dips": ([4, 1, 3, 1, 2], 1.5, True, False),
    "rises and falls before it dips": ([4, 5, 3, 1, 2], 1.5, True, True),
    "stays at its lowest": ([4, 1, 1, 1, 2], 1.5, True, True),
    "never moves": ([1, 1, 1, 1, 1], 1.0, False, False),
    "dips at the first step": ([4, 1, 2, 3, 4], 1.5, True, True),
    "dips at the last step but one": ([4, 3, 2, 1, 2], 1.5, True, True),
    "rests at its lowest, within rounding": ([4, 2, 1, 1.000001, 0.999999, 1.000001, 1], 1.0, False, False),
    "dips, then rests within rounding": ([4, 1, 2, 2.000001, 2, 2.000001, 2], 1.5, True, True),
}


@pytest.mark.parametrize(("curve", "line", "approaches", "strictly"), CURVES.values(), ids=list(CURVES))
def test_approach_on_a_drawn_curve(curve: list[float], line: float, approaches: bool, strictly: bool):
    d, nearest_on_line = torch.tensor(curve, dtype=torch.float32)[:, None], torch.tensor([line])
    assert concepts.is_approach(d, nearest_on_line).tolist() == [approaches]
    assert concepts.is_strict_approach(d, nearest_on_line).tolist() == [strictly]


LINES = {
    # name: (distances, distances along the straight line, nearer than the line at the same step, than all of it)
    "nearer than the whole line": ([4, 1, 2, 3, 3], [4, 3, 2.5, 2, 3], True, True),
    "nearer at the step alone": ([4, 1, 2, 3, 3], [4, 3, 2, 0.5, 3], True, False),
    "the line is nearer at the step": ([4, 2, 1, 3, 3], [4, 3, 0.5, 2, 3], False, False),
    "as near as the line at the step": ([4, 2, 1, 3, 3], [4, 3, 1, 2, 3], False, False),
    "nearer than the line within rounding": ([4, 2, 1, 3, 3], [4, 3, 1.00001, 2, 3], False, False),
    "nearest at the end": ([4, 3, 2, 1, 0.5], [4, 3, 3, 3, 0.5], False, False),
    "nearest at the start": ([1, 2, 3, 4, 5], [1, 3, 4, 5, 5], False, False),
    "never moves": ([1, 1, 1, 1, 1], [1, 1, 1, 1, 1], False, False),
}


@pytest.mark.parametrize(("curve", "line", "at_step", "anywhere"), LINES.values(), ids=list(LINES))
def test_approach_beside_the_line_at_the_same_step(
    curve: list[float], line: list[float], at_step: bool, anywhere: bool
):
    d, straight = (torch.tensor(values, dtype=torch.float32)[:, None] for values in (curve, line))
    assert concepts.is_approach_at_same_step(d, straight).tolist() == [at_step]
    assert concepts.is_approach(d, straight.amin(0)).tolist() == [anywhere]


def test_whoever_is_nearer_than_the_whole_line_is_nearer_at_the_same_step():
    d, line = draw(6, 500).abs(), draw(6, 500, seed=1).abs()
    whole, at_step = concepts.is_approach(d, line.amin(0)), concepts.is_approach_at_same_step(d, line)
    assert (whole & ~at_step).sum() == 0
    assert 0 < whole.sum() < at_step.sum() < 500


def test_every_trial_is_judged_by_its_own_line():
    d = torch.tensor([4.0, 2.0, 1.0, 2.0])[:, None].expand(-1, 3)
    assert concepts.is_approach(d, torch.tensor([0.5, 1.5, 9.0])).tolist() == [False, True, True]


def test_a_strict_approach_is_an_approach():
    d, line = draw(6, 500).abs(), draw(500, seed=1).abs()
    strict, loose = concepts.is_strict_approach(d, line), concepts.is_approach(d, line)
    assert strict.any()
    assert (strict & ~loose).sum() == 0
    assert strict.sum() < loose.sum()


def test_the_stage_is_the_nearest_point():
    d = torch.tensor([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 2.0, 1.0]])
    assert concepts.stage(d).tolist() == [0, 1, 2]
    assert concepts.stage(d[1]).item() == 1


def test_a_whitened_distance_is_the_mahalanobis_distance():
    points = draw(4000, 3) @ torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.7]])
    whiten = concepts.whitening(points)
    precision = np.linalg.inv(np.cov(points.T.numpy()))
    z, own = draw(4, 6, 3, seed=1), draw(6, 3, seed=2)
    apart = (z - own).numpy()
    expected = np.sqrt(np.einsum("tbi,ij,tbj->tb", apart, precision, apart))
    np.testing.assert_allclose(concepts.distance(z @ whiten, own @ whiten), expected, rtol=0.02)
    assert np.abs(np.cov((points @ whiten).T) - np.eye(3)).max() < 0.1


def test_an_inactive_unit_does_not_make_the_metric_singular():
    points = torch.cat([draw(500, 3), torch.zeros(500, 2)], dim=1)
    assert torch.isfinite(concepts.whitening(points)).all()
