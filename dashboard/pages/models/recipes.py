"""Recipes that fill the form of trainings, and for what each is good; the browser does it (models.js)."""

from dataclasses import asdict, dataclass

from dash import dcc, html

from dashboard.terms import terms_once


@dataclass(frozen=True)
class Preset:
    """What the form holds after a press, as it would be typed; a sentence says what for."""

    name: str
    sentence: str
    dataset: str = "mnist"
    n_latent: str = "100"
    epochs: str = "60"
    beta: str = "1"
    seed: str = "0"
    seeds: str = "1"
    kept: str = ""


PRESETS = (
    Preset(
        "The paper’s model",
        "N_z = 100, β = 1 and all 1,500 epochs: minutes on a GPU, hours on a few cores.",
        epochs="1500",
    ),
    Preset(
        "A short look",
        "The same for 60 epochs: minutes on a few cores, and the three stages show already.",
    ),
    Preset(
        "Few dimensions",
        "N_z = 2: the latent space is a plane, and the explorer shows all of it.",
        n_latent="2",
    ),
    Preset(
        "Strong KL term",
        "β = 4 for 60 epochs: fewer units stay active, and reconstructions get coarser.",
        beta="4",
    ),
    Preset(
        "Several seeds",
        "Four models that differ in their seed alone: what differs between them is chance.",
        n_latent="20",
        seeds="4",
    ),
    Preset(
        "From the first epoch on",
        "A small model of the digits that keeps five ages of its training, for a slider in the explorer.",
        dataset="digits",
        n_latent="10",
        epochs="400",
        kept="1, 5, 20, 60, 150",
    ),
)


def presets() -> html.Div:
    """A button and its sentence for every recipe."""
    mark = terms_once()
    items = [
        html.Li(
            [html.Button(each.name, id={"preset": i}, type="button"), html.Span(mark(each.sentence), className="note")]
        )
        for i, each in enumerate(PRESETS)
    ]
    return html.Div(
        [dcc.Store(id="presets", data=[asdict(each) for each in PRESETS]), html.Ul(items, className="recipes")]
    )
