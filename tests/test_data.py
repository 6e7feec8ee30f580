from pathlib import Path

import numpy as np
import pytest

from core import data
from core.data import DataError

# Digits, and the real images


@pytest.mark.parametrize(("train", "size"), [(True, 1437), (False, 360)])
def test_digits_need_no_download(train: bool, size: int, tmp_path: Path):
    digits = data.load_dataset("digits", tmp_path, train=train)
    assert digits.images.shape == (size, 64)
    assert digits.images.dtype == np.float32
    assert digits.images.min() == 0
    assert digits.images.max() == 1
    assert set(digits.labels.tolist()) == set(range(10))


def test_the_two_parts_of_the_digits_share_no_image_twice(tmp_path: Path):
    training, test = (data.load_dataset("digits", tmp_path, train=train) for train in (True, False))
    whole = np.concatenate([training.images, test.images])
    assert len(np.unique(whole, axis=0)) == 1797


def test_index_of_label_is_in_the_order_of_the_data_set(tmp_path: Path):
    digits = data.load_dataset("digits", tmp_path)
    index = digits.index_of_label(6)
    assert index.tolist() == [i for i, label in enumerate(digits.labels) if label == 6]


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_real_images(name: str, mnist_root: Path):
    training, test = (data.load_dataset(name, mnist_root, train=train) for train in (True, False))
    assert training.images.shape == (60_000, 784)
    assert test.images.shape == (10_000, 784)
    assert (training.images.min(), training.images.max()) == (0, 1)
    assert np.bincount(test.labels).tolist() == [1000] * 10 if name == "fashion" else test.labels[0] == 7
    assert data.is_available(name, mnist_root)


def test_every_data_set_has_ten_names_and_a_shape():
    for name in data.IMAGE_SHAPES:
        assert len(set(data.LABEL_NAMES[name])) == 10


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_missing_images_are_refused_with_the_remedy(name: str, tmp_path: Path):
    assert not data.is_available(name, tmp_path)
    with pytest.raises(DataError, match=rf"python -m core download --dataset {name}"):
        data.load_dataset(name, tmp_path)


@pytest.mark.parametrize("name", ["digits", "mnist", "fashion"])
def test_some_images_are_those_of_the_whole_set(name: str, mnist_root: Path):
    if name != "digits" and not data.is_available(name, mnist_root):
        pytest.skip(f"The images of {name} are not here.")
    whole, some = data.load_dataset(name, mnist_root).images, [3, 0, 1000, 3]
    found = data.load_images(name, mnist_root, some)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, whole[some])
