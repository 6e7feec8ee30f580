"""What a figure of the paper is, and what the functions that compute figures share."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.computations import Reporter
from core.paper.results import FigureResult
from core.progress import Progress
from core.schema import SpecError
from core.session import Session
from core.specs import ExperimentSpec, InferenceSpec, NoiseSweepSpec

Compute = Callable[..., FigureResult]
"""Called with a session, a `FigureSpec` (of which a figure takes what it needs), and a progress."""


@dataclass(frozen=True)
class Figure:
    """A figure of the paper.

    Args:
        id: Its name for the command line, files and links.
        number: In the paper.
        title: What it shows, in our words.
        settings: The paper's, in words.
        compute: What is drawn; a long one shows what is computed so far.
        result_name: What stands before the names of the arrays of its result in files; nothing where empty.
        claims: Numbers of the claims that it shows.
        label: The paper's.
        n_runs: The paper's.
        dataset: The only one that it is about; any where empty.
        rests_on: What it needs besides the model: "models" (one for every N_z), "classifier", "grid".
        columns: What a cell of it names, along the horizontal and the vertical axis; nothing where it is no map.
        choices: The settings that change it, of those that can be chosen.
    """

    id: str
    number: str
    title: str
    settings: str
    compute: Compute
    result_name: str = ""
    claims: tuple[int, ...] = ()
    label: int = 6
    n_runs: int = 300
    dataset: str = ""
    rests_on: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    choices: tuple[str, ...] = ("model", "label", "noise_kind", "noise", "n_runs")

    @property
    def has_step(self) -> bool:
        """Whether it is asked with the step t too, and not with the runs alone."""
        return "t" in self.choices


def specs_by_n_latent(session: Session, spec: InferenceSpec) -> dict[int, InferenceSpec]:
    """The same question to every shipped model of the data set.

    Args:
        session: Where models are.
        spec: The question to one of them.

    Returns:
        By the number of latent units; with no more runs than a model has memories.

    Raises:
        SpecError: There is none.
    """
    dataset = session.library.entry(spec.model).spec.dataset
    specs = {}
    for entry in session.library.one_per_n_latent(dataset):
        most = session.n_memories(entry.id)
        specs[entry.spec.n_latent] = replace(
            spec.part(InferenceSpec), model=entry.id, n_runs=min(spec.n_runs, most), sample=min(spec.sample, most - 1)
        )
    if not specs:
        raise SpecError(f"There is no shipped model of {dataset}. Train them: python -m core zoo")
    return specs


def sweep_spec(spec: InferenceSpec) -> NoiseSweepSpec:
    """What the noise sweep of a question's label is asked with."""
    return NoiseSweepSpec(**spec.part(ExperimentSpec).to_dict(), label=spec.label)


def share_of(progress: Progress, i: int, n: int, name: str) -> Progress:
    """The progress of the i-th of n equal shares of some work, as progress of all of it.

    Args:
        progress: That of all of it.
        i: From 0 on.
        n: How many shares there are.
        name: Of this one, to stand before what it reports.
    """
    progress(i / n, name)
    return lambda fraction, text: progress((i + fraction) / n, f"{name}, {text}")


def show(progress: Progress, result: FigureResult) -> None:
    """Show a result that is not complete to those who wait for it; a progress of the command line shows none."""
    if isinstance(progress, Reporter):
        progress.show(result)
