"""Fixtures that several files share; in the whole test run the shapes that `core` annotates are checked."""

# ruff: noqa: E402 (the import hook has to come before the first import of core)

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jaxtyping

WITH_ARRAYS = [
    "analysis",
    "classifier",
    "data",
    "device_epoch",
    "device_stack",
    "experiments",
    "paper",
    "export",
    "gradient",
    "inference",
    "results",
    "snapshots",
    "stack",
    "store",
    "train",
    "vae",
]
jaxtyping.install_import_hook(
    [f"core.{name}" for name in WITH_ARRAYS], "beartype.beartype"
)  # config's Self is not for it

import pytest
import torch
from filelock import FileLock
from redis import ConnectionError, Redis

from core import data, experiments, store, vae
from core.__main__ import main as core_main
from core.library import Library
from core.model_card import ModelCard
from core.session import Session
from core.settings import Settings
from core.specs import N_LABELS, ModelSpec
from core.tensor_shapes import pixels_of
from dashboard.__main__ import main as dashboard_main
from tests.processes import until
from tests.served import free_port, required

ROOT = Path(__file__).resolve().parent.parent
Answer = tuple[int, Any, str, str]
CommandLine = Callable[..., Answer]

torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="where the mathematics is tested: cpu, cuda or mps")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(str(request.config.getoption("--device")))


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the project."""
    return ROOT


@pytest.fixture(scope="session")
def mnist_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A torchvision root with the real MNIST and Fashion-MNIST; skips where there is none."""
    given = os.environ.get("LT_DATA")
    if given and all(data.is_available(name, Path(given)) for name in ("mnist", "fashion")):
        return Path(given)
    unpack = ROOT.parent / "shared" / "data" / "unpack"
    if not unpack.exists():
        pytest.skip("MNIST is not on this machine: LT_DATA names no folder with it, and ../shared/data is not there.")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mnist"
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            subprocess.run([unpack, folder], check=True, capture_output=True)
            (folder / "complete").touch()
    return folder


def settings_in(folder: Path) -> Settings:
    """An empty home for data and models, on the CPU so that numbers can be compared."""
    return Settings(data=folder / "data", models=folder / "models", cache=folder / "cache", device="cpu")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def session(settings: Settings) -> Session:
    return Session.open(settings)


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs `python -m core ...` in a home of its own; gives status, the JSON of the last line, stdout and stderr."""
    return program(core_main, settings, monkeypatch, capsys)


@pytest.fixture
def drawing(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The same of `python -m dashboard ...`."""
    return program(dashboard_main, settings, monkeypatch, capsys)


def program(
    main: Callable[..., int],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """Runs a program's commands in a home."""

    def run(*arguments: str, home: Settings = settings, library: Library | None = None) -> Answer:
        for name in ("data", "models", "cache", "device"):
            monkeypatch.setenv(f"LT_{name.upper()}", str(getattr(home, name)))
        status = main(list(arguments), partial(Session.open, library=library))
        out, err = capsys.readouterr()
        return status, json.loads(out.splitlines()[-1]) if status == 0 else {}, out, err

    return run


def is_refused(answer: Answer, word: str) -> bool:
    """Whether a command ended in one sentence on stderr (after the progress bar, if one was shown)."""
    status, _, out, err = answer
    last = err.strip().splitlines()[-1]
    assert "Traceback" not in err
    assert word in last
    assert last.startswith(("python -m core ", "python -m dashboard "))
    return status == 1 and out == ""


@pytest.fixture(scope="session")
def tiny_recipe() -> ModelSpec:
    """A training of a second or two; its rates are high enough that its runs move and rarely come to rest."""
    rates = (3e-3, 1e-3)
    return ModelSpec(
        dataset="digits", n_latent=4, n_hidden=32, epochs=25, batch_size=50, learning_rates=rates, precision="float32"
    )


@pytest.fixture(scope="session")
def trained(tiny_recipe: ModelSpec, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A home with one model of the digits in it, and the id of that model."""
    home = settings_in(tmp_path_factory.mktemp("trained"))
    path, _ = experiments.train_model(tiny_recipe, home)
    return home, path.stem


def random_vae(n_pixels: int, n_hidden: int, n_latent: int, *, seed: int = 0, stack: tuple[int, ...] = ()) -> vae.VAE:
    network = vae.VAE(n_pixels, n_hidden, n_latent, stack)
    vae.initialise(network, "torch", torch.Generator().manual_seed(seed))
    return network


@pytest.fixture(scope="session")
def make_vae() -> Callable[..., vae.VAE]:
    """Builds a network with random weights and biases."""
    return random_vae


CARD = ModelCard(test_negative_elbo=1.0)
SMALL: dict[str, Any] = {"dataset": "digits", "n_latent": 3, "n_hidden": 5}


@pytest.fixture(scope="session")
def write_model() -> Callable[..., Path]:
    """Writes an untrained but well-formed model file; `replace` changes or (with None) drops tensors."""

    def write(
        path: Path,
        *,
        seed: int = 0,
        replace: dict[str, Any] | None = None,
        card: ModelCard = CARD,
        **changes: Any,
    ) -> Path:
        spec = ModelSpec.from_dict(SMALL | {"seed": seed} | changes)
        network = random_vae(pixels_of(spec), spec.n_hidden, spec.n_latent, seed=seed)
        generator = torch.Generator().manual_seed(seed)
        images = data.load_dataset("digits", Path())
        firsts = [torch.from_numpy(images.index_of_label(label)[:12]) for label in range(N_LABELS)]
        extra = {
            "concepts": torch.randn(N_LABELS, spec.n_latent, generator=generator),
            "memories": torch.randn(N_LABELS, 12, spec.n_latent, generator=generator),
            "memory_index": torch.stack(firsts),
        }
        tensors = {name: value for name, value in (extra | (replace or {})).items() if value is not None}
        store.save_model(path, spec, card, network, tensors)
        return path

    return write


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis of its own, in memory: its address and its process."""
    with required(shutil.which("redis-server"), "redis-server") as program:
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmp_path]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process, Redis(port=port) as client:
            until(lambda: answers(client), "Redis answers")
            yield f"redis://127.0.0.1:{port}/0", process
            process.kill()


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except ConnectionError:
        return False
