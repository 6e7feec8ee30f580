"""The numbers behind the panels of the explorer, over plain addresses: `data/landmark.csv?...`, `.npz`, `.json`.

The browser has them rounded, for its films; here they are exact, and those that `python -m core export` writes.
"""

from dataclasses import replace

from flask import Flask, Response, abort, request

from core.computations import Reporter
from core.panel_data import SPECS, file_stem, panel_data, panel_recipe, panel_spec
from core.paper.results import arrays_of
from core.result_files import as_json, as_npz
from core.schema import SpecError
from core.specs import InferenceSpec
from core.table_words import LATENT
from core.tables import table_names
from dashboard.controls import REFERENCE_RUNS, sweep_spec
from dashboard.experiments import Experiments
from dashboard.files import table_elsewhere
from dashboard.links import read_link
from dashboard.pages.explore.models import model_in_use
from dashboard.requests import Request, asker, file_or_sentence

KINDS = {"csv": "text/csv", "npz": "application/octet-stream", "json": "application/json"}


class RunFiles:
    """The files of the panels, and the addresses that lead to them."""

    def __init__(self, experiments: Experiments):
        self.experiments = experiments

    def register(self, server: Flask, prefix: str) -> None:
        """Connect the addresses."""
        server.add_url_rule(f"{prefix}data/<panel>.<kind>", "panel_data", self.data)

    @file_or_sentence
    def data(self, panel: str, kind: str) -> Response:
        """The numbers of a panel, or their recipe; the query is that of the screen."""
        if panel not in SPECS or kind not in KINDS:
            abort(404)
        spec = self.spec(panel, request.query_string.decode())
        body = self.file(panel, kind, spec)
        named = {"Content-Disposition": f"attachment; filename={file_stem(panel, spec)}.{kind}"}
        return Response(body, mimetype=KINDS[kind], headers=named)

    def spec(self, panel: str, query: str) -> InferenceSpec:
        """What a screen shows in a panel.

        Raises:
            SpecError: The query is of no screen.
            StoreError: Its model is not here.
        """
        state, notes = read_link(query)
        if notes:
            raise SpecError(notes[0])
        entry = model_in_use(self.experiments, Request(state, "", 0))
        usual = "decoded" if self.experiments.why_decoded(entry.id) else "original"
        spec = state.inference_spec(entry.id, usual if state.source == "auto" else state.source)
        if panel != "stage":
            return spec
        most = min(REFERENCE_RUNS, self.experiments.session.n_memories(entry.id))
        chart = sweep_spec(spec, most)
        return replace(spec, n_runs=chart.n_runs, n_steps=chart.n_steps, seed=chart.seed)

    def file(self, panel: str, kind: str, spec: InferenceSpec) -> bytes | str:
        """The content of a file, computed once for all who ask."""
        session, computations = self.experiments.session, self.experiments.computations

        def write(report: Reporter) -> bytes | str:
            recipe = panel_recipe(panel, spec, session)
            if kind == "json":
                return as_json(recipe)
            result = panel_data(panel, spec, session, progress=report)
            with computations.turn():
                if kind == "npz":
                    return as_npz(arrays_of(result), recipe)
                return table_elsewhere(result, next(iter(table_names(type(result)))), LATENT, report)

        return computations.wait_for(asker(), f"{kind} {panel} {panel_spec(panel, spec).key()}", write)
