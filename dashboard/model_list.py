"""The parts of the Models page: the form of a training, what a row says, the place for a file that somebody brings."""

from typing import Any

from dash import dcc, html

from core import experiments
from core.model_card import ModelCard
from core.specs import ModelSpec, epochs_kept
from dashboard.captions import with_beta
from dashboard.controls import attributes
from dashboard.panels import GRAPH
from dashboard.terms import terms
from dashboard.theme import TITLES

TURNED_UP = 0.1  # nats; less is the noise of the latent samples
AGES = "A model that is kept on the way, say after 1, 5, 20 epochs, has a slider over these in the explorer."
JOB = {"cancel": "Cancel", "resume": "Go on", "discard": "Discard"}


def describe(spec: ModelSpec) -> str:
    """A recipe in a few words."""
    size = f"{TITLES[spec.dataset]}, N_z = {spec.n_latent}{with_beta(spec)}"
    kept = "".join(f", {epoch}" for epoch in epochs_kept(spec))
    return f"{size}, {spec.epochs} epochs, seed {spec.seed}" + (f", kept after {kept[2:]}" if kept else "")


def bound_of(card: ModelCard) -> str:
    """The test bound of a card, and the best epoch where the curve turned up again; an imported card may lack them."""
    bound, (epochs, curve) = card.test_negative_elbo, card.history
    if bound is None:
        return "?"
    if not curve or min(curve) > curve[-1] - TURNED_UP:
        return f"{bound:.1f}"
    return f"{bound:.1f} (lowest at epoch {epochs[curve.index(min(curve))]}: {min(curve):.1f})"


def form() -> html.Section:
    """What to train."""

    def field(name: str, label: str, *, keys: Any = "numeric", **options: Any) -> html.Label:
        box = dcc.Input(id=f"train-{name}", type="text", inputMode=keys, **options)
        return html.Label([html.Span(terms(label)), box], className="field")

    sets = [
        html.Button(title, id={"set": name}, role="radio", type="button", **attributes(aria_checked="false"))
        for name, title in TITLES.items()
    ]
    group = html.Div(sets, role="radiogroup", className="choices", **attributes(aria_label="Data set"))
    return html.Section(
        [
            html.H2("Train a model"),
            html.Div(
                [
                    html.Div([html.Span("Data set"), group], className="field"),
                    field("n_latent", "Latent units N_z", value="50"),
                    field("epochs", "Epochs", placeholder="as shipped"),
                    field("beta", "Weight β of the KL term", value="1"),
                    field("seed", "Seed", value="0"),
                    field("kept", "Keep on the way, epochs", placeholder="none", keys=None),
                    html.Button("How long?", id="estimate", type="button"),
                    html.Button("Train", id="train", type="button", className="main"),
                ],
                className="form",
            ),
            html.P(AGES, className="note"),
            html.P(id="message", role="status", className="note", **attributes(aria_live="polite")),
        ],
        className="acts",
    )


def history_panel(name: str) -> html.Div:
    """A history of a training: of the one that runs, or of a model."""
    graph = dcc.Graph(id=name, config=GRAPH | {"staticPlot": True}, responsive=True)
    parts = [html.P(id=f"{name}-title", className="note"), graph]
    label = attributes(aria_label="Bounds over epochs")
    return html.Div(parts, id=f"{name}-panel", hidden=True, className="history", role="img", **label)


def upload(largest: int) -> html.Section:
    """Bring a model.

    Args:
        largest: Bytes that a file may have.
    """
    words = ["Drop a .safetensors file here, or ", html.Span("choose one", className="link"), "."]
    limits = attributes(data_largest=str(largest), data_ending=".safetensors")  # page.js says what is refused
    return html.Section(
        [
            html.H2("Bring a model"),
            html.Div(dcc.Upload(words, id="upload", accept=".safetensors", className="drop"), **limits),
            html.P(id="brought", role="status", className="note"),
        ],
        className="acts",
    )


def stopped_row(each: experiments.Unfinished) -> html.Div:
    """A training that was stopped before."""
    name = each.path.name
    if each.problem:
        return html.Div([html.Span(each.problem), job_button("discard", name)], className="job")
    state = "lies with its worker" if each.is_elsewhere else f"holds epoch {each.epoch} of {each.spec.epochs}"
    stopped = "waited for its turn when the server stopped." if each.is_waiting else f"stopped; its state {state}."
    words = html.Span(stopped, className="note")
    buttons = [job_button("resume", name), job_button("discard", name)]
    return html.Div([html.Strong(describe(each.spec)), words, *buttons], className="job")


def job_button(action: str, key: str) -> html.Button:
    """What can be done about a training."""
    return html.Button(JOB[action], id={"do": action, "key": key}, type="button", className="quiet acts")
