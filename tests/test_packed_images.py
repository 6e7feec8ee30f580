"""Images and masks as text: what is packed is what is unpacked, here and in the browser, and nothing else is taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.packed_images import LEVELS, packed_image, packed_mask, unpacked_image, unpacked_mask
from core.schema import Packed, SpecError
from tests.test_decode import in_browser

SIZES = st.sampled_from([1, 7, 64, 783, 784])


@examples(max_examples=40, deadline=None)
@given(levels=SIZES.flatmap(lambda n: arrays(np.uint8, n, elements=st.integers(0, LEVELS))))
def test_an_image_comes_back(levels: np.ndarray):
    text = packed_image(levels)
    np.testing.assert_array_equal(np.rint(unpacked_image(text, len(levels)) * LEVELS), levels)
    assert len(text) <= 523
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@examples(max_examples=40, deadline=None)
@given(mask=SIZES.flatmap(lambda n: arrays(np.bool_, n)))
def test_a_mask_comes_back(mask: np.ndarray):
    np.testing.assert_array_equal(unpacked_mask(packed_mask(mask), len(mask)), mask)


def test_black_and_white_are_the_ends():
    assert unpacked_image(packed_image(np.array([0, LEVELS], np.uint8)), 2).tolist() == [0, 1]


@pytest.mark.parametrize("n_pixels", [64, 786])
def test_a_text_of_another_size_is_refused(n_pixels: int):
    for unpack, text in (
        (unpacked_image, packed_image(np.zeros(784, np.uint8))),
        (unpacked_mask, packed_mask(np.zeros(784, bool))),
    ):
        with pytest.raises(SpecError, match=f"{n_pixels} pixels of this model. Draw it anew"):
            unpack(text, n_pixels)


@pytest.mark.parametrize("text", ["A", "AAAAA", "a" * 525])
def test_what_is_no_base64_is_refused(text: str):
    with pytest.raises(SpecError, match="Draw it anew"):
        unpacked_image(text, 784)


def test_the_check_takes_what_is_packed():
    for n in (64, 784):
        assert Packed().check("own", packed_image(np.full(n, 9, np.uint8)))
        assert Packed().check("covered", packed_mask(np.ones(n, bool)))


def test_the_browser_reads_and_writes_the_same():
    random = np.random.default_rng(5)
    levels, mask = random.integers(0, LEVELS + 1, 784).astype(np.uint8), random.random(784) < 0.4
    assert in_browser("unpackedImage", packed_image(levels), 784) == levels.tolist()
    assert in_browser("packedMask", mask.tolist()) == packed_mask(mask)
