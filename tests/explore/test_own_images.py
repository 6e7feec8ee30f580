"""Pictures that visitors send, and the runs that start from what they become."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import create_app
from core.computations import BusyError, Computations
from core.packed_images import LEVELS, packed_image, packed_mask, unpacked_image
from core.settings import Settings
from dashboard.pages.explore.callbacks import ExplorePage
from tests.explore.conftest import QUICK, Question
from tests.served import NEVER, own_cache
from tests.test_decode import in_browser
from tests.test_own_image import drawn, moving, png

OWN = packed_image(np.random.default_rng(2).integers(0, LEVELS + 1, 64).astype(np.uint8))
OF_MNIST = packed_image(np.zeros(784, np.uint8))


@pytest.fixture
def http(trained: tuple[Settings, str], tmp_path: Path) -> Any:
    return create_app(own_cache(trained[0], tmp_path)).server.test_client()


@pytest.mark.parametrize(("dataset", "n_pixels"), [("digits", 64), ("mnist", 784), ("fashion", 784)])
def test_a_picture_becomes_an_image_of_the_data_set_with_a_label(http: Any, dataset: str, n_pixels: int):
    reply = http.post(f"/own-image/{dataset}", data=png(drawn()))
    assert reply.status_code == 200
    answer = json.loads(reply.data)
    assert unpacked_image(answer["own"], n_pixels).max() == 1
    assert len(answer["label_probabilities"]) == 10
    assert answer["label"] == int(np.argmax(answer["label_probabilities"]))


@pytest.mark.parametrize(("content", "words"), [(b"words", "no picture"), (moving(), "moves"), (b"", "no picture")])
def test_what_is_no_picture_is_refused_in_a_sentence(http: Any, content: bytes, words: str):
    reply = http.post("/own-image/mnist", data=content)
    assert reply.status_code == 400
    assert reply.mimetype == "text/plain"
    assert words in reply.text


def test_a_large_file_is_refused_before_it_is_read(http: Any):
    reply = http.post("/own-image/mnist", data=bytes(10_000_002))
    assert (reply.status_code, reply.mimetype) == (413, "text/plain")
    assert "Choose a smaller file" in reply.text
    assert (
        http.post("/own-image/mnist", data=png(drawn()) + bytes(3_000_000)).status_code == 200
    )  # more than a question


def test_where_the_queue_is_full_a_picture_is_busy_and_not_unpacked(trained: tuple[Settings, str], tmp_path: Path):
    class Full(Computations):
        def wait_for(self, *_: Any, **__: Any) -> Any:
            raise BusyError(12)

    http = create_app(own_cache(trained[0], tmp_path), computations=Full(calm=NEVER)).server.test_client()
    reply = http.post("/own-image/mnist", data=png(drawn()))
    assert (reply.status_code, reply.text) == (503, "The server is busy: 12 before you.")
    assert int(reply.headers["Retry-After"]) > 0


def test_there_is_no_such_data_set(http: Any):
    assert http.post("/own-image/letters", data=png(drawn())).status_code == 404


def test_a_run_starts_from_the_image_of_the_link(page: ExplorePage, question: Question):
    reply = page.run(question(f"{QUICK}&own={OWN}"))
    assert in_browser("nibbles", reply["clean"]) == in_browser("unpackedImage", OWN, 64)
    assert "an image of your own" in reply["captions"][0]
    assert reply["clean"] != page.run(question(QUICK))["clean"]


def test_the_future_without_damage_is_asked_for_beside_the_run(page: ExplorePage, question: Question):
    damaged, plain = page.run(question(f"{QUICK}&dt=3&dp=0.6")), page.undamaged(question(QUICK))
    assert "damaged again at t = 3, p = 0.6" in damaged["captions"][0]
    assert damaged["images"] != plain["images"]
    assert damaged["clean"] == plain["clean"]
    assert plain["images"] == page.run(question(QUICK))["images"]


def test_a_damage_after_the_last_step_is_none_and_stays_what_it_was(page: ExplorePage, question: Question):
    late = f"{QUICK}&dt=60&dp=0.6"
    assert page.run(question(late))["images"] == page.run(question(QUICK))["images"]
    assert page.open_model(question(late, changed="x"))["state"]["damage_step"] == 60


@pytest.mark.parametrize(
    ("field", "value"), [("own", OF_MNIST), ("covered", packed_mask(np.ones(784, bool)))], ids=["own", "covered"]
)
def test_an_image_that_the_model_cannot_take_is_left_out_with_a_note(
    page: ExplorePage, question: Question, field: str, value: str
):
    reply = page.open_model(question(f"d=digits&nz=4&{field}={value}", changed="x"))
    assert reply["state"][field] == ""
    assert [note for note in reply["notes"] if "64 pixels of this model. Draw it anew" in note]
    kept = page.open_model(question(f"d=digits&nz=4&own={OWN}", changed="x"))
    assert (kept["state"]["own"], kept["notes"]) == (OWN, [])
