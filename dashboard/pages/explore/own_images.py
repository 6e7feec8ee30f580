"""Pictures that visitors draw or choose: `own-image/<dataset>` gives the image that a run can start from."""

import hashlib

from flask import Flask, Response, abort, jsonify, request

from core import experiments
from core.computations import RUN, Reporter
from core.own_image import LARGEST
from core.results import OwnImage
from core.specs import DATASETS
from dashboard.experiments import Experiments
from dashboard.payloads import OwnImagePayload
from dashboard.requests import asker, file_or_sentence
from dashboard.wire import rounded


class OwnImages:
    """The address that pictures are sent to; nothing of them is kept."""

    def __init__(self, experiments: Experiments):
        self.experiments = experiments

    def register(self, server: Flask, prefix: str) -> None:
        """Connect the address."""
        server.add_url_rule(f"{prefix}own-image/<dataset>", "own_image", self.read, methods=["POST"])

    @file_or_sentence
    def read(self, dataset: str) -> Response:
        """What the browser gets for a picture, the body of its question."""
        if dataset not in DATASETS:
            abort(404)
        request.max_content_length = LARGEST + 1
        image = self.image(request.get_data(cache=False), dataset)
        reply: OwnImagePayload = {
            "own": image.packed,
            "label": image.label,
            "label_probabilities": rounded(image.label_probabilities),
        }
        return jsonify(reply)

    def image(self, content: bytes, dataset: str) -> OwnImage:
        """The image of a picture; pictures are unpacked one at a time: a large one takes a second and 200 MB.

        Raises: as `Computations.wait_for` and `read_own_image`.
        """
        computations = self.experiments.computations

        def compute(_: Reporter) -> OwnImage:
            with computations.turn():
                return experiments.read_own_image(content, dataset, self.experiments.session)

        key = f"own-image {dataset} {hashlib.sha256(content).hexdigest()}"
        return computations.wait_for(asker(), key, compute, rank=RUN)
