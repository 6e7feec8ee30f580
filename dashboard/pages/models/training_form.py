"""The form of trainings: what it looks like, and which recipes are meant by what is typed in it."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from dash import dcc, html

from core.experiments import Training
from core.schema import SpecError, checked
from core.specs import ModelSpec, SeriesSpec, with_snapshots
from core.zoo import short_recipe
from dashboard.controls import attributes
from dashboard.pages.models.recipes import presets
from dashboard.terms import terms
from dashboard.theme import TITLES

SEEDS = ("1", "2", "4", "8")  # models of one N_z that can be asked for at once
MOST = 16  # models in all
SEVERAL = (
    "Several N_z (10, 20, 50) and several seeds (the seed and those that follow) are as many models: side by side on a "
    "GPU, one after the other elsewhere."
)
LENGTH = "Where no epochs are given, 60 of the paper's 1,500 are trained; of the digits, which take minutes, all."
AGES = "A model that is kept on the way, say after 1, 5, 20 epochs, has a slider over these in the explorer."


def form() -> html.Section:
    """What to train."""

    def field(name: str, label: str, *, keys: Any = "numeric", **options: Any) -> html.Label:
        box = dcc.Input(id=f"train-{name}", type="text", inputMode=keys, **options)
        return html.Label([html.Span(terms(label)), box], className="field")

    sets = [radio(title, {"set": name}) for name, title in TITLES.items()]
    seeds = [radio(n, {"set": n, "of": "seeds"}, is_chosen=n == SEEDS[0]) for n in SEEDS]
    return html.Section(
        [
            html.H2("Train models"),
            presets(),
            html.Div(
                [
                    choices("Data set", sets),
                    field("n_latent", "Latent units N_z", value="50", keys=None),
                    field("epochs", "Epochs", placeholder="60"),
                    field("beta", "Weight β of the KL term", value="1"),
                    field("seed", "Seed", value="0"),
                    choices("Seeds in all", seeds),
                    field("kept", "Keep on the way, epochs", placeholder="none", keys=None),
                    html.Button("How long?", id="estimate", type="button"),
                    html.Button("Train", id="train", type="button", className="main"),
                ],
                className="form",
            ),
            html.P(f"{LENGTH} {SEVERAL} {AGES}", className="note"),
            html.P(id="message", role="status", className="note", **attributes(aria_live="polite")),
        ],
        id="train-models",
        className="acts",
    )


def choices(label: str, radios: list[html.Button]) -> html.Div:
    """A field of which one value is chosen."""
    group = html.Div(radios, role="radiogroup", className="choices", **attributes(aria_label=label))
    return html.Div([html.Span(label), group], className="field")


def radio(label: str, id: dict[str, str], *, is_chosen: bool = False) -> html.Button:
    """One of its values."""
    checked = attributes(aria_checked=str(is_chosen).lower())
    return html.Button(label, id=id, role="radio", type="button", **checked)


def specs_of(
    dataset: object,
    n_latents: object,
    epochs: object,
    beta: object,
    seed: object,
    kept: object = None,
    n_seeds: object = SEEDS[0],
) -> list[ModelSpec]:
    """The trainings that the form asks for: of every N_z, apart by commas, as many seeds as are chosen.

    Raises:
        SpecError: A value cannot be used, or these would be too many models.
    """
    if n_seeds not in (None, *SEEDS):
        raise SpecError(f"The seeds must be {', '.join(SEEDS)} in all.")
    typed = str(n_latents).strip().strip(",").split(",") if n_latents else [n_latents]
    first = [spec_of(dataset, each, epochs, beta, seed, kept) for each in typed[: MOST + 1]]
    specs = [spec_with(spec, seed=spec.seed + i) for spec in first for i in range(int(str(n_seeds or SEEDS[0])))]
    if len(set(specs)) > MOST:
        raise SpecError(f"These would be more than {MOST} models. Ask for fewer at once.")
    return list(dict.fromkeys(specs))


def together(specs: Sequence[ModelSpec]) -> Training:
    """Models that are asked for together; a single one is no stack."""
    return tuple(specs) if len(specs) > 1 else specs[0]


def spec_with(spec: ModelSpec, **values: Any) -> ModelSpec:
    """A recipe with other values, checked.

    Raises:
        SpecError: They cannot be used.
    """
    return type(spec).from_dict(spec.to_dict() | values)


def spec_of(
    dataset: object, n_latent: object, epochs: object, beta: object, seed: object, kept: object = None
) -> ModelSpec:
    """The training that the form asks for; where no epochs are given, as many as people wait for."""
    read: dict[str, Any] = {item.name: checked(item).read for item in fields(ModelSpec)}
    usual = short_recipe(str(dataset), read["n_latent"]("N_z", str(n_latent).strip()))
    given = {"epochs": epochs, "beta": beta, "seed": seed}
    typed = {name: read[name](f"The {name}", str(value).strip()) for name, value in given.items() if value}
    spec = ModelSpec.from_dict(usual.to_dict() | typed)
    return with_snapshots(spec, epochs_of(str(kept), spec.epochs)) if kept else spec


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
