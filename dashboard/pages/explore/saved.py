"""The explorer's screen as one HTML file: every answer that it can need, and the address that gives it."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, Response, jsonify, request
from plotly.io.json import to_json_plotly

from core import experiments as core_experiments
from core.computations import FIGURE, Question
from core.library import Entry
from core.panel_data import image_of
from core.progress import Progress, silent
from core.provenance import provenance, weights_of
from core.results import FilmFrame, NoiseSweep, RunFilm
from core.schema import SpecError
from core.specs import NOISES, EmbeddingSpec, InferenceSpec, RunFilmSpec
from dashboard import captions, controls, films
from dashboard.controls import REFERENCE_RUNS, ScreenState
from dashboard.experiments import Experiments
from dashboard.links import read_link
from dashboard.pages.explore.models import settled
from dashboard.pages.explore.replies import begin_payload, film_payload, run_film_spec, sweep_payload
from dashboard.pages.explore.saved_page import saved_page
from dashboard.pages.explore.saved_size import check_size
from dashboard.payloads import SettledPayload, SweepPayload
from dashboard.requests import Request, asker, file_or_sentence
from dashboard.theme import THEMES


@dataclass(frozen=True)
class SavedFile:
    """A file that opens without a server.

    Args:
        name: That it is saved under.
        content: HTML.
        recipe: What it can be computed from again.
        notes: What could not be shown as it was asked for.
    """

    name: str
    content: str
    recipe: dict[str, Any]
    notes: tuple[str, ...] = ()


class SavedFiles:
    """The address that gives the screen as a file."""

    def __init__(self, experiments: Experiments):
        self.experiments = experiments

    def register(self, server: Flask, prefix: str) -> None:
        """Connect it, and beside it the one that says how large the file will be."""
        server.add_url_rule(f"{prefix}saved.html", "saved_file", self.respond)
        server.add_url_rule(f"{prefix}saved-size.json", "saved_size", self.foresee)

    @file_or_sentence
    def foresee(self) -> Response:
        """Bytes that the file of a screen state will have at most, roughly, or why there will be none."""
        entry, spec, _ = screen_of(self.experiments, request.query_string.decode(), asker())
        return jsonify({"bytes": check_size(entry, spec)})

    @file_or_sentence
    def respond(self) -> Response:
        """The file of a screen state, or why there is none."""
        file = saved_file(self.experiments, request.query_string.decode(), asker())
        return Response(file.content, headers={"Content-Disposition": f"attachment; filename={file.name}"})


def saved_file(experiments: Experiments, query: str, question: Question, progress: Progress = silent) -> SavedFile:
    """The screen of a link as a file.

    Args:
        experiments: What is asked.
        query: Of the link.
        question: Who asks.
        progress: Is told how far the runs are.

    Raises:
        RefusedError: The link has a value that cannot be used, or the file would be too large.
        BusyError, LeftError: See `Computations.wait_for`.
    """
    entry, spec, facts = screen_of(experiments, query, question)
    check_size(entry, spec)
    state = ScreenState.from_dict(facts["state"])
    answers = {
        "settled": of_one_model(facts),
        "sweep": dict(sweeps(experiments, question, entry, spec)),
        "runs": list(run_films(experiments, question, entry, spec)),
        "frames": list(frames(experiments, question, entry, spec, progress)),
    }
    label = entry.label_names[spec.label]
    sentence = (
        f"This file holds {spec.n_runs} runs of ‘{label}’ on {entry.id} at every p, and the images of one "
        f"({captions.start_of(spec)}); it asks no server. Another run or other settings need the program."
    )
    recipe = {
        "link": state.to_query(),
        "spec": spec.to_dict(),
        "weights": weights_of(experiments.session, entry.id),
        **provenance(experiments.session, spec, shlex.join(["python", "-m", "dashboard", "html", state.to_query()])),
    }
    content = saved_page(f"‘{label}’ – Latent Trajectories", sentence, begin_payload(), answers, recipe)
    name = f"latent-trajectories-{entry.id}-label{spec.label}-{image_of(spec)}.html"
    return SavedFile(name, content, recipe, tuple(facts["notes"]))


def screen_of(experiments: Experiments, query: str, question: Question) -> tuple[Entry, InferenceSpec, SettledPayload]:
    """The model and the runs that a link shows on this machine, and what the page shows of them.

    Raises:
        RefusedError: The link has a value that cannot be used.
    """
    linked, notes = read_link(query)
    if notes:
        raise SpecError(notes[0].split(" The default")[0])
    page = replace(linked, presented="", tour="", pinned="")  # a file has no other screens
    facts = settled(experiments, Request(page, question.client, question.order))
    state = ScreenState.from_dict(facts["state"])
    entry = experiments.library.entry(facts["model"])
    return entry, state.inference_spec(entry.id, state.source), facts


def of_one_model(facts: SettledPayload) -> SettledPayload:
    """What the page shows of a model, with no other to choose."""
    state = facts["state"]
    return {
        **facts,
        "latents": [state["n_latent"]],
        "betas": [state["beta"]],
        "models": {},
        "series": [],
        "fetchable": False,
        "notes": [],
        "offer": None,
    }


def sweeps(
    experiments: Experiments, question: Question, entry: Entry, spec: InferenceSpec
) -> Iterator[tuple[str, SweepPayload]]:
    """The stage chart in both looks."""
    n_memories = experiments.session.n_memories(entry.id)
    reference = controls.sweep_spec(spec, min(REFERENCE_RUNS, n_memories))

    def compute(question: Question) -> NoiseSweep:
        return experiments.noise_sweep(question, reference, spec)

    for theme in THEMES.values():

        def build(sweep: NoiseSweep, theme: Any = theme) -> SweepPayload:
            return sweep_payload(sweep, entry, reference, spec, theme)

        sweep = experiments.awaited(question, "sweep", reference, theme.name, compute, build)
        figure = json.loads(str(to_json_plotly(sweep["figure"])))  # it has arrays
        yield theme.name, {**sweep, "figure": figure}


def run_films(
    experiments: Experiments, question: Question, entry: Entry, spec: InferenceSpec
) -> Iterator[dict[str, Any]]:
    """The highlighted run at every p of the grid, and apart at the p of the screen where that lies between two."""
    between = () if spec.noise in NOISES else ((spec.noise,),)
    for noises in (NOISES, *between):
        part = run_film_spec(spec, noises)

        def compute(question: Question, part: RunFilmSpec = part) -> RunFilm:
            return experiments.run_film(question, part)

        def build(film: RunFilm, part: RunFilmSpec = part) -> dict[str, Any]:
            return film_payload(film, entry, part)

        yield experiments.awaited(question, "runfilm", part, "", compute, build)


def frames(
    experiments: Experiments, question: Question, entry: Entry, spec: InferenceSpec, progress: Progress
) -> Iterator[dict[str, Any]]:
    """The ensemble at every p."""
    noises = sorted({*NOISES, spec.noise})
    for i, noise in enumerate(noises):
        progress(i / len(noises), f"p = {noise:g}")
        part = replace(spec, noise=noise).part(EmbeddingSpec)

        def compute(question: Question, part: EmbeddingSpec = part) -> FilmFrame:
            return experiments.result(question, core_experiments.film_frame, part, rank=FIGURE, keep=False)

        def build(frame: FilmFrame, part: EmbeddingSpec = part) -> dict[str, Any]:
            return films.frame_payload(frame, entry, part)

        yield films.shipped_frame(entry, part) or experiments.awaited(question, "frame", part, "", compute, build)
