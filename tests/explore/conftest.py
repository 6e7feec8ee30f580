"""An explorer with small models."""

import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.computations import Computations
from core.library import Library
from core.progress import Progress
from core.session import Session
from core.settings import Settings
from dashboard.experiments import Experiments
from dashboard.pages.explore.callbacks import ExplorePage
from tests.conftest import settings_in
from tests.idle_jobs import AskedJobs
from tests.served import NEVER, own_cache

QUICK = "d=digits&nz=4&src=decoded&label=0&p=0.2&runs=20&T=6&window=2"
Question = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def home(
    trained: tuple[Settings, str], write_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Digits with N_z = 4 (trained), 8 (two of them) and 6 (beta 1, 1.5 and 2), MNIST with N_z = 3, and no model."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    shutil.copytree(trained[0].models, settings.models)
    write_model(settings.models / "digits-nz8-a.safetensors", n_latent=8)
    write_model(settings.models / "digits-nz8-b.safetensors", n_latent=8, seed=1)
    for name, beta in (("weighted", 1.5), ("most", 2.0), ("plain", 1.0)):
        write_model(settings.models / f"digits-nz6-{name}.safetensors", n_latent=6, beta=beta)
    write_model(settings.models / "mnist-nz3.safetensors", dataset="mnist")
    (settings.models / "broken.safetensors").write_bytes(b"no model")
    return settings


@pytest.fixture(scope="module")
def library(home: Settings) -> Library:
    """The shipped models are left out: what is shipped changes."""
    return Library([(home.models, "trained here")])


@pytest.fixture
def page(home: Settings, library: Library, tmp_path: Path) -> ExplorePage:
    settings, computations = own_cache(home, tmp_path / "cache"), Computations(calm=NEVER)
    experiments = Experiments.on(Flask("test"), settings, library, computations)
    return ExplorePage(experiments, AskedJobs(settings, library, computations))


def before_computing(experiments: Experiments, act: Callable[[Progress], None]) -> None:
    """Let something happen whenever a result is not in the cache; `act` is given the progress of whoever asked."""

    class Acting(Session):
        def computation(self, *what: Any, **more: Any) -> Callable[[Progress], Any]:
            compute = super().computation(*what, **more)

            def acting(progress: Progress) -> Any:
                act(progress)
                return compute(progress)

            return acting

    experiments.session = Acting(**{item.name: getattr(experiments.session, item.name) for item in fields(Session)})


@pytest.fixture
def question() -> Question:
    """Numbered questions of one client."""
    asked = [0]

    def ask(query: str = QUICK, **changes: Any) -> dict[str, Any]:
        asked[0] += 1
        return {"query": query, "client": "tab", "sequence": asked[0]} | changes

    return ask
