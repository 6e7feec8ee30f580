"""A picture as an image that runs can start from."""

import argparse
from typing import Any

from core import experiments
from core.own_image import PictureError
from core.session import Session


def run_own(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Read a picture as the page does: what `--own` of other commands takes, and the classifier's label.

    Raises:
        PictureError: The file cannot be read or used.
    """
    try:
        content = args.picture.read_bytes()
    except OSError as error:
        raise PictureError(f"{args.picture} cannot be read: {error.strerror}. Name a PNG or a JPEG.") from error
    image = experiments.read_own_image(content, args.dataset, session)
    return {
        "own": image.packed,
        "label": image.label,
        "label_probabilities": image.label_probabilities.round(3).tolist(),
    }
