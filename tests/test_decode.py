"""What wire.py packs is what decode.js and frames.js unpack: values go through both and come out as they were."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dashboard import wire
from tests.node import run_node
from tests.synthetic import RUNS, SHAPE, STEPS, make_frame, make_run_film

RANDOM = np.random.default_rng(3)
NOISES = 4
SAID = {"noise": 0.3, "label": 6, "caption": "one sentence", "approach": "another"}


def in_browser(name: str, *given: Any) -> Any:
    """What a function of the page makes of its arguments."""
    done = run_node("tests/js/unpack.js", given=json.dumps({"alphabet": wire.ALPHABET, "calls": [[name, *given]]}))
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)[0]


def greys(*shape: int) -> np.ndarray:
    """Intensities that are sent as they are."""
    return (RANDOM.integers(0, wire.IMAGE_LEVELS + 1, shape) / wire.IMAGE_LEVELS).astype(np.float32)


def within(values: np.ndarray, levels: int, i: int | None = None) -> Any:
    """About these values, or the i-th: half a step of so many between all, and the last digits of 32 bits."""
    shown = values if i is None else values[i]
    return pytest.approx(shown.ravel(), abs=0.51 * float(np.ptp(values)) / levels + 1e-5)


def test_floats_arrive_exactly():
    values = RANDOM.normal(size=(3, 4)).astype(np.float32)
    assert in_browser("quantised", wire.exact(values)) == {"values": values.ravel().tolist(), "shape": [3, 4]}


def test_quantised_values_arrive_within_half_a_step():
    values = RANDOM.normal(size=(7, 3, 2)).cumsum(0)
    found = in_browser("quantised", wire.quantised(values, 65535))
    assert found["shape"] == [7, 3, 2]
    assert found["values"] == within(values, 65535)


def test_packed_bytes_arrive_exactly():
    values = RANDOM.integers(0, 256, (40, 9)).astype(np.uint8)
    values[:3, :2] = [[0, 255], [255, 0], [0, 128]]
    assert in_browser("unpacked", wire.packed(values), wire.ALPHABET, *values.shape) == values.ravel().tolist()


def test_nibbles_arrive_exactly():
    values = np.arange(16, dtype=np.uint8)[::-1]
    assert in_browser("nibbles", wire.nibbles(values)) == values.tolist()


def test_the_highlighted_run_arrives_p_by_p():
    pixels = SHAPE[0] * SHAPE[1]
    film = replace(make_run_film(n_noises=NOISES), clean=greys(pixels), images=greys(NOISES, STEPS, pixels))
    captions = [f"caption {i}" for i in range(NOISES)]
    sent = wire.run_film_payload(film, SHAPE, captions)
    frames = in_browser("runFrames", {**sent, "label": 6, "sample": 40})
    assert [frame["noise"] for frame in frames] == film.noises.tolist()
    assert [frame["caption"] for frame in frames] == captions
    for i, frame in enumerate(frames):
        assert (frame["label"], frame["sample"], frame["steps"], frame["shape"]) == (6, 40, STEPS, list(SHAPE))
        assert frame["clean"] == pytest.approx(film.clean * wire.IMAGE_LEVELS)
        assert frame["greys"] == pytest.approx(film.images[i].ravel() * wire.IMAGE_LEVELS)
        assert frame["memory"] == film.memory.tolist()
        assert frame["minimum_step"] == film.minimum_step[i].tolist()
        assert frame["distances"] == within(film.distances, wire.CURVE_LEVELS, i)
        assert frame["plane"] == within(film.embedding, wire.MAP_LEVELS, i)
        assert frame["landmark"] == within(film.landmark.clip(*wire.LANDMARK_RANGE), wire.MAP_LEVELS, i)


@pytest.mark.parametrize("n_bases", [1, STEPS])
def test_collective_runs_arrive(n_bases: int):
    sent = make_frame(n_bases=n_bases)
    frame = in_browser("frameOf", {**wire.frame_payload(sent), **SAID})
    runs = sent.trajectories
    assert (frame["steps"], frame["nRuns"]) == (STEPS, RUNS)
    assert {name: frame[name] for name in SAID} == SAID
    curves = np.vstack([runs.distances, runs.distances_sem, runs.concept_distances, runs.line])
    assert frame["curves"] == within(curves.T, wire.CURVE_LEVELS)
    assert np.array(frame["state"]).reshape(RUNS, STEPS) % 3 == pytest.approx(sent.nearest.T)
    shares = np.stack([(sent.nearest == point).mean(1) for point in range(3)], 1)
    assert frame["shares"] == pytest.approx(shares.ravel(), abs=1e-5)
    if sent.has_fixed_axes:
        assert (frame["basis"], frame["mean"]) == (None, None)
    else:
        assert frame["basis"] == within(sent.basis, wire.AXIS_LEVELS)
        assert frame["mean"] == within(sent.mean, wire.AXIS_LEVELS)


@pytest.mark.parametrize(("view", "name"), [("plane", "embedding"), ("landmark", "landmark")])
def test_positions_arrive_within_half_a_step_of_their_plane(view: str, name: str):
    sent = make_frame()
    payload = {**wire.frame_payload(sent), **SAID}
    low, high = (np.array(payload[view][end]) for end in ("low", "high"))
    placed = np.array(in_browser("positions", payload, view)).reshape(STEPS, RUNS, 2)
    shown = getattr(sent, name).astype(float).clip(low, high)
    assert (np.abs(placed - shown) < 0.51 * (high - low) / wire.PLANE_LEVELS).all()
