"""The stage of an ensemble, and the one that other runs might give."""

from dataclasses import replace

import numpy as np
import pytest

from core.results import PAIRS, POINTS, Stage, runner_up
from tests.synthetic import make_cloud, make_sweep

MEMORY, CONCEPT, ABSTRACT = Stage


@pytest.mark.parametrize(
    ("mean", "pair", "following"),
    [
        ([1.0, 1.2, 3.0], (0, 1), CONCEPT),
        ([1.2, 1.0, 3.0], (0, 1), MEMORY),
        ([1.0, 3.0, 1.2], (0, 2), ABSTRACT),
        ([1.2, 3.0, 1.0], (0, 2), MEMORY),
        ([3.0, 1.0, 1.2], (1, 2), ABSTRACT),
        ([3.0, 1.2, 1.0], (1, 2), CONCEPT),
    ],
)
def test_the_error_of_the_two_nearest_decides(mean: list[float], pair: tuple[int, int], following: Stage):
    """The difference is 0.2: 2 standard errors of 0.11 reach it, 2 of 0.09 do not; the other pairs do not count."""
    others = np.full(len(PAIRS), 9.0)
    for error, expected in ((0.11, following), (0.09, None)):
        errors = np.where(np.arange(len(PAIRS)) == PAIRS.index(pair), error, others)
        assert runner_up(np.array(mean), errors) == expected
        assert runner_up(np.array(mean), np.where(errors == error, error, 0)) == expected


def test_means_that_are_equal_are_undecided_whatever_their_error():
    assert runner_up(np.array([1.0, 1.0, 2.0]), np.zeros(3)) == CONCEPT


def test_ensembles_and_sweeps_go_by_the_error_of_the_difference_not_by_those_of_the_means():
    """Distances of the same runs vary together: the errors of the means alone would leave nearly all undecided."""
    sweep = make_sweep("123", sem=0.01)
    assert replace(sweep, minimum_distance_sem=np.full((len(POINTS), 3), 9.0)).runners_up == (None, None, None)
    assert None not in replace(sweep, minimum_distance_difference_sem=np.full((len(PAIRS), 3), 9.0)).runners_up
    ensemble = replace(make_cloud().ensemble, minimum_distance_sem=np.full(3, 9.0))
    assert ensemble.runner_up is None
    assert replace(ensemble, minimum_distance_difference_sem=np.full(3, 9.0)).runner_up == MEMORY
