"""What a training has come to: written down and taken up again after every epoch."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from core.files import write_atomically
from core.results import TrainingRun
from core.schema import RefusedError
from core.specs import ModelSpec
from core.vae import VAE


class TrainingError(RefusedError):
    """A training that cannot go on."""


class DivergedError(TrainingError):
    """A loss is not finite."""


@dataclass(frozen=True)
class Metrics:
    """Of a test set: the negative ELBO and its KL term in nats per image, and how many latent units are active."""

    negative_elbo: float
    kl: float
    active_units: int


@dataclass
class TrainingState(ABC):
    """Models in training: the recipes, the network that holds all their weights, and the history so far.

    `snapshot_epochs` has the epochs after which the weights are kept on the way, for whoever takes the state up.
    """

    specs: tuple[ModelSpec, ...]
    vae: VAE
    epoch: int = field(default=0, kw_only=True)
    seconds: float = field(default=0.0, kw_only=True)
    losses: list[list[float]] = field(default_factory=list, kw_only=True)
    test_metrics: dict[int, list[Metrics]] = field(default_factory=dict, kw_only=True)
    snapshot_epochs: tuple[int, ...] = field(default=(), kw_only=True)

    KIND: ClassVar[str]
    """Where it is trained: states of another kind have other draws, and are not taken up."""

    @abstractmethod
    def networks(self) -> list[VAE]:
        """The models one by one."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What the next epoch depends on, beside the recipes and the number of the epoch."""

    @abstractmethod
    def put(self, tensors: dict[str, Tensor]) -> None:
        """Put such tensors in place."""

    def histories(self) -> list[TrainingRun]:
        """The history of every model's training so far."""
        return [
            TrainingRun(
                train_negative_elbo=np.array([row[s] for row in self.losses]),
                test_epochs=np.array(list(self.test_metrics), dtype=int),
                test_negative_elbo=np.array([row[s].negative_elbo for row in self.test_metrics.values()]),
                test_kl=np.array([row[s].kl for row in self.test_metrics.values()]),
                test_active_units=np.array([row[s].active_units for row in self.test_metrics.values()], dtype=int),
                seconds=self.seconds,
            )
            for s in range(len(self.specs))
        ]

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all.

        Raises:
            TrainingError: It cannot be written; what was there before is still there.
        """
        history = {
            "kind": self.KIND,
            "specs": [spec.to_dict() for spec in self.specs],
            "epoch": self.epoch,
            "seconds": self.seconds,
            "kept": list(self.snapshot_epochs),
            "losses": self.losses,
            "test_metrics": {epoch: [vars(metrics) for metrics in row] for epoch, row in self.test_metrics.items()},
        }
        content = {name: value.detach().cpu().contiguous() for name, value in self.tensors().items()}
        try:
            write_atomically(path, save(content, {"history": json.dumps(history)}))
        except OSError as error:
            raise TrainingError(
                f"The training state could not be written ({error.strerror}). Make room and start the training again: "
                "it goes on from where it was written last."
            ) from error

    def load(self, path: Path) -> None:
        """Take up a state.

        Raises:
            TrainingError: It is damaged, or that of another training.
        """
        history = read_history(path)
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            if history["specs"] != json.loads(json.dumps([spec.to_dict() for spec in self.specs])):
                raise TrainingError(f"{path.name} is the state of another training. Move it away to begin anew.")
            kind = history.get("kind", "cpu")
            if kind != self.KIND:
                raise TrainingError(
                    f"{path.name} was begun on another kind of device ({kind}), which draws other random numbers. "
                    "Go on there, or move it away to begin anew."
                )
            self.put(tensors)
            self.epoch, self.seconds, self.losses = history["epoch"], history["seconds"], history["losses"]
            self.test_metrics = {
                int(epoch): [Metrics(**one) for one in row] for epoch, row in history["test_metrics"].items()
            }
        except TrainingError:
            raise
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise damaged(path, error) from error


def read_history(path: Path) -> dict[str, Any]:
    """What a training state says about itself: specs, epoch, epochs that are kept, losses and test metrics.

    Raises:
        TrainingError: It is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        history = json.loads(metadata.get("history") or metadata["course"])  # its name until 27 November 2026,
        history.setdefault(
            "test_metrics", history.pop("bounds", {})
        )  # and the name of this: a stopped training goes on
        if not isinstance(history["specs"], list) or not isinstance(history["epoch"], int):
            raise TypeError("no history")
        if not all(isinstance(epoch, int) for epoch in history.setdefault("kept", [])):
            raise TypeError("no epochs")
        return history
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> TrainingError:
    """What is said about a state that cannot be used."""
    return TrainingError(
        f"The training state {path.name} is damaged ({type(error).__name__}). Move it away to begin anew."
    )


def not_finite(spec: ModelSpec, epoch: int, alone: bool) -> DivergedError:
    """What is said about a training that diverged."""
    when = f"epoch {epoch}" + ("" if alone else f" (seed {spec.seed})")
    return DivergedError(f"The loss is not finite after {when}. Train with lower learning rates.")
