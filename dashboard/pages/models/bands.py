"""The stages of a model's runs over the noise p, as small bars: of one label, from sweeps that are computed already."""

from dataclasses import dataclass
from typing import Any

from dash import html

from core import experiments
from core.library import Entry
from core.results import NoiseSweep, Stage
from core.session import Session
from core.specs import READINGS, SOURCES, NoiseSweepSpec
from dashboard.captions import SELECTED, STARTS
from dashboard.controls import REFERENCE_RUNS, attributes
from dashboard.figures import spans
from dashboard.terms import terms

LABEL = 6  # the paper's Fig. 4 is of '6'
NARROW = 0.05  # of p; a piece that is narrower is not named


@dataclass(frozen=True)
class Bands:
    """A sweep over p, and which runs it is of."""

    noise_kind: str
    source: str
    n_runs: int
    sweep: NoiseSweep


def bands_of(id: str, session: Session) -> list[Bands]:
    """The sweeps of '6' that are computed, one for each kind of noise: from what the explorer starts, else the other.

    Nothing is computed for it.

    Raises:
        StoreError: There is no such model, or it cannot be used.
    """
    usual = session.source(session.library.entry(id).spec.dataset)
    n_runs = min(REFERENCE_RUNS, session.n_memories(id))
    computed = []
    for kind in READINGS:
        for source in sorted(SOURCES, key=lambda each: each != usual):
            spec = NoiseSweepSpec(model=id, noise_kind=kind, source=source, label=LABEL, n_runs=n_runs)
            sweep = experiments.stored_noise_sweep(spec, session) or session.cached(experiments.noise_sweep, spec)
            if sweep is not None:
                computed.append(Bands(kind, source, n_runs, sweep))
                break
    return computed


def bands_view(entry: Entry, bands: list[Bands], explorer: str) -> html.Div:
    """The bars of a model, and a sentence where one is lacking."""
    label = entry.label_names[LABEL]
    missing = [SELECTED[kind] for kind in READINGS if kind not in {each.noise_kind for each in bands}]
    way = html.A("Open the explorer", href=f"{explorer}?model={entry.id}")
    lacking = [f"For pixels {' or '.join(missing)} no stages of ‘{label}’ are computed here. ", way, ", which does it."]
    parts = [
        html.P(terms(f"Stages of ‘{label}’ for a noise p from 0 to 1"), className="title"),
        *(bar(each) for each in bands),
    ]
    notes = [html.P(terms(sentence), className="note") for sentence in dict.fromkeys(map(runs_of, bands))]
    return html.Div([*parts, *notes, *([html.P(lacking, className="note")] if missing else [])], className="bands")


def runs_of(bands: Bands) -> str:
    """Which runs a bar is of."""
    return f"{bands.n_runs} runs from {STARTS[bands.source]}; paler where other runs might give another stage."


def bar(bands: Bands) -> html.Div:
    """A bar from p = 0 to p = 1, and in words what it shows; paler where other runs might give another stage."""
    sweep = bands.sweep
    pieces = spans(sweep.noises, list(zip(sweep.stages, sweep.is_decided.tolist(), strict=True)))
    named = widest(pieces)
    drawn = [
        html.Span(
            str(stage) if i in named else "",
            className=f"band stage-{list(Stage).index(stage)}{'' if decided else ' undecided'}",
            style={"flexGrow": round(end - start, 4)},
        )
        for i, (start, end, (stage, decided)) in enumerate(pieces)
    ]
    hidden: dict[str, Any] = attributes(aria_hidden="true")
    words = html.P(f"{SELECTED[bands.noise_kind].capitalize()}: {in_words(sweep)}", className="note")
    return html.Div([html.Div(drawn, className="bar", **hidden), words])


def widest(pieces: list[tuple[float, float, tuple[Stage, bool]]]) -> set[int]:
    """Which pieces carry the name of their stage: of each stage the widest that is decided and not too narrow."""
    best: dict[Stage, int] = {}
    for i, (start, end, (stage, decided)) in enumerate(pieces):
        if decided and end - start > NARROW:
            before = best.get(stage)
            if before is None or end - start > pieces[before][1] - pieces[before][0]:
                best[stage] = i
    return set(best.values())


def in_words(sweep: NoiseSweep) -> str:
    """The stages from p = 0 on, and where each ends.

    Example: "I up to p = 0.21, II up to 0.41, then III".
    """
    pieces = spans(sweep.noises, list(sweep.stages))
    ends = [f"{stage} up to {'' if i else 'p = '}{end:.2f}" for i, (_, end, stage) in enumerate(pieces[:-1])]
    return f"{', '.join(ends)}, then {pieces[-1][2]}" if ends else f"{pieces[-1][2]} at every p"
