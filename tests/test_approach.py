"""Fig. 3 against a loop in NumPy over the same runs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from core import experiments
from core.analysis.concepts import distance
from core.experiments.distances import line_distances, mean_curve_approaches, mean_path_approaches
from core.experiments.runs import activity
from core.figure_results import ApproachCurves
from core.session import Session
from core.settings import Settings
from core.specs import ApproachSpec


@pytest.fixture(scope="module")
def spec(trained: tuple[Settings, str]) -> ApproachSpec:
    return ApproachSpec(model=trained[1], n_runs=20, n_steps=15, noise=0.3)


@pytest.fixture(scope="module")
def found(spec: ApproachSpec, trained: tuple[Settings, str]) -> ApproachCurves:
    return experiments.approach_curves(spec, Session.open(trained[0]))


def runs(spec: ApproachSpec, home: Settings, label: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trajectories, memories and concepts in float64."""
    model = Session.open(home).model(spec.model)
    z = activity(spec.runs_of(label), Session.open(home))
    return z.double().numpy(), model.memories[label, :20].double().numpy(), model.concepts.double().numpy()


@pytest.mark.parametrize("label", [0, 6])
def test_curves_and_errors(label: int, spec: ApproachSpec, found: ApproachCurves, trained: tuple[Settings, str]):
    z, memories, concepts = runs(spec, trained[0], label)
    own = np.linalg.norm(z - concepts[label], axis=-1)
    memory = np.linalg.norm(z - memories, axis=-1)
    np.testing.assert_allclose(found.concept[label], own.mean(1), rtol=1e-5)
    np.testing.assert_allclose(found.concept_sem[label], own.std(1, ddof=1) / 20**0.5, rtol=1e-4)
    np.testing.assert_allclose(found.memory[label], memory.mean(1), rtol=1e-5)
    every = np.linalg.norm(z[None] - concepts[:, None, None], axis=-1)
    np.testing.assert_allclose(found.all_concepts[label], every.mean(-1), rtol=1e-5)
    winners = np.bincount(every.min(1).argmin(0), minlength=10) / 20
    np.testing.assert_allclose(found.winners[label], winners, atol=1e-6)
    steps = [memory.argmin(0).mean(), own.argmin(0).mean()]
    np.testing.assert_allclose(found.minimum_step[label], steps, rtol=1e-6)
    line = np.linspace(0, 1, 20_001)[:, None, None] * (z[-1] - z[0]) + z[0]
    nearest = np.linalg.norm(line - concepts[label], axis=-1).min(0)
    half_way = (own.argmin(0) > 0) & (own.argmin(0) < spec.n_steps)
    assert found.approach_share[label] == pytest.approx((half_way & (own.min(0) < nearest)).mean(), abs=0.051)
    walked = np.linspace(0, 1, spec.n_steps + 1)[:, None, None] * (z[-1] - z[0]) + z[0]
    straight = np.linalg.norm(walked - concepts[label], axis=-1)
    then = straight[own.argmin(0), np.arange(20)]
    assert found.same_step_approach_share[label] == pytest.approx((half_way & (own.min(0) < then)).mean(), abs=0.051)
    later = own.argmin(0) - memory.argmin(0)
    np.testing.assert_allclose(found.minimum_step_difference_sem[label], later.std(ddof=1) / 20**0.5, rtol=1e-4)
    curve, at = own.mean(1), own.mean(1).argmin()
    assert found.mean_curve_approaches[label] == (0 < at < spec.n_steps and curve[at] < straight.mean(1)[at])
    path, along = z.mean(1), np.linspace(0, 1, 20_001)[:, None]
    segment = np.linalg.norm(along * (path[-1] - path[0]) + path[0] - concepts[label], axis=-1).min()
    d = np.linalg.norm(path - concepts[label], axis=-1)
    assert found.mean_path_approaches[label] == (0 < d.argmin() < spec.n_steps and d.min() < segment)


@pytest.mark.parametrize("label", [1, 6])
def test_the_flock_and_the_numeric_subspace(
    label: int, spec: ApproachSpec, found: ApproachCurves, trained: tuple[Settings, str]
):
    z, _, _ = runs(spec, trained[0], label)
    cloud = Session.open(trained[0]).model(spec.model).memories[label].double().numpy()
    values = np.stack([np.linalg.eigvalsh(np.cov(step.T)) for step in z])
    expected = values.sum(1) ** 2 / (values**2).sum(1)
    np.testing.assert_allclose(found.effective_dimension[label], expected, rtol=1e-3)
    variances, axes = np.linalg.eigh(np.cov(cloud.T))
    variances, axes = variances[::-1], axes[:, ::-1]
    count = 1 + int((variances.cumsum() / variances.sum() < 0.9).sum())
    assert found.subspace_dimensions[label] == count

    def rest(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm((points - cloud.mean(0)) @ axes[:, count:], axis=-1)

    np.testing.assert_allclose(found.subspace_distance[label], rest(z).mean(1), rtol=1e-3)
    fall = rest(z) - rest(z)[0]
    np.testing.assert_allclose(found.subspace_fall_sem[label], fall.std(1, ddof=1) / 20**0.5, rtol=1e-2, atol=1e-6)
    assert found.memory_subspace_distance[label] == pytest.approx(rest(cloud).mean(), rel=1e-3)


def straight(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    return np.linspace(start, end, 11)


def detour(path: np.ndarray, by: float) -> torch.Tensor:
    """A path that leaves the straight line in the middle."""
    return torch.from_numpy(path + by * np.sin(np.linspace(0, np.pi, 11))[:, None] * np.array([0.0, 1.0])).float()


def early() -> torch.Tensor:
    """A path that is nearest before the straight line is, though not as near as that comes later."""
    x = (-5, -3, -1.5, -2, -1, 0, 2, 3, 4, 5, 5)
    y = (1, 0.5, 0.5, 3, 4, 4, 4, 4, 3, 2, 1)
    return torch.tensor([x, y]).mT


PATHS = {  # runs from left to right above the concept (0, 0): do the mean position and the mean curve approach it?
    "all come down": ([detour(straight((-5, 3), (5, 3)), -2), detour(straight((-5, 2), (5, 2)), -1)], True, True),
    "all go up": ([detour(straight((-5, 1), (5, 1)), 2)] * 2, False, False),
    "either side, the mean goes through the concept": (
        [detour(straight((-5, 4), (5, 4)), 1), detour(straight((-5, -2), (5, -2)), -3)], True, False),
    "nearest at the end": ([detour(straight((-5, 1), (0, 1)), 0)] * 2, False, False),
    "nearer at the same step alone": ([early()] * 2, False, True),
    "either side, every run comes nearer": (
        [detour(straight((-5, 3), (5, 3)), -1), detour(straight((-5, -3), (5, -3)), 1)], False, True),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "position", "curve"), PATHS.values(), ids=list(PATHS))
def test_the_mean_position_and_the_mean_curve_can_approach_or_not(
    paths: list[torch.Tensor], position: bool, curve: bool
):
    z, concept = torch.stack(paths, dim=1), torch.zeros(2)
    assert mean_path_approaches(z, concept) == position
    assert mean_curve_approaches(distance(z, concept), line_distances(z, concept)) == curve


def test_it_agrees_with_the_explorer(spec: ApproachSpec, found: ApproachCurves, trained: tuple[Settings, str]):
    cloud = experiments.trajectories(spec.runs_of(3), Session.open(trained[0]))
    np.testing.assert_allclose(found.concept[3], cloud.distances[1], rtol=1e-5)
    np.testing.assert_allclose(found.memory[3], cloud.distances[0], rtol=1e-5)
    np.testing.assert_allclose(found.line[3], cloud.line, rtol=1e-5)
    for name in ("approach_share", "strict_approach_share", "same_step_approach_share"):
        assert getattr(found, name)[3] == pytest.approx(getattr(cloud.ensemble, name))
    assert found.mean_path_approaches[3] == cloud.mean_path_approaches
    assert found.mean_curve_approaches[3] == cloud.mean_curve_approaches


def test_mahalanobis_distances_are_those_of_the_shrunk_covariance(spec: ApproachSpec, trained: tuple[Settings, str]):
    from sklearn.covariance import LedoitWolf

    home = trained[0]
    found = experiments.approach_curves(replace(spec, metric="mahalanobis"), Session.open(home))
    z, _, concepts = runs(spec, home, 6)
    cloud = Session.open(home).model(spec.model).memories[6].double().numpy()
    metric = LedoitWolf().fit(cloud)
    expected = [metric.mahalanobis(step - concepts[6] + metric.location_) ** 0.5 for step in z]
    np.testing.assert_allclose(found.concept[6], np.mean(expected, axis=1), rtol=1e-3)


def test_progress_can_stop_it(spec: ApproachSpec, trained: tuple[Settings, str]):
    told: list[float] = []

    def stop(fraction: float, text: str) -> None:
        told.append(fraction)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiments.approach_curves(spec, Session.open(trained[0]), progress=stop)
    assert told == [0.0, 0.1, 0.2]


def test_the_runs_of_a_label_are_those_of_the_explorer(spec: ApproachSpec):
    own = spec.runs_of(4)
    assert (own.model, own.label, own.noise, own.n_runs, own.seed) == (spec.model, 4, 0.3, 20, 0)
