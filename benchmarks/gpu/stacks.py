"""The stacks that are trained and timed."""

import argparse
from dataclasses import replace

import torch

from core import train
from core.data import Dataset
from core.specs import GridSpec, ModelSpec
from core.zoo import recipe

FEW = 2400  # images of the check in float32


def of_zoo(args: argparse.Namespace, n_latent: int = 100, seed: int = 0, beta: float = 1.0) -> ModelSpec:
    """A recipe of the zoo, of the length and data set that were asked for."""
    spec = replace(recipe(args.dataset, n_latent, seed, beta), epochs=args.epochs)
    return replace(spec, n_hidden=args.hidden)


def series(args: argparse.Namespace) -> list[ModelSpec]:
    """The models of part (c), the first of which is kept at several epochs."""
    return [of_zoo(args, seed=3), of_zoo(args, seed=4), *(of_zoo(args, seed=seed, beta=2.0) for seed in (1, 2))]


def zoo(args: argparse.Namespace) -> list[ModelSpec]:
    """The 14 models of the zoo that are trained on MNIST."""
    sizes = (100, 50, 20, 14, 10, 8, 6, 4, 2)
    others = [of_zoo(args, seed=seed) for seed in (1, 2)] + [of_zoo(args, beta=beta) for beta in (2.0, 1.5, 3.0)]
    return [*(of_zoo(args, n_latent) for n_latent in sizes), *others]


def seeds(args: argparse.Namespace, n_models: int) -> list[ModelSpec]:
    """Models that differ in their seed."""
    return [of_zoo(args, seed=seed) for seed in range(n_models)]


def grid(args: argparse.Namespace) -> GridSpec:
    """The trainings of Fig. 9."""
    return GridSpec(dataset=args.dataset, epochs=args.grid_epochs)


def grid_stacks(args: argparse.Namespace) -> list[list[ModelSpec]]:
    """The three stacks of the grid, the quickest first."""
    return sorted(train.stacks_of(grid(args).cells, torch.device("cuda")), key=lambda stack: -stack[0].batch_size)


def pair(args: argparse.Namespace) -> list[ModelSpec]:
    """Two models of different N_z and beta, in float32."""
    return [replace(spec, precision="float32") for spec in (of_zoo(args, 100, 0, 2.0), of_zoo(args, 20, 1))]


def few(training: Dataset) -> Dataset:
    """The images of the check in float32."""
    return replace(training, images=training.images[:FEW], labels=training.labels[:FEW])


def shapes(args: argparse.Namespace) -> dict[str, list[ModelSpec]]:
    """A stack of every shape that is compiled."""
    stacks = {f"grid {stack[0].batch_size}": stack for stack in reversed(grid_stacks(args))}
    stacks |= {f"{n} models": seeds(args, n) for n in (12, 1, 8)}
    return stacks | {"series": series(args), "zoo": zoo(args), "check": pair(args)}
