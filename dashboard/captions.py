"""One plain sentence that states what is on the screen now; also what a screen reader reads."""

import math
from collections.abc import Sequence
from typing import Any

from core.library import Entry
from core.results import RunFilm, Stage
from core.specs import EnsembleSpec, ModelSpec, RunFilmSpec, RunSpec
from core.zoo import PAPER_EPOCHS

NEAREST = {
    Stage.MEMORY: "their own memory",
    Stage.CONCEPT: "the concept of ‘{label}’",
    Stage.ABSTRACT: "the abstract concept",
}
SELECTED = {"permute": "permuted", "invert": "inverted", "salt": "set to white or black"}
STARTS = {"original": "original images", "decoded": "images decoded from memories"}


def ensemble_caption(
    minimum_distance: Sequence[float],
    runner_up: Stage | None,
    *,
    noise: float,
    label: str,
    n_runs: int,
    source: str,
    noise_kind: str,
) -> str:
    """What the runs do on average, and what they started from; `runner_up` is the stage that other runs might give."""
    stage = tuple(Stage)[min(range(3), key=lambda i: minimum_distance[i])]
    other = f", or {runner_up} (within 2 SEM)" if runner_up else ""
    return (
        f"With {noise * 100:.3g} % of the pixels {SELECTED[noise_kind]}, {n_runs} runs of ‘{label}’ from "
        f"{STARTS[source]} come nearest to {NEAREST[stage].format(label=label)}: stage {stage}{other}."
    )


def caption_of(entry: Entry, spec: EnsembleSpec, minimum_distance: Any, runner_up: Stage | None) -> str:
    """The same for a model's runs."""
    return ensemble_caption(
        minimum_distance,
        runner_up,
        noise=spec.noise,
        label=entry.label_names[spec.label],
        n_runs=spec.n_runs,
        source=spec.source,
        noise_kind=spec.noise_kind,
    )


def start_of(spec: RunSpec | RunFilmSpec) -> str:
    """What the highlighted run starts from, and how it alone is damaged.

    Example:
        >>> start_of(RunSpec(model="m", sample=4)), start_of(RunSpec(model="m", damage_step=9, damage_noise=0.5))
        ('image 4', 'image 17, damaged again at t = 9, p = 0.5')
    """
    words = "an image of your own" if spec.own else f"image {spec.sample}"
    words += ", partly covered" if spec.covered else ""
    return words + (f", damaged again at t = {spec.damage_step}, p = {spec.damage_noise:g}" if spec.is_damaged else "")


def run_captions(film: RunFilm, *, label: str, start: str) -> list[str]:
    """The highlighted run's own nearest landmark at every p, which often differs from the stage of the ensemble."""
    points = ("its own memory", f"the concept of ‘{label}’", "the abstract concept")
    captions = []
    for distance, step, approaches in zip(
        film.minimum_distance, film.minimum_step, film.approaches_at_same_step, strict=True
    ):
        i = int(distance.argmin())
        verb = "approaches" if approaches else "does not approach"
        captions.append(
            f"The highlighted run ({start}): nearest to {points[i]}, {distance[i]:.2f} "
            f"at t = {step[i]}; it {verb} its concept."
        )
    return captions


def approach_caption(at_same_step: float, anywhere: float, single: float, *, mean_path: bool, mean_curve: bool) -> str:
    """How many runs approach their concept: always a share, never a bare yes.

    Args:
        at_same_step: Share of the runs that are nearest half way, and then nearer than the straight line at that step.
        anywhere: The same with nearer than the line comes at any step.
        single: The latter with a single minimum.
        mean_path: Whether the path of the mean position approaches.
        mean_curve: Whether the mean distance is smallest half way, and below that along the lines.
    """
    if mean_path == mean_curve:
        means = f"Their mean position and mean distance {'do so too' if mean_path else 'do not'}."
    else:
        path, curve = ("does" if approaches else "does not" for approaches in (mean_path, mean_curve))
        means = f"Their mean position {path}, their mean distance {curve}."
    return (
        f"{100 * at_same_step:.0f} % of the runs approach their concept: nearest half way, then nearer than the "
        f"straight line ({100 * anywhere:.0f} % than all of it, {100 * single:.0f} % with one minimum). {means}"
    )


def epochs_of(spec: ModelSpec) -> str:
    """How long a training is, beside the paper's.

    Example:
        >>> epochs_of(ModelSpec(epochs=60)), epochs_of(ModelSpec(epochs=1500))
        ("60 of the paper's 1,500 epochs", "the paper's 1,500 epochs")
    """
    papers = f"the paper's {PAPER_EPOCHS:,} epochs"
    if spec.epochs == PAPER_EPOCHS:
        return papers
    return f"{spec.epochs:,} of {papers}" if spec.epochs < PAPER_EPOCHS else f"{spec.epochs:,} epochs"


def with_beta(spec: ModelSpec) -> str:
    """How a model's name or caption goes on where the weight of its KL term is not the paper's.

    Example:
        >>> with_beta(ModelSpec(beta=1.5)), with_beta(ModelSpec())
        (', β = 1.5', '')
    """
    return "" if spec.beta == 1 else f", β = {spec.beta:g}"


def model_choices(entries: Sequence[Entry]) -> dict[str, str]:
    """What tells models of one data set, N_z and beta apart, by their ids: seed, epochs, origin, else the id."""
    marks = {
        e.id: (f"seed {e.spec.seed}", f"{e.spec.epochs} epochs", e.origin, f"binarised: {e.spec.binarize}")
        for e in entries
    }
    varies = [len(set(column)) > 1 for column in zip(*marks.values(), strict=True)]
    words = {
        id: ", ".join(word for word, shown in zip(parts, varies, strict=True) if shown) for id, parts in marks.items()
    }
    return {id: text if list(words.values()).count(text) == 1 else id for id, text in words.items()}


def duration(seconds: float) -> str:
    """A length of time as people say it.

    Example:
        >>> duration(59), duration(130)
        ('under a minute', 'about 3 minutes')
    """
    return "under a minute" if seconds < 60 else f"about {math.ceil(seconds / 60)} minutes"
