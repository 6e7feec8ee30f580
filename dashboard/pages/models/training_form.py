"""The form of a training: what it looks like, and which recipe is meant by what is typed in it."""

from dataclasses import fields
from typing import Any

from dash import dcc, html

from core.schema import SpecError, checked
from core.specs import ModelSpec, SeriesSpec, keeping
from core.zoo import recipe
from dashboard.controls import attributes
from dashboard.terms import terms
from dashboard.theme import TITLES

AGES = "A model that is kept on the way, say after 1, 5, 20 epochs, has a slider over these in the explorer."


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


def spec_of(
    dataset: object, n_latent: object, epochs: object, beta: object, seed: object, kept: object = None
) -> ModelSpec:
    """The training that the form asks for; where no epochs are given, as many as the shipped models have."""
    read: dict[str, Any] = {item.name: checked(item).read for item in fields(ModelSpec)}
    usual = recipe(str(dataset), read["n_latent"]("N_z", str(n_latent).strip()))
    given = {"epochs": epochs, "beta": beta, "seed": seed}
    typed = {name: read[name](f"The {name}", str(value).strip()) for name, value in given.items() if value}
    spec = ModelSpec.from_dict(usual.to_dict() | typed)
    return keeping(spec, epochs_of(str(kept), spec.epochs)) if kept else spec


def epochs_of(typed: str, last: int) -> tuple[int, ...]:
    """The epochs, apart by commas, after which weights are kept; the last is none of them.

    Raises:
        SpecError: They are none, or not before the last.
    """
    parts = ",".join(part.strip() for part in typed.strip().strip(",").split(","))
    what, check = "The epochs to keep", next(checked(item) for item in fields(SeriesSpec) if item.name == "kept")
    epochs: Any = check.read(what, parts) if parts else ()
    if any(epoch >= last for epoch in epochs):
        raise SpecError(f"{what} must come before the last, {last}: that is the model itself.")
    return epochs
