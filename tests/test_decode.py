"""What wire.py packs is what decode.js unpacks: values go through both and come out as they were."""

import json
from typing import Any

import numpy as np

from dashboard import wire
from tests.node import run_node

RANDOM = np.random.default_rng(3)


def unpacked(name: str, *given: Any) -> np.ndarray:
    """What a function of decode.js makes of its arguments, flat."""
    done = run_node("tests/js/unpack.js", given=json.dumps([[name, *given]]))
    assert not done.returncode, done.stderr
    return np.array(json.loads(done.stdout)[0])


def test_floats_arrive_exactly():
    values = RANDOM.normal(size=(3, 4)).astype(np.float32)
    assert unpacked("quantised", wire.exact(values)).tolist() == values.ravel().tolist()


def test_quantised_values_arrive_within_half_a_step():
    values = RANDOM.normal(size=(7, 3, 2)).cumsum(0)
    error = np.abs(unpacked("quantised", wire.quantised(values, 65535)) - values.ravel())
    assert error.max() < 0.51 * np.ptp(values) / 65535 + 1e-6  # the second is that of 32 bits
