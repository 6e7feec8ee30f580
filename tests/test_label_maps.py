"""Fig. 5 and Supplement B: against a loop over the same images, and from the files of weights and NumPy alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from core import data, experiments
from core.experiments.runs import activity
from core.inference import pixel_noise
from core.session import Session
from core.settings import Settings
from core.specs import BranchSpec, EnsembleSpec, InferenceSpec, LabelMapSpec
from core.store import SHIPPED

NOISES = (0.1, 0.6)
Weights = dict[str, np.ndarray]


def weights(path: Path) -> Weights:
    return {name: value.astype(np.float64) for name, value in load_file(path).items() if value.dtype.kind == "f"}


def affine(x: np.ndarray, own: Weights, name: str) -> np.ndarray:
    return x @ own[f"{name}.weight"].T + own[f"{name}.bias"]


def convolved(x: np.ndarray, own: Weights, name: str) -> np.ndarray:
    """Images (images, channels, height, width) under 3x3 kernels, nothing padded, and ReLU."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    sums = np.einsum("nchwij,kcij->nkhw", windows, own[f"{name}.weight"], optimize=True)
    return np.maximum(sums + own[f"{name}.bias"][:, None, None], 0)


def logits(own: Weights, images: np.ndarray) -> np.ndarray:
    """The classifier of 8x8 images, in NumPy: (..., 64) to (..., 10)."""
    x = convolved(convolved(images.reshape(-1, 1, 8, 8), own, "convolution1"), own, "convolution2")
    pooled = x.reshape(len(x), 64, 2, 2, 2, 2).max((3, 5)).reshape(len(x), -1)
    hidden = np.maximum(affine(pooled, own, "hidden"), 0)
    return affine(hidden, own, "output").reshape(*images.shape[:-1], 10)


def named(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The label of the highest score, and whether it is so clearly the highest that float32 finds it too."""
    in_order = np.sort(scores, axis=-1)
    return scores.argmax(-1), in_order[..., -1] - in_order[..., -2] > 1e-2


def decoded(own: Weights, z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-affine(np.tanh(affine(z, own, "decoder.hidden")), own, "decoder.output")))


def runs_of(own: Weights, x: np.ndarray, n_steps: int) -> np.ndarray:
    """x(0), ..., x(T) in NumPy."""
    found = [x]
    for _ in range(n_steps):
        mean = affine(np.tanh(affine(found[-1], own, "encoder.hidden")), own, "encoder.output")
        found.append(decoded(own, mean[:, : mean.shape[1] // 2]))
    return np.stack(found)


@pytest.fixture(scope="module")
def classifier() -> Weights:
    return weights(SHIPPED / "digits-classifier.safetensors")


def test_images_are_named_by_the_highest_of_ten_scores(classifier: Weights, settings: Settings):
    test = data.load_dataset("digits", Path(), train=False)
    label, clearly = named(logits(classifier, test.images.astype(np.float64)))
    found = experiments.predicted_labels("digits", test.images, Session.open(settings))
    assert clearly.mean() > 0.95
    np.testing.assert_array_equal(found[clearly], label[clearly])
    assert (found == test.labels).mean() > 0.94


def test_a_label_map_from_two_files_alone(trained: tuple[Settings, str], classifier: Weights):
    home, id = trained
    path = home.models / f"{id}.safetensors"
    own, index = weights(path), load_file(path)["memory_index"][3, :20]
    spec = LabelMapSpec(model=id, n_runs=20, n_steps=12, label=3, noise_kind="invert", source="decoded", noises=NOISES)
    found = experiments.label_map(spec, Session.open(home))
    clean, uniform = decoded(own, own["memories"][3, :20]), pixel_noise(0, "digits", tuple(index.tolist()), 64)[0]
    compared = 0
    for i, noise in enumerate(NOISES):
        images = runs_of(own, np.where(uniform < noise, 1 - clean, clean), 12)
        label, clearly = named(logits(classifier, images))
        counts = np.stack([np.bincount(row, minlength=10) for row in label])
        close = (~clearly).sum(1)  # how many runs may be named otherwise
        most = np.sort(counts, axis=1)
        decided = most[:, -1] - most[:, -2] > 2 * close
        np.testing.assert_array_equal(found.predicted_labels[i][decided], counts.argmax(1)[decided])
        assert (np.abs(found.share[i] - counts.max(1) / 20) <= close / 20 + 1e-6).all()
        assert (np.abs(found.correct_share[i] - counts[:, 3] / 20) <= close / 20 + 1e-6).all()
        errors = np.square(images - clean).mean(-1)
        np.testing.assert_allclose(found.error[i], errors.mean(1), rtol=1e-3)
        best = errors[found.restored_step[i], np.arange(20)]
        assert (found.restored_step[i] > 0).all()
        np.testing.assert_allclose(best, errors[1:].min(0), rtol=1e-3)
        compared += decided.sum()
    assert compared > 20  # of 26


def test_how_branches_are_read_from_the_file_of_the_classifier(trained: tuple[Settings, str], classifier: Weights):
    home, id = trained
    spec, own = BranchSpec(model=id, n_runs=40, n_steps=10), weights(home.models / f"{id}.safetensors")
    found = experiments.branches(spec, Session.open(home))
    runs = EnsembleSpec(model=id, n_runs=40, n_steps=10, label=1)
    z = activity(runs, Session.open(home))[spec.t].double().numpy()
    images = decoded(own, z)
    label, clearly = named(logits(classifier, images))
    for k in (0, 1):
        of_branch = found.branch == k
        expected = np.bincount(label[of_branch], minlength=10) / of_branch.sum()
        close = (~clearly[of_branch]).mean()
        assert (np.abs(found.predicted_share[k] - expected) <= close + 1e-6).all()
        assert close < 0.2
        np.testing.assert_allclose(found.mean_images[k], images[of_branch].mean(0), atol=1e-4)


@pytest.mark.parametrize("kind", ["permute", "invert"])
def test_readings_and_errors_of_every_step(trained: tuple[Settings, str], kind: str):
    home, id = trained
    spec = LabelMapSpec(model=id, n_runs=20, n_steps=12, label=3, noise_kind=kind, noises=NOISES)
    found = experiments.label_map(spec, Session.open(home))
    for i, noise in enumerate(NOISES):
        asked = InferenceSpec(model=id, n_runs=20, n_steps=12, label=3, noise_kind=kind, noise=noise)
        one = [experiments.run(InferenceSpec(**{**vars(asked), "sample": k}), Session.open(home)) for k in range(20)]
        images, clean = np.stack([run.images for run in one], 1), np.stack([run.clean for run in one])
        read = experiments.predicted_labels("digits", images, Session.open(home))
        counts = np.stack([np.bincount(row, minlength=10) for row in read])
        assert found.predicted_labels[i].tolist() == counts.argmax(1).tolist()
        np.testing.assert_allclose(found.share[i], counts.max(1) / 20)
        np.testing.assert_allclose(found.correct_share[i], counts[:, 3] / 20)
        errors = np.square(images - clean).mean(-1)
        np.testing.assert_allclose(found.error[i], errors.mean(1), rtol=1e-4)
        best = np.array([1 + int(np.argmin(errors[1:, k])) for k in range(20)])
        assert found.restored_step[i].tolist() == best.tolist()


def test_the_shape_of_the_branches(trained: tuple[Settings, str]):
    home, id = trained
    spec = BranchSpec(model=id, n_runs=40, n_steps=10)
    found = experiments.branches(spec, Session.open(home))
    runs = EnsembleSpec(model=id, n_runs=40, n_steps=10, label=1)
    z = activity(runs, Session.open(home))[spec.t]
    for k in (0, 1):
        values = np.linalg.eigvalsh(np.cov(z[torch.from_numpy(found.branch) == k].numpy().T))
        assert found.elongation[k] == pytest.approx(values[-1] / values[-2], rel=1e-3)
    assert -1 <= found.silhouette <= 1
    assert len(found.unimodal_silhouettes) == 19
    chosen = experiments.branches(BranchSpec(model=id, n_runs=40, n_steps=10, chosen=(0, 1, 2)), Session.open(home))
    assert len(chosen.unimodal_silhouettes) == 0
    assert chosen.silhouette < found.silhouette
