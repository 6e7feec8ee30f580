"""What is looked at on the page of models: pictures, stages, two models compared; and the recipes of the form."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from safetensors.numpy import load_file

import app
from core import data, experiments
from core.computations import Computations
from core.library import Library
from core.model_card import ModelCard
from core.session import Session
from core.settings import Settings
from core.specs import ModelSpec, NoiseSweepSpec
from core.store import Model
from core.zoo import recipe
from dashboard.experiments import Experiments
from dashboard.hosting import Hosting
from dashboard.pages.models.comparison import FIELDS, differences, differing
from dashboard.pages.models.pictures import Pictures
from tests.idle_jobs import AskedJobs
from tests.served import NEVER, sentences
from tests.test_models import Hand

DIGITS = "digits-nz10-seed0"


class Unopened(Library):
    """Counts how often a model is opened."""

    opened = 0

    def load(self, id: str, device: torch.device) -> Model:
        self.opened += 1
        return super().load(id, device)


@pytest.fixture
def library(settings: Settings) -> Unopened:
    return Unopened(Library.of(settings.models).folders)


@pytest.fixture
def hand(settings: Settings, library: Unopened) -> Hand:
    jobs = AskedJobs(settings, library, Computations(calm=NEVER))
    return Hand(app.create_apps(Hosting(), jobs)[0].server.test_client())


def nodes(component: Any, kind: str) -> list[dict[str, Any]]:
    """The properties of all components of a kind in a tree."""
    if isinstance(component, list):
        return [inner for child in component for inner in nodes(child, kind)]
    if not isinstance(component, dict):
        return []
    props = component.get("props", {})
    own = [props] if component.get("type") == kind else []
    return own + nodes(props.get("children"), kind)


def words(component: Any) -> str:
    """The text of a component tree as it reads."""
    if isinstance(component, list):
        return "".join(words(child) for child in component)
    if isinstance(component, dict):
        return words(component.get("props", {}).get("children", ""))
    return str("" if component is None else component)


def greys(http: FlaskClient, address: str, n_labels: int = 10) -> np.ndarray:
    """The images of a picture: (labels, pixels), 0 to 255."""
    with http.get(address) as response:
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.mimetype == "image/png"
        picture = np.array(Image.open(io.BytesIO(response.data)))
    return np.stack([tile.ravel() for tile in np.hsplit(picture, n_labels)]).astype(float)


def decoded(path: Path, z: np.ndarray) -> np.ndarray:
    """What the decoder of a file makes of activity patterns, in NumPy."""
    file = {name: value.astype(np.float64) for name, value in load_file(path).items()}
    hidden = np.tanh(z @ file["decoder.hidden.weight"].T + file["decoder.hidden.bias"])
    return 1 / (1 + np.exp(-(hidden @ file["decoder.output.weight"].T + file["decoder.output.bias"])))


@pytest.mark.parametrize("id", [DIGITS, "fashion-nz10-seed0"])
def test_a_picture_shows_what_the_model_decodes(hand: Hand, root: Path, id: str):
    path = root / "models" / f"{id}.safetensors"
    file = load_file(path)
    concepts = decoded(path, file["concepts"].astype(float))
    assert np.abs(greys(hand.http, f"/models/pictures/{id}/concepts.png") - 255 * concepts).max() <= 0.51
    again = decoded(path, file["memories"][:, 0].astype(float))
    assert np.abs(greys(hand.http, f"/models/pictures/{id}/reconstructions.png") - 255 * again).max() <= 0.51


def test_training_images_are_those_of_the_memories_that_are_decoded(hand: Hand, root: Path):
    index = load_file(root / "models" / f"{DIGITS}.safetensors")["memory_index"][:, 0]
    images = data.load_dataset("digits", Path()).images[index]
    assert np.abs(greys(hand.http, f"/models/pictures/{DIGITS}/originals.png") - 255 * images).max() <= 0.51


def test_a_picture_is_kept_by_the_browser_under_the_name_of_its_weights_alone(
    hand: Hand, settings: Settings, write_model: Callable[..., Path]
):
    def shown(address: str) -> tuple[bytes, str]:
        with hand.http.get(f"/models/{address}") as response:
            return response.data, response.headers["Cache-Control"]

    write_model(settings.models / "mine.safetensors")
    first, *_ = nodes(looked_at(hand, "mine"), "Img")
    content, caching = shown(first["src"])
    assert "immutable" in caching
    assert shown(first["src"].partition("?")[0]) == (content, "no-cache")
    write_model(settings.models / "mine.safetensors", seed=1)  # trained anew under its name
    second, *_ = nodes(looked_at(hand, "mine"), "Img")
    assert second["src"] != first["src"]
    other, caching = shown(first["src"])
    assert (other != content, caching) == (True, "no-cache")
    assert "immutable" in shown(second["src"])[1]


class Counted(Pictures):
    """Notes which pictures are drawn."""

    def __init__(self, experiments: Experiments):
        super().__init__(experiments)
        self.drawn: list[str] = []

    def images(self, id: str, row: str) -> Any:
        self.drawn.append(row)
        return super().images(id, row)


def test_a_picture_is_drawn_once(settings: Settings, library: Unopened):
    server = Flask("test")
    pictures = Counted(Experiments.on(server, settings, library, Computations(calm=NEVER)))
    pictures.register(server, "/models/")
    for row in ("concepts", "reconstructions", "concepts"):
        greys(server.test_client(), f"/models/pictures/{DIGITS}/{row}.png")
    assert pictures.drawn == ["concepts", "reconstructions"]


def test_where_there_is_no_picture_a_sentence_says_why(
    hand: Hand, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "gone.safetensors").unlink()
    write_model(settings.models / "broken.safetensors").write_bytes(b"nothing")
    bad = torch.full((10, 3), float("nan"))
    write_model(settings.models / "not-finite.safetensors", replace={"concepts": bad})
    for address, reason in {
        "gone/concepts": "There is no model 'gone' here",
        "broken/concepts": "broken.safetensors",
        "not-finite/concepts": "not finite",
        f"{DIGITS}/anything": "A picture shows one of",
        "mnist-nz2-seed0/originals": "The training images are not on this machine",
        ".hidden/concepts": "There is no model",
        f"{'x' * 300}/concepts": "There is no model",
    }.items():
        with hand.http.get(f"/models/pictures/{address}.png") as response:
            assert (response.status_code, response.mimetype) == (404, "text/plain"), address
            assert reason in response.get_data(as_text=True)
            assert str(settings.models.parent) not in response.get_data(as_text=True)
            assert response.headers["Cache-Control"] == "no-store"


def test_no_model_is_opened_before_somebody_looks_at_it(hand: Hand, library: Unopened):
    assert hand.http.get("/models/_dash-layout").status_code == 200
    hand.poll()
    assert library.opened == 0
    looked_at(hand, DIGITS)
    assert library.opened > 0


def looked_at(hand: Hand, id: str) -> Any:
    """What unfolds below the row of a model."""
    response = hand.post("unfold", 1, of={"unfold": id}, state=("light",)).get_json()
    place = response["sideUpdate"][json.dumps({"view": id}, separators=(",", ":"))]
    assert place["hidden"] is False
    return place["children"]


def test_a_model_unfolds_and_folds_again_beside_others(hand: Hand):
    def press(id: str, *unfolded: object) -> tuple[bool, bool, str]:
        response = hand.post("unfold", 1, of={"unfold": id}, state=("light", list(unfolded))).get_json()
        place, button = (response["sideUpdate"][json.dumps({n: id}, separators=(",", ":"))] for n in ("view", "unfold"))
        return place["hidden"], "Loading" in json.dumps(place["children"]), button["aria-expanded"]

    assert press(DIGITS) == press(DIGITS, {"unfold": "mnist-nz2-seed0"}) == (False, False, "true")
    assert press(DIGITS, {"unfold": DIGITS}) == (True, True, "false")
    assert press(DIGITS, {"unfold": [DIGITS]}, {"unfold": {"a": 1}}, {"other": DIGITS}) == (False, False, "true")
    refused = hand.post("unfold", 1, of={"unfold": "nothing"})
    assert "no model" in sentences(refused)[0]
    assert refused.get_json()["sideUpdate"]['{"view":"nothing"}'] == {"hidden": True}


def test_what_is_unfolded_stays_when_the_table_is_drawn_anew(
    hand: Hand, settings: Settings, write_model: Callable[..., Path]
):
    seen = hand.press("second", state=(None, [{"unfold": DIGITS}]))
    (shown,) = [row for row in nodes(seen["table"]["children"], "Tr") if row.get("id") == {"view": DIGITS}]
    assert shown["hidden"] is False
    assert nodes(shown["children"], "Img")
    write_model(settings.models / "new.safetensors")
    unfolded = [{"unfold": DIGITS}, {"unfold": "deleted"}, {"unfold": [DIGITS]}]
    again = hand.press("second", state=(seen["seen"]["data"], unfolded))
    rows = {row["id"]["view"]: row["hidden"] for row in nodes(again["table"]["children"], "Tr") if row.get("id")}
    assert {id for id, is_hidden in rows.items() if not is_hidden} == {DIGITS}
    assert "new" in again["usable"]["data"]


def test_a_card_with_nothing_on_it_and_one_full_of_oddities_make_no_component_and_no_error(
    hand: Hand, settings: Settings, write_model: Callable[..., Path]
):
    def view_of(card: ModelCard) -> Any:
        write_model(settings.models / "odd.safetensors", seed=len(card.to_dict()), card=card)
        return looked_at(hand, "odd")

    empty = words(view_of(ModelCard()))
    assert "Trained on 8×8 digits" in empty
    assert not any(word in empty for word in ("None", "nan", "nats (", "are active"))
    assert "holds no history" in empty
    odd = ModelCard(
        test_negative_elbo=-1e9, test_kl=1e9, active_units=10**9, contribution_ratio=(0.0,), test_epochs=(0, 0),
        test_curve=(1e9, -1e9), machine="<script>1</script>",
    )  # fmt: skip
    view = view_of(odd)
    assert "script" not in json.dumps(view)
    assert (
        "1000000000 of 3 latent units are active; 1 direction holds 70 % and 1 direction holds 99 % of the variance"
        in words(view)
    )
    assert len(nodes(view, "Graph")) == 1


def test_the_stages_are_those_of_the_sweep_beside_the_model(hand: Hand, root: Path):
    file = load_file(root / "models" / "mnist-nz100-seed0.sweeps.safetensors")
    view = looked_at(hand, "mnist-nz100-seed0")
    bars = [each for each in nodes(view, "Div") if each.get("className") == "bar"]
    assert len(bars) == 2
    cell = 2 * 10 + 6  # cells: original and permuted, original and inverted, then decoded and permuted: label 6
    stages = file["minimum_distance"][cell].argmin(0)
    borders = [(i + 0.5) / 40 for i in range(40) if stages[i] != stages[i + 1]]
    pieces = bars[0]["children"]
    widths = np.array([each["props"]["style"]["flexGrow"] for each in pieces])
    of = [int(each["props"]["className"].split("stage-")[1][0]) for each in pieces]
    ends = np.cumsum(widths)[:-1]
    assert widths.sum() == pytest.approx(1, abs=1e-3)
    assert [end for end, a, b in zip(ends, of, of[1:], strict=False) if a != b] == pytest.approx(borders, abs=1e-3)
    assert of[0] == stages[0]
    assert "Permuted: I up to p = 0.21, II up to 0.41, then III" in words(view)
    assert "300 runs from images decoded from memories" in words(view)


def test_stages_that_are_not_computed_are_named_and_not_computed(
    hand: Hand, settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "mine.safetensors")
    text = words(looked_at(hand, "mine"))
    assert "For pixels permuted or inverted no stages of ‘6’ are computed here" in text
    spec = NoiseSweepSpec(model="mine", n_runs=12)
    session = Session.open(settings)
    session.result(experiments.noise_sweep, spec)  # as the explorer does
    text = words(looked_at(hand, "mine"))
    assert "Permuted:" in text
    assert "For pixels inverted no stages" in text
    partly = words(looked_at(hand, "mnist-nz100-seed4"))
    assert "For pixels inverted no stages of ‘6’" in partly


def test_pictures_are_named_after_the_labels_of_their_data_set(hand: Hand):
    tiles = nodes(looked_at(hand, "fashion-nz2-seed0"), "Img")
    assert [each["alt"] for each in tiles if "Concept" in each["alt"]][6] == "Concept of ‘Shirt’, fashion-nz2-seed0"
    places = [each["style"]["objectPosition"] for each in tiles if "Concept" in each["alt"]]
    assert (places[0], places[9]) == ("0% 0", "100% 0")
    assert float(places[6].partition("%")[0]) == pytest.approx(100 * 6 / 9, abs=0.1)


# two models


def asked(hand: Hand, choices: object) -> Any:
    response = hand.post("choices", choices)
    assert response.status_code in (200, 204)
    return (response.get_json(silent=True) or {}).get("response", {}).get("compared", {}).get("children")


def test_all_that_two_recipes_differ_in_is_named():
    assert set(FIELDS) == set(ModelSpec().to_dict())
    a, b = recipe("mnist", 100), recipe("mnist", 2, seed=1, beta=1.5)
    assert differing(a, b) == {"N_z": ("100", "2"), "β": ("1", "1.5"), "seed": ("0", "1")}
    assert differences(a, b) == (
        "They differ in N_z (A 100, B 2), β (A 1, B 1.5) and seed (A 0, B 1); all else in their recipes is the same."
    )
    assert "recipes are the same" in differences(a, a)
    others = ModelSpec(
        dataset="digits", n_latent=3, n_hidden=5, epochs=7, batch_size=9, n_samples=1, learning_rates=(1e-3, 1e-5),
        beta=4, binarize="sample", seed=8, precision="float32", initialisation="torch",
    )  # fmt: skip
    assert set(differing(a, others)) == set(FIELDS.values())
    assert differing(a, others)["learning rates"] == ("0.0005 / 0.0001 / 5e-05", "0.001 / 1e-05")


def test_two_models_are_compared(hand: Hand):
    view = asked(hand, {"first": "digits-nz2-seed0", "second": DIGITS})
    text = words(view)
    assert "They differ in N_z (A 2, B 10); all else in their recipes is the same." in text
    assert "A test image costs model B 0.9 nats less than model A." in text
    rows = [words(each["children"][0]).strip() for each in nodes(view, "Tr") if each["children"]]
    assert rows.count("Concept, A") == rows.count("Concept, B") == 2
    assert rows.count("Training image") == 2  # the same images for both
    metrics = {
        words(each["children"][0]).strip(): [words(c) for c in each["children"][1:]] for each in nodes(view, "Tr")
    }
    assert metrics["Test −ELBO, nats"] == ["25.0", "24.1"]
    assert metrics["Active units"] == ["2 of 2", "6 of 10"]
    (graph,) = nodes(view, "Graph")
    assert [note["text"] for note in graph["figure"]["layout"]["annotations"]] == ["A", "B"]


def test_models_of_other_images_stand_beside_each_other_without_a_common_scale(hand: Hand):
    view = asked(hand, {"first": "fashion-nz100-seed0", "second": "mnist-nz100-seed0"})
    text = words(view)
    assert "They differ in data set (A Fashion, B MNIST)" in text
    assert "cannot be compared: it is that of images of different data sets" in text
    assert len(nodes(view, "Graph")) == 2
    heads = [[words(cell["children"]) for cell in nodes(head["children"], "Th")] for head in nodes(view, "Thead")]
    assert [row[0] for row in heads[1:]] == ["T-shirt", "Sandal", "0", "5"]  # behind those of what was measured
    alts = [each["alt"] for each in nodes(view, "Img")]
    assert "Concept of ‘Shirt’, fashion-nz100-seed0" in alts
    assert "Concept of ‘6’, mnist-nz100-seed0" in alts


def test_a_comparison_that_cannot_be_made_says_so(hand: Hand):
    for choices in ({}, {"first": DIGITS}, {"first": DIGITS, "second": ""}, {"first": [1], "second": {"a": 2}}):
        assert "Choose two models" in words(asked(hand, choices))
    for odd in (None, 7, [DIGITS, DIGITS]):
        assert asked(hand, odd) is None
    (sentence,) = sentences(hand.post("choices", {"first": DIGITS, "second": "../../app"}))
    assert "There is no model" in sentence
    same = words(asked(hand, {"first": DIGITS, "second": DIGITS}))
    assert "Their recipes are the same" in same
    assert "costs both the same number of nats" in same
