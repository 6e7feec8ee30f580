"""How decoded images are read (Fig. 5, Supplement B)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core import inference, store
from core.analysis import clusters, concepts
from core.experiments.classifier import predicted_labels
from core.experiments.machine import array, in_parts, within
from core.experiments.runs import activity, embedding
from core.experiments.starts import noisy, starts
from core.figure_results import Branches, LabelMap
from core.progress import Progress, silent
from core.session import Session
from core.specs import N_LABELS, BranchSpec, EmbeddingSpec, EnsembleSpec, LabelMapSpec

SAMPLES = 8  # images of each branch that are shown


def label_map(spec: LabelMapSpec, session: Session, *, progress: Progress = silent) -> LabelMap:
    """The most frequent label that the classifier reads in x(t), for every step and p.

    Args:
        spec: The experiment.
        session: Where models and images are.
        progress: Called before every p.

    Raises:
        StoreError: There is no such model, or no classifier of its data set.
        DataError, SpecError: as `run`.

    Source:
        Nagano et al. (2020), Fig. 5.
    """
    model = session.model(spec.model)
    rows = list(range(spec.n_runs))
    clean = starts(model, spec, rows, session)
    per_noise = []

    def read(pair: Float[Tensor, "runs two_images"]) -> tuple[np.ndarray, np.ndarray]:
        x, own = pair.tensor_split(2, dim=1)
        images = images_of(model, x, spec.n_steps)
        return predicted_labels(model.spec.dataset, images, session), np.square(images - array(own)).mean(-1)

    for i, noise in enumerate(spec.noises):

        def report(done: int, i: int = i) -> None:
            progress((i + done / spec.n_runs) / len(spec.noises), f"p = {spec.noises[i]:.3f}")

        pairs = torch.cat([noisy(model, spec, clean, rows, noise), clean], dim=1)
        parts = in_parts(read, pairs, before=report)
        labels, errors = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
        per_noise.append(one_noise(labels, errors, spec.label))
    progress(1.0, "done")
    return LabelMap(
        noises=np.array(spec.noises),
        **{name: np.stack([arrays[name] for arrays in per_noise]) for name in per_noise[0]},
    )


def one_noise(
    predicted: Int[np.ndarray, "steps runs"], errors: Float[np.ndarray, "steps runs"], label: int
) -> dict[str, np.ndarray]:
    """The fields of `LabelMap` for one p; x(0), the input, is no restored image.

    Args:
        predicted: The label of every image.
        errors: Mean squared difference of its pixels from the clean image.
        label: The runs' own.

    Returns:
        (steps,) each, and (runs,) for the step of the smallest error.
    """
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
    model: store.Model, x: Float[Tensor, "runs pixels"], n_steps: int
) -> Float[np.ndarray, "steps runs pixels"]:
    """x(0), ..., x(T)."""
    z = inference.repeated_inference(model.vae, x, n_steps)
    return array(torch.cat([x[None], model.vae.decode(z[:-1].flatten(0, 1)).unflatten(0, z[:-1].shape[:2])]))


def cached_label_map(
    spec: LabelMapSpec,
    session: Session,
    *,
    progress: Progress = silent,
    watch: Callable[[LabelMap], None] | None = None,
) -> LabelMap:
    """The same from the cache, where every p is kept by itself, since a whole map takes minutes; `watch` sees it grow.

    Raises: as `label_map`.
    """
    rows: list[LabelMap] = []
    for i, noise in enumerate(spec.noises):
        one_row = replace(spec, noises=(noise,))
        rows.append(session.result(label_map, one_row, progress=within(progress, i, len(spec.noises))))
        if watch:
            watch(LabelMap.joined(rows))
    return LabelMap.joined(rows)


def most_frequent(
    predicted: Int[np.ndarray, "steps runs"],
) -> tuple[Int[np.ndarray, "steps"], Float[np.ndarray, "steps"]]:
    """The label that most runs are given at each step (the lower one of two equals), and their share."""
    counts = np.stack([(predicted == label).sum(1) for label in range(N_LABELS)], axis=1)
    return counts.argmax(1), counts.max(1) / predicted.shape[1]


def branches(spec: BranchSpec, session: Session, *, progress: Progress = silent) -> Branches:
    """Two clusters of the runs at one step, or those chosen and the others, and how their images are read.

    Raises: as `label_map`.

    Source:
        Nagano et al. (2020), Supplement B.
    """
    model = session.model(spec.model)
    z = activity(spec, session, progress=progress)
    plane = session.result(embedding, EmbeddingSpec(**spec.part(EnsembleSpec).to_dict()), progress=progress)
    if spec.chosen:
        branch = torch.ones(spec.n_runs, dtype=torch.long, device=z.device)
        branch[list(spec.chosen)] = 0
    else:
        branch = clusters.branches(z[spec.t]).to(z.device)
    with torch.no_grad():
        images = model.vae.decode(z[spec.t])
    read = torch.from_numpy(predicted_labels(model.spec.dataset, array(images), session)).to(z.device)
    members = [branch == k for k in (0, 1)]
    spreads = [concepts.mean_error((z[:, own] - z[:, own].mean(1, keepdim=True)).square().sum(-1)) for own in members]
    shares = [torch.nn.functional.one_hot(read[own], N_LABELS).float().mean(0) for own in members]
    return Branches(
        t=spec.t,
        branch=array(branch),
        embedding=plane.embedding[:, 0],
        variance=np.stack([array(spread.mean) for spread in spreads]),
        variance_sem=np.stack([array(spread.sem) for spread in spreads]),
        mean_images=np.stack([array(images[own].mean(0)) for own in members]),
        sample_images=np.stack([array(images[own][torch.arange(SAMPLES) % int(own.sum())]) for own in members]),
        predicted_share=np.stack([array(share) for share in shares]),
        elongation=np.array([clusters.elongation(z[spec.t, own]) for own in members]),
        silhouette=clusters.silhouette(z[spec.t], branch),
        unimodal_silhouettes=array(clusters.unimodal_silhouettes(z[spec.t], 0 if spec.chosen else clusters.DRAWS)),
    )
