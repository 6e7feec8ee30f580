"""Images and labels: MNIST and Fashion-MNIST from torchvision, scikit-learn's 8x8 digits with nothing to download."""

import gzip
import hashlib
import http.client
import importlib
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from core.config import Progress, silent
from core.spec import RefusedError

LABEL_NAMES = {
    "mnist": tuple("0123456789"),
    "digits": tuple("0123456789"),
    "fashion": ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
}
IMAGE_SHAPES = {"mnist": (28, 28), "fashion": (28, 28), "digits": (8, 8)}
DIGITS_TRAIN = 1437  # the first four fifths of scikit-learn's 1,797 digits train, the rest test
RAW_FILES = tuple(f"{split}-{part}-ubyte" for split in ("train", "t10k") for part in ("images-idx3", "labels-idx1"))
TRAINING_IMAGES = {"mnist": 60_000, "fashion": 60_000, "digits": DIGITS_TRAIN}


class DataError(RefusedError):
    """A data set that is not there or damaged."""


@dataclass(frozen=True)
class Dataset:
    """Images of one split, flattened, with grey values from 0 to 1."""

    name: str
    images: Float32[np.ndarray, "images pixels"]
    labels: Int64[np.ndarray, "images"]

    def index_of_label(self, label: int) -> Int64[np.ndarray, "images"]:
        """Positions of the images of a label, in the order of the data set."""
        return np.flatnonzero(self.labels == label)


def load_dataset(name: str, root: Path, *, train: bool = True) -> Dataset:
    """The training or test images of a data set.

    Args:
        name: "mnist", "fashion" or "digits".
        root: A torchvision root (it holds MNIST/raw or FashionMNIST/raw); not used for digits.
        train: The training split, else the test split.

    Raises:
        DataError: The files are missing or damaged.
    """
    return _load(name, root, train)


@lru_cache(maxsize=4)
def _load(name: str, root: Path, train: bool) -> Dataset:
    if name == "digits":
        return _load_digits(train)
    kind = _torchvision_class(name)
    try:
        dataset = kind(str(root), train=train, download=False)
    except (RuntimeError, OSError, ValueError, AssertionError, KeyError, IndexError) as error:
        raise DataError(
            f"The images of {kind.__name__} are not under {root} or cannot be read. "
            f"Fetch them with: python -m core download --dataset {name}"
        ) from error
    images = dataset.data.numpy().reshape(len(dataset.data), -1).astype(np.float32) / 255
    return Dataset(name, images, dataset.targets.numpy().astype(np.int64))


def _load_digits(train: bool) -> Dataset:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    part = slice(None, DIGITS_TRAIN) if train else slice(DIGITS_TRAIN, None)
    return Dataset("digits", (images[part] / 16).astype(np.float32), labels[part].astype(np.int64))


def is_available(name: str, root: Path) -> bool:
    """Whether the images of a data set are on this machine (a look at the files, not at their content)."""
    return name == "digits" or all((raw_folder(name, root) / file).exists() for file in RAW_FILES)


def raw_folder(name: str, root: Path) -> Path:
    """Where torchvision keeps the files of a data set."""
    return root / {"mnist": "MNIST", "fashion": "FashionMNIST"}[name] / "raw"


def resources(name: str) -> list[tuple[str, str]]:
    """(file name, MD5) of the compressed files of a data set, as torchvision lists them."""
    return list(_torchvision_class(name).resources)


def download(name: str, root: Path, *, progress: Progress = silent) -> None:
    """Fetch a data set into a torchvision root: resumable, each file's checksum verified.

    Files that are there are kept; a broken transfer goes on where it stopped.

    Raises:
        DataError: No mirror answered, or a checksum did not match.
    """
    if name == "digits":
        return
    raw = raw_folder(name, root)
    raw.mkdir(parents=True, exist_ok=True)
    files = resources(name)
    for i, (file, md5) in enumerate(files):
        target = raw / file.removesuffix(".gz")
        if not _is_whole(target):

            def report(fraction: float, done: int = i, text: str = file) -> None:
                progress((done + fraction) / len(files), text)

            _fetch(_torchvision_class(name).mirrors, file, md5, raw, report)
            with gzip.open(raw / file) as packed:
                _write_whole(target, packed.read())
        progress((i + 1) / len(files), file)
    _load.cache_clear()


def _is_whole(path: Path) -> bool:
    """Whether an IDX file is as long as its header says."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:3] != b"\0\0\x08":
            return False
        sizes = np.frombuffer(file.read(4 * head[3]), ">u4").astype(int)
    return path.stat().st_size == 4 + 4 * head[3] + int(sizes.prod())


def _fetch(mirrors: list[str], file: str, md5: str, raw: Path, report: Any) -> None:
    """Fetch one file from the first mirror that gives it with the right checksum."""
    failures = []
    for mirror in mirrors:
        try:
            part = raw / (file + ".part")
            _transfer(mirror + file, part, report)
            if hashlib.md5(part.read_bytes(), usedforsecurity=False).hexdigest() == md5:
                part.replace(raw / file)
                return
            part.unlink()
            failures.append(f"{mirror} sent a damaged file")
        except (http.client.HTTPException, OSError) as error:
            failures.append(f"{mirror}: {getattr(error, 'reason', error)}")
    raise DataError(
        f"{file} could not be downloaded ({'; '.join(failures)}). Check the connection and try again: it goes "
        "on where it stopped. Or point LT_DATA at an existing torchvision folder."
    )


def _transfer(url: str, part: Path, report: Any) -> None:
    """Append to a partial file what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing: the checksum decides
            return
        raise
    with response, part.open("ab" if response.status == 206 else "wb") as out:
        total = int(response.headers.get("Content-Length") or 0) + out.tell()
        while chunk := response.read(1 << 16):
            out.write(chunk)
            report(out.tell() / total if total else 0.0)
        if out.tell() < total:
            raise OSError("the transfer broke off")  # what has come is kept for the next try


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written."""
    partial = path.with_suffix(".tmp")
    partial.write_bytes(content)
    partial.replace(path)


def _torchvision_class(name: str) -> Any:
    return getattr(_torchvision_datasets(), {"mnist": "MNIST", "fashion": "FashionMNIST"}[name])


_kept_alive: list[Any] = []


@lru_cache(maxsize=1)
def _torchvision_datasets() -> ModuleType:
    """Import torchvision.datasets, also where its compiled operators do not match the installed torch.

    PyPI's torchvision beside a CPU build of torch fails at import because the schema of `torchvision::nms` is missing.
    The data sets need no such operator: declaring the two schemas is enough, and is done only after that failure.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    import torch

    for module in [m for m in sys.modules if m.split(".")[0] == "torchvision"]:
        del sys.modules[module]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept_alive.append(library)  # the schemas vanish with the object
    return importlib.import_module("torchvision.datasets")
