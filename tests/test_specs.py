import itertools
import json
from dataclasses import FrozenInstanceError, fields
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from core.schema import (
    Check,
    Choice,
    Integer,
    Integers,
    Link,
    Name,
    Packed,
    Rates,
    Real,
    Reals,
    Spec,
    SpecError,
    checked,
    key_of,
)
from core.specs import ClassifierSpec, GridSpec, InferenceSpec, ModelSpec, NoiseSweepSpec, RunFilmSpec

NEEDED: dict[type, dict[str, Any]] = {
    ModelSpec: {},
    ClassifierSpec: {},
    GridSpec: {},
    InferenceSpec: {"model": "m"},
    NoiseSweepSpec: {"model": "m"},
    RunFilmSpec: {"model": "m"},
}
FIELDS = [(spec, item.name) for spec in NEEDED for item in fields(spec)]
OPTIONAL = [(spec, name) for spec, name in FIELDS if name != "model"]
NEVER_RIGHT = [None, True, float("nan"), float("inf"), -float("inf"), "x" * 10_000, "", b"6", {}, [], [None], object()]
NEVER_RIGHT += ["\x00", "../../etc/passwd", -1, -0.5, 10**400, 1e308, "1; drop", ("nan",)]
NEVER_READ = ["x" * 10_000, "9" * 10_000, "nan", "inf", "1e999", "", "true", "-1", "\x00", "None", "[1]", "6 6", ",,,"]


def sentence(text: str) -> bool:
    return len(text) < 300 and "\n" not in text and text.endswith(".") and text[:1].strip() != ""


def allowed(check: Check) -> st.SearchStrategy[Any]:
    """Every value that a field's check admits."""
    match check:
        case Integer():
            return st.integers(check.low, check.high)
        case Real():
            return st.floats(check.low, check.high)
        case Choice():
            return st.sampled_from(check.words)
        case Name():
            return st.from_regex(check.pattern, fullmatch=True)
        case Link():
            pairs = st.sampled_from(["v=3", "p=0.1", "d=digits", "nz=10", "own=x_-9"])
            return st.lists(pairs, unique=True).map("&".join)
        case Packed():
            return st.from_regex(r"|[A-Za-z0-9_-]{11,1400}", fullmatch=True)
        case Rates():
            return st.lists(st.floats(1e-8, 1.0), min_size=1, max_size=10).map(tuple)
        case Reals():
            return st.lists(st.floats(check.low, check.high), min_size=1, max_size=50).map(tuple)
        case Integers():
            return st.lists(st.integers(check.low, check.high), min_size=1, max_size=50).map(tuple)


def specs() -> st.SearchStrategy[Spec]:
    return st.one_of([st.builds(s, **{item.name: allowed(checked(item)) for item in fields(s)}) for s in NEEDED])


@examples(max_examples=150, deadline=None)
@given(spec=specs())
def test_a_query_reads_back_as_the_same_spec(spec: Spec):
    again, notes = type(spec).from_query("?" + spec.to_query())
    assert again == spec
    assert notes == []
    assert again.key() == spec.key()


@examples(max_examples=60, deadline=None)
@given(spec=specs())
def test_a_spec_survives_json(spec: Spec):
    assert type(spec).from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_defaults_make_an_empty_query():
    assert ModelSpec().to_query() == ""
    assert InferenceSpec(model="m").to_query() == "model=m"


def test_equal_settings_have_one_key():
    assert InferenceSpec(model="m", noise=1).key() == InferenceSpec(model="m", noise=1.0).key()
    assert InferenceSpec(model="m", noise=-0.0).key() == InferenceSpec(model="m", noise=0.0).key()
    assert InferenceSpec(model="m", n_runs=300.0).key() == InferenceSpec(model="m").key()  # pyright: ignore[reportArgumentType]
    assert InferenceSpec(model="m", noise=0.1 + 0.2) == InferenceSpec(model="m", noise=0.3)
    assert ModelSpec(learning_rates=[1e-3, 1]) == ModelSpec(learning_rates=(1e-3, 1.0))  # pyright: ignore[reportArgumentType]


def test_different_settings_have_different_keys():
    different = [InferenceSpec(model="m"), InferenceSpec(model="n"), NoiseSweepSpec(model="m"), ModelSpec()]
    different += [InferenceSpec(model="m", noise=0.2001), InferenceSpec(model="m", seed=1)]
    assert len({spec.key() for spec in different}) == len(different)


def without_empty(spec: type, name: str, values: list[Any]) -> list[Any]:
    """The values but the empty text, where that means that there is no image."""
    is_packed = any(item.name == name and isinstance(checked(item), Packed) for item in fields(spec))
    return [value for value in values if value != "" or not is_packed]


@pytest.mark.parametrize(("spec", "name"), FIELDS)
def test_a_value_of_the_wrong_kind_is_refused_in_one_sentence(spec: type, name: str):
    for value in without_empty(spec, name, NEVER_RIGHT):
        with pytest.raises(SpecError) as error:
            spec(**(NEEDED[spec] | {name: value}))
        assert sentence(str(error.value)), str(error.value)
        assert name in str(error.value)


def test_a_number_too_long_to_print_is_refused_in_one_sentence():
    for values in ({"seed": 10**5000}, {"noise": -(10**5000)}, {"source": 10**5000}):
        with pytest.raises(SpecError) as error:
            InferenceSpec(model="m", **values)
        assert sentence(str(error.value))


@pytest.mark.parametrize(("spec", "name"), OPTIONAL)
def test_a_value_out_of_range_is_refused_and_the_bounds_are_allowed(spec: type, name: str):
    check = {item.name: checked(item) for item in fields(spec)}[name]
    if isinstance(check, Integer | Real):
        for bound, beyond in ((check.low, check.low - 1), (check.high, check.high + 1)):
            assert getattr(spec(**(NEEDED[spec] | {name: bound})), name) == bound
            with pytest.raises(SpecError):
                spec(**(NEEDED[spec] | {name: beyond}))


@pytest.mark.parametrize("rates", [(), (0.0,), (2.0,), (1e-3, float("nan")), (1e-3,) * 11, ("1e-3",), (True,)])
def test_bad_learning_rates_are_refused(rates: tuple[Any, ...]):
    with pytest.raises(SpecError, match="learning_rates"):
        ModelSpec(learning_rates=rates)


@pytest.mark.parametrize("numbers", [(), (0,), (513,), (2, True), (2, 2.5), ("2",), (2,) * 51])
def test_bad_latent_units_are_refused(numbers: tuple[Any, ...]):
    with pytest.raises(SpecError, match="n_latents"):
        GridSpec(n_latents=numbers)


def test_the_grid_of_the_paper_is_nine_trainings_of_every_n_latent():
    cells = GridSpec().cells
    assert len(set(cells)) == len(cells) == 9 * 9
    assert {cell.epochs for cell in cells} == {100}
    found = {(cell.learning_rates, cell.batch_size) for cell in cells if cell.n_latent == 14}
    assert found == set(itertools.product([(0.01,), (0.001,), (0.0001,)], [50, 100, 200]))


@pytest.mark.parametrize(("spec", "name"), OPTIONAL)
def test_a_bad_value_in_a_link_falls_back_with_one_note(spec: type[Spec], name: str):
    key = {item.name: key_of(item) for item in fields(spec)}[name]
    for text in without_empty(spec, name, NEVER_READ):
        read, notes = spec.from_query(urlencode({"model": "m", key: text}))
        assert read == spec(**NEEDED[spec])
        assert len(notes) == 1
        assert sentence(notes[0]), notes[0]


def test_every_bad_value_of_a_link_has_its_own_note():
    spec, notes = InferenceSpec.from_query("model=m&noise=2&label=x&n_runs=50")
    assert spec == InferenceSpec(model="m", n_runs=50)
    assert len(notes) == 2
    assert "noise" in notes[0] + notes[1]
    assert "label" in notes[0] + notes[1]


@pytest.mark.parametrize("query", ["", "model=", "model=Not+A+Name", "a=1&" * 3000])
def test_a_link_without_the_needed_model_is_refused_in_a_sentence(query: str):
    with pytest.raises(SpecError) as error:
        InferenceSpec.from_query(query)
    assert sentence(str(error.value))


@pytest.mark.parametrize("query", ["a=1&" * 3000, "&" * 50_000, "=" * 50_000, "%" * 30_000, "noise=%ff%fe&\udcff=1"])
def test_a_hostile_link_gives_the_defaults(query: str):
    assert ModelSpec.from_query(query)[0] == ModelSpec()


def test_unknown_names_are_ignored_in_links_and_refused_in_dictionaries():
    assert ModelSpec.from_query("utm_source=x&seed=3") == (ModelSpec(seed=3), [])
    with pytest.raises(SpecError, match="epoch"):
        ModelSpec.from_dict({"epoch": 3})
    with pytest.raises(SpecError) as error:
        ModelSpec.from_dict({"x" * 10_000: 3})
    assert sentence(str(error.value))


def test_a_dictionary_without_a_needed_value_is_refused_in_a_sentence():
    with pytest.raises(SpecError, match="model"):
        InferenceSpec.from_dict({"label": 3})


def test_specs_cannot_be_changed():
    spec = ModelSpec()
    with pytest.raises(FrozenInstanceError):
        spec.seed = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_a_sweep_covers_p_from_0_to_1():
    noises = NoiseSweepSpec(model="m").noises
    assert noises[0] == 0
    assert noises[-1] == 1
    assert len(noises) == 41
    assert all(b - a == pytest.approx(0.025) for a, b in itertools.pairwise(noises))
