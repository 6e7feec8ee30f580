"""Fig. 5 and Supplement B against a loop in NumPy over the same images."""

import numpy as np
import pytest
import torch

from core import experiments
from core.config import BranchSpec, InferenceSpec, LabelMapSpec, Settings
from core.experiments.runs import collective_runs

NOISES = (0.1, 0.6)


@pytest.mark.parametrize("kind", ["permute", "invert"])
def test_readings_and_errors_of_every_step(trained: tuple[Settings, str], kind: str):
    home, id = trained
    spec = LabelMapSpec(model=id, n_runs=20, n_steps=12, label=3, noise_kind=kind)
    found = experiments.label_map(spec, home, noises=NOISES)
    for i, noise in enumerate(NOISES):
        asked = InferenceSpec(model=id, n_runs=20, n_steps=12, label=3, noise_kind=kind, noise=noise)
        one = [experiments.run(InferenceSpec(**{**vars(asked), "sample": k}), home) for k in range(20)]
        images, clean = np.stack([run.images for run in one], 1), np.stack([run.clean for run in one])
        read = experiments.predicted_labels("digits", images, home)
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
    found = experiments.branches(spec, home)
    runs = InferenceSpec(model=id, n_runs=40, n_steps=10, label=1)
    z = collective_runs(experiments.open_model(id, home), runs, home, n_steps=10)[spec.t]
    for k in (0, 1):
        values = np.linalg.eigvalsh(np.cov(z[torch.from_numpy(found.branch) == k].numpy().T))
        assert found.elongation[k] == pytest.approx(values[-1] / values[-2], rel=1e-3)
    assert -1 <= found.silhouette <= 1
    assert len(found.unimodal_silhouettes) == 19
    chosen = experiments.branches(BranchSpec(model=id, n_runs=40, n_steps=10, chosen=(0, 1, 2)), home)
    assert len(chosen.unimodal_silhouettes) == 0
    assert chosen.silhouette < found.silhouette
