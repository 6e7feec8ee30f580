"""Models in training, side by side: their weights have one more leading axis, everything random is each model's own.

A stack gives what the same models give one by one, and can be written down and taken up again after every epoch.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from core.config import ModelSpec
from core.files import write_whole
from core.gradient import negative_elbo_gradient
from core.precision import is_half
from core.results import TrainingRun
from core.spec import RefusedError, SpecError
from core.vae import VAE, initialise

OWN = ("seed", "learning_rates", "beta", "initialisation")  # what may differ between the models of a stack
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # Adam's memory


class TrainingError(RefusedError):
    """A training that cannot go on."""


@dataclass(frozen=True)
class Bound:
    """Of a test set: the negative ELBO and its KL term in nats per image, and how many latent units are active."""

    negative_elbo: float
    kl: float
    active_units: int


@dataclass
class Stack:
    """Everything that the next epoch depends on.

    The optimiser has a group of parameters for every model; where there are several, slices of the network's weights
    in the same memory.
    """

    specs: tuple[ModelSpec, ...]
    vae: VAE
    optimiser: torch.optim.Optimizer
    generators: list[torch.Generator]
    epoch: int = 0
    seconds: float = 0.0
    losses: list[list[float]] = field(default_factory=list)
    bounds: dict[int, list[Bound]] = field(default_factory=dict)

    @staticmethod
    def begin(specs: Sequence[ModelSpec], n_pixels: int, device: torch.device) -> "Stack":
        """Initial weights, each model's from its own seed.

        Raises:
            SpecError: The recipes differ in more than `OWN`.
        """
        if len({common(spec) for spec in specs}) != 1:
            raise SpecError(f"The models of a stack may differ in {', '.join(OWN)} only. Train the others apart.")
        generators, ones = [torch.Generator().manual_seed(spec.seed) for spec in specs], []
        for spec, generator in zip(specs, generators, strict=True):
            ones.append(VAE(n_pixels, spec.n_hidden, spec.n_latent))
            initialise(ones[-1], spec.initialisation, generator)
        vae = joined(ones).to(device)
        slices = [[whole.detach()[s] for whole in vae.parameters()] for s in range(len(specs))]
        groups = [{"params": part} for part in (slices if len(specs) > 1 else [list(vae.parameters())])]
        return Stack(tuple(specs), vae, torch.optim.Adam(groups, fused=device.type in ("cpu", "cuda")), generators)

    def run_epoch(self, images: Tensor) -> None:
        """One pass over the images (images, pixels), in each model's own random order.

        Raises:
            TrainingError: A loss is not finite.
        """
        spec, device = self.specs[0], images.device
        for group, one in zip(self.optimiser.param_groups, self.specs, strict=True):
            group["lr"] = learning_rate(one, self.epoch)
        order = self.drawn(lambda generator: torch.randperm(len(images), generator=generator))
        beta = torch.tensor([one.beta for one in self.specs], device=device).reshape(self.vae.stack)
        total = torch.zeros(len(self.specs), device=device)
        for rows in order.split(spec.batch_size, dim=-1):
            x = self.prepared(images[rows.to(device)])
            size = spec.n_samples, rows.shape[-1], spec.n_latent
            noise = self.drawn(lambda generator, size=size: torch.randn(size, generator=generator))
            gradient, bound = negative_elbo_gradient(self.weights(), x, noise.to(device), beta)
            self.step(gradient)
            total -= bound.sum(-1)
        self.losses.append((total / len(images)).tolist())
        self.epoch += 1
        self.check()

    def weights(self) -> list[Tensor]:
        """The weights in the precision that products are to have."""
        whole = [each.detach() for each in self.vae.parameters()]
        return [each.bfloat16() for each in whole] if is_half(self.specs[0].precision, whole[0].device) else whole

    def drawn(self, draw: Callable[[torch.Generator], Tensor]) -> Tensor:
        """Every model's own draw; stacked where there are several."""
        draws = [draw(generator) for generator in self.generators]
        return torch.stack(draws) if len(draws) > 1 else draws[0]

    def prepared(self, x: Tensor) -> Tensor:
        """A batch as the recipe asks for it: grey values, or pixels of 0 and 1."""
        if self.specs[0].binarize == "sample":
            uniform = self.drawn(lambda generator: torch.rand(x.shape[-2:], generator=generator))
            return (uniform.to(x.device) < x).to(x.dtype)
        return (x > 0.5).to(x.dtype) if self.specs[0].binarize == "threshold" else x

    def step(self, gradient: list[Tensor]) -> None:
        """Let the optimiser change every model."""
        for s, group in enumerate(self.optimiser.param_groups):
            for part, whole in zip(group["params"], gradient, strict=True):
                part.grad = whole[s] if len(self.specs) > 1 else whole
        self.optimiser.step()

    def check(self) -> None:
        """Stop where a loss is not finite: the state that was written before is still good."""
        for spec, loss in zip(self.specs, self.losses[-1], strict=True):
            if not np.isfinite(loss):
                place = f"epoch {self.epoch}" + (f" (seed {spec.seed})" if len(self.specs) > 1 else "")
                raise TrainingError(f"The loss is not finite after {place}. Train with lower learning rates.")

    def networks(self) -> list[VAE]:
        """The models one by one: the network itself, or copies where there are several."""
        if len(self.specs) == 1:
            return [self.vae]
        found = [VAE(self.vae.n_pixels, self.vae.n_hidden, self.vae.n_latent) for _ in self.specs]
        for s, one in enumerate(found):
            one.load_state_dict({name: value[s] for name, value in self.vae.state_dict().items()})
        return [one.to(next(self.vae.parameters()).device) for one in found]

    def courses(self) -> list[TrainingRun]:
        """The course of every model's training so far."""
        return [
            TrainingRun(
                train_negative_elbo=np.array([row[s] for row in self.losses]),
                test_epochs=np.array(list(self.bounds)),
                test_negative_elbo=np.array([row[s].negative_elbo for row in self.bounds.values()]),
                test_kl=np.array([row[s].kl for row in self.bounds.values()]),
                test_active_units=np.array([row[s].active_units for row in self.bounds.values()]),
                seconds=self.seconds,
            )
            for s in range(len(self.specs))
        ]

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all.

        Raises:
            TrainingError: It cannot be written; what was there before is still there.
        """
        tensors = {f"weights.{name}": value for name, value in self.vae.state_dict().items()}
        tensors |= {f"moments.{name}": value for name, value in self.moments().items()}
        tensors |= {f"generator.{s}": generator.get_state() for s, generator in enumerate(self.generators)}
        course = {
            "specs": [spec.to_dict() for spec in self.specs],
            "epoch": self.epoch,
            "seconds": self.seconds,
            "losses": self.losses,
            "bounds": {epoch: [vars(bound) for bound in row] for epoch, row in self.bounds.items()},
        }
        content = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        try:
            write_whole(path, save(content, {"course": json.dumps(course)}))
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
        course = read_course(path)
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            if course["specs"] != json.loads(json.dumps([spec.to_dict() for spec in self.specs])):
                raise TrainingError(f"{path.name} is the state of another training. Move it away to begin anew.")
            self.take_up(course, tensors)
        except TrainingError:
            raise
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise damaged(path, error) from error

    def take_up(self, course: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Put a state in place: in place, because slices share their memory."""
        self.vae.load_state_dict({name: tensors[f"weights.{name}"] for name in self.vae.state_dict()})
        for g, group in enumerate(self.optimiser.param_groups):
            for i, part in enumerate(group["params"]):
                self.optimiser.state[part] = {
                    moment: tensors[f"moments.{g}.{i}.{moment}"].to(part.device) for moment in MOMENTS
                }
        for s, generator in enumerate(self.generators):
            generator.set_state(tensors[f"generator.{s}"])
        self.epoch, self.seconds, self.losses = course["epoch"], course["seconds"], course["losses"]
        self.bounds = {int(epoch): [Bound(**one) for one in row] for epoch, row in course["bounds"].items()}

    def moments(self) -> dict[str, Tensor]:
        """Adam's memory of every parameter."""
        return {
            f"{g}.{i}.{moment}": self.optimiser.state[part][moment]
            for g, group in enumerate(self.optimiser.param_groups)
            for i, part in enumerate(group["params"])
            for moment in MOMENTS
        }


def read_course(path: Path) -> dict[str, Any]:
    """What a training state says about itself: specs, epoch, losses and bounds.

    Raises:
        TrainingError: It is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            course = json.loads((file.metadata() or {})["course"])
        if not isinstance(course["specs"], list) or not isinstance(course["epoch"], int):
            raise TypeError("no course")
        return course
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> TrainingError:
    """What is said about a state that cannot be used."""
    return TrainingError(
        f"The training state {path.name} is damaged ({type(error).__name__}). Move it away to begin anew."
    )


def common(spec: ModelSpec) -> str:
    """What all models of a stack have in common, as a key."""
    return json.dumps({name: value for name, value in spec.to_dict().items() if name not in OWN}, sort_keys=True)


def joined(ones: Sequence[VAE]) -> VAE:
    """Networks of one size as a single one with a leading axis; one alone stays as it is."""
    if len(ones) == 1:
        return ones[0]
    first, states = ones[0], [one.state_dict() for one in ones]
    vae = VAE(first.n_pixels, first.n_hidden, first.n_latent, (len(ones),))
    vae.load_state_dict({name: torch.stack([state[name] for state in states]) for name in states[0]})
    return vae


def learning_rate(spec: ModelSpec, epoch: int) -> float:
    """The rate of an epoch (from 0): the run is divided into equal parts, one per rate.

    Example:
        >>> [learning_rate(ModelSpec(epochs=3), epoch) for epoch in range(3)]
        [0.0005, 0.0001, 5e-05]
    """
    return spec.learning_rates[epoch * len(spec.learning_rates) // spec.epochs]
