"""Two clusters of activity patterns: which run belongs to which, whether there are two at all, and their shape."""

import torch
from jaxtyping import Float, Int
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from torch import Tensor

from core.analysis.subspace import principal_components

DRAWS = 19  # of the null hypothesis: to lie above all of them happens by chance once in twenty


def branches(z: Float[Tensor, "runs latent"]) -> Int[Tensor, "runs"]:
    """Which of two clusters each run belongs to (k-means); 0 is the narrower one, with less variance around its mean.

    Source:
        Nagano et al. (2020), Supplement B: at t = 10 runs of '1' stand in a string-like and a wide cluster.
    """
    cluster = torch.from_numpy(KMeans(2, random_state=0).fit_predict(z.double().cpu().numpy())).long()
    spread = [float(z[cluster.to(z.device) == k].var(0, correction=0).sum()) for k in (0, 1)]
    return cluster if spread[0] <= spread[1] else 1 - cluster


def silhouette(z: Float[Tensor, "runs latent"], branch: Int[Tensor, "runs"]) -> float:
    r"""How much nearer runs lie to their own cluster than to the other one: 1 far apart, 0 no clusters.

    .. math:: \frac 1B \sum_b \frac{v_b - u_b}{\max(u_b, v_b)}

    with u the mean distance to the runs of the own cluster and v that to the runs of the other.

    Source:
        Rousseeuw (1987).

    Example:
        >>> z = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
        >>> round(silhouette(z, torch.tensor([0, 0, 1, 1])), 3)
        0.9
    """
    if branch.unique().numel() < 2:  # all runs at one place
        return 0.0
    return float(silhouette_score(z.double().cpu().numpy(), branch.cpu().numpy()))


def unimodal_silhouettes(z: Float[Tensor, "runs latent"], draws: int = DRAWS) -> Float[Tensor, "draws"]:
    """The silhouettes of the two clusters that k-means finds in one normal distribution of the covariance of the runs.

    K-means always finds two clusters. There are two where the silhouette of the runs lies above these.

    Args:
        z: The runs at one step.
        draws: How many times as many points are drawn from the normal distribution.

    Source:
        Liu, Hayes, Nobel & Marron (2008), the null hypothesis of SigClust.
    """
    z = z.double().cpu()
    generator, centred = torch.Generator().manual_seed(0), z - z.mean(0)
    silhouettes = []
    for _ in range(draws):
        weights = torch.randn(len(z), len(z), generator=generator, dtype=z.dtype)
        sample = weights @ centred / (len(z) - 1) ** 0.5  # normal, with the covariance of the runs
        silhouettes.append(silhouette(sample, branches(sample)))
    return torch.tensor(silhouettes, dtype=torch.float64)


def elongation(z: Float[Tensor, "runs latent"]) -> float:
    r"""How string-like a cluster is: its variance along the first principal axis, by that along the second.

    .. math:: \lambda_1 / \lambda_2

    Example:
        >>> round(elongation(torch.tensor([[-2.0, 0.0], [2.0, 0.0], [0.0, -1.0], [0.0, 1.0]])), 3)
        4.0
    """
    centred = z.double() - z.double().mean(0)
    share = principal_components(centred.mT @ centred)[1]
    return float(share[0] / share[1].clamp_min(torch.finfo(share.dtype).tiny)) if len(share) > 1 else float("inf")
