"""The state of the screen: one typed object, written to and read from the address in one place; and its widgets.

A widget is plain HTML that names its field (`data-field`); widgets.js binds it to the state. There is no other list of
fields than `ScreenState`.
"""

from dataclasses import dataclass, fields
from typing import Any

from dash import html

from core.schema import Choice, Integer, Link, Name, Packed, Real, Spec, key_of, setting
from core.specs import BASES, DATASETS, N_LABELS, NOISE_KINDS, SOURCES, InferenceSpec, NoiseSweepSpec
from dashboard.languages import catalogues
from dashboard.terms import terms

BESIDE = ("a", "t", "speed", "theme", "curves", "view", "tour", "show", "lang")
"""Keys that a pinned screen has in common with the one beside it, or never has."""
REFERENCE_RUNS = 300  # runs of the shipped sweeps, and of the explorer unless told otherwise


@dataclass(frozen=True)
class ScreenState(Spec):
    """Everything the address holds: what is computed, and what is only view (from `t` on).

    The first screen shows the paper's result: runs of '6' at p = 0.3 are in stage II, with stage I to the left and III
    to the right, from original and from decoded images; the run of image 40 passes its concept half way from both.
    """

    v: str = setting(Choice(("3",)), "3", help="version of the links; see links.py for those before")
    dataset: str = setting(Choice(DATASETS), "mnist", key="d")
    n_latent: int = setting(Integer(1, 512), 100, key="nz")
    beta: float = setting(Real(0, 100), 1.0)
    model: str = setting(Name(r"|[a-z0-9][a-z0-9-]{0,63}"), "")
    source: str = setting(Choice(("auto", *SOURCES)), "auto", key="src")
    label: int = setting(Integer(0, N_LABELS - 1), 6)
    sample: int = setting(Integer(0, 499), 40, key="i")
    own: str = setting(Packed(), "")
    covered: str = setting(Packed(), "")
    damage_step: int = setting(Integer(0, 200), 0, key="dt")
    damage_noise: float = setting(Real(0, 1), 0.0, key="dp")
    noise: float = setting(Real(0, 1), 0.3, key="p")
    noise_kind: str = setting(Choice(NOISE_KINDS), "permute", key="kind")
    n_runs: int = setting(Integer(10, 500), REFERENCE_RUNS, key="runs")
    n_steps: int = setting(Integer(5, 200), 60, key="T")
    window: int = setting(Integer(0, 30), 5)
    basis: str = setting(Choice(BASES), "fixed", key="pca")
    seed: int = setting(Integer(0, 2**31 - 1), 0)
    t: int = setting(Integer(0, 200), 60)
    speed: str = setting(Choice(("0.25", "0.5", "1", "2", "4")), "1")
    theme: str = setting(Choice(("auto", "light", "dark")), "auto")
    curves: str = setting(Choice(("points", "all")), "points")
    view: str = setting(Choice(("landmark", "plane")), "landmark", help="the plane that a narrow screen shows")
    tour: str = setting(Name(r"|[a-z0-9][a-z0-9-]{0,63}"), "", help="the stop of the guided tour")
    language: str = setting(Choice(("", *catalogues())), "", key="lang", help="empty: the browser's")
    presented: str = setting(Name(r"[lpndis]{0,4}"), "", key="show", help="panels of presenter mode; empty: the page")
    pinned: str = setting(Link(BESIDE), "", key="a", help="the screen that this one is compared with, as its link")

    def inference_spec(self, model: str, source: str) -> InferenceSpec:
        """The experiment that the screen shows, on the model and source that were found for it."""
        shared = {f.name: getattr(self, f.name) for f in fields(InferenceSpec) if f.name not in ("model", "source")}
        return InferenceSpec(model=model, source=source, **shared)


def sweep_spec(spec: InferenceSpec, n_runs: int) -> NoiseSweepSpec:
    """The sweep that the stage chart shows: the reference ensemble of the same model, label, kind and source."""
    return NoiseSweepSpec(
        model=spec.model, source=spec.source, label=spec.label, noise_kind=spec.noise_kind, n_runs=n_runs
    )


def field_list() -> list[dict[str, Any]]:
    """The fields as the browser needs them: name, short key, default."""
    return [{"name": f.name, "key": key_of(f), "default": f.default} for f in fields(ScreenState)]


def attributes(**named: str) -> dict[str, Any]:
    """HTML attributes whose names have a hyphen: aria_label stands for aria-label."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def slider(
    field: str, label: str, low: float, high: float, step: float, *beside: Any, class_name: str = ""
) -> html.Div:
    """A native range input with its value beside the label, and between them what else belongs there."""
    return _widget(
        field, "slider", label, [html.Div(className="input")], class_name, *beside, **_bounds(low, high, step)
    )


def steps(field: str, label: str) -> html.Div:
    """A slider over the values that there are; the server names them."""
    return _widget(field, "steps", label, [html.Div(className="input")], "")


def ages(label: str) -> html.Div:
    """A slider over the ages of a model that were kept; it sets the model."""
    head = html.Div([html.Span(terms(label), className="name"), html.Span(className="value")], className="head")
    return html.Div([head, html.Div(className="input")], id="ages", hidden=True)


def number(field: str, label: str, low: int, high: int) -> html.Div:
    """A number that is stepped or typed."""
    return _widget(field, "number", label, [html.Div(className="input")], "", **_bounds(low, high, 1))


def choices(field: str, label: str, options: dict[str, str], *, class_name: str = "") -> html.Div:
    """One of a few words: a group of radio buttons."""
    return _widget(field, "choice", label, [radio_group(label, options)], class_name)


def radio_group(label: str, options: dict[str, str], chosen: str = "", **more: Any) -> html.Div:
    """Radio buttons by their values; which of them is chosen, the page says later where it is not known here."""
    buttons = [
        html.Button(
            text, role="radio", type="button", **attributes(data_value=value, aria_checked=str(value == chosen).lower())
        )
        for value, text in options.items()
    ]
    return html.Div(buttons, role="radiogroup", className="choices", **attributes(aria_label=label), **more)


def _bounds(low: float, high: float, step: float) -> dict[str, Any]:
    return attributes(data_low=str(low), data_high=str(high), data_step=str(step))


def _widget(
    field: str, kind: str, label: str, children: list[Any], class_name: str, *beside: Any, **more: Any
) -> html.Div:
    name, value = html.Span(terms(label), className="name"), html.Span(className="value")
    head = html.Div([name, *beside, value], className="head")
    names = attributes(data_field=field, data_kind=kind, data_label=label)
    return html.Div([head, *children], className=f"widget {class_name}".strip(), **names, **more)
