"""Pictures that visitors draw or choose: `own-image/<dataset>` gives the image that a run can start from."""

from flask import Flask, Response, abort, jsonify, request

from core import experiments
from core.own_image import LARGEST
from core.specs import DATASETS
from dashboard.experiments import Experiments
from dashboard.payloads import OwnImagePayload
from dashboard.requests import file_or_sentence
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
        content = request.get_data(cache=False)
        with self.experiments.computations.at_once():
            image = experiments.read_own_image(content, dataset, self.experiments.session)
        reply: OwnImagePayload = {
            "own": image.packed,
            "label": image.label,
            "label_shares": rounded(image.label_shares),
        }
        return jsonify(reply)
