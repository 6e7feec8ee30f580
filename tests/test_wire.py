"""Results as typed arrays and sprites: small, and what comes out is what went in."""

import base64
import gzip
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image
from plotly.io._json import to_json_plotly

from core import experiments
from core.config import InferenceSpec, Settings
from core.store import SHIPPED
from dashboard import wire
from tests.synthetic import LATENT, SHAPE, STEPS, make_cloud, make_run, make_space, make_sweep


def opened(sent: dict[str, Any]) -> np.ndarray:
    """What panels.js makes of an array."""
    if "f32" in sent:
        return np.frombuffer(base64.urlsafe_b64decode(sent["f32"]), "<f4").reshape(sent["shape"])
    low, high = np.frombuffer(base64.urlsafe_b64decode(sent["u16"]), np.uint8).reshape(2, -1).astype(int)
    whole = (low + 256 * high).reshape(sent["shape"]).cumsum(0) % 2**16
    return sent["low"] + (sent["high"] - sent["low"]) / sent["levels"] * whole


def shades(images: np.ndarray) -> np.ndarray:
    """The nearest of the grey levels that are sent, as 8-bit numbers."""
    levels = np.linspace(0, 255, wire.GREY_LEVELS)
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


def test_the_run_has_the_clean_image_before_the_others():
    run = make_run()
    sent = json.loads(json.dumps(wire.run_payload(run, SHAPE)))
    tiles = tiles_of(sent["tiles"], STEPS + 1, SHAPE)
    np.testing.assert_array_equal(tiles[0], shades(run.clean))
    np.testing.assert_array_equal(tiles[1:], shades(run.images))
    np.testing.assert_array_equal(opened(sent["distances"]), run.distances)
    np.testing.assert_array_equal(opened(sent["memory"]), run.memory)
    np.testing.assert_allclose(opened(sent["z"]), run.z, atol=0.51 * np.ptp(run.z) / wire.AXIS_LEVELS)
    assert (sent["nearest"], sent["minimum_step"], sent["minimum_distance"]) == (1, [1, 3, 5], [2.5, 1.25, 3.0])
    assert sent["approaches"] is False


def test_the_cloud_has_what_places_a_vector_on_its_axes():
    cloud = make_cloud()
    sent = json.loads(json.dumps(wire.cloud_payload(cloud)))
    for name, whole in (("embedding", cloud.embedding[:, 0]), ("basis", cloud.basis), ("mean", cloud.mean)):
        np.testing.assert_allclose(opened(sent[name]), whole, atol=0.51 / sent[name]["levels"] * np.ptp(whole))
    trail = sent["trail"]
    back = np.frombuffer(base64.urlsafe_b64decode(trail["i8"]), np.int8).reshape(trail["shape"])
    scale = opened(trail["scale"])[:, None, None, None]
    rebuilt = cloud.embedding[:, :1] + np.cumsum(back * scale, axis=1)
    np.testing.assert_allclose(rebuilt, cloud.embedding[:, 1:], atol=float(scale.max()) * 2)
    assert sent["n_steps"] == STEPS - 1
    assert sent["minimum_distance"] == [3, 2, 4]


def test_the_landmarks_are_ten_concepts_and_the_abstract_one():
    space = make_space()
    sent = json.loads(json.dumps(wire.space_payload(space, SHAPE)))
    vectors = opened(sent["landmarks"])
    assert vectors.shape == (11, LATENT)
    np.testing.assert_array_equal(vectors[-1], space.abstract_concept)
    np.testing.assert_array_equal(tiles_of(sent["tiles"], 11, SHAPE)[:10], shades(space.concept_images))


def test_the_sweep_has_a_row_for_every_noise():
    sweep = make_sweep("1223")
    sent = json.loads(json.dumps(wire.sweep_payload(sweep)))
    assert sent["noises"] == sweep.noises.tolist()
    np.testing.assert_allclose(sent["minimum_distance"], sweep.minimum_distance.T, atol=6e-4)
    assert sent["rivals"] == [None] * 4
    wide = wire.sweep_payload(replace(sweep, minimum_distance_difference_sem=sweep.minimum_distance_difference_sem + 9))
    assert set(wide["rivals"]) <= {"I", "II", "III"}


@pytest.mark.parametrize("noise", [0.2, 1.0])
def test_a_run_of_the_largest_network_takes_25_kilobytes_at_most(settings: Settings, noise: float):
    name = "mnist-nz100-seed0"
    if not (SHIPPED / f"{name}.safetensors").exists():
        pytest.skip("The shipped MNIST model is not in models/.")
    run = experiments.run(InferenceSpec(model=name, source="decoded", noise=noise), settings)
    sent = str(to_json_plotly(wire.run_payload(run, (28, 28))))  # what Dash writes
    assert len(run.z) == 61
    assert "\\u002f" not in sent  # six characters for one "/"
    assert len(gzip.compress(sent.encode(), 6)) <= 25_000
