"""The tables of the paper's claims as files, one for each reading of the noise: shipped, read where they are shown."""

import json
from dataclasses import asdict
from pathlib import Path

from core import files, store
from core.config import NOISE_KINDS, Settings
from core.experiments.grid import GRID
from core.experiments.machine import library_of
from core.results import Claim, ClaimTable

CLAIMS = {kind: store.SHIPPED / f"claims-{kind}.json" for kind in NOISE_KINDS}


def save_claims(table: ClaimTable, path: Path) -> None:
    """Write a table; a reader sees the old one or the new one."""
    lines = ",\n".join(json.dumps(asdict(claim)) for claim in table.claims)  # a line each: easy to compare
    content = f'{{"recipe": {json.dumps(dict(table.recipe))}, "claims": [\n{lines}\n]}}\n'
    files.write_whole(path, content.encode())


def stored_claims(settings: Settings, path: Path) -> ClaimTable | None:
    """The table of a file, with the names of the files that are no longer those that it was computed from.

    Returns:
        None where there is no such file.

    Raises:
        StoreError: The file is damaged.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        claims = tuple(Claim(**row | {"models": tuple(row["models"])}) for row in content["claims"])
        recipe = {name: content["recipe"][name] for name in ("noise_kind", "runs", "source", "files", "versions")}
        files = dict(recipe["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise store.StoreError(
            f"{path.name} is no table of claims ({type(error).__name__}). Compute it anew: "
            f"python -m core claims --noise-kind KIND --output {path.name}"
        ) from error
    changed = tuple(name for name, known in files.items() if file_sha256(name, settings) != known)
    return ClaimTable(claims, recipe, changed)


def file_sha256(name: str, settings: Settings) -> str:
    """SHA-256 of the model, classifier or grid of a name; empty where there is none here."""
    if name == GRID.stem:
        return store.kept_sha256(GRID) if GRID.exists() else ""
    library = library_of(settings)
    try:
        path = library.find(name).path
    except store.StoreError:  # a classifier is no model
        path = next(iter(library.files(name)), None)
    return store.kept_sha256(path) if path else ""
