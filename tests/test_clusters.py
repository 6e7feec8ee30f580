"""Clusters that are there, and clusters that k-means finds where there are none."""

import numpy as np
import pytest
import torch

from core.analysis import clusters


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("narrow_first", [True, False])
def test_two_branches_are_told_apart_and_the_narrow_one_is_first(narrow_first: bool):
    narrow, wide = 0.1 * draw(30, 4), 2 * draw(50, 4, seed=1) + 30
    parts = (narrow, wide) if narrow_first else (wide, narrow)
    found = clusters.branches(torch.cat(parts))
    expected = [0] * 30 + [1] * 50 if narrow_first else [1] * 50 + [0] * 30
    assert found.tolist() == expected


def test_the_silhouette_by_hand():
    z, branch = draw(12, 3), torch.tensor([0, 1] * 6)
    apart = np.linalg.norm(z.numpy()[:, None] - z.numpy(), axis=-1)
    values = []
    for i in range(12):
        own, other = (branch == branch[i]).numpy(), (branch != branch[i]).numpy()
        u, v = apart[i, own].sum() / (own.sum() - 1), apart[i, other].mean()
        values.append((v - u) / max(u, v))
    assert clusters.silhouette(z, branch) == pytest.approx(np.mean(values), rel=1e-5)
    assert clusters.silhouette(z, torch.zeros(12, dtype=torch.long)) == 0


def test_two_clusters_lie_above_the_null_and_one_cluster_within_it():
    scale = torch.tensor([3.0, 1.0, 1.0])
    one, two = draw(150, 3, seed=101) * scale, torch.cat([draw(70, 3), draw(80, 3, seed=1) + 6])
    for z, separated in ((one, False), (two, True)):
        null = clusters.unimodal_silhouettes(z)
        assert null.shape == (clusters.DRAWS,)
        assert (clusters.silhouette(z, clusters.branches(z)) > null.max().item()) == separated


def test_the_null_has_the_covariance_of_the_runs_so_that_a_string_is_not_two_clusters():
    string = draw(150, 3, seed=101) * torch.tensor([9.0, 0.1, 0.1])
    null = clusters.unimodal_silhouettes(string)
    assert null.min() > 0.5  # k-means cuts a string in two: far from the 0.2 of a ball
    assert clusters.silhouette(string, clusters.branches(string)) < null.max().item()
    assert clusters.unimodal_silhouettes(draw(150, 3)).max() < 0.5
    assert clusters.unimodal_silhouettes(string, 0).shape == (0,)


def test_elongation_is_the_ratio_of_the_first_two_variances():
    z = draw(400, 5) * torch.tensor([1.0, 4.0, 2.0, 0.5, 0.0])
    values = np.sort(np.linalg.eigvalsh(np.cov(z.numpy().T)))[::-1]
    assert clusters.elongation(z) == pytest.approx(values[0] / values[1], rel=1e-4)
    turned = z @ torch.linalg.qr(draw(5, 5, seed=2)).Q + 7
    assert clusters.elongation(turned) == pytest.approx(clusters.elongation(z), rel=1e-4)
