"""Where numbers come from: weights, data set, versions of the programs, and the command that gives them again."""

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import data
from core.experiments.machine import versions
from core.schema import Spec, written
from core.session import Session
from core.specs import ExperimentSpec
from core.store import cached_sha256


def provenance(session: Session, spec: ExperimentSpec, command: str) -> dict[str, Any]:
    """What a recipe says besides the settings.

    Args:
        session: Where the model is.
        spec: The settings.
        command: That computes the same again.

    Returns:
        For JSON: `seed`, `dataset` with the hashes of its files, `versions`, `command`.

    Raises:
        StoreError: There is no such model.
    """
    name = session.library.entry(spec.model).spec.dataset
    return {
        "seed": spec.seed,
        "dataset": {"name": name, "starting_images": spec.source, **hashes_of(name)},
        "versions": versions(),
        "command": command,
    }


def weights_of(session: Session, model: str) -> dict[str, str]:
    """The SHA-256 of a model's file, by its name."""
    path = session.library.entry(model).path
    return {path.name: cached_sha256(path)}


@lru_cache
def hashes_of(dataset: str) -> Mapping[str, Any]:
    """What a data set is, as every machine verifies it: the MD5 of each file.

    Of the 8x8 digits, which come with scikit-learn, the SHA-256 of their images.
    """
    if dataset in data.FILES:
        return {"md5": {name: known.md5 for name, known in data.FILES[dataset].items()}}
    splits = [data.load_dataset(dataset, Path(), train=train).images for train in (True, False)]
    return {"sha256": hashlib.sha256(b"".join(images.tobytes() for images in splits)).hexdigest()}


def command_of(program: str, spec: Spec) -> str:
    """A command line that names every setting.

    Args:
        program: What stands before the options.
        spec: The settings; those of many values, which commands have no option for, are left out.
    """
    words = program.split()
    for item in fields(spec):
        value = getattr(spec, item.name)
        if not isinstance(value, tuple):
            words += [f"--{option_of(item.name)}", written(value)]
    return shlex.join(words)


def option_of(field: str) -> str:
    """The option of the command line that a field of a spec has: --runs, --steps, --noise-kind."""
    return (field.removeprefix("n_") if field in ("n_runs", "n_steps") else field).replace("_", "-")
