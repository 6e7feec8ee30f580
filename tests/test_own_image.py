"""A picture as an image of a data set: its place and size, whatever the camera made of it, and what is refused."""

import io
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from core import experiments, own_image
from core.packed_images import LEVELS, packed_image, unpacked_image
from core.session import Session
from core.settings import Settings

INK, PAPER = 20, 250


def png(values: np.ndarray, kind: str = "PNG", **more: Any) -> bytes:
    """A file of an array."""
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, kind, **more)
    return buffer.getvalue()


def drawn(height: int = 300, width: int = 240) -> np.ndarray:
    """An L, dark on light: nothing about it is symmetric."""
    picture = np.full((height, width), PAPER, np.uint8)
    picture[60:220, 80:105] = INK
    picture[195:220, 80:160] = INK
    return picture


def image(content: bytes, dataset: str = "mnist") -> np.ndarray:
    shape = {"mnist": (28, 28), "fashion": (28, 28), "digits": (8, 8)}[dataset]
    return own_image.own_image(content, dataset).reshape(shape)


def box(found: np.ndarray) -> tuple[int, int]:
    """Height and width of what is not black."""
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize(("dataset", "longer"), [("mnist", 20), ("fashion", 28), ("digits", 8)])
def test_the_longer_side_of_the_ink_has_the_length_that_it_has_in_the_data_set(dataset: str, longer: int):
    found = image(png(drawn()), dataset)
    assert box(found) == (longer, longer // 2)  # the L is twice as high as wide
    assert found.dtype == np.uint8
    assert found.max() == LEVELS


def test_its_centre_of_mass_is_in_the_middle():
    for picture in (drawn(), drawn()[::-1], drawn().T, drawn()[:, ::-1]):
        found = image(png(np.ascontiguousarray(picture))).astype(float)
        centre = [(found.sum(1 - axis) * (np.arange(28) + 0.5)).sum() / found.sum() for axis in (0, 1)]
        assert np.abs(np.array(centre) - 14).max() <= 0.51
        assert np.abs(found.mean(0) @ (np.arange(28) + 0.5) / found.mean(0).sum() - 14) <= 0.51


def test_what_would_leave_the_image_stays_inside():
    heavy = np.full((100, 100), 255, np.uint8)
    heavy[0:100, 40:44] = 0
    heavy[80:100, 10:90] = 0  # its centre of mass is far below the middle
    found = image(png(np.pad(heavy, 20, constant_values=255)), "fashion")
    assert box(found) == (28, 22)


def test_where_and_how_large_it_was_drawn_is_of_no_account():
    twice = np.kron(drawn(), np.ones((2, 2), np.uint8))
    moved = np.full((500, 400), PAPER, np.uint8)
    moved[150:450, 130:370] = drawn()
    for other in (twice, moved):
        assert np.abs(image(png(other)).astype(int) - image(png(drawn()))).max() <= 2


def test_light_on_dark_is_as_good_as_dark_on_light_and_any_contrast():
    expected = image(png(drawn()))
    assert np.abs(image(png(255 - drawn())).astype(int) - expected).max() <= 1
    faint = (200 - (drawn() < 128) * 60).astype(np.uint8)
    assert np.abs(image(png(faint)).astype(int) - expected).max() <= 1


def test_shadows_and_noise_of_a_photograph_are_no_ink():
    light = np.linspace(0, 20, 240)[None] + np.random.default_rng(0).normal(0, 6, (300, 240))
    photograph = (drawn() - light).clip(0, 255).astype(np.uint8)
    found = image(png(photograph, "JPEG", quality=80)).astype(int)
    assert np.abs(found - image(png(drawn()))).mean() < 0.4  # of 15 greys


def test_pictures_of_16_bits_a_pixel_have_their_greys():
    deep = drawn().astype(np.uint16) * 257
    np.testing.assert_array_equal(image(png(deep)), image(png(drawn())))


@pytest.mark.parametrize("ink", [0, 255])
def test_what_is_transparent_is_paper(ink: int):
    alpha = ((drawn() < 128) * 255).astype(np.uint8)
    picture = np.stack([np.full_like(alpha, ink), alpha], axis=-1)
    np.testing.assert_array_equal(image(png(picture)), image(png(np.where(alpha, 0, 255).astype(np.uint8))))


def test_a_photograph_that_lies_on_its_side_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to the right before it is shown
    lying = np.ascontiguousarray(np.rot90(drawn(), 1))
    np.testing.assert_array_equal(image(png(lying, exif=exif)), image(png(drawn())))
    assert (image(png(lying)) != image(png(drawn()))).any()


def moving() -> bytes:
    frames = [Image.fromarray(drawn()), Image.fromarray(255 - drawn())]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def large(width: int, height: int) -> bytes:
    """Says that it has so many pixels."""
    content = bytearray(png(drawn()))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


REFUSED = {
    "larger than 10 MB": lambda: b"\x89PNG" + bytes(50_000_000),
    "no picture": lambda: b"a digit, in words",
    "moves": moving,
    "1 x 1": lambda: png(np.zeros((1, 1), np.uint8)),
    "Nothing can be seen": lambda: png(np.full((60, 60), 255, np.uint8)),
    "damaged": lambda: png(drawn())[:200],
    "more than 40 million pixels": lambda: large(9000, 5000),
    "million pixels": lambda: large(100_000, 100_000),
    "can be read here": lambda: b"",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_of_no_use_is_refused_in_a_sentence(words: str):
    with pytest.raises(own_image.PictureError, match=words) as error:
        own_image.own_image(REFUSED[words](), "mnist")
    assert str(error.value).count(".") >= 1
    assert len(str(error.value)) < 200


def test_the_classifier_reads_what_it_is_given(tmp_path: Any):
    """Digits of the data set, enlarged on paper, come back as images that keep their label."""
    session = Session.open(Settings(tmp_path / "data", tmp_path / "models", tmp_path / "cache", device="cpu"))
    images, labels = load_digits(return_X_y=True)
    right = 0
    for pixels, label in zip(images[:60], labels[:60], strict=True):
        paper = np.pad(255 - np.kron(pixels.reshape(8, 8) * 15.9, np.ones((20, 20))), 40, constant_values=255)
        found = experiments.read_own_image(png(paper.astype(np.uint8)), "digits", session)
        right += found.label == label
        assert found.label == int(found.label_probabilities.argmax())
        np.testing.assert_allclose(found.label_probabilities.sum(), 1, rtol=1e-5)
        assert packed_image(np.rint(unpacked_image(found.packed, 64) * LEVELS).astype(np.uint8)) == found.packed
    assert right >= 54
