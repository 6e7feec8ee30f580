"""What wire.py packs is what decode.js unpacks: values go through both and come out as they were."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dashboard import wire
from tests.node import run_node
from tests.synthetic import STEPS, make_run_film

RANDOM = np.random.default_rng(3)


def unpacked(name: str, *given: Any) -> np.ndarray:
    """What a function of decode.js makes of its arguments, flat."""
    done = run_node("tests/js/unpack.js", given=json.dumps([[name, *given]]))
    assert not done.returncode, done.stderr
    return np.array(json.loads(done.stdout)[0])


def greys(*shape: int) -> np.ndarray:
    """Intensities that are sent as they are."""
    return (RANDOM.integers(0, wire.IMAGE_LEVELS + 1, shape) / wire.IMAGE_LEVELS).astype(np.float32)


def test_floats_arrive_exactly():
    values = RANDOM.normal(size=(3, 4)).astype(np.float32)
    assert unpacked("quantised", wire.exact(values)).tolist() == values.ravel().tolist()


def test_quantised_values_arrive_within_half_a_step():
    values = RANDOM.normal(size=(7, 3, 2)).cumsum(0)
    error = np.abs(unpacked("quantised", wire.quantised(values, 65535)) - values.ravel())
    assert error.max() < 0.51 * np.ptp(values) / 65535 + 1e-6  # the second is that of 32 bits


def test_packed_bytes_arrive_exactly():
    values = RANDOM.integers(0, 256, (40, 9)).astype(np.uint8)
    values[:3, :2] = [[0, 255], [255, 0], [0, 128]]
    assert unpacked("unpacked", wire.packed(values), wire.ALPHABET, *values.shape).tolist() == values.ravel().tolist()


def test_nibbles_arrive_exactly():
    values = np.arange(16, dtype=np.uint8)[::-1]
    assert unpacked("nibbles", wire.nibbles(values)).tolist() == values.tolist()


def test_the_images_of_a_film_arrive_image_by_image():
    film = replace(make_run_film(n_noises=4), clean=greys(6), images=greys(4, STEPS, 6))
    sent = wire.run_film_payload(film, (2, 3), ["at one p"] * 4)
    assert unpacked("nibbles", sent["clean"]) == pytest.approx(film.clean * wire.IMAGE_LEVELS)
    shown = unpacked("images", sent["images"], 4, STEPS, 6)
    assert shown == pytest.approx(film.images.ravel() * wire.IMAGE_LEVELS)
