"""What a model decodes, as pictures at plain addresses: fetched when somebody looks at them, and by a browser once.

::

    pictures/<id>/<row>.png?of=<SHA-256> --> ten images side by side, one for every label, in grey values

An address names the weights that are decoded: under it stands the same picture for ever. Without, or with the name of
other weights, a browser asks again.
"""

import io

import numpy as np
from flask import Flask, Response, request
from jaxtyping import Float
from PIL import Image

from core.library import Entry
from core.schema import RefusedError, SpecError
from core.specs import N_LABELS, EnsembleSpec
from core.store import cached_sha256
from dashboard.experiments import Experiments

ROWS = {
    "concepts": "Concept",
    "originals": "Training image",
    "reconstructions": "Reconstruction",
}  # what a picture shows, in the order in which a page shows them
FOR_EVER = "private, max-age=31536000, immutable"
MEMORY = 0  # which of the memories of a label is decoded
SHORT = 16  # letters of a SHA-256 in an address


class Pictures:
    """The pictures of the models of a server.

    Args:
        experiments: What they are computed with.
    """

    def __init__(self, experiments: Experiments):
        self.experiments = experiments

    def register(self, server: Flask, prefix: str) -> None:
        """Connect the addresses."""
        server.add_url_rule(f"{prefix}pictures/<id>/<row>.png", "model_picture", self.picture)

    def rows(self, id: str) -> list[str]:
        """What can be shown of a model on this machine: training images only where they are.

        Raises:
            StoreError: There is no such model, or it cannot be used.
        """
        missing = self.experiments.why_decoded(id) is not None
        return [row for row in ROWS if row != "originals" or not missing]

    def picture(self, id: str, row: str) -> Response:
        """A picture; a sentence where there is none."""
        try:
            if row not in ROWS:
                raise SpecError(f"A picture shows one of {', '.join(ROWS)}.")
            entry = self.experiments.library.entry(id)
            if row not in self.rows(id):
                raise SpecError("The training images are not on this machine, or others are in their place.")
            of = cached_sha256(entry.path)
            key = f"picture:{row}:{entry.id}:{of}"
            content = self.experiments.replies.get_or_build(key, lambda: png(self.images(id, row), entry.image_shape))
        except RefusedError as error:
            return Response(str(error), 404, {"Cache-Control": "no-store"}, mimetype="text/plain")
        caching = FOR_EVER if request.args.get("of") == of[:SHORT] else "no-cache"
        return Response(content, mimetype="image/png", headers={"Cache-Control": caching})

    def images(self, id: str, row: str) -> Float[np.ndarray, "labels pixels"]:
        """The images of a picture, one for every label: a reconstruction is decoded from the memory of the image.

        Raises:
            RefusedError: The model cannot be used, or the images are not on this machine.
        """
        if row == "concepts":
            return self.experiments.latent_space(id).concept_images
        source = "original" if row == "originals" else "decoded"
        specs = [EnsembleSpec(model=id, source=source, label=label, n_runs=10) for label in range(N_LABELS)]
        return np.stack([self.experiments.starting_images(spec).images[MEMORY] for spec in specs])

    def are_alike(self, id: str, other: str) -> bool:
        """Whether the training images that are shown of two models are the same images.

        Raises:
            RefusedError: They are not on this machine.
        """
        return np.array_equal(self.images(id, "originals"), self.images(other, "originals"))


def address_of(entry: Entry, row: str) -> str:
    """Where a picture of a model is, from the page of models."""
    return f"pictures/{entry.id}/{row}.png?of={cached_sha256(entry.path)[:SHORT]}"


def png(images: Float[np.ndarray, "images pixels"], shape: tuple[int, int]) -> bytes:
    """Images side by side, white on black as in the data sets, without loss but for 256 grey values.

    Args:
        images: Grey values from 0 to 1.
        shape: Height and width of an image.
    """
    greys = np.rint(np.nan_to_num(images).clip(0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.hstack(list(greys.reshape(-1, *shape)))).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
