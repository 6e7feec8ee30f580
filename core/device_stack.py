"""Models in training on a GPU, side by side: the counterpart of `core.stack`, where an epoch is one graph.

Draws belong to a model's seed and an epoch alone, so they are the same alone and in a stack, and a state holds no
generators. Initial weights are those that the same seed gives on a CPU.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import TrainingState, not_finite
from core.device_epoch import ALIGNED, DeviceEpoch, Images, narrow, padded
from core.schema import SpecError
from core.specs import ModelSpec
from core.stack import OWN, learning_rate
from core.vae import VAE, initialise

DEVICE_OWN = (*OWN, "n_latent")  # what may differ between the models of a stack


@dataclass
class DeviceStack(TrainingState):
    """Everything that the next epoch depends on: padded weights, which the network shares, and Adam's memory."""

    first: list[Tensor]
    second: list[Tensor]
    compiled: bool | None = None
    running: DeviceEpoch | None = None

    KIND = "cuda"

    @classmethod
    def begin(
        cls, specs: Sequence[ModelSpec], n_pixels: int, device: torch.device, compiled: bool | None = None
    ) -> "DeviceStack":
        """Initial weights, each model's from its own seed.

        Args:
            specs: The recipes.
            n_pixels: Of an image.
            device: Where to train.
            compiled: Whether to compile the steps; else where the device is a GPU.

        Raises:
            SpecError: The recipes differ in more than `DEVICE_OWN`.
        """
        if len({device_common(spec) for spec in specs}) != 1:
            raise SpecError(
                f"The models of a stack may differ in {', '.join(DEVICE_OWN)} only. Train the others apart."
            )
        width = -(-max(spec.n_latent for spec in specs) // ALIGNED) * ALIGNED
        parts = []
        for spec in specs:
            one = VAE(n_pixels, spec.n_hidden, spec.n_latent)
            initialise(one, spec.initialisation, torch.Generator().manual_seed(spec.seed))
            parts.append(padded(one, width))
        vae = VAE(n_pixels, specs[0].n_hidden, width, (len(specs),)).to(device)
        for stacked, of_models in zip(vae.parameters(), zip(*parts, strict=True), strict=True):
            stacked.detach().copy_(torch.stack(of_models))
        first, second = ([torch.zeros_like(parameter.detach()) for parameter in vae.parameters()] for _ in range(2))
        return cls(tuple(specs), vae, first, second, compiled)

    def run_epoch(self, images: Images) -> None:
        """One pass over the images, in each model's own random order.

        A model that diverges leaves the others alone: its losses are not finite from then on.

        Raises:
            TrainingError: No loss is finite.
        """
        if self.running is None:
            self.running = DeviceEpoch(self.specs, self.weights, self.first, self.second, images, self.compiled)
        rates = [learning_rate(spec, self.epoch) for spec in self.specs]
        self.losses.append(self.running.run(self.epoch, rates))
        self.epoch += 1
        if not np.isfinite(self.losses[-1]).any():
            raise not_finite(self.specs[0], self.epoch, alone=len(self.specs) == 1)

    @property
    def weights(self) -> list[Tensor]:
        """The padded weights of all models, in place."""
        return [tensor.detach() for tensor in self.vae.parameters()]

    def networks(self) -> list[VAE]:
        """Copies of the models one by one, each of its own size."""
        networks = []
        for s, spec in enumerate(self.specs):
            one = VAE(self.vae.n_pixels, spec.n_hidden, spec.n_latent)
            for own, value in zip(one.parameters(), narrow(self.weights, s, spec.n_latent), strict=True):
                own.detach().copy_(value)
            networks.append(one.to(self.weights[0].device))
        return networks

    def tensors(self) -> dict[str, Tensor]:
        """Weights and Adam's memory, padded."""
        groups = {"weights": self.weights, "first": self.first, "second": self.second}
        return {f"{name}.{i}": tensor for name, group in groups.items() for i, tensor in enumerate(group)}

    def put(self, tensors: dict[str, Tensor]) -> None:
        """Put a state in place, before the first epoch that is run here."""
        for name, mine in self.tensors().items():
            mine.copy_(tensors[name])


def device_common(spec: ModelSpec) -> str:
    """What all models of a stack on a GPU have in common, as a key."""
    return json.dumps({name: value for name, value in spec.to_dict().items() if name not in DEVICE_OWN}, sort_keys=True)
