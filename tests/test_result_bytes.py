"""Results as bytes: what comes back is what went in, and nothing that is read can run."""

import json
import pickle
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from core.figure_results import ApproachCurves, Branches, LabelMap
from core.result_bytes import PLAIN, ResultError, from_bytes, to_bytes
from core.results import Embedding, Ensemble, NoiseSweep, Trajectories
from tests.synthetic import make_branches, make_cloud, make_curves, make_map, make_plane, make_sweep


def assert_same(one: Any, other: Any) -> None:
    for item in fields(one):
        mine, theirs = getattr(one, item.name), getattr(other, item.name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(theirs, mine)
        elif isinstance(mine, Ensemble):
            assert_same(mine, theirs)
        else:
            assert type(theirs) is type(mine)
            assert theirs == mine


@pytest.mark.parametrize(
    "result",
    [make_cloud(), make_plane(), make_sweep("1223"), make_curves(), make_map(), make_branches()],
    ids=lambda result: type(result).__name__,
)
def test_a_result_comes_back_as_it_was(result: Any):
    assert_same(result, from_bytes(type(result), to_bytes(result)))


@dataclass(frozen=True)
class Small:
    """An array of any shape and a plain number."""

    values: np.ndarray
    t: int


@pytest.mark.parametrize(
    "values",
    [np.zeros((0,), np.float32), np.array(3.5), np.arange(6).reshape(2, 3).T, np.array([True, False]), np.eye(3)[::2]],
)
def test_every_array_comes_back(values: np.ndarray):
    found = from_bytes(Small, to_bytes(Small(values, 7)))
    assert_same(found, Small(values, 7))
    assert found.values.shape == values.shape


def with_plain(result: Any, **changes: Any) -> bytes:
    arrays = {item.name: getattr(result, item.name) for item in fields(result) if item.name != "t"}
    plain = {"t": result.t} | changes
    return save({**arrays, PLAIN: np.frombuffer(json.dumps(plain).encode(), np.uint8)})


class Evil:
    """Runs something where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise AssertionError("it was unpickled")


SMALL = Small(np.arange(3.0), 1)
WHOLE = to_bytes(SMALL)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00", b"garbage" * 100, WHOLE[:-1], WHOLE[:20], WHOLE + b"\x00",
        pickle.dumps({"values": 1}), b"\x80\x04\x95" + WHOLE, to_bytes(make_sweep("12")), with_plain(SMALL, more=1),
        save({"values": np.zeros(2)}), save({PLAIN: np.frombuffer(b'{"t": 1}', np.uint8)}),
        save({PLAIN: np.frombuffer(b"[" * 100_000, np.uint8)}), save({PLAIN: np.frombuffer(b"7", np.uint8)}),
    ],
)  # fmt: skip
def test_what_is_no_such_result_is_refused(content: bytes):
    with pytest.raises(ResultError, match="no Small"):
        from_bytes(Small, content)


@pytest.mark.parametrize("kind", [Trajectories, Embedding, NoiseSweep, ApproachCurves, LabelMap, Branches])
def test_a_result_of_another_class_is_refused(kind: type):
    with pytest.raises(ResultError):
        from_bytes(kind, WHOLE)


def test_a_class_that_has_another_field_by_now_reads_no_older_result():
    @dataclass(frozen=True)
    class Newer(Small):
        more: float = 0.0

    with pytest.raises(ResultError):
        from_bytes(Newer, WHOLE)
    assert_same(from_bytes(Newer, to_bytes(Newer(SMALL.values, 1, 2.0))), Newer(SMALL.values, 1, 2.0))
