"""Which tensors a model file has, by its recipe: the contract that an imported model fulfils."""

from collections.abc import Mapping

import torch

from core.data import IMAGE_SHAPES
from core.file_header import Header
from core.specs import N_LABELS, ModelSpec
from core.vae import VAE

DERIVED = ("concepts", "memories", "memory_index")  # tensors that are computed from the images and the weights
MEMORIES = (10, 10_000)  # a label has at least and at most; ten are the smallest ensemble
Shapes = Mapping[str, tuple[int, ...]]


def model_shapes(spec: ModelSpec, header: Header) -> Shapes:
    """Names and shapes of the tensors of a model file: the contract that an imported model fulfils."""
    tensor = header.tensors.get("memory_index")
    n_memories = tensor.shape[-1] if tensor is not None and len(tensor.shape) == 2 else 0
    n_memories = min(max(n_memories, MEMORIES[0]), MEMORIES[1])
    return weight_shapes(spec) | {
        "concepts": (N_LABELS, spec.n_latent),
        "memories": (N_LABELS, n_memories, spec.n_latent),
        "memory_index": (N_LABELS, n_memories),
    }


def partial_shapes(spec: ModelSpec, header: Header) -> Shapes:
    """The same, of a file that may lack what is computed from the images: then that is computed anew."""
    derived = {key: tensor.shape for key, tensor in header.tensors.items() if key in DERIVED}
    return model_shapes(spec, header) if len(derived) == len(DERIVED) else weight_shapes(spec) | derived


def weight_shapes(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the weights of a model."""
    with torch.device("meta"):
        network = VAE(pixels_of(spec), spec.n_hidden, spec.n_latent).state_dict()
    return {name: tuple(value.shape) for name, value in network.items()}


def pixels_of(spec: ModelSpec) -> int:
    """D, the number of pixels of the images that a model was trained on."""
    height, width = IMAGE_SHAPES[spec.dataset]
    return height * width
