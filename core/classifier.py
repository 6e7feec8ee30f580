"""The network that names images: the convolutional classifier of the paper's Fig. 5, and its short training.

::

    x -- 3x3, 32 -- 3x3, 64 -- pool 2 -- dropout 1/4 -- dense 128 -- dropout 1/2 -- 10 labels

Nothing is padded: 28x28 becomes 12x12 after the pool, 8x8 becomes 2x2.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from core.data import IMAGE_SHAPES, Dataset
from core.precision import is_half
from core.progress import Progress, silent
from core.schema import RefusedError
from core.specs import N_LABELS, ClassifierSpec

AT_ONCE = {"cpu": 50}  # images: what they become in the network stays in a cache of a core


class Classifier(nn.Module):
    """Two convolutions and two dense layers; ReLU between them, softmax at the end left to the loss.

    Widths and kernels are those of the Keras example that the paper's description fits; the paper states none.

    Args:
        shape: Height and width of an image.
    """

    def __init__(self, shape: tuple[int, int]):
        super().__init__()
        self.shape = shape
        self.convolution1 = nn.Conv2d(1, 32, 3)
        self.convolution2 = nn.Conv2d(32, 64, 3)
        self.hidden = nn.Linear(64 * ((shape[0] - 4) // 2) * ((shape[1] - 4) // 2), 128)
        self.output = nn.Linear(128, N_LABELS)

    def forward(self, images: Float[Tensor, "images pixels"]) -> Float[Tensor, "images labels"]:
        """Logits of the labels."""
        x = images.unflatten(-1, (1, *self.shape))
        x = x.contiguous(memory_format=torch.channels_last)  # on CPUs a third less time to name them
        x = functional.relu(self.convolution2(functional.relu(self.convolution1(x))))
        x = functional.dropout(functional.max_pool2d(x, 2), 0.25, self.training)
        x = functional.dropout(functional.relu(self.hidden(x.flatten(1))), 0.5, self.training)
        return self.output(x)


def train_classifier(
    spec: ClassifierSpec, training: Dataset, *, device: torch.device, progress: Progress = silent
) -> Classifier:
    """Train a classifier on the original images.

    Args:
        spec: The recipe.
        training: Images and their labels.
        device: Where to compute.
        progress: Called after every step.

    Returns:
        The network, in float32 and on `device`.

    Raises:
        RefusedError: The loss is not finite.
    """
    images, labels = torch.from_numpy(training.images).to(device), torch.from_numpy(training.labels).to(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(spec.seed)
        network = Classifier(IMAGE_SHAPES[spec.dataset]).to(device)
        optimiser = torch.optim.Adam(network.parameters(), fused=device.type in ("cpu", "cuda"))
        epochs = [torch.randperm(len(images)).split(spec.batch_size) for _ in range(spec.epochs)]
        steps = [(epoch, rows.to(device)) for epoch, batches in enumerate(epochs, 1) for rows in batches]
        for step, (epoch, rows) in enumerate(steps):
            optimiser.param_groups[0]["lr"] = spec.learning_rate * (1 - step / len(steps))
            with torch.autocast(device.type, torch.bfloat16, enabled=is_half(spec.precision, device)):
                logits = network(images[rows])
            loss = functional.cross_entropy(logits.float(), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if not torch.isfinite(loss):
                raise RefusedError(f"The loss is not finite in epoch {epoch}. Train with a lower learning rate.")
            progress((step + 1) / len(steps), f"epoch {epoch} of {spec.epochs}, loss {loss.item():.3f}")
    return network.eval()


@torch.no_grad()
def predicted_labels(
    classifier: Classifier, images: Float[Tensor, "images pixels"], *, at_once: int = 0
) -> Int[Tensor, "images"]:
    """The label that each image looks most like, in float32 on the classifier's device.

    Args:
        classifier: Names them.
        images: Which.
        at_once: Images named at a time; as many as suit the device where 0.
    """
    device = classifier.output.weight.device
    batches = images.split(at_once or AT_ONCE.get(device.type, 2000))
    return torch.cat([classifier(batch.to(device)).argmax(-1).cpu() for batch in batches])


@torch.no_grad()
def label_probabilities(
    classifier: Classifier, images: Float[torch.Tensor, "images pixels"]
) -> Float[torch.Tensor, "images labels"]:
    """How probable each label is (softmax of the logits), for a few images.

    Args:
        classifier: Names them.
        images: Grey values from 0 to 1.
    """
    return classifier(images.to(classifier.output.weight.device)).softmax(-1).cpu()


def accuracy(classifier: Classifier, test: Dataset) -> float:
    """Share of images that are given their own label."""
    predicted = predicted_labels(classifier, torch.from_numpy(test.images))
    return float((predicted == torch.from_numpy(test.labels)).float().mean())
