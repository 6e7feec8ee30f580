"""The header of a safetensors file."""

import json
import os
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from core.file_header import UNREADABLE, StoreError, TensorHeader, check_tensors, file_name, opened, read_header

CONTENT = save({"a": torch.zeros(2, 3), "b": torch.zeros(4, dtype=torch.int64)}, {"spec": "{}"})


def test_a_header_says_what_the_file_holds():
    header = read_header(BytesIO(CONTENT))
    assert header.metadata == {"spec": "{}"}
    assert header.tensors == {"a": TensorHeader("F32", (2, 3)), "b": TensorHeader("I64", (4,))}
    assert header.size == len(CONTENT)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_no_header(content: bytes):
    with pytest.raises(UNREADABLE):
        read_header(BytesIO(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["__metadata__", "dtype", "shape", "a"]), inner, max_size=4)
    ),
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_a_header_or_refused(value: Any):
    text = json.dumps(value).encode()
    try:
        header = read_header(BytesIO(struct.pack("<Q", len(text)) + text))
    except UNREADABLE:
        return
    assert all(isinstance(tensor, TensorHeader) for tensor in header.tensors.values())


@pytest.mark.parametrize("shape", [[-1], [10**9], [1.5], [True], [1] * 9, {"a": 1}, "12"], ids=str)
def test_a_shape_that_cannot_be_is_refused(shape: object):
    text = json.dumps({"__metadata__": {}, "a": {"dtype": "F32", "shape": shape}}).encode()
    with pytest.raises(UNREADABLE):
        read_header(BytesIO(struct.pack("<Q", len(text)) + text))


def test_tensors_are_exact():
    tensors, expected = {"a": TensorHeader("F32", (2,)), "i": TensorHeader("I32", (2,))}, {"a": (2,), "i": (2,)}
    check_tensors("x", tensors, expected, integers=("i",))
    for wrong in (
        {"a": TensorHeader("F32", (2,))},
        tensors | {"b": TensorHeader("F32", (2,))},
        tensors | {"a": TensorHeader("F32", (3,))},
        tensors | {"a": TensorHeader("F64", (2,))},
        tensors | {"i": TensorHeader("F32", (2,))},
    ):
        with pytest.raises(StoreError, match=r"^x"):
            check_tensors("x", wrong, expected, integers=("i",))


def test_what_is_no_file_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "nothing"):
        with pytest.raises(StoreError, match=f"^{name} "), opened(tmp_path / name):
            pass


@pytest.mark.parametrize(
    "name",
    ["two\nlines", "<script>", "\udcff", "x" * 255, "\u202eright to left"],
    ids=["lines", "html", "bytes", "long", "bidi"],
)
def test_a_sentence_quotes_any_name_in_a_short_line(name: str):
    assert len(file_name(Path(name))) <= 40
    assert file_name(Path(name)).isprintable()
    assert file_name(Path("mnist-nz2.safetensors")) == "mnist-nz2.safetensors"
