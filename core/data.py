"""Images and labels: MNIST and Fashion-MNIST, scikit-learn's 8x8 digits; what is not the original is refused."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from core.files import stamp
from core.schema import RefusedError

LABEL_NAMES = {
    "mnist": tuple("0123456789"),
    "digits": tuple("0123456789"),
    "fashion": ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
}
IMAGE_SHAPES = {"mnist": (28, 28), "fashion": (28, 28), "digits": (8, 8)}
DIGITS_TRAIN = 1437  # the first four fifths of scikit-learn's 1,797 digits train, the rest test
TRAINING_IMAGES = {"mnist": 60_000, "fashion": 60_000, "digits": DIGITS_TRAIN}
FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST"}  # as torchvision names them, and people


class Known(NamedTuple):
    """What the original of a file is: its size in bytes and its MD5, not compressed."""

    size: int
    md5: str


Files = Mapping[str, Mapping[str, Known]]  # by data set and name
FILES: Files = {
    "mnist": {
        "train-images-idx3-ubyte": Known(47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
        "train-labels-idx1-ubyte": Known(60_008, "a25bea736e30d166cdddb491f175f624"),
        "t10k-images-idx3-ubyte": Known(7_840_016, "2646ac647ad5339dbf082846283269ea"),
        "t10k-labels-idx1-ubyte": Known(10_008, "27ae3e4e09519cfbb04c329615203637"),
    },
    "fashion": {
        "train-images-idx3-ubyte": Known(47_040_016, "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
        "train-labels-idx1-ubyte": Known(60_008, "9018921c3c673c538a1fc5bad174d6f9"),
        "t10k-images-idx3-ubyte": Known(7_840_016, "8181f5470baa50b63fa0f6fddb340f0a"),
        "t10k-labels-idx1-ubyte": Known(10_008, "15d484375f8d13e6eb1aabb0c3f46965"),
    },
}


class RawFile(NamedTuple):
    """A file as it was when it was looked at, and what its original is."""

    path: Path
    stamp: tuple[int, ...]
    known: Known


class DataError(RefusedError):
    """A data set that cannot be used."""


class MissingError(DataError):
    """A data set of which a file is not there."""


@dataclass(frozen=True)
class Dataset:
    """Images of one split, flattened, with grey values from 0 to 1."""

    name: str
    images: Float32[np.ndarray, "images pixels"]
    labels: Int64[np.ndarray, "images"]

    def index_of_label(self, label: int) -> Int64[np.ndarray, "images"]:
        """Positions of the images of a label, in the order of the data set."""
        return np.flatnonzero(self.labels == label)


def load_dataset(name: str, root: Path, *, train: bool = True, files: Files = FILES) -> Dataset:
    """The training or test images of a data set.

    Args:
        name: "mnist", "fashion" or "digits".
        root: A torchvision root (it holds MNIST/raw or FashionMNIST/raw); not used for digits.
        train: The training split, else the test split.
        files: What the original files are.

    Raises:
        DataError: One of its four files is missing, or not the original one.
    """
    if name == "digits":
        return _digits(train)
    check_images(name, root, files)
    return _load(name, *(raw_file_of(name, root, file, files) for file in split_files(train)))


def load_images(
    name: str, root: Path, index: Sequence[int] | Int64[np.ndarray, "some"]
) -> Float32[np.ndarray, "some pixels"]:
    """Some of the training images, as `load_dataset` gives them; the whole set as numbers would take a second.

    Args:
        name: As there.
        root: As there.
        index: Positions in the training set.

    Raises: as `load_dataset`.
    """
    if name == "digits":
        return _digits(True).images[index]
    check_images(name, root)
    return grey(_pixels(raw_file_of(name, root, split_files(True)[0]))[index])


def load_labels(name: str, root: Path) -> Int64[np.ndarray, "images"]:
    """The labels of the training images alone, which takes no time.

    Raises: as `load_dataset`.
    """
    if name == "digits":
        return _digits(True).labels
    check_images(name, root)
    return _labels(raw_file_of(name, root, split_files(True)[1]))


def is_available(name: str, root: Path, files: Files = FILES) -> bool:
    """Whether the original images of a data set are on this machine."""
    try:
        check_images(name, root, files)
    except DataError:
        return False
    return True


def check_images(name: str, root: Path, files: Files = FILES) -> None:
    """Look at all files of a data set; their content is looked at once, until they change.

    Raises:
        MissingError: One is not there.
        DataError: One is not the original.
    """
    for file in files.get(name, ()):
        raw_file_of(name, root, file, files)


def raw_file_of(name: str, root: Path, file: str, files: Files = FILES) -> RawFile:
    """Where a file of a data set is, as it is or compressed.

    Raises:
        MissingError: There is none of its name.
        DataError: There are only others of its name.
    """
    raw = raw_folder(name, root)
    intact = right_file(raw, files[name][file], file)
    if intact is not None:
        return intact
    command = f"python -m core download --dataset {name}"
    if not any(path.exists() for path in candidates(raw, file)):
        raise MissingError(f"The images of {FOLDERS[name]} are not under {root}: {command} fetches them.")
    raise DataError(
        f"{file} under {raw} is cut, or not that of {FOLDERS[name]}: its images are not used until {command} has "
        "replaced it."
    )


def right_file(raw: Path, known: Known, file: str) -> RawFile | None:
    """The file of a name that has the right content; None where none has."""
    files = (RawFile(path, stamp(path), known) for path in candidates(raw, file))
    return next((raw_file for raw_file in files if _is_right(raw_file)), None)


def candidates(raw: Path, file: str) -> tuple[Path, Path]:
    """Where the content of a file may be: torchvision leaves it compressed and not."""
    return raw / file, raw / f"{file}.gz"


def raw_folder(name: str, root: Path) -> Path:
    """Where torchvision keeps the files of a data set."""
    return root / FOLDERS[name] / "raw"


def split_files(train: bool) -> tuple[str, str]:
    """The names of the images and of the labels of a split."""
    split = "train" if train else "t10k"
    return f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte"


def right_content(path: Path, known: Known) -> bytes | None:
    """The content of a file, not compressed; None where it is not the right one."""
    try:
        if not path.is_file():  # opening a named pipe would wait for ever
            return None
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(known.size + 1)
    except (OSError, EOFError, zlib.error):
        return None
    return content if hashlib.md5(content, usedforsecurity=False).hexdigest() == known.md5 else None


@lru_cache(maxsize=32)
def _is_right(file: RawFile) -> bool:
    if file.path.suffix != ".gz" and file.stamp[1:2] != (file.known.size,):
        return False
    return right_content(file.path, file.known) is not None


def _values(file: RawFile) -> np.ndarray:
    """The array of an IDX file; read and verified at once, since it may have been replaced."""
    content = right_content(file.path, file.known)
    if content is None:
        raise DataError(f"{file.path.name} has just been replaced. Try it again.")
    shape = np.frombuffer(content, ">u4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)


@lru_cache(maxsize=4)
def _load(name: str, images: RawFile, labels: RawFile) -> Dataset:
    return Dataset(name, grey(_pixels(images)), _values(labels).astype(np.int64))


@lru_cache(maxsize=4)
def _pixels(file: RawFile) -> UInt8[np.ndarray, "images pixels"]:
    values = _values(file)
    return values.reshape(len(values), -1)


def grey(values: UInt8[np.ndarray, "images pixels"]) -> Float32[np.ndarray, "images pixels"]:
    """Grey values from 0 to 1."""
    return values.astype(np.float32) / 255


@lru_cache(maxsize=4)
def _labels(file: RawFile) -> Int64[np.ndarray, "images"]:
    return _values(file).astype(np.int64)


@lru_cache(maxsize=2)
def _digits(train: bool) -> Dataset:
    from sklearn.datasets import load_digits

    images, labels = map(np.asarray, load_digits(return_X_y=True))
    rows = slice(None, DIGITS_TRAIN) if train else slice(DIGITS_TRAIN, None)
    return Dataset("digits", (images[rows] / 16).astype(np.float32), labels[rows].astype(np.int64))
