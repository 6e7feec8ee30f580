"""The settings of this machine: paths, device, addresses, limits.

They change where a thing is computed, never what, and are therefore not hashed.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import cluster
from core.schema import Check, Choice, Integer, SpecError, shown


@dataclass(frozen=True)
class Settings:
    """Where this machine keeps things and what it computes on; from environment variables."""

    data: Path
    models: Path
    cache: Path
    device: str = "auto"
    redis_url: str = field(default="", repr=False)  # it may hold a password, and Dask logs the arguments of what fails
    scheduler: str = ""
    scheduler_credentials: cluster.Credentials | None = None  # for tls://
    ahead: bool = True  # whether what will probably be asked for is computed while nobody asks for anything
    max_jobs: int = 20
    max_import: int = 64_000_000  # bytes; a shipped model has at most 5,000,000
    max_models: int = 2_000_000_000  # bytes; 400 models of the paper's size, or 80 trainings that were stopped
    max_cache: int = 2_000_000_000  # bytes; 250 ensembles of the paper's size

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables that the README lists; everything has a default.

        Raises:
            SpecError: A value that cannot be used.
        """
        work = Path(environ.get("LT_HOME") or Path.home() / ".latent-trajectories")
        device = read_variable(environ, "LT_DEVICE", Choice(("auto", "cpu", "cuda", "mps")), "auto")
        scheduler = environ.get("LT_SCHEDULER", "")
        if scheduler and not re.fullmatch(r"([a-z]+://)?[^\s/]+:\d{1,5}", scheduler):
            raise SpecError(f"LT_SCHEDULER must be an address as tcp://host:8786, not {shown(scheduler)}.")
        credentials = _credentials(environ)
        problem = scheduler and cluster.address_problem("LT_SCHEDULER", scheduler, credentials)
        if problem:
            raise SpecError(problem)
        return Settings(
            data=_folder(environ, "LT_DATA", work / "data"),
            models=_folder(environ, "LT_MODELS", work / "models"),
            cache=_folder(environ, "LT_CACHE", work / "cache"),
            device=device,
            redis_url=environ.get("REDIS_URL", ""),
            scheduler=scheduler,
            scheduler_credentials=credentials,
            ahead=read_variable(environ, "LT_AHEAD", Choice(("yes", "no")), "yes") == "yes",
            max_jobs=read_variable(environ, "LT_MAX_JOBS", Integer(1, 1_000_000), "20"),
            max_import=read_variable(environ, "LT_MAX_IMPORT_MB", Integer(1, 1_000_000), "64") * 1_000_000,
            max_models=read_variable(environ, "LT_MAX_MODELS_MB", Integer(1, 1_000_000), "2000") * 1_000_000,
            max_cache=read_variable(environ, "LT_MAX_CACHE_MB", Integer(1, 1_000_000), "2000") * 1_000_000,
        )


def read_variable(environ: Mapping[str, str], variable: str, check: Check, default: str) -> Any:
    """An environment variable that is checked as a setting is; empty is as good as none.

    Raises:
        SpecError: It cannot be used.
    """
    try:
        return check.read(variable, environ.get(variable, "").strip() or default)
    except SpecError as error:
        raise SpecError(f"{error} Try: {variable}={default}") from error


def _folder(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    path = Path(environ.get(variable) or default)
    if path.exists() and not path.is_dir():
        raise SpecError(f"{variable} must be a folder, and {path} is none. Name another one, or leave {variable} out.")
    return path


def _credentials(environ: Mapping[str, str]) -> cluster.Credentials | None:
    """The files for a scheduler under TLS: all three, or none."""
    given = [environ.get(variable, "") for variable in cluster.VARIABLES]
    if not any(given):
        return None
    if not all(given):
        names = ", ".join(cluster.VARIABLES)
        raise SpecError(f"{names} must be set all three, each to a PEM file, or none of them. Set the missing ones.")
    credentials = cluster.Credentials(*map(Path, given))
    problem = credentials.problem()
    if problem:
        raise SpecError(problem)
    return credentials
