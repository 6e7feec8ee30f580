"""A page of the paper with a small model."""

from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from core.specs import FigureSpec
from tests.served import Watched, create_app, own_cache


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def served(trained: tuple[Settings, str], tmp_path: Path, watched: Watched) -> tuple[Any, FigureSpec, Settings]:
    home, id = trained
    settings = own_cache(home, tmp_path / "cache")
    spec = FigureSpec(model=id, n_runs=12, n_steps=6, sample=3)
    return create_app(settings, computations=watched).server.test_client(), spec, settings
