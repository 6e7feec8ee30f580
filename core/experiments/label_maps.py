"""How decoded images are read (Fig. 5, Supplement B)."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core import inference, store
from core.analysis import clusters, concepts, subspace
from core.config import N_LABELS, BranchSpec, InferenceSpec, LabelMapSpec, Progress, Settings, silent
from core.experiments.classifier import predicted_labels
from core.experiments.machine import array, in_parts, open_model
from core.experiments.runs import axes_of, collective_runs, noisy, starts
from core.results import Branches, LabelMap

SAMPLES = 8  # images of each branch that are shown


def label_map(
    spec: LabelMapSpec, settings: Settings, *, noises: tuple[float, ...] = (), progress: Progress = silent
) -> LabelMap:
    """The most frequent label that the classifier reads in x(t), for every step and p.

    Args:
        spec: The experiment.
        settings: Where models and images are.
        noises: Some values of p alone; all of the spec's where none is named.
        progress: Called before every p.

    Raises:
        StoreError: There is no such model, or no classifier of its data set.
        DataError, SpecError: as `run`.

    Source:
        Nagano et al. (2020), Fig. 5.
    """
    model = open_model(spec.model, settings)
    rows = list(range(spec.n_runs))
    clean = starts(model, spec, rows, settings)
    wanted, found = noises or spec.noises, []

    def read(pair: Float[Tensor, "trials two_images"]) -> tuple[np.ndarray, np.ndarray]:
        x, own = pair.tensor_split(2, dim=1)
        images = images_of(model, x, spec.n_steps)
        return predicted_labels(model.spec.dataset, images, settings), np.square(images - array(own)).mean(-1)

    for i, noise in enumerate(wanted):
        progress(i / len(wanted), f"p = {noise:.3f}")
        parts = in_parts(read, torch.cat([noisy(model, spec, clean, rows, noise), clean], dim=1))
        labels, errors = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        found.append(one_noise(labels, errors, spec.label))
    progress(1.0, "done")
    return LabelMap(noises=np.array(wanted), **{name: np.stack([each[name] for each in found]) for name in found[0]})


def one_noise(
    predicted: Int[np.ndarray, "steps trials"], errors: Float[np.ndarray, "steps trials"], label: int
) -> dict[str, np.ndarray]:
    """The fields of `LabelMap` for one p; x(0), the input, is no restored image."""
    labels, share = most_frequent(predicted)
    return {
        "predicted_labels": labels,
        "share": share,
        "correct_share": (predicted == label).mean(1),
        "error": errors.mean(1),
        "restored_step": 1 + errors[1:].argmin(0),
    }


@torch.no_grad()
def images_of(
    model: store.Model, x: Float[Tensor, "trials pixels"], n_steps: int
) -> Float[np.ndarray, "steps trials pixels"]:
    """x(0), ..., x(T)."""
    z = inference.repeated_inference(model.vae, x, n_steps)
    return array(torch.cat([x[None], model.vae.decode(z[:-1].flatten(0, 1)).unflatten(0, z[:-1].shape[:2])]))


def most_frequent(
    predicted: Int[np.ndarray, "steps trials"],
) -> tuple[Int[np.ndarray, "steps"], Float[np.ndarray, "steps"]]:
    """The label that most runs are given at each step (the lower one of two equals), and their share."""
    counts = np.stack([(predicted == label).sum(1) for label in range(N_LABELS)], axis=1)
    return counts.argmax(1), counts.max(1) / predicted.shape[1]


def branches(spec: BranchSpec, settings: Settings, *, progress: Progress = silent) -> Branches:
    """Two clusters of the runs at one step, or those chosen and the others, and how their images are read.

    Raises: as `label_map`.

    Source:
        Nagano et al. (2020), Supplement B.
    """
    model = open_model(spec.model, settings)
    runs = InferenceSpec(
        model=spec.model, source=spec.source, noise_kind=spec.noise_kind, n_runs=spec.n_runs, n_steps=spec.n_steps,
        seed=spec.seed, label=spec.label, noise=spec.noise,
    )  # fmt: skip
    whole = collective_runs(model, runs, settings, n_steps=spec.n_steps + runs.window, progress=progress)
    z = whole[: spec.n_steps + 1]
    if spec.chosen:
        branch = torch.ones(spec.n_runs, dtype=torch.long, device=z.device)
        branch[list(spec.chosen)] = 0
    else:
        branch = clusters.branches(z[spec.t]).to(z.device)
    with torch.no_grad():
        images = model.vae.decode(z[spec.t])
    read = torch.from_numpy(predicted_labels(model.spec.dataset, array(images), settings)).to(z.device)
    members = [branch == k for k in (0, 1)]
    spreads = [concepts.mean_error((z[:, own] - z[:, own].mean(1, keepdim=True)).square().sum(-1)) for own in members]
    shares = [torch.nn.functional.one_hot(read[own], N_LABELS).float().mean(0) for own in members]
    return Branches(
        t=spec.t,
        branch=array(branch),
        embedding=array(subspace.embed(z.cpu(), axes_of(model, runs, whole.cpu()))),
        variance=np.stack([array(spread.mean) for spread in spreads]),
        variance_sem=np.stack([array(spread.sem) for spread in spreads]),
        mean_images=np.stack([array(images[own].mean(0)) for own in members]),
        sample_images=np.stack([array(images[own][torch.arange(SAMPLES) % int(own.sum())]) for own in members]),
        predicted_share=np.stack([array(share) for share in shares]),
        elongation=np.array([clusters.elongation(z[spec.t, own]) for own in members]),
        silhouette=clusters.silhouette(z[spec.t], branch),
        unimodal_silhouettes=array(clusters.unimodal_silhouettes(z[spec.t], 0 if spec.chosen else clusters.DRAWS)),
    )
