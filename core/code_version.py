"""Which code computed a result: a hash of the modules that the computation uses."""

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
WHERE = frozenset(
    f"core.{name}"
    for name in (
        "cache",
        "code_version",
        "computations",
        "download",
        "file_header",
        "files",
        "library",
        "model_card",
        "progress",
        "result_bytes",
        "schema",
        "session",
        "settings",
        "specs",
        "store",
        "zoo",
    )
)
"""What decides where and when a thing is computed, not what comes out. (Specs stand in the key with all their values,
weights with their SHA-256.)"""


ONE_AT_A_TIME = Lock()
"""The first questions to a server come all at once, and reading the code takes a tenth of a second."""


def version_of(module: str) -> str:
    """SHA-256 of what an experiment's result depends on besides its spec and the weights.

    That is the syntax trees of its module and of all modules of the core that it uses, without docstrings (comments are
    in no tree), and the versions of torch and NumPy.

    Args:
        module: The name of the module in which the experiment stands.
    """
    with ONE_AT_A_TIME:
        return _read(module)[0]


def has(module: str, other: str) -> bool:
    """Whether an experiment's module uses another one, directly or not."""
    with ONE_AT_A_TIME:
        return other in _read(module)[1]


@lru_cache(maxsize=64)
def _read(module: str) -> tuple[str, frozenset[str]]:
    return version_in(ROOT, module, torch.__version__, np.__version__), frozenset(used_by(ROOT, module))


def version_in(root: Path, module: str, *libraries: str) -> str:
    """The same of the code in another folder."""
    trees = [ast.dump(tree) for _, tree in sorted(used_by(root, module).items())]
    return hashlib.sha256("\n".join([*trees, *libraries]).encode()).hexdigest()


def used_by(root: Path, module: str) -> dict[str, ast.Module]:
    """A module and all that it imports of the core, directly or not, as syntax trees without docstrings."""
    trees: dict[str, ast.Module] = {}
    open_ = [module]
    while open_:
        name = open_.pop()
        path = file_of(root, name)
        if name not in trees and name not in WHERE and path is not None:
            trees[name] = without_docstrings(ast.parse(path.read_text()))
            open_ += imports_of(trees[name])
    return trees


def file_of(root: Path, module: str) -> Path | None:
    """The file of a module of this program; None for a package, which holds no code, and for what is not of it."""
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    return path if path.is_file() else None


def imports_of(tree: ast.Module) -> Iterator[str]:
    """The modules of the core that a module imports; a name that is imported from a package may be one of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("core."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "core":
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def without_docstrings(tree: ast.Module) -> ast.Module:
    """The same tree; a statement that is only a text says something about the code and computes nothing."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not is_text(statement)]  # type: ignore[attr-defined]
    return tree


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a text alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
