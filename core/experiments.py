"""The core's one door: one function per experiment, a spec goes in and a frozen NumPy result comes out.

It composes the rooms below and holds no mathematics. Here alone tensors leave the device.
"""

import platform
import re
import tempfile
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core import data, inference, stack, store, train
from core.analysis import concepts, subspace
from core.config import (
    N_LABELS,
    NOISE_KINDS,
    SOURCES,
    ZOO,
    InferenceSpec,
    ModelSpec,
    NoiseSweepSpec,
    Progress,
    RefusedError,
    Settings,
    SpecError,
    silent,
)
from core.results import Ensemble, LatentSpace, NoiseSweep, Run, TrainingRun, Trajectories
from core.vae import VAE

MEMORIES_PER_LABEL = 500
TRAIL = 4  # positions of a run that are drawn at once: now and the three steps before
STATE = ".training"  # ending of the file that a training goes on from
SWEEP_BATCH = 3000  # runs computed at a time: large matrix products use the machine better


def device_of(settings: Settings) -> torch.device:
    """The device that the settings ask for; "auto" takes a GPU when there is one."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if settings.device != "auto":
        if not there[settings.device]:
            raise SpecError(f"This machine has no device '{settings.device}'. Use --device cpu or LT_DEVICE=cpu.")
        return torch.device(settings.device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def library_of(settings: Settings) -> store.Library:
    """The shipped models and those trained on this machine."""
    return store.Library.of(settings.models)


def train_model(
    spec: ModelSpec,
    settings: Settings,
    *,
    path: Path | None = None,
    state: Path | None = None,
    progress: Progress = silent,
    watch: train.Watch = train.unwatched,
) -> tuple[Path, TrainingRun]:
    """Train a model, compute its concepts and memories, and file it; goes on where an earlier attempt was stopped.

    Args:
        spec: The recipe.
        settings: Where the images are, and the folder that the model goes to.
        path: Another place for the file.
        state: Another place for the training state, which else lies beside the file.
        progress: Called after every epoch.
        watch: Called after every epoch with the course so far.

    Returns:
        The file, and the course of the training.

    Raises:
        DataError: The images are not there.
        TrainingError: The loss is not finite, or the training state cannot be read or written.
    """
    training = data.load_dataset(spec.dataset, settings.data)
    test = data.load_dataset(spec.dataset, settings.data, train=False)
    target = path or settings.models / f"{id_of(spec)}.safetensors"
    state = state or target.with_suffix(STATE)
    vae, course = train.train(
        spec, training, test, device=device_of(settings), state=state, progress=progress, watch=watch
    )
    vae.half().float()  # what is computed from the weights is computed from the weights that are stored
    means = posterior_means(vae, training.images)
    memories, index, means_of_labels = memories_of(means, training.labels)
    bound = train.held_out_bound(vae, test)
    card = {
        "test_negative_elbo": round(bound.negative_elbo, 3),
        "test_kl": round(bound.kl, 3),
        "test_samples": train.REPORTED_SAMPLES,
        "active_units": int(subspace.active_units(means).sum()),
        "contribution_ratio": [round(float(x), 4) for x in subspace.contribution_ratio(memories.flatten(0, 1))],
        "orthogonality_gap": round(subspace.orthogonality_gap(means_of_labels), 4),
        "test_epochs": course.test_epochs.tolist(),
        "test_curve": [round(float(x), 2) for x in course.test_negative_elbo],
        "image_shape": list(data.IMAGE_SHAPES[spec.dataset]),
        "label_names": list(data.LABEL_NAMES[spec.dataset]),
        "seconds": round(course.seconds),
        "machine": f"{device_of(settings).type}, {platform.machine()}, threads: {torch.get_num_threads()}",
        "weights_sha256": store.weights_sha256(vae),
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
    }
    tensors = {"concepts": means_of_labels, "memories": memories, "memory_index": index}
    store.save_model(target, spec, card, vae, tensors)
    state.unlink(missing_ok=True)
    return target, course


def zoo_model(
    name: str, settings: Settings, *, folder: Path = store.SHIPPED, progress: Progress = silent
) -> tuple[Path, bool]:
    """Train a model of the zoo unless it is there; goes on where an earlier attempt was stopped.

    Args:
        name: Which of `ZOO`.
        settings: Where the images are; the training state is kept in a folder of its own beside the models there.
        folder: Where the zoo is.
        progress: Called after every epoch.

    Returns:
        The file, and whether it was trained now.

    Raises: as `train_model`.
    """
    path = folder / f"{name}.safetensors"
    if path.exists() and store.read_metadata(path)[0] == ZOO[name]:
        return path, False
    state = settings.models / "zoo" / f"{name}{STATE}"
    return train_model(ZOO[name], settings, path=path, state=state, progress=progress)[0], True


def id_of(spec: ModelSpec) -> str:
    """The id of a model that is trained here."""
    return f"{spec.dataset}-nz{spec.n_latent}-{spec.key()[:8]}"


@dataclass(frozen=True)
class Unfinished:
    """A training that was stopped: its recipe and the epochs that its last state holds; `problem` if it is damaged."""

    path: Path
    spec: ModelSpec = field(default_factory=ModelSpec)
    epoch: int = 0
    problem: str = ""


def unfinished(settings: Settings) -> list[Unfinished]:
    """The trainings of this machine that have a state and no model yet."""
    found = []
    for path in sorted(settings.models.glob(f"*{STATE}")) if settings.models.is_dir() else ():
        try:
            course = stack.read_course(path)
            found.append(Unfinished(path, ModelSpec.from_dict(course["specs"][0]), course["epoch"]))
        except RefusedError as error:
            found.append(Unfinished(path, problem=str(error)))
    return found


def import_model(content: bytes, filename: str, settings: Settings) -> str:
    """File a model that somebody brings: a safetensors file with our metadata, verified and never unpickled.

    Concepts and memories are computed where the file has none and the images are on this machine.

    Args:
        content: The file.
        filename: Its name; the model's id is made from it.
        settings: Where models and images are.

    Returns:
        The model's id.

    Raises:
        StoreError: No usable model, or there is one of this name.
        DataError: Concepts and memories are missing, and so are the images.
    """
    id = re.sub(r"[^a-z0-9]+", "-", Path(filename).stem.lower()).strip("-")[:64] or "model"
    if any(entry.id == id for entry in library_of(settings).entries()):
        raise store.StoreError(f"There is a model '{id}' here already. Rename the file, or delete that model first.")
    folder = settings.models / store.IMPORTED
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        path = Path(scratch) / f"{id}.safetensors"
        path.write_bytes(content)
        spec, card = store.read_metadata(path)
        tensors = store.read_tensors(path)
        if "concepts" not in tensors or "memories" not in tensors:
            vae = store.network_of(path.name, spec, tensors)
            training = data.load_dataset(spec.dataset, settings.data)
            memories, index, means = memories_of(posterior_means(vae, training.images), training.labels)
            more = {"concepts": means, "memories": memories, "memory_index": index}
            store.save_model(path, spec, card, vae, more)
        store.load_model(path, torch.device("cpu"))
        path.replace(folder / path.name)
    return id


def posterior_means(vae: VAE, images: Float[np.ndarray, "images pixels"]) -> Float[Tensor, "images latent"]:
    """mu of every image, in float32, on the CPU."""
    device = next(vae.parameters()).device
    with torch.no_grad():
        batches = torch.from_numpy(images).split(2000)
        return torch.cat([vae.encode(batch.to(device))[0].cpu() for batch in batches])


def memories_of(means: Tensor, labels: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """The first memories of every label, which images they belong to, and the concepts (means over all images)."""
    rows = [torch.from_numpy(np.flatnonzero(labels == label)) for label in range(N_LABELS)]
    kept = min(MEMORIES_PER_LABEL, *(len(r) for r in rows))
    index = torch.stack([r[:kept] for r in rows])
    return means[index], index, torch.stack([means[r].mean(0) for r in rows])


def fetch_images(dataset: str, settings: Settings, *, progress: Progress = silent) -> None:
    """Download a data set unless it is there.

    Raises:
        DataError: No mirror answered, or a checksum did not match.
    """
    if not data.is_available(dataset, settings.data):
        data.download(dataset, settings.data, progress=progress)


def estimated_seconds(spec: ModelSpec, settings: Settings) -> float:
    """How long a training would take on this machine, from a few steps timed now."""
    height, width = data.IMAGE_SHAPES[spec.dataset]
    n_images = data.TRAINING_IMAGES[spec.dataset]
    return train.estimated_seconds(spec, n_images, height * width, device=device_of(settings))


def available_source(dataset: str, settings: Settings) -> str:
    """Where runs of a data set can start from on this machine: "original" images, else "decoded" memories."""
    return "original" if data.is_available(dataset, settings.data) else "decoded"


def latent_space(id: str, settings: Settings) -> LatentSpace:
    """The concepts of a model, the abstract concept, and the images that they decode to."""
    model = open_model(id, settings)
    centre = concepts.abstract_concept(model.concepts)
    with torch.no_grad():
        images = model.vae.decode(torch.cat([model.concepts, centre[None]]))
    return LatentSpace(array(model.concepts), array(centre), array(images[:-1]), array(images[-1]))


def run(spec: InferenceSpec, settings: Settings) -> Run:
    """One run of repeated inference, with its images and distances.

    Raises:
        StoreError: There is no such model.
        DataError: Original images are asked for and not there.
        SpecError: The model does not hold that many memories.
    """
    model = open_model(spec.model, settings)
    rows = [spec.sample]
    clean = starts(model, spec, rows, settings)
    z = inference.repeated_inference(model.vae, noisy(model, spec, clean, rows, spec.noise), spec.n_steps)
    with torch.no_grad():
        decoded = model.vae.decode(z[:-1, 0])
    memory = model.memories[spec.label, spec.sample]
    d = point_distances(model, spec.label, z, memory[None])
    nearest, step = concepts.minimum(d[:, :, 0].mT)
    line = concepts.linear_interpolation(z[0], z[-1], model.concepts[spec.label])
    return Run(
        z=array(z[:, 0]),
        clean=array(clean[0]),
        images=array(torch.cat([noisy(model, spec, clean, rows, spec.noise), decoded])),
        distances=array(d[:, :, 0]),
        concept_distances=array(torch.stack([concepts.distance(z, c)[:, 0] for c in model.concepts])),
        line=array(line_distances(z, model.concepts[spec.label])[:, 0]),
        minimum_distance=array(nearest),
        minimum_step=array(step),
        approaches=bool(concepts.is_approach(d[1], line)[0]),
        memory=array(memory),
    )


def trajectories(spec: InferenceSpec, settings: Settings, *, progress: Progress = silent) -> Trajectories:
    """Collective runs from different images of a label: their embedding, mean distances and stage.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Figs. 2 and 3.
    """
    model = open_model(spec.model, settings)
    rows = list(range(spec.n_runs))
    x = noisy(model, spec, starts(model, spec, rows, settings), rows, spec.noise)
    parts = x.split(50)
    whole = []
    for i, part in enumerate(parts):
        progress(i / len(parts), f"{i * 50} of {spec.n_runs} runs")
        whole.append(inference.repeated_inference(model.vae, part, spec.n_steps + spec.window))
    z = torch.cat(whole, dim=1)
    axes = axes_of(model, spec, z.cpu())
    z = z[: spec.n_steps + 1]
    concept = model.concepts[spec.label]
    d = point_distances(model, spec.label, z, model.memories[spec.label, : spec.n_runs])
    means = concepts.mean_error(d)
    mean_curve = means.mean[1][:, None]
    mean_line = concepts.linear_interpolation(z[0].mean(0)[None], z[-1].mean(0)[None], concept)
    return Trajectories(
        embedding=array(torch.stack([subspace.embed(z.cpu(), axes, lag=lag) for lag in range(TRAIL)], dim=1)),
        basis=array(axes.basis),
        mean=array(axes.mean),
        explained_variance_ratio=array(axes.explained_variance_ratio),
        distances=array(means.mean),
        distances_sem=array(means.sem),
        concept_distances=array(torch.stack([concepts.distance(z, c).mean(1) for c in model.concepts])),
        line=array(line_distances(z, concept).mean(1)),
        mean_curve_approaches=bool(concepts.is_approach(mean_curve, mean_line)[0]),
        ensemble=ensemble_of(d, z, concept),
    )


def stored_noise_sweep(spec: NoiseSweepSpec, settings: Settings) -> NoiseSweep | None:
    """The sweep that lies beside the model, if it was computed with these very settings from these very weights."""
    recipe, arrays = library_of(settings).load_sweeps(spec.model)
    if not arrays or any(recipe.get(name) != getattr(spec, name) for name in ("n_runs", "n_steps", "seed")):
        return None
    if set(arrays) != {name for name in NoiseSweep.__dataclass_fields__ if name != "noises"}:
        return None
    place = SOURCES.index(spec.source), NOISE_KINDS.index(spec.noise_kind), spec.label
    return NoiseSweep(noises=np.array(spec.noises), **{name: value[place] for name, value in arrays.items()})


def store_noise_sweeps(id: str, settings: Settings, *, progress: Progress = silent) -> Path:
    """Compute the sweeps of every label, kind and source of a model, and file them beside it.

    With fewer memories than 300 a label all of them run.

    Raises: as `run`.
    """
    entry = library_of(settings).find(id)
    n_runs = min(300, open_model(id, settings).memories.shape[1])
    cells = list(product(SOURCES, NOISE_KINDS, range(N_LABELS)))
    found = []
    for i, (source, kind, label) in enumerate(cells):
        spec = NoiseSweepSpec(model=id, source=source, label=label, noise_kind=kind, n_runs=n_runs)
        progress(i / len(cells), f"{source}, {kind}, label {label}")
        found.append(noise_sweep(spec, settings))
    shape = (len(SOURCES), len(NOISE_KINDS), N_LABELS)
    names = [name for name in NoiseSweep.__dataclass_fields__ if name != "noises"]
    stacked = {name: np.stack([getattr(sweep, name) for sweep in found]) for name in names}
    arrays = {name: value.reshape(shape + value.shape[1:]) for name, value in stacked.items()}
    recipe = {"n_runs": n_runs, "n_steps": spec.n_steps, "seed": spec.seed, "axes": "source, noise_kind, label"}
    path = entry.path.with_name(f"{id}.sweeps.safetensors")
    store.save_sweeps(path, store.file_sha256(entry.path), recipe, arrays)
    return path


def noise_sweep(spec: NoiseSweepSpec, settings: Settings, *, progress: Progress = silent) -> NoiseSweep:
    """Minimum distances, their steps and the stage of an ensemble for every p.

    Raises: as `run`.

    Source:
        Nagano et al. (2020), Fig. 4.
    """
    model = open_model(spec.model, settings)
    rows = list(range(spec.n_runs))
    clean = starts(model, spec, rows, settings)
    memories, concept = model.memories[spec.label, : spec.n_runs], model.concepts[spec.label]
    at_once = max(1, SWEEP_BATCH // spec.n_runs)
    found: list[Ensemble] = []
    for first in range(0, len(spec.noises), at_once):
        progress(first / len(spec.noises), f"p = {spec.noises[first]:.3f}")
        group = spec.noises[first : first + at_once]
        x = torch.cat([noisy(model, spec, clean, rows, noise) for noise in group])
        z = inference.repeated_inference(model.vae, x, spec.n_steps)
        for part in z.split(spec.n_runs, dim=1):
            found.append(ensemble_of(point_distances(model, spec.label, part, memories), part, concept))
    progress(1.0, "done")
    return sweep_of(spec.noises, found)


def sweep_of(noises: tuple[float, ...], found: list[Ensemble]) -> NoiseSweep:
    """Join ensembles along the axis of p."""
    names = [name for name in NoiseSweep.__dataclass_fields__ if name != "noises"]
    joined = {name: np.stack([np.asarray(getattr(e, name), np.float32) for e in found], axis=-1) for name in names}
    return NoiseSweep(noises=np.array(noises), **joined)


def open_model(id: str, settings: Settings) -> store.Model:
    """Open a model of the library on this machine's device."""
    return library_of(settings).load(id, device_of(settings))


def starts(
    model: store.Model, spec: InferenceSpec | NoiseSweepSpec, rows: list[int], settings: Settings
) -> Float[Tensor, "trials pixels"]:
    """Clean starting images: originals of the training set, or images decoded from the memories."""
    held = model.memories.shape[1]
    if max(rows) >= held:
        raise SpecError(f"{model.id} holds {held} memories per label. Ask for at most {held} runs, or a lower sample.")
    if spec.source == "decoded":
        with torch.no_grad():
            return model.vae.decode(model.memories[spec.label, rows])
    training = data.load_dataset(model.spec.dataset, settings.data)
    return torch.from_numpy(training.images[model.memory_index[spec.label, rows].numpy()]).to(model.concepts.device)


def noisy(
    model: store.Model,
    spec: InferenceSpec | NoiseSweepSpec,
    clean: Float[Tensor, "trials pixels"],
    rows: list[int],
    noise: float,
) -> Float[Tensor, "trials pixels"]:
    """x(0): the clean images with swapped pixels, the same on every device."""
    index = tuple(model.memory_index[spec.label, rows].tolist())
    uniform, order = inference.pixel_noise(spec.seed, model.spec.dataset, index, clean.shape[1])
    device = clean.device
    return inference.swap(
        clean, noise, spec.noise_kind, torch.from_numpy(uniform).to(device), torch.from_numpy(order).to(device)
    )


def axes_of(model: store.Model, spec: InferenceSpec, z: Tensor) -> subspace.Subspace:
    """The axes of the plane at every step; on the CPU, because not every device has float64."""
    fixed = subspace.fixed_axes(model.memories.flatten(0, 1).cpu())
    if spec.basis == "fixed":
        n = spec.n_steps + 1
        return subspace.Subspace(
            fixed.basis.expand(n, -1, -1), fixed.mean.expand(n, -1), fixed.explained_variance_ratio.expand(n, -1)
        )
    return subspace.windowed_axes(z, spec.window, fixed.basis[0], rotate=spec.basis == "rotated")


def point_distances(
    model: store.Model, label: int, z: Tensor, memories: Float[Tensor, "trials latent"]
) -> Float[Tensor, "points steps trials"]:
    """Distances to each run's own memory, to the label's concept and to the abstract concept."""
    centre = concepts.abstract_concept(model.concepts)
    return torch.stack([concepts.distance(z, point) for point in (memories, model.concepts[label], centre)])


def line_distances(z: Float[Tensor, "steps trials latent"], point: Tensor) -> Float[Tensor, "steps trials"]:
    """Distance to a point along the straight line from z(0) to z(T), walked at constant speed."""
    share = torch.linspace(0, 1, len(z), device=z.device)[:, None, None]
    return concepts.distance(z[0] + share * (z[-1] - z[0]), point)


def ensemble_of(d: Float[Tensor, "points steps trials"], z: Tensor, concept: Tensor) -> Ensemble:
    """Average over runs."""
    smallest, step = d.min(1)
    distance, when = concepts.mean_error(smallest), concepts.mean_error(step.float())
    line = concepts.linear_interpolation(z[0], z[-1], concept)
    nearest = torch.nn.functional.one_hot(concepts.stage(smallest.mT), 3).float().mean(0)
    return Ensemble(
        minimum_distance=array(distance.mean),
        minimum_distance_sem=array(distance.sem),
        minimum_step=array(when.mean),
        minimum_step_sem=array(when.sem),
        nearest_share=array(nearest),
        approach_share=float(concepts.is_approach(d[1], line).float().mean()),
        strict_approach_share=float(concepts.is_strict_approach(d[1], line).float().mean()),
    )


def array(tensor: Tensor) -> np.ndarray:
    """A tensor as a NumPy array on the CPU."""
    return tensor.detach().cpu().numpy()
