"""The least difference between two distances of a run that means anything: 1e-5 of its largest, from both sides.

In float64, where rounding is far below it; the largest distance of every curve is 8, so that the least difference is
8e-5.
"""

import pytest
import torch

from core.analysis import concepts

LESS, MORE = 7.6e-5, 8.4e-5


def curve(*values: float) -> torch.Tensor:
    """Distances of one run, which start at 8."""
    return torch.tensor([8.0, *values], dtype=torch.float64)[:, None]


@pytest.mark.parametrize(("above", "step"), [(LESS, 1), (MORE, 2)])
def test_a_minimum_is_reached_where_the_distance_is_the_smallest_within_it(above: float, step: int):
    smallest, found = concepts.minimum(curve(1 + above, 1, 2))
    assert (smallest.item(), found.item()) == (1, step)


@pytest.mark.parametrize(("below", "approaches"), [(LESS, False), (MORE, True)])
def test_a_run_is_nearer_than_a_line_by_more_than_it(below: float, approaches: bool):
    d = curve(1, 2)
    assert concepts.is_approach(d, torch.tensor([1 + below]).double()).tolist() == [approaches]
    assert concepts.is_approach_at_same_step(d, curve(1 + below, 0.5)).tolist() == [approaches]


@pytest.mark.parametrize(("up", "count"), [(LESS, 1), (MORE, 2)])
def test_a_dip_falls_and_rises_by_more_than_it(up: float, count: int):
    assert concepts.dips(curve(2, 2 + up, 1, 3)).tolist() == [count]


@pytest.mark.parametrize(("down", "count"), [(LESS, 1), (MORE, 2)])
def test_a_second_dip_falls_by_more_than_it(down: float, count: int):
    assert concepts.dips(curve(1, 3, 3 - down, 4)).tolist() == [count]


def test_every_run_has_its_own():
    d = torch.cat([curve(1 + MORE, 1, 2), 10 * curve(1 + MORE, 1, 2)], dim=1)
    assert concepts.resolution(d).tolist() == pytest.approx([8e-5, 8e-4])
    assert concepts.minimum(d)[1].tolist() == [2, 2]
    d[1, 1] = 10 + MORE
    assert concepts.minimum(d)[1].tolist() == [2, 1]
