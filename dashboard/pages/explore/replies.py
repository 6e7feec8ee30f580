"""What is sent for a result, with its sentences."""

from dataclasses import replace
from typing import Any

from core.library import Entry
from core.results import NoiseSweep, RunFilm
from core.specs import InferenceSpec, NoiseSweepSpec, RunFilmSpec
from dashboard import captions, controls, figures, wire
from dashboard.panels import GRID
from dashboard.payloads import SweepPayload
from dashboard.theme import MARKERS, Theme
from dashboard.tour import tour_data

CHUNK = 4  # values of p that one question about an ensemble names at most: meanwhile it holds a thread of the server


def begin_payload() -> dict[str, Any]:
    """What the browser has before it asks anything."""
    begin = {"fields": controls.field_list(), "markers": MARKERS, "alphabet": wire.ALPHABET}
    return begin | {"grid": GRID, "chunk": CHUNK, "beside": controls.BESIDE, "tour": tour_data()}


def run_film_spec(spec: InferenceSpec, noises: tuple[float, ...]) -> RunFilmSpec:
    """The highlighted run at some p."""
    shared = {name: getattr(spec, name) for name in RunFilmSpec.__dataclass_fields__ if name != "noises"}
    return RunFilmSpec(noises=noises, **shared)


def film_payload(film: RunFilm, entry: Entry, spec: RunFilmSpec) -> dict[str, Any]:
    """One run at some p, with a sentence for each."""
    sentences = captions.run_captions(film, label=entry.label_names[spec.label], start=captions.start_of(spec))
    sent = wire.run_film_payload(film, entry.image_shape, sentences)
    return {**sent, "label": spec.label, "sample": spec.sample}


def sweep_payload(
    sweep: NoiseSweep, entry: Entry, reference: NoiseSweepSpec, spec: InferenceSpec, theme: Theme
) -> SweepPayload:
    """The stage chart and its minima, with a sentence for each p.

    Args:
        sweep: Over p.
        entry: The model.
        reference: The recipe of the sweep.
        spec: The ensemble on the screen; a caption names its settings, and the runs of the sweep.
        theme: The colours of the chart.
    """
    shown = replace(spec, n_runs=reference.n_runs)
    sentences = [
        captions.caption_of(entry, replace(shown, noise=float(p)), row, runner_up)
        for p, row, runner_up in zip(sweep.noises, sweep.minimum_distance.T, sweep.runners_up, strict=True)
    ]
    note = (
        f"{reference.n_runs} runs for each p, T = {reference.n_steps}, seed {reference.seed}; "
        "bands 2 SEM, paler where undecided."
    )
    chart = figures.stage_chart(sweep, theme, label=entry.label_names[spec.label], has_names=False).to_dict()
    return {
        **wire.minima_payload(sweep),
        "captions": sentences,
        "note": note,
        "figure": {"data": chart["data"], "layout": chart["layout"]},
    }
