"""Results that outlive a command: what a stopped computation had finished is read by the next one, not done again."""

import hashlib
import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from core import files

T = TypeVar("T")
CORE = Path(__file__).resolve().parent.parent
CODE = (  # what the numbers of an experiment depend on besides its spec and the weights
    "inference.py",
    "vae.py",
    "classifier.py",
    "data.py",
    "results.py",
    "analysis/*.py",
    "experiments/approach.py",
    "experiments/geometry.py",
    "experiments/label_maps.py",
    "experiments/runs.py",
    "experiments/sweeps.py",
)


def kept(kind: Callable[..., T], key: tuple[str, ...], folder: Path, compute: Callable[[], T]) -> T:
    """The result of an experiment from a folder, else computed and put there.

    A folder that cannot be written costs the next command its time, not this one its answer.

    Args:
        kind: The class of the result: a dataclass of arrays and plain numbers.
        key: Names everything that the result depends on, the code apart.
        folder: Where results are kept.
        compute: Called where there is none of this key and this code.
    """
    name = hashlib.sha256("\n".join((*key, code_sha256())).encode()).hexdigest()
    path = folder / f"{name}.npz"
    found = read(path)
    if found is not None:
        return kind(**found)
    result: Any = compute()
    content = io.BytesIO()
    np.savez(content, **asdict(result))
    with suppress(OSError):
        files.write_whole(path, content.getvalue())
    return result


def read(path: Path) -> dict[str, Any] | None:
    """The fields of a result; None where there is no file, or a damaged one."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return {name: value if value.ndim else value.item() for name, value in found.items()}


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """SHA-256 of the files that compute."""
    files = sorted(path for pattern in CODE for path in CORE.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
