"""Fig. 3 against a loop in NumPy over the same runs."""

from dataclasses import replace

import numpy as np
import pytest

from core import experiments
from core.config import ApproachSpec, Settings
from core.experiments.runs import collective_runs
from core.results import ApproachCurves


@pytest.fixture(scope="module")
def spec(trained: tuple[Settings, str]) -> ApproachSpec:
    return ApproachSpec(model=trained[1], n_runs=20, n_steps=15, noise=0.3)


@pytest.fixture(scope="module")
def found(spec: ApproachSpec, trained: tuple[Settings, str]) -> ApproachCurves:
    return experiments.approach_curves(spec, trained[0])


def runs(spec: ApproachSpec, home: Settings, label: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trajectories, memories and concepts in float64."""
    model = experiments.open_model(spec.model, home)
    z = collective_runs(model, spec.runs_of(label), home, n_steps=spec.n_steps)
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


def test_it_agrees_with_the_explorer(spec: ApproachSpec, found: ApproachCurves, trained: tuple[Settings, str]):
    cloud = experiments.trajectories(spec.runs_of(3), trained[0])
    np.testing.assert_allclose(found.concept[3], cloud.distances[1], rtol=1e-5)
    np.testing.assert_allclose(found.memory[3], cloud.distances[0], rtol=1e-5)
    np.testing.assert_allclose(found.line[3], cloud.line, rtol=1e-5)
    assert found.approach_share[3] == pytest.approx(cloud.ensemble.approach_share)


def test_mahalanobis_distances_are_those_of_the_shrunk_covariance(spec: ApproachSpec, trained: tuple[Settings, str]):
    from sklearn.covariance import LedoitWolf

    home = trained[0]
    found = experiments.approach_curves(replace(spec, metric="mahalanobis"), home)
    z, _, concepts = runs(spec, home, 6)
    cloud = experiments.open_model(spec.model, home).memories[6].double().numpy()
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
        experiments.approach_curves(spec, trained[0], progress=stop)
    assert told == [0.0, 0.1, 0.2]


def test_the_runs_of_a_label_are_those_of_the_explorer(spec: ApproachSpec):
    own = spec.runs_of(4)
    assert (own.model, own.label, own.noise, own.n_runs, own.seed) == (spec.model, 4, 0.3, 20, 0)
