"""The state of the screen, its links, and that layout, scripts and state name the same things."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from dash import Dash
from dash.development.base_component import Component
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.schema import Integer, Name, Real, checked, key_of
from core.specs import EmbeddingSpec, InferenceSpec, RunFilmSpec
from dashboard import controls
from dashboard.controls import ScreenState
from dashboard.pages.explore.callbacks import ROUTES
from tests.conftest import settings_in
from tests.served import create_app
from tests.test_specs import allowed

FIELDS = {item.name: item for item in fields(ScreenState)}
NUMBERS = ["nan", "inf", "-1", "1e99", "x", "", "6 6", "true", "[1]", "\x00"]
WORDS = ["X", "../x", "None", "\x00", "é", "a b", "-a"]


def states() -> st.SearchStrategy[ScreenState]:
    return st.builds(ScreenState, **{name: allowed(checked(item)) for name, item in FIELDS.items()})


@examples(max_examples=200, deadline=None)
@given(state=states())
def test_a_link_restores_the_screen_exactly(state: ScreenState):
    again, notes = ScreenState.from_query(state.to_query())
    assert (again, notes) == (state, [])


@pytest.mark.parametrize("seed", [999_999_999, 1_000_000_000, 2**31 - 1])
def test_every_seed_has_a_link(seed: int):
    state = ScreenState(seed=seed)
    assert ScreenState.from_query(state.to_query()) == (state, [])


def bad_values(name: str) -> list[str]:
    check = checked(FIELDS[name])
    beyond = [str(check.low - 1), str(check.high + 1)] if isinstance(check, Integer | Real) else []
    empty_is_fine = isinstance(check, Name)
    words = [*beyond, "x" * 10_000, *(NUMBERS if isinstance(check, Integer | Real) else WORDS)]
    return [word for word in words if word or not empty_is_fine]


@pytest.mark.parametrize("name", FIELDS)
def test_a_bad_value_in_a_link_falls_back_with_one_short_sentence(name: str):
    for bad in bad_values(name):
        link = urlencode({key_of(FIELDS[name]): bad, "curves": "all"} if name != "curves" else {"curves": bad})
        state, notes = ScreenState.from_query(link)
        assert getattr(state, name) == FIELDS[name].default, bad
        assert len(notes) == 1, bad
        assert len(notes[0]) < 250
        assert name in notes[0]
        assert "default" in notes[0]
        if name != "curves":
            assert state.curves == "all"  # the others are not lost with it


@examples(max_examples=200, deadline=None)
@given(text=st.text(max_size=300), pairs=st.dictionaries(st.sampled_from([*FIELDS, "p", "d", "nz"]), st.text()))
def test_whatever_stands_in_the_address_a_state_comes_out(text: str, pairs: dict[str, str]):
    link = quote(text, safe="&=?%", errors="replace") + "&" + urlencode(pairs, errors="replace")
    state, notes = ScreenState.from_query(link)
    assert ScreenState.from_dict(state.to_dict()) == state
    assert all(len(note) < 250 for note in notes)


def test_a_huge_address_is_read_in_part():
    state, notes = ScreenState.from_query("p=0.5&" + "&".join(f"k{i}=1" for i in range(5000)))
    assert state.noise in (0.5, ScreenState().noise)
    assert len(notes) <= 1


def test_the_list_of_fields_is_that_of_the_state():
    listed = controls.field_list()
    assert [f["name"] for f in listed] == list(FIELDS)
    assert [f["default"] for f in listed] == [item.default for item in FIELDS.values()]
    assert len({f["key"] for f in listed}) == len(listed)
    json.dumps(listed)
    assert ScreenState(**{f["name"]: f["default"] for f in listed}) == ScreenState()


def test_the_experiment_has_every_setting_of_the_screen():
    state = ScreenState(noise=0.7, n_steps=9, label=3, seed=5, basis="fixed", window=1, n_runs=20, sample=4)
    spec = state.inference_spec("m", "decoded")
    assert (spec.model, spec.source) == ("m", "decoded")
    rest = {item.name for item in fields(InferenceSpec)} - {"model", "source"}
    assert all(getattr(spec, name) == getattr(state, name) for name in rest)


def test_the_sweep_does_not_depend_on_what_the_reference_has_not():
    one = ScreenState(noise=0.1, n_steps=9, seed=5, n_runs=20).inference_spec("m", "decoded")
    two = ScreenState().inference_spec("m", "decoded")
    assert controls.sweep_spec(one, 300) == controls.sweep_spec(two, 300)


# The layout, and the scripts that bind to it


def walk(component: Any) -> Iterator[Component]:
    """Every component of a layout."""
    if isinstance(component, Component):
        yield component
        component = getattr(component, "children", None)
    if isinstance(component, Component):
        yield from walk(component)
    elif isinstance(component, list | tuple):
        for child in component:
            yield from walk(child)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Dash:
    return create_app(settings_in(tmp_path_factory.mktemp("layout")))


@pytest.fixture(scope="module")
def parts(app: Dash) -> list[Component]:
    return list(walk(app.layout()))


@pytest.fixture(scope="module")
def ids(parts: list[Component]) -> list[str]:
    return [part.id for part in parts if getattr(part, "id", None)]


@pytest.fixture(scope="module")
def scripts(root: Path) -> str:
    """Those of the explorer."""
    paths = sorted((root / "assets" / "explorer").glob("*.js"))
    return "\n".join(path.read_text() for path in paths if path.name != "models.js")


def attribute(part: Component, name: str) -> Any:
    return part.to_plotly_json()["props"].get(name)


def test_every_widget_names_a_field(parts: list[Component]):
    named = [attribute(part, "data-field") for part in parts if attribute(part, "data-field")]
    assert set(named) <= set(FIELDS)
    assert sorted(named) == sorted([*set(named), "noise"])  # p has a second slider, beside the charts of a phone
    assert {"dataset", "n_latent", "label", "sample", "noise", "noise_kind", "seed"} <= set(named)


def test_every_choice_of_a_widget_is_allowed(parts: list[Component]):
    for widget in (part for part in parts if attribute(part, "data-field")):
        item = FIELDS[attribute(widget, "data-field")]
        for button in (part for part in walk(widget) if attribute(part, "data-value") is not None):
            checked(item).read(item.name, attribute(button, "data-value"))


def test_the_bounds_of_a_widget_are_allowed(parts: list[Component]):
    for widget in (part for part in parts if attribute(part, "data-low") is not None):
        item = FIELDS[attribute(widget, "data-field")]
        for bound in ("data-low", "data-high"):
            checked(item).read(item.name, attribute(widget, bound))


def test_ids_are_unique(ids: list[str]):
    assert len(set(ids)) == len(ids)


PANELS = ("plane", "landmark", "nearest", "curves", "stage")


def expanded(name: str) -> set[str]:
    """The ids that a selector with a `${name}` or `${view}` in it can mean."""
    known = {"${name}": PANELS, "${view}": PANELS[:2], "${i}": ("0", "1", "2")}
    for variable, values in known.items():
        if variable in name:
            return {name.replace(variable, value) for value in values}
    return {name}


ELSEWHERE = {
    "train-n",
    "frame-code",
    "lesson-name",
    "lesson-seconds",
    "lesson-link",
    "live-link",
    "drawn",
    "figure-stem",
    "movie-panel",
}  # made by the scripts, or on the page of the paper
ELSEWHERE |= {"saved", "answers", "unanswered"}  # in the HTML frame, or in that of a saved file


def test_every_id_that_the_scripts_use_is_in_the_layout(scripts: str, ids: list[str]):
    raw = set(re.findall(r"""(?<!import)[$(]\(?\s*["'`]#([A-Za-z$][\w${}-]*)""", scripts))
    raw |= set(re.findall(r"""querySelector(?:All)?\(["'`]#([A-Za-z$][\w${}-]*)""", scripts))
    used = set().union(*map(expanded, raw))
    painted = re.findall(r'\bpaint\(\s*"(\w+)"', scripts)
    used |= {f"{name}-{part}" for name in painted for part in ("canvas", "plot")}
    used |= {f"{name}-graph" for name in re.findall(r'\bdrawAxes\("(\w+)"', scripts)}
    for names in re.findall(r"""\bsaysOn\(([^)]*)\)""", scripts):
        used |= {f"{name}-wait" for name in re.findall(r'"(\w+)"', names)}
    assert {name for name in used - ELSEWHERE if name not in ids} == set()
    assert len(used) > 45


def test_every_question_of_the_scripts_has_a_store_and_the_other_way_round(scripts: str, ids: list[str]):
    routes = set(re.findall(r'\baddRoute\("(\w+)"', scripts)) | set(re.findall(r'\bpost\("(\w+)"', scripts))
    assert routes == {name.removeprefix("ask-") for name in ids if name.startswith("ask-")} == set(ROUTES)


SCOPES = {  # what an answer depends on but p, as its spec in Python says
    "ensembleScope": {item.name for item in fields(EmbeddingSpec)} - {"model", "noise"},
    "runScope": {item.name for item in fields(RunFilmSpec)} - {"model", "noises", "n_runs"},  # the same among more runs
    "sweepScope": {"source", "label", "noise_kind"},  # the rest of it is the reference's, see controls.sweep_spec
}


@pytest.mark.parametrize("name", SCOPES)
def test_a_film_is_of_all_that_its_spec_depends_on(scripts: str, name: str):
    begin = rf"function {name}\(.*?\) \{{\n  const \{{ (.*?) \}} = screen\.state;\n"
    scope = re.search(begin + r"((?:.*\n)?  return \[.*?\])\.join", scripts)
    assert scope
    assert set(scope[1].split(", ")) == SCOPES[name]
    assert set(re.findall(r"\w+", scope[2])) >= SCOPES[name] | {"screen", "model"}


def test_another_model_is_asked_for_with_every_field_that_chooses_it(scripts: str):
    key = re.search(r"function settleKey\(\) \{\n  const \{ (.*?) \} = screen\.state;", scripts)
    assert key
    assert set(key[1].split(", ")) == {"dataset", "n_latent", "beta", "model", "source"}


def test_every_field_of_the_state_is_known_to_the_scripts(root: Path):
    types = (root / "assets" / "explorer" / "types.d.ts").read_text()
    state = re.search(r"type State = \{(.*?)\};", types, re.DOTALL)
    assert state
    assert set(re.findall(r"(\w+)\??:", state[1])) == set(FIELDS)


def test_every_function_that_dash_calls_is_in_the_scripts(app: Dash, scripts: str):
    called = re.findall(r"\blatent\.(\w+)", " ".join(map(str, app._inline_scripts)))
    named = [each["clientside_function"] or {} for each in app._callback_list]
    called += [each["function_name"] for each in named if each.get("namespace") == "latent"]
    functions = scripts[scripts.index("dash_clientside.latent = {") :]
    assert {"begin", "notice"} <= set(called)
    for name in called:
        assert re.search(rf"\n  {name}[(:,]", functions), name


def test_every_callback_names_components_of_the_layout(app: Dash, ids: list[str]):
    named = {place["id"] for c in app._callback_list for place in [*c["inputs"], *c["state"]]}
    named |= {o.rsplit(".", 1)[0] for c in app._callback_list for o in c["output"].strip(".").split("...") if "." in o}
    assert named - set(ids) == set()


def test_every_button_and_group_has_a_name(parts: list[Component]):
    for part in parts:
        kind = type(part).__name__
        if kind == "Button" and attribute(part, "role") != "radio":
            assert attribute(part, "aria-label") or part.children, part
        if attribute(part, "role") in ("radiogroup", "img"):
            assert attribute(part, "aria-label"), part
