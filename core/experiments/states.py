"""Trainings that are not at their end: the state that each goes on from, its snapshots so far, and notes about it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from core import checkpoint, files
from core.library import is_name
from core.schema import Integer, RefusedError
from core.settings import Settings
from core.specs import ModelSpec, keeping, training_of

STATE = ".training"  # ending of the file that a training goes on from
ELSEWHERE = ".elsewhere"  # ending of the note that a training's state lies with a worker of another machine
WAITING = ".waiting"  # ending of the note that a training was asked for, until it has come to an end


def id_of(spec: ModelSpec) -> str:
    """The id of a model that is trained here; what is kept on the way does not change it."""
    return f"{spec.dataset}-nz{spec.n_latent}-{spec.part(ModelSpec).key()[:8]}"


def part_of(state: Path, epoch: int) -> Path:
    """The file of a snapshot while its training is not at its end."""
    return state.with_suffix(f".epoch-{epoch}")


def state_of(spec: ModelSpec, settings: Settings) -> Path:
    """The file for the state of a training on this machine."""
    return settings.models / f"{id_of(spec)}{STATE}"


def forget_state(spec: ModelSpec, settings: Settings) -> None:
    """Remove the state of a training that has come to its end, its snapshots so far, and the notes about it."""
    state = state_of(spec, settings)
    for ending in (STATE, ELSEWHERE, WAITING):
        state.with_suffix(ending).unlink(missing_ok=True)
    for part in state.parent.glob(f"{state.stem}.epoch-*"):
        part.unlink(missing_ok=True)


def note_elsewhere(spec: ModelSpec, settings: Settings) -> None:
    """Note that a worker has the state of a training: a restarted server knows it then.

    Raises:
        OSError: The note cannot be written.
    """
    _note(spec, settings, ELSEWHERE)


def note_waiting(spec: ModelSpec, settings: Settings) -> None:
    """Note that a training was asked for: a server that was killed before it began offers it again.

    Raises:
        OSError: The note cannot be written.
    """
    _note(spec, settings, WAITING)


def forget_waiting(spec: ModelSpec, settings: Settings) -> None:
    """Remove the note of a training that nobody waits for any more; what it has learnt stays."""
    state_of(spec, settings).with_suffix(WAITING).unlink(missing_ok=True)


def _note(spec: ModelSpec, settings: Settings, ending: str) -> None:
    files.write_whole(state_of(spec, settings).with_suffix(ending), json.dumps(spec.to_dict()).encode())


@dataclass(frozen=True)
class Unfinished:
    """A training that was stopped: its recipe and the epochs that its last state holds; `problem` if it is damaged.

    The state lies with a worker where `is_elsewhere`.
    """

    path: Path
    spec: ModelSpec = field(default_factory=ModelSpec)
    epoch: int = 0
    problem: str = ""

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
    found: list[Unfinished] = []
    for ending in (STATE, ELSEWHERE, WAITING):  # what says most goes first
        of_before = [id_of(each.spec) for each in found if not each.problem]
        these = [read_unfinished(path) for path in named if path.suffix == ending]
        found += [each for each in these if each.problem or id_of(each.spec) not in of_before]
    return found


def read_unfinished(path: Path) -> Unfinished:
    """What a state says, or a note about a training."""
    try:
        if path.suffix in (ELSEWHERE, WAITING):
            return Unfinished(path, training_of(json.loads(path.read_text())))
        history = checkpoint.read_history(path)
        spec = keeping(ModelSpec.from_dict(history["specs"][0]), history["kept"])
        return Unfinished(path, spec, Integer(0, spec.epochs).check("epoch", history["epoch"]))
    except (RefusedError, ValueError, TypeError, LookupError, RecursionError, OSError) as error:
        if isinstance(error, checkpoint.TrainingError):
            return Unfinished(path, problem=str(error))
        what = "training state" if path.suffix == STATE else "note"
        return Unfinished(path, problem=f"The {what} {path.name} is damaged. Discard it.")
