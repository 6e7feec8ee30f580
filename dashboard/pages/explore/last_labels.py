"""`last-label.json?...`: what the highlighted run of a screen becomes, for lessons that ask before they show."""

from flask import Flask, Response, jsonify, request

from core import experiments
from dashboard.experiments import Experiments
from dashboard.pages.explore.replies import run_film_spec
from dashboard.pages.explore.run_files import RunFiles
from dashboard.payloads import LastLabelPayload
from dashboard.requests import file_or_sentence


class LastLabels:
    """The address; a class that asks at once has it computed once."""

    def __init__(self, experiments: Experiments):
        self.experiments = experiments

    def register(self, server: Flask, prefix: str) -> None:
        """Connect the address."""
        server.add_url_rule(f"{prefix}last-label.json", "last_label", self.answer)

    @file_or_sentence
    def answer(self) -> Response:
        """The label; the query is that of the screen."""
        screen = RunFiles(self.experiments).spec("strip", request.query_string.decode())
        spec = run_film_spec(screen, (screen.noise,))
        entry = self.experiments.library.entry(spec.model)

        def build() -> LastLabelPayload:
            last = self.experiments.single_run(spec).images[0, -1:]
            labels = experiments.predicted_labels(entry.spec.dataset, last, self.experiments.session)
            return {"label": int(labels[0])}

        return jsonify(self.experiments.reply("last label", spec, "", build))
