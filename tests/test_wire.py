"""Results as typed arrays and sprites: small, and what comes out is what went in."""

import base64
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import brotli
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image
from plotly.io._json import to_json_plotly

from core import experiments
from core.results import FilmFrame
from core.session import Session
from core.settings import Settings
from core.specs import EmbeddingSpec, RunFilmSpec
from core.store import SHIPPED
from dashboard import wire
from tests.conftest import settings_in
from tests.synthetic import (
    LATENT,
    RUNS,
    SHAPE,
    STEPS,
    make_cloud,
    make_fixed_plane,
    make_frame,
    make_run_film,
    make_space,
    make_sweep,
)


def opened(sent: Mapping[str, Any]) -> np.ndarray:
    """What decode.js makes of an array."""
    if "f32" in sent:
        return np.frombuffer(base64.urlsafe_b64decode(sent["f32"]), "<f4").reshape(sent["shape"])
    low, high = np.frombuffer(base64.urlsafe_b64decode(sent["u16"]), np.uint8).reshape(2, -1).astype(int)
    whole = (low + 256 * high).reshape(sent["shape"]).cumsum(0) % 2**16
    return sent["low"] + (sent["high"] - sent["low"]) / sent["levels"] * whole


def received(payload: object) -> Any:
    """What the browser reads of what Dash writes."""
    return json.loads(str(to_json_plotly(payload)))


def unzigzag(number: int) -> int:
    """0, 1, 2, 3, ... as 0, -1, 1, -2, ..."""
    return number // 2 if number % 2 == 0 else -(number // 2) - 1


def unpacked(text: str, n_steps: int, letters: str, modulus: int) -> np.ndarray:
    """Series of whole numbers (series, steps), each number from the one before it, letter by letter."""
    assert len(text) % n_steps == 0
    series = []
    for start in range(0, len(text), n_steps):
        codes = [letters.index(letter) for letter in text[start : start + n_steps]]
        values = codes[:1]
        for code in codes[1:]:
            values.append((values[-1] + unzigzag(code)) % modulus)
        series.append(values)
    return np.array(series)


LETTERS_A_TO_P = "ABCDEFGHIJKLMNOP"


def placed(sent: dict[str, Any], steps: int = STEPS) -> np.ndarray:
    """Positions (steps, runs, 2) of a plane."""
    whole = unpacked(sent["u8"], steps, wire.ALPHABET, 256).reshape(-1, 2, steps).transpose(2, 0, 1)
    low, high = np.array(sent["low"]), np.array(sent["high"])
    return low + (high - low) * whole / sent["levels"]


def steps_off(sent: Mapping[str, Any], values: np.ndarray) -> float:
    """How wide a step of an array is, as a share of its extent: twice the largest error of many values."""
    return 2 * float(np.abs(opened(sent) - values).max() / np.ptp(values))


def shades(images: np.ndarray) -> np.ndarray:
    """The nearest of the grey levels that are sent, as 8-bit numbers."""
    levels = np.linspace(0, 255, 32)
    return np.rint(levels[np.abs(images[..., None] * 255 - levels).argmin(-1)])


def tiles_of(content: str, count: int, shape: tuple[int, int]) -> np.ndarray:
    """The images of a sprite."""
    picture = Image.open(io.BytesIO(base64.urlsafe_b64decode(content)))
    assert (picture.mode, picture.size) == ("L", (count * shape[1], shape[0]))
    return np.stack(np.hsplit(np.asarray(picture), count)).reshape(count, -1)


arrays = st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=40).map(lambda x: np.array(x, np.float32) / 1000)


@examples(max_examples=200, deadline=None)
@given(values=arrays)
def test_quantised_values_are_off_by_half_a_step_at_most(values: np.ndarray):
    spread = float(values.max()) - float(values.min())
    error = np.abs(opened(wire.quantised(values, 65535)) - values)
    assert error.max() <= 0.51 * spread / 65535 + 1e-6 * np.abs(values).max() + 1e-12


@examples(max_examples=100, deadline=None)
@given(values=arrays)
def test_exact_values_come_back_as_they_were(values: np.ndarray):
    np.testing.assert_array_equal(opened(wire.exact(values)), values)


def test_an_array_keeps_its_shape_and_order():
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1)
    for pack in (lambda array: wire.quantised(array, 65535), wire.exact):
        np.testing.assert_allclose(opened(pack(values)), values, atol=1e-3)


def test_a_sprite_holds_the_images():
    images = np.random.default_rng(0).random((5, 12), dtype=np.float32)
    np.testing.assert_array_equal(tiles_of(wire.sprite(images, (3, 4)), 5, (3, 4)), shades(images))


def test_intensities_beyond_the_range_are_cut_off():
    images = np.array([[-0.5, 0, 1, 1.5]], np.float32)
    assert tiles_of(wire.sprite(images, (2, 2)), 1, (2, 2)).tolist() == [[0, 0, 255, 255]]


@pytest.fixture(scope="module")
def real_frame(tmp_path_factory: pytest.TempPathFactory) -> FilmFrame:
    """Runs of a shipped model of the digits, whose images are on every machine."""
    spec = EmbeddingSpec(model="digits-nz10-seed0", n_runs=40, noise=0.3, basis="windowed")
    return experiments.film_frame(spec, Session.open(settings_in(tmp_path_factory.mktemp("wire"))))


def test_real_runs_are_placed_as_exactly_as_is_seen_and_no_more_exactly(real_frame: FilmFrame):
    """On a plane of 500 pixels: a run within two pixels, by itself; a vector within a tenth of one, by its axes.

    Steps are as wide as that allows, for each bit more is sent for every run and step.
    """
    sent = received(wire.frame_payload(real_frame))
    positions = real_frame.embedding.astype(np.float32)
    for k in range(2):
        off = np.abs(placed(sent["plane"], 61)[..., k] - positions[..., k])
        assert 2 * off.max() / np.ptp(positions[..., k]) == pytest.approx(1 / 191, rel=0.1)
    for name, whole in (("basis", real_frame.basis), ("mean", real_frame.mean)):
        assert steps_off(sent[name], whole) == pytest.approx(1 / 16383, rel=0.1)
    pixel = float(np.ptp(positions)) / 500
    vectors = np.random.default_rng(0).normal(size=(200, 10))
    shown = np.einsum("tki,tvi->tvk", opened(sent["basis"]), vectors - opened(sent["mean"])[:, None])
    meant = np.einsum("tki,tvi->tvk", real_frame.basis, vectors - real_frame.mean[:, None])
    assert np.abs(shown - meant).max() < pixel / 10


def test_numbers_that_are_shown_have_three_decimals():
    assert wire.rounded(np.array([0.12345, 2.0, 0.0006])) == [0.123, 2.0, 0.001]


def test_grey_values_are_within_a_sixtieth():
    """Of 32 levels: half a step of 1/31, and what rounding to 8 bits adds."""
    images = np.linspace(0, 1, 12 * 500, dtype=np.float32).reshape(500, 12)
    shown = tiles_of(wire.sprite(images, (3, 4)), 500, (3, 4)) / 255
    assert np.abs(shown - images).max() == pytest.approx(1 / 62, abs=1 / 255)
    assert len(np.unique(shown)) == 32


def test_the_landmarks_are_ten_concepts_and_the_abstract_one():
    space = make_space()
    sent = json.loads(json.dumps(wire.space_payload(space, SHAPE)))
    vectors = opened(sent["landmarks"])
    assert vectors.shape == (11, LATENT)
    np.testing.assert_array_equal(vectors[-1], space.abstract_concept)
    np.testing.assert_array_equal(tiles_of(sent["tiles"], 11, SHAPE)[:10], shades(space.concept_images))


def test_the_sweep_has_a_row_for_every_noise():
    sweep = make_sweep("1223")
    sent = json.loads(json.dumps(wire.minima_payload(sweep)))
    assert sent["noises"] == sweep.noises.tolist()
    np.testing.assert_allclose(sent["minimum_distance"], sweep.minimum_distance.T, atol=6e-4)
    assert sent["runners_up"] == [None] * 4
    wide = wire.minima_payload(
        replace(sweep, minimum_distance_difference_sem=sweep.minimum_distance_difference_sem + 9)
    )
    assert set(wide["runners_up"]) <= {"I", "II", "III"}


def test_every_letter_of_the_alphabet_is_sent_as_itself():
    assert len(set(wire.ALPHABET)) == len(wire.ALPHABET) == 256
    assert sorted(wire.ALPHABET) == list(wire.ALPHABET)
    assert not set(wire.ALPHABET) & set("\"\\/<>&' ")
    assert sum(letter.isascii() for letter in wire.ALPHABET) == 87  # small numbers take one byte
    assert str(to_json_plotly([wire.ALPHABET])) == f'["{wire.ALPHABET}"]'


bytes_of_steps = st.lists(st.lists(st.integers(0, 255), min_size=7, max_size=7), min_size=1, max_size=5)


@examples(max_examples=100, deadline=None)
@given(values=bytes_of_steps)
def test_packed_bytes_come_back_as_they_were(values: list[list[int]]):
    text = wire.packed(np.array(values, np.uint8))
    np.testing.assert_array_equal(unpacked(text, 7, wire.ALPHABET, 256), values)


def test_packed_bytes_are_a_first_one_and_then_small_numbers_for_small_changes():
    text = wire.packed(np.array([[200, 200, 199, 200, 198, 200], [0, 255, 0, 128, 0, 127]], np.uint8))
    codes = [wire.ALPHABET.index(letter) for letter in text]
    assert codes == [200, 0, 1, 2, 3, 4, 0, 1, 2, 255, 255, 254]


def test_the_frame_has_every_run_at_every_step():
    frame = make_frame()
    sent = received(wire.frame_payload(frame))
    for name, meant in (("plane", frame.embedding), ("landmark", frame.landmark.clip(-0.9, 2))):
        half_step = (np.array(sent[name]["high"]) - sent[name]["low"]) / 191 / 2
        assert (np.abs(placed(sent[name]) - meant) <= half_step + 1e-3).all()
    assert sent["landmark"]["low"] == [-0.9, -0.9]
    assert sent["landmark"]["high"] == [2.0, 2.0]
    np.testing.assert_allclose(sent["plane"]["low"], frame.embedding.min((0, 1)))
    np.testing.assert_allclose(sent["plane"]["high"], frame.embedding.max((0, 1)))
    codes = np.array([LETTERS_A_TO_P.index(letter) for letter in sent["nearest"]]).reshape(RUNS, STEPS).T
    np.testing.assert_array_equal(codes % 3, frame.nearest)
    paleness = sum((frame.rest > cut).astype(int) for cut in (1.5, 3.0, 4.5))
    np.testing.assert_array_equal(codes // 3, paleness)
    assert wire.PALENESS_CUTS == (1.5, 3.0, 4.5)
    assert set(np.unique(paleness)) == {0, 1, 2, 3}


def test_the_frame_has_the_curves_and_what_is_said_of_them():
    frame, runs = make_frame(), make_cloud()
    sent = received(wire.frame_payload(frame))
    curves = opened(sent["curves"])
    half_step = (sent["curves"]["high"] - sent["curves"]["low"]) / sent["curves"]["levels"] / 2
    for columns, meant in (
        (slice(0, 3), runs.distances.T),
        (slice(3, 6), runs.distances_sem.T),
        (slice(6, 16), runs.concept_distances.T),
        (slice(16, 17), runs.line[:, None]),
    ):
        np.testing.assert_allclose(curves[:, columns], meant, atol=half_step * 1.01)
    assert (sent["minimum_distance"], sent["minimum_distance_sem"]) == ([3, 2, 4], [0.3, 0.2, 0.4])
    assert sent["minimum_distance_difference_sem"] == [0.333, 0.222, 0.444]
    assert (sent["flat"], sent["runner_up"]) == (False, None)
    np.testing.assert_allclose(sent["inside"], frame.inside, atol=6e-4)
    ensemble = replace(runs.ensemble, minimum_distance_difference_sem=np.full(3, 9, np.float32))
    wide = replace(frame, is_flat=True, trajectories=replace(runs, ensemble=ensemble))
    sent = received(wire.frame_payload(wide))
    assert (sent["flat"], sent["runner_up"]) == (True, "I")


def test_the_axes_are_sent_where_they_move():
    fixed, moving = make_frame(), make_frame(n_bases=STEPS)
    sent = received(wire.frame_payload(fixed))
    assert "basis" not in sent
    assert "mean" not in sent
    np.testing.assert_allclose(sent["explained"], fixed.explained_variance_ratio, atol=6e-4)
    sent = received(wire.frame_payload(moving))
    np.testing.assert_allclose(opened(sent["basis"]), moving.basis, atol=np.ptp(moving.basis) / 30_000)
    np.testing.assert_allclose(opened(sent["mean"]), moving.mean, atol=np.ptp(moving.mean) / 30_000)
    np.testing.assert_allclose(sent["explained"], moving.explained_variance_ratio, atol=6e-4)


def test_the_run_film_has_every_image():
    film = make_run_film()
    sent = received(wire.run_film_payload(film, SHAPE, list("abcde")))
    height, width = sent["shape"]
    clean = np.array([LETTERS_A_TO_P.index(letter) for letter in sent["clean"]])
    np.testing.assert_array_equal(clean, np.rint(film.clean * 15))
    greys = unpacked(sent["images"], STEPS, LETTERS_A_TO_P, 16).reshape(5, height * width, STEPS)
    np.testing.assert_array_equal(greys.transpose(0, 2, 1), np.rint(film.images * 15))
    assert sent["captions"] == ["a", "b", "c", "d", "e"]


def test_grey_values_of_a_film_are_cut_off_beyond_the_range():
    film = make_run_film()
    sent = wire.run_film_payload(replace(film, images=film.images * 3 - 1), SHAPE, [])
    greys = unpacked(sent["images"], STEPS, LETTERS_A_TO_P, 16).reshape(5, -1, STEPS).transpose(0, 2, 1)
    np.testing.assert_array_equal(greys, np.rint((film.images * 3 - 1).clip(0, 1) * 15))


def test_the_run_film_has_its_places_and_distances_at_every_noise():
    film = make_run_film()
    sent = received(wire.run_film_payload(film, SHAPE, []))
    for name, meant in (
        ("distances", film.distances.transpose(2, 0, 1)),
        ("plane", film.embedding.transpose(1, 0, 2)),
        ("landmark", film.landmark.clip(-0.9, 2).transpose(1, 0, 2)),
        ("rest", film.rest.T),
    ):
        assert steps_off(sent[name], meant) == pytest.approx(1 / 4095, rel=0.1), name
    np.testing.assert_array_equal(opened(sent["memory"]), film.memory)
    assert sent["noises"] == film.noises.tolist()
    assert sent["minimum_step"] == film.minimum_step.tolist()
    np.testing.assert_allclose(sent["minimum_distance"], film.minimum_distance, atol=6e-4)
    assert sent["approaches_at_same_step"] == [False, True, False, True, False]


def test_the_fixed_plane_has_what_places_a_vector_on_it():
    plane = make_fixed_plane()
    sent = received(wire.fixed_plane_payload(plane))
    np.testing.assert_array_equal(opened(sent["basis"]), plane.basis)
    np.testing.assert_array_equal(opened(sent["mean"]), plane.mean)
    assert (sent["explained"], sent["ranges"]) == ([0.5, 0.25], [[-4.0, 3.5], [-3.0, 4.0]])


def test_the_film_of_the_largest_network_takes_200_kilobytes_at_most_and_a_frame_35(settings: Settings):
    """At the quality at which the server compresses; most at a p of much noise."""
    name = "mnist-nz100-seed0"
    if not (SHIPPED / f"{name}.safetensors").exists():
        pytest.skip("The shipped MNIST model is not in models/.")
    session = Session.open(settings)
    film = experiments.run_film(RunFilmSpec(model=name, source="decoded"), session)
    frame = experiments.film_frame(EmbeddingSpec(model=name, source="decoded", noise=0.6, basis="fixed"), session)
    assert film.images.shape == (41, 61, 784)
    for payload, most in (
        (wire.run_film_payload(film, (28, 28), [""] * 41), 200_000),
        (wire.frame_payload(frame), 35_000),
    ):
        assert len(brotli.compress(str(to_json_plotly(payload)).encode(), quality=4)) <= most


@pytest.mark.parametrize("noise", [0.2, 1.0])
def test_a_run_of_the_largest_network_takes_25_kilobytes_at_most(settings: Settings, noise: float):
    name = "mnist-nz100-seed0"
    if not (SHIPPED / f"{name}.safetensors").exists():
        pytest.skip("The shipped MNIST model is not in models/.")
    film = experiments.run_film(RunFilmSpec(model=name, source="decoded", noises=(noise,)), Session.open(settings))
    sent = str(to_json_plotly(wire.run_film_payload(film, (28, 28), [""])))  # what Dash writes
    assert film.images.shape == (1, 61, 784)
    assert "\\u002f" not in sent  # six characters for one "/"
    assert len(gzip.compress(sent.encode(), 6)) <= 25_000
