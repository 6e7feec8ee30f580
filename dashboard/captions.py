"""One plain sentence that states what is on the screen now; also what a screen reader is told."""

import math
from collections.abc import Sequence

from core.config import ModelSpec
from core.results import Run, Stage

NEAREST = {
    Stage.MEMORY: "their own memory",
    Stage.CONCEPT: "the concept of ‘{label}’",
    Stage.ABSTRACT: "the abstract concept",
}
SELECTED = {"permute": "permuted", "invert": "inverted"}
STARTS = {"original": "original images", "decoded": "images decoded from memories"}


def ensemble_caption(
    minimum_distance: Sequence[float],
    rival: Stage | None,
    *,
    noise: float,
    label: str,
    n_runs: int,
    source: str,
    noise_kind: str,
) -> str:
    """What the runs do on average, and what they started from; `rival` is the stage that other runs might give."""
    stage = tuple(Stage)[min(range(3), key=lambda i: minimum_distance[i])]
    other = f", or {rival} (within 2 SEM)" if rival else ""
    return (
        f"With {noise * 100:.3g} % of the pixels {SELECTED[noise_kind]}, {n_runs} runs of ‘{label}’ from "
        f"{STARTS[source]} come nearest to {NEAREST[stage].format(label=label)}: stage {stage}{other}."
    )


def run_caption(run: Run, *, label: str, sample: int) -> str:
    """The highlighted run's own nearest class, which often differs from the stage of the ensemble."""
    i = int(run.minimum_distance.argmin())
    point = ("its own memory", f"the concept of ‘{label}’", "the abstract concept")[i]
    approach = "approaches" if run.approaches else "does not approach"
    return (
        f"The highlighted run (image {sample}): nearest to {point}, {run.minimum_distance[i]:.2f} "
        f"at t = {run.minimum_step[i]}; it {approach} its concept."
    )


def approach_caption(cloud_share: float, strict_share: float, mean_curve_approaches: bool) -> str:
    """How many runs approach their concept: always a share, never a bare yes."""
    verdict = "and so does their mean curve" if mean_curve_approaches else "their mean curve does not"
    return (
        f"{100 * cloud_share:.0f} % of the runs approach their concept "
        f"({100 * strict_share:.0f} % with a single minimum), {verdict}."
    )


def with_beta(spec: ModelSpec) -> str:
    """How a model's name or caption goes on where the weight of its KL term is not the paper's.

    Example:
        >>> with_beta(ModelSpec(beta=1.5)), with_beta(ModelSpec())
        (', β = 1.5', '')
    """
    return "" if spec.beta == 1 else f", β = {spec.beta:g}"


def duration(seconds: float) -> str:
    """A length of time as people say it.

    Example:
        >>> duration(59), duration(130)
        ('under a minute', 'about 3 minutes')
    """
    return "under a minute" if seconds < 60 else f"about {math.ceil(seconds / 60)} minutes"
