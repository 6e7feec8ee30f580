"""Model cards: what is shipped is read as it is, and nothing comes out of any card but numbers and short strings."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import IMAGE_SHAPES, LABEL_NAMES
from core.model_card import Card, ClassifierCard, ModelCard, SeriesCard, measured
from core.schema import SpecError
from core.store import SHIPPED

OTHERS = Path(os.environ.get("LT_ZOO") or SHIPPED.parent.parent / "shared" / "zoo")
PATHS = [
    path for folder in (SHIPPED, OTHERS) for path in sorted(folder.glob("*.safetensors")) if ".sweeps" not in path.name
]
DIGITS: Any = {"image_shape": IMAGE_SHAPES["digits"], "label_names": LABEL_NAMES["digits"]}
NAMES = [*ModelCard.__dataclass_fields__, *ClassifierCard.__dataclass_fields__]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@pytest.mark.parametrize("path", PATHS, ids=[f"{path.parent.name}-{path.stem}" for path in PATHS])
def test_the_cards_of_all_our_files_are_read_as_they_are(path: Path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    kinds = {"classifier": ClassifierCard, "series of snapshots": SeriesCard}
    kind = kinds.get(metadata.get("kind"), ModelCard)
    values, dataset = json.loads(metadata["card"]), json.loads(metadata["spec"])["dataset"]
    card = kind.read(values, image_shape=IMAGE_SHAPES[dataset], label_names=LABEL_NAMES[dataset])
    assert json.loads(json.dumps(card.to_dict())) == values


def test_what_a_file_does_not_give_is_none():
    assert ModelCard.read({}, **DIGITS) == ModelCard()
    assert ModelCard().to_dict() == {}
    assert ModelCard().history == ((), ())


def test_names_of_another_version_are_left_out():
    assert ModelCard.read({"test_kl": 3, "test_fid": 4}, **DIGITS) == ModelCard(test_kl=3.0)


def is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(is_plain(part) for part in value)
    return (
        value is None
        or (type(value) in (int, float) and abs(value) <= 1e9)
        or (type(value) is str and len(value) <= 200)
    )


@settings(max_examples=300, deadline=None)
@given(
    values=st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=3),
    kind=st.sampled_from([ModelCard, ClassifierCard]),
)
def test_any_card_is_plain_or_refused_in_a_sentence(values: dict[str, Any], kind: type[Card]):
    said = ""
    try:
        assert all(is_plain(value) for value in vars(kind.read(values, **DIGITS)).values())
    except SpecError as error:
        said = str(error)
    assert len(said) < 200
    assert said.isprintable()


def test_a_record_of_numbers_cannot_be_made_of_others():
    wrongs: list[Any] = [10**400, float("nan"), float("inf"), True, "3", [3], {"a": 1}]
    for wrong in wrongs:
        for name in ("test_negative_elbo", "active_units"):
            with pytest.raises(SpecError, match=name):
                ModelCard.read({name: wrong}, **DIGITS)


def test_what_is_not_finite_is_left_out_where_a_card_is_written():
    assert (measured(1.23456, 2), measured(float("nan"), 2)) == (1.23, None)
