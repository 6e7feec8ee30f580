"""The tables of the paper's claims as files, one for each kind of noise: shipped, read where they are shown."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from core import files, store
from core.library import Library
from core.paper.claims.claim import Claim, ClaimTable, Verdict
from core.paper.claims.evidence import sha256_by_name
from core.specs import READINGS

CLAIM_FILES = {kind: store.SHIPPED / f"claims-{kind}.json" for kind in READINGS}
LARGEST, LONGEST, MOST = 2_000_000, 5_000, 100  # bytes of a file, characters of a text, claims and files of a table
TEXTS = ("figure", "statement", "paper", "ours", "rule", "verdict", "why")
RECIPE = {"runs": int, "source": str, "files": str, "versions": str}
"""The parts of a recipe that are tables, with the kind of their values."""


def save_claims(table: ClaimTable, path: Path) -> None:
    """Write a table; a reader sees the old one or the new one."""
    lines = ",\n".join(json.dumps(asdict(claim)) for claim in table.claims)  # a line each: easy to compare
    content = f'{{"recipe": {json.dumps(dict(table.recipe))}, "claims": [\n{lines}\n]}}\n'
    files.write_atomically(path, content.encode())


def stored_claims(library: Library, path: Path) -> ClaimTable | None:
    """The table of a file, with the names of the files that are no longer those that it was computed from.

    Returns:
        None where there is no such file.

    Raises:
        StoreError: The file is damaged.
    """
    if not path.exists():
        return None
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        content = json.loads(path.read_text())
        claims, recipe = tuple(map(claim_of, content["claims"])), recipe_of(content["recipe"])
        if not 0 < len(claims) <= MOST:
            raise ValueError("no claims, or too many")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise store.StoreError(
            f"{path.name} is no table of claims ({type(error).__name__}). Compute it anew: "
            f"python -m core claims --noise-kind KIND --output {path.name}"
        ) from error
    changed = tuple(name for name, known in recipe["files"].items() if sha256_by_name(name, library) != known)
    return ClaimTable(claims, recipe, changed)


def claim_of(row: Mapping[str, Any]) -> Claim:
    """A claim from its line in a file.

    Raises:
        ValueError: A field is missing, unknown, or of another kind.
    """
    given: dict[str, Any] = {**row, "models": tuple(row["models"]), "seeds": tuple(row["seeds"])}
    claim = Claim(**given)
    texts = [*(getattr(claim, name) for name in TEXTS), *claim.models, *claim.seeds]
    if set(row) != {item.name for item in fields(Claim)} or not isinstance(claim.values, dict):
        raise ValueError("other fields")
    if type(claim.number) is not int or not all(isinstance(text, str) and len(text) <= LONGEST for text in texts):
        raise ValueError("fields of another kind")
    if not {claim.verdict, *claim.seeds} <= set(get_args(Verdict)):
        raise ValueError("an unknown verdict")
    return claim


def recipe_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """What a table was computed from.

    Raises:
        ValueError: It is of another kind.
    """
    for name, kind in RECIPE.items():
        part = content[name]
        if len(part) > MOST or not all(type(value) is kind and len(str(value)) <= LONGEST for value in part.values()):
            raise ValueError(f"{name} of another kind")
    if content["noise_kind"] not in READINGS:
        raise ValueError("an unknown kind of noise")
    return {name: content[name] for name in ("noise_kind", *RECIPE)}
