"""Models in training, side by side: their weights have one more leading axis, everything random is each model's own.

A stack gives what the same models give one by one, and can be written down and taken up again after every epoch.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import TrainingState, not_finite
from core.gradient import negative_elbo_gradient
from core.precision import is_half
from core.schema import SpecError
from core.specs import ModelSpec
from core.vae import VAE, initialise

OWN = ("seed", "learning_rates", "beta", "initialisation")  # what may differ between the models of a stack
MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # Adam's memory


@dataclass
class Stack(TrainingState):
    """Everything that the next epoch depends on.

    The optimiser has a group of parameters for every model; where there are several, slices of the network's weights
    in the same memory.
    """

    optimiser: torch.optim.Optimizer
    generators: list[torch.Generator]

    KIND = "cpu"

    @classmethod
    def begin(cls, specs: Sequence[ModelSpec], n_pixels: int, device: torch.device) -> "Stack":
        """Initial weights, each model's from its own seed.

        Raises:
            SpecError: The recipes differ in more than `OWN`.
        """
        if len({common(spec) for spec in specs}) != 1:
            raise SpecError(f"The models of a stack may differ in {', '.join(OWN)} only. Train the others apart.")
        generators, networks = [torch.Generator().manual_seed(spec.seed) for spec in specs], []
        for spec, generator in zip(specs, generators, strict=True):
            networks.append(VAE(n_pixels, spec.n_hidden, spec.n_latent))
            initialise(networks[-1], spec.initialisation, generator)
        vae = joined(networks).to(device)
        slices = [[stacked.detach()[s] for stacked in vae.parameters()] for s in range(len(specs))]
        groups = [{"params": parameters} for parameters in (slices if len(specs) > 1 else [list(vae.parameters())])]
        return cls(tuple(specs), vae, torch.optim.Adam(groups, fused=device.type in ("cpu", "cuda")), generators)

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
        weights = [weight.detach() for weight in self.vae.parameters()]
        return (
            [weight.bfloat16() for weight in weights]
            if is_half(self.specs[0].precision, weights[0].device)
            else weights
        )

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
            for parameter, gradients in zip(group["params"], gradient, strict=True):
                parameter.grad = gradients[s] if len(self.specs) > 1 else gradients
        self.optimiser.step()

    def check(self) -> None:
        """Stop where a loss is not finite: the state that was written before is still good."""
        for spec, loss in zip(self.specs, self.losses[-1], strict=True):
            if not np.isfinite(loss):
                raise not_finite(spec, self.epoch, alone=len(self.specs) == 1)

    def networks(self) -> list[VAE]:
        """The models one by one: the network itself, or copies where there are several."""
        if len(self.specs) == 1:
            return [self.vae]
        networks = [VAE(self.vae.n_pixels, self.vae.n_hidden, self.vae.n_latent) for _ in self.specs]
        for s, network in enumerate(networks):
            network.load_state_dict({name: value[s] for name, value in self.vae.state_dict().items()})
        return [network.to(next(self.vae.parameters()).device) for network in networks]

    def tensors(self) -> dict[str, Tensor]:
        """Weights, Adam's memory, and where the generators stand."""
        tensors = {f"weights.{name}": value for name, value in self.vae.state_dict().items()}
        tensors |= {f"moments.{name}": value for name, value in self.moments().items()}
        return tensors | {f"generator.{s}": generator.get_state() for s, generator in enumerate(self.generators)}

    def put(self, tensors: dict[str, Tensor]) -> None:
        """Put a state in place: in place, because slices share their memory."""
        self.vae.load_state_dict({name: tensors[f"weights.{name}"] for name in self.vae.state_dict()})
        for g, group in enumerate(self.optimiser.param_groups):
            for i, parameter in enumerate(group["params"]):
                self.optimiser.state[parameter] = {
                    moment: tensors[f"moments.{g}.{i}.{moment}"].to(parameter.device) for moment in MOMENTS
                }
        for s, generator in enumerate(self.generators):
            generator.set_state(tensors[f"generator.{s}"])

    def moments(self) -> dict[str, Tensor]:
        """Adam's memory of every parameter."""
        return {
            f"{g}.{i}.{moment}": self.optimiser.state[parameter][moment]
            for g, group in enumerate(self.optimiser.param_groups)
            for i, parameter in enumerate(group["params"])
            for moment in MOMENTS
        }


def common(spec: ModelSpec) -> str:
    """What all models of a stack have in common, as a key."""
    return json.dumps({name: value for name, value in spec.to_dict().items() if name not in OWN}, sort_keys=True)


def joined(networks: Sequence[VAE]) -> VAE:
    """Networks of one size as a single one with a leading axis; one alone stays as it is."""
    if len(networks) == 1:
        return networks[0]
    first, states = networks[0], [network.state_dict() for network in networks]
    vae = VAE(first.n_pixels, first.n_hidden, first.n_latent, (len(networks),))
    vae.load_state_dict({name: torch.stack([state[name] for state in states]) for name in states[0]})
    return vae


def learning_rate(spec: ModelSpec, epoch: int) -> float:
    """The rate of an epoch (from 0): the run is divided into equal parts, one per rate.

    Example:
        >>> [learning_rate(ModelSpec(epochs=3), epoch) for epoch in range(3)]
        [0.0005, 0.0001, 5e-05]
    """
    return spec.learning_rates[epoch * len(spec.learning_rates) // spec.epochs]
