"""Trainings that are not at their end: the state that each goes on from, its snapshots so far, and notes about it."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import checkpoint, files
from core.library import is_name
from core.schema import Integer, RefusedError
from core.settings import Settings
from core.specs import ModelSpec, training_of, with_snapshots

STATE = ".training"  # ending of the file that a training goes on from
ELSEWHERE = ".elsewhere"  # ending of the note that a training's state lies with a worker of another machine
WAITING = ".waiting"  # ending of the note that a training was asked for, until it has come to an end

Training = ModelSpec | tuple[ModelSpec, ...]
"""What is trained at a time: one model, or a stack of several side by side."""


def id_of(spec: ModelSpec) -> str:
    """The id of a model that is trained here; what is kept on the way does not change it."""
    return f"{spec.dataset}-nz{spec.n_latent}-{spec.part(ModelSpec).key()[:8]}"


def snapshot_path(state: Path, epoch: int) -> Path:
    """The file of a snapshot while its training is not at its end."""
    return state.with_suffix(f".epoch-{epoch}")


def models_of(training: Training) -> tuple[ModelSpec, ...]:
    """The recipes of a training: one, or those of a stack in their order."""
    return training if isinstance(training, tuple) else (training,)


def name_of(training: Training) -> str:
    """The name of a training's files: the id of its model; a stack of other recipes has another name."""
    if not isinstance(training, tuple):
        return id_of(training)
    return f"stack-{hashlib.sha256(''.join(spec.key() for spec in training).encode()).hexdigest()[:16]}"


def plain(training: Training) -> dict[str, Any] | list[dict[str, Any]]:
    """A training as values for JSON: a stack is a list."""
    return [spec.to_dict() for spec in training] if isinstance(training, tuple) else training.to_dict()


def training_from(values: Any) -> Training:
    """The inverse of `plain`.

    Raises:
        SpecError: As `Spec.from_dict`.
    """
    return tuple(training_of(recipe) for recipe in values) if isinstance(values, list) else training_of(values)


def state_of(training: Training, settings: Settings) -> Path:
    """The file for the state of a training on this machine."""
    return settings.models / f"{name_of(training)}{STATE}"


def forget_state(training: Training, settings: Settings) -> None:
    """Remove the state of a training that has come to its end, its snapshots so far, and the notes about it."""
    state = state_of(training, settings)
    for ending in (STATE, ELSEWHERE, WAITING):
        state.with_suffix(ending).unlink(missing_ok=True)
    for spec in models_of(training):
        for path in state.parent.glob(f"{id_of(spec)}.epoch-*"):
            path.unlink(missing_ok=True)


def note_elsewhere(training: Training, settings: Settings) -> None:
    """Note that a worker has the state of a training: a restarted server knows it then.

    Raises:
        OSError: The note cannot be written.
    """
    _note(training, settings, ELSEWHERE)


def note_waiting(training: Training, settings: Settings) -> None:
    """Note that a training was asked for: a server that was killed before it began offers it again.

    Raises:
        OSError: The note cannot be written.
    """
    _note(training, settings, WAITING)


def forget_waiting(training: Training, settings: Settings) -> None:
    """Remove the note of a training that nobody waits for any more; what it has learnt stays."""
    state_of(training, settings).with_suffix(WAITING).unlink(missing_ok=True)


def _note(training: Training, settings: Settings, ending: str) -> None:
    files.write_atomically(state_of(training, settings).with_suffix(ending), json.dumps(plain(training)).encode())


@dataclass(frozen=True)
class Unfinished:
    """A training that was stopped: its recipe and the epochs that its last state holds; `problem` if it is damaged.

    `others` has the recipes of the other models where it is a stack. The state lies with a worker where
    `is_elsewhere`.
    """

    path: Path
    spec: ModelSpec = field(default_factory=ModelSpec)
    epoch: int = 0
    problem: str = ""
    others: tuple[ModelSpec, ...] = ()

    @property
    def training(self) -> Training:
        """What is to be trained."""
        return (self.spec, *self.others) if self.others else self.spec

    @property
    def is_elsewhere(self) -> bool:
        """Whether only a note is here."""
        return self.path.suffix == ELSEWHERE

    @property
    def is_waiting(self) -> bool:
        """Whether it had not begun."""
        return self.path.suffix == WAITING


def unfinished(settings: Settings) -> list[Unfinished]:
    """The trainings of this machine that have a state, or were asked for, and have no model yet."""
    if not settings.models.is_dir():
        return []
    named = [path for path in sorted(settings.models.iterdir()) if is_name(path.stem) and path.is_file()]
    states: list[Unfinished] = []
    for ending in (STATE, ELSEWHERE, WAITING):  # what says most goes first
        of_before = [name_of(state.training) for state in states if not state.problem]
        these = [read_unfinished(path) for path in named if path.suffix == ending]
        states += [state for state in these if state.problem or name_of(state.training) not in of_before]
    return states


def read_unfinished(path: Path) -> Unfinished:
    """What a state says, or a note about a training."""
    try:
        if path.suffix in (ELSEWHERE, WAITING):
            spec, *others = models_of(training_from(json.loads(path.read_text())))
            return Unfinished(path, spec, others=tuple(others))
        history = checkpoint.read_history(path)
        spec, *others = (with_snapshots(ModelSpec.from_dict(recipe), history["kept"]) for recipe in history["specs"])
        epoch = Integer(0, spec.epochs).check("epoch", history["epoch"])
        return Unfinished(path, spec, epoch, others=tuple(others))
    except (RefusedError, ValueError, TypeError, LookupError, RecursionError, OSError) as error:
        if isinstance(error, checkpoint.TrainingError):
            return Unfinished(path, problem=str(error))
        what = "training state" if path.suffix == STATE else "note"
        return Unfinished(path, problem=f"The {what} {path.name} is damaged. Discard it.")
