"""MNIST and Fashion-MNIST are fetched: resumable, verified, by one process at a time."""

import errno
import gzip
import hashlib
import http.client
import importlib
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from filelock import FileLock, Timeout

from core.data import FILES, DataError, Files, Known, is_available, raw_folder, right_file
from core.files import write_atomically
from core.progress import Progress, silent

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)  # no mirror is to blame
LOOK = 0.5  # s between two looks whether another process has ended


@dataclass(frozen=True)
class Source:
    """Where the files of a data set come from.

    Args:
        mirrors: Addresses of folders, each with all files.
        packed: (file name, MD5) of the compressed files.
    """

    mirrors: Sequence[str]
    packed: Sequence[tuple[str, str]]


def download(
    name: str, root: Path, *, source: Source | None = None, files: Files = FILES, progress: Progress = silent
) -> None:
    """Fetch a data set into a torchvision root: resumable, each file's checksum verified.

    Files that are right are kept, others are replaced; a broken transfer goes on where it stopped. Of several who
    fetch at once one does it, and the others wait for it.

    Args:
        name: "mnist" or "fashion".
        root: A torchvision root.
        source: Where the files come from, if not from where torchvision has them.
        files: What the original files are.
        progress: Called with the share that is there; may raise to give up.

    Raises:
        DataError: No mirror answered, a checksum did not match, or the files cannot be written.
    """
    if is_available(name, root, files):
        progress(1.0, "it is there already")
        return
    raw = raw_folder(name, root)
    try:
        raw.mkdir(parents=True, exist_ok=True)
        with alone(raw, progress):
            _download(source or source_of(name), files[name], raw, progress)
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise DataError(
            f"The images could not be written to {raw} ({reason}). Make room on the disk or the folder writable, or "
            "point LT_DATA at another one."
        ) from error


def source_of(name: str) -> Source:
    """Where torchvision has the files of a data set from."""
    kind = getattr(_torchvision_datasets(), {"mnist": "MNIST", "fashion": "FashionMNIST"}[name])
    return Source(kind.mirrors, kind.resources)


@contextmanager
def alone(raw: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other process or thread fetches into a folder, and keep others out; `progress` may raise."""
    lock = FileLock(raw / ".download.lock")
    while True:
        try:
            lock.acquire(timeout=LOOK)
            break
        except Timeout:
            progress(0.0, "another process fetches them")
    try:
        yield
    finally:
        lock.release()


def _download(source: Source, known: Mapping[str, Known], raw: Path, progress: Progress) -> None:
    n_files = len(source.packed)
    for i, (file, md5) in enumerate(source.packed):
        plain = file.removesuffix(".gz")
        if right_file(raw, known[plain], plain) is None:

            def report(fraction: float, done: int = i, text: str = file) -> None:
                progress((done + fraction) / n_files, text)

            _fetch(source.mirrors, file, md5, raw, report)
            with gzip.open(raw / file) as content:
                write_atomically(raw / plain, content.read())
        progress((i + 1) / n_files, file)


def _fetch(mirrors: Sequence[str], file: str, md5: str, raw: Path, report: Any) -> None:
    """Fetch one file from the first mirror that gives it with the right checksum."""
    failures = []
    for mirror in mirrors:
        try:
            partial = raw / (file + ".part")
            _transfer(mirror + file, partial, report)
            if hashlib.md5(partial.read_bytes(), usedforsecurity=False).hexdigest() == md5:
                partial.replace(raw / file)
                return
            partial.unlink()
            failures.append(f"{mirror} sent a damaged file")
        except (http.client.HTTPException, OSError) as error:
            if getattr(error, "errno", None) in DISK:
                raise
            failures.append(f"{mirror}: {getattr(error, 'reason', error)}")
    raise DataError(
        f"{file} could not be downloaded ({'; '.join(failures)}). Check the connection and try again: it goes "
        "on where it stopped. Or point LT_DATA at an existing torchvision folder."
    )


def _transfer(url: str, partial: Path, report: Any) -> None:
    """Append to a partial file what is missing of it."""
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing: the checksum decides
            return
        raise
    with response, partial.open("ab" if response.status == 206 else "wb") as out:
        total = int(response.headers.get("Content-Length") or 0) + out.tell()
        while chunk := response.read(1 << 16):
            out.write(chunk)
            report(out.tell() / total if total else 0.0)
        if out.tell() < total:
            raise OSError("the transfer broke off")  # what has come is kept for the next try


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
