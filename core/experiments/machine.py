"""What all experiments stand on: this machine's device, models and images."""

import os
import platform
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import joblib
import numpy as np
import torch
from torch import Tensor

from core import data, download, store
from core.library import Library
from core.precision import has_bfloat16
from core.progress import Progress, silent
from core.schema import RefusedError
from core.session import Session, device_of
from core.settings import Settings

T = TypeVar("T")

SMALL, LARGE = 50, 300  # runs that a thread computes at a time: few are given up soon, many take less time each
BEHIND = 10  # niceness of the threads: a single run goes before


def machine_of(settings: Settings) -> str:
    """What a card says about the machine that it was made on."""
    device = device_of(settings)
    products = "" if has_bfloat16(device) else ", products in float32"
    return f"{device.type}, {platform.machine()}, threads: {torch.get_num_threads()}{products}"


def versions() -> dict[str, str]:
    """What a card says about the programs that it was made with."""
    return {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()}


def library_of(settings: Settings) -> Library:
    """The shipped models and those trained on this machine."""
    return Library.of(settings.models)


def check_room(settings: Settings, n_bytes: int = 0) -> None:
    """Refuse what would make the folder of models larger than the settings allow.

    Raises:
        StoreError: There is no room for so many bytes.
    """
    used = 0
    for path in settings.models.rglob("*"):
        with suppress(OSError):  # it is gone meanwhile
            used += path.stat().st_size
    if used + n_bytes > settings.max_models:
        raise store.StoreError(
            f"The models of this machine have {used / 1e6:.0f} MB, and may have {settings.max_models / 1e6:.0f} "
            "(LT_MAX_MODELS_MB). Delete a model, or discard a stopped training."
        )


@dataclass(frozen=True)
class NoOriginals:
    """Why runs of a model cannot start from original images on this machine.

    `is_missing` if there are just none, `is_fetchable` if it helps to fetch them.
    """

    reason: str
    is_missing: bool
    is_fetchable: bool


def why_decoded(id: str, session: Session) -> NoOriginals | None:
    """Why runs of a model start from decoded images here; None where they can start from the original ones."""
    model = session.model(id)
    try:
        check_index(model, data.load_labels(model.spec.dataset, session.settings.data))
    except RefusedError as error:
        return NoOriginals(str(error), isinstance(error, data.MissingError), isinstance(error, data.DataError))
    return None


def check_index(model: store.Model, labels: np.ndarray) -> None:
    """Refuse a model whose memories are not of the images that it names: they would start from another label.

    Args:
        model: With the index of its memories (labels, memories) in the training set.
        labels: (images,), those of the whole training set.

    Raises:
        StoreError: An image of its index has another label.
    """
    if (labels[model.memory_index.numpy()] != np.arange(len(model.memory_index))[:, None]).any():
        raise store.StoreError(
            f"The memories of {model.id} are not those of the {model.spec.dataset} images here: their labels differ. "
            "Start from decoded images."
        )


def fetch_images(dataset: str, settings: Settings, *, progress: Progress = silent) -> None:
    """Download a data set unless its original images are there.

    Raises:
        DataError: No mirror answered, a checksum did not match, or the files cannot be written.
    """
    if not data.is_available(dataset, settings.data):
        download.download(dataset, settings.data, progress=progress)


def array(tensor: Tensor) -> np.ndarray:
    """A tensor as a NumPy array of the same shape and type on the CPU."""
    return tensor.detach().cpu().numpy()


def in_parts(
    function: Callable[[Tensor], T],
    x: Tensor,
    *,
    before: Callable[[int], None] = lambda done: None,
) -> list[T]:
    """A function of independent runs, on all cores that this process may use: a part of the runs at a time.

    Where torch has one thread (the dashboard), every core works on parts of its own, which takes less time than sharing
    each product. Otherwise (a GPU, or torch's own threads) all runs are one part: they like large products.

    Args:
        function: Called with some rows of x, in any thread.
        x: (runs, ...), a row for every run.
        before: Called before every part with the number of runs that are done; it may wait, or raise to give up.

    Returns:
        What the function returned, in the order of x.
    """
    by_threads = x.device.type == "cpu" and torch.get_num_threads() == 1
    width = joblib.cpu_count() if by_threads else 1
    size = min(max(SMALL, len(x) // (4 * width)), LARGE) if by_threads else len(x)
    results: list[T] = []
    started: deque[Future[T]] = deque()
    with ThreadPoolExecutor(width, "runs", initializer=stand_behind) as pool:
        try:
            for rows in x.split(size):
                if len(started) == width:  # no more than are computed: whoever goes first waits for these alone
                    results.append(started.popleft().result())
                before(len(results) * size)
                started.append(pool.submit(function, rows))
            results += [future.result() for future in started]
        finally:
            pool.shutdown(cancel_futures=True)
    return results


def within(progress: Progress, i: int, n: int) -> Progress:
    """The progress of the i-th of n parts, as a share of the whole."""
    return lambda fraction, text: progress((i + fraction) / n, text)


def stand_behind() -> None:
    """Lower this thread's priority, where threads have one of their own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, max(BEHIND, os.getpriority(os.PRIO_PROCESS, thread)))
