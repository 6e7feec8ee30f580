"""The models of a training: those that are there already, and those that a worker sends at its end."""

from collections.abc import Sequence

from core import experiments
from core.experiments import TrainedFiles, Training
from core.library import IMPORTED, Library
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec, snapshot_epochs


def key_of(training: Training) -> str:
    """What a training's job is called, whatever is kept on the way; a stack keeps what it was asked for with."""
    if isinstance(training, tuple):
        return f"train-{experiments.name_of(training)}"
    return f"train-{training.part(ModelSpec).key()[:16]}"


def ages_of(recipe: ModelSpec, library: Library) -> dict[str, set[int]]:
    """The models of a recipe that are there, each with the epochs after which it was kept."""
    usable = library.usable(recipe.dataset)
    trained = [e.id for e in usable if e.spec == recipe and e.origin != IMPORTED]  # anyone can write a recipe
    return {id: {epoch for epoch, _ in library.ages(id)} for id in trained}


def trained_models(spec: ModelSpec, library: Library) -> list[str]:
    """The models of a recipe that have all epochs that are to be kept."""
    return [id for id, ages in ages_of(spec.part(ModelSpec), library).items() if set(snapshot_epochs(spec)) <= ages]


def begun_or_trained(specs: Sequence[ModelSpec], settings: Settings, library: Library) -> set[str]:
    """The ids of models that are not trained from the start: some are there, the training of others was stopped."""
    begun = {experiments.id_of(spec) for spec in specs if ages_of(spec.part(ModelSpec), library)}
    stopped = [state for state in experiments.unfinished(settings) if not state.problem and not state.is_waiting]
    return begun | {experiments.name_of(state.training) for state in stopped}


def check_number(new: int, taken: int, settings: Settings) -> None:
    """Refuse more jobs than this server takes.

    Raises:
        RefusedError: New jobs, with those that run or wait, would be too many.
    """
    if taken + new > settings.max_jobs:
        more = f"; these would be {new} more" if new > 1 else ""
        raise RefusedError(
            f"{taken} jobs run or wait here, and this server takes {settings.max_jobs}{more}. "
            f"Ask {'for fewer, or ' if new > 1 else ''}again when one has ended, or cancel one."
        )


def file_models(
    result: TrainedFiles | list[TrainedFiles | str], training: Training, settings: Settings, library: Library
) -> tuple[list[str], list[str]]:
    """File the models of a training, each for itself: what is wrong with one leaves the others alone.

    Args:
        result: What the worker sent: of a stack a list, with a sentence for a model that came to nothing.
        training: What was asked for.
        settings: Where models are filed.
        library: Where they are looked up.

    Returns:
        The ids of the models that are there now, and a sentence for every one that is not, or lacks epochs.

    Raises:
        StoreError: What was sent for a single model is not that model.
    """
    if isinstance(result, TrainedFiles):
        spec = experiments.models_of(training)[0]
        id = experiments.file_model(result, spec, settings)
        return [id], lacking(id, spec, library)
    filed: list[str] = []
    problems: list[str] = []
    for outcome, spec in zip(result, experiments.models_of(training), strict=True):
        try:
            if isinstance(outcome, str):
                raise RefusedError(outcome)
            filed.append(experiments.file_model(outcome, spec, settings))
            problems += lacking(filed[-1], spec, library)
        except RefusedError as error:
            problems.append(str(error))
    return filed, problems


def lacking(id: str, spec: ModelSpec, library: Library) -> list[str]:
    """A sentence if a model lacks epochs that were to be kept: another server asked for the training first."""
    missing = set(snapshot_epochs(spec)) - {epoch for epoch, _ in library.ages(id)}
    if not missing:
        return []
    return [
        f"{id} is here, without {', '.join(map(str, sorted(missing)))} of the epochs to be kept: somebody else "
        "had asked for it before. Train it again to have them."
    ]
