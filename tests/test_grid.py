"""Fig. 9's grid: what its file keeps, what is still missing, and workers that share the trainings."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.config
import numpy as np
import pytest
import torch

from core import data, experiments, train
from core.commands.grid import train_cells
from core.experiments import grid
from core.figure_results import GridCell
from core.held_out import held_out_metrics
from core.progress import silent
from core.schema import RefusedError
from core.session import Session, device_of
from core.settings import Settings
from core.specs import GridSpec, ModelSpec
from core.stack import Stack
from core.store import StoreError
from core.vae import VAE
from tests.conftest import CommandLine, is_refused

SMALL = GridSpec(dataset="digits", n_latents=(2, 3), learning_rates=(1e-2, 1e-3), batch_sizes=(100, 200), epochs=1)
OPTIONS = ("grid", "--dataset", "digits", "--n-latent", "2,3", "--learning-rates", "1e-2,1e-3", "--epochs", "1")
LEAST = ("grid", "--dataset", "digits", "--n-latent", "2", "--learning-rates", "1e-3", "--batch-sizes", "200")
of_dask = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves


def ended(spec: ModelSpec, negative_elbo: float = 100.0, **changes: Any) -> GridCell:
    """A training that ended, without having run."""
    return replace(GridCell(spec, negative_elbo, 5.0, 2, 60, "cpu"), **changes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "grid.json"


@pytest.fixture
def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The environment that a worker would find."""
    for name in ("data", "models", "cache", "device"):
        monkeypatch.setenv(f"LT_{name.upper()}", str(getattr(settings, name)))
    return settings


# One training


@pytest.mark.usefixtures("here")
def test_a_cell_is_the_end_of_its_training(settings: Settings):
    spec = replace(SMALL.cells[0], epochs=2)
    cell = experiments.grid_cell(spec)
    training, test = (data.load_dataset("digits", settings.data, train=part) for part in (True, False))
    vae, _ = train.train(spec, training, test, device=device_of(settings))
    metrics = held_out_metrics(vae, test)
    assert cell.spec == spec
    assert (cell.negative_elbo, cell.kl) == (round(metrics.negative_elbo, 3), round(metrics.kl, 3))
    assert cell.active_units == metrics.active_units
    assert not cell.diverged
    assert cell.machine.startswith("cpu")


class LossDiverges(Stack):
    def check(self) -> None:
        self.losses.append([math.nan])
        super().check()


class BoundDiverges(Stack):
    def networks(self) -> list[VAE]:
        (network,) = super().networks()
        with torch.no_grad():
            network.decoder.output.bias.fill_(math.nan)
        return [network]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("engine", [LossDiverges, BoundDiverges])
def test_a_training_that_diverges_has_an_end(engine: type[Stack], file: Path):
    spec = replace(SMALL.cells[0], learning_rates=(1e-2,), epochs=3)
    (cell,) = experiments.grid_cells([spec], engine=engine)
    assert (cell.diverged, cell.negative_elbo) == (True, math.inf)
    experiments.record_cell(cell, file)
    assert json.loads(file.read_text())[0]["negative_elbo"] is None
    alone = replace(SMALL, n_latents=(2,), learning_rates=(1e-2,), batch_sizes=(100,), epochs=3)
    assert experiments.missing_cells(alone, file) == []
    sweep = experiments.latent_sweep(alone, file)
    assert sweep.best.tolist() == [math.inf]
    assert sweep.epochs.tolist() == [[[3]]]


# The file


def test_what_was_recorded_is_read_again(file: Path):
    cells = [ended(spec, 100.0 + i, kl=3.25 + i, active_units=i, seconds=i) for i, spec in enumerate(SMALL.cells)]
    cells[2] = ended(SMALL.cells[2], math.inf, kl=math.inf)
    for cell in reversed(cells):
        experiments.record_cell(cell, file)
    assert grid.read_grid(file) == {cell.spec: cell for cell in cells}
    assert len(file.read_text().splitlines()) == len(cells) + 2


def test_a_training_that_is_recorded_again_replaces_the_first(file: Path):
    for value in (100.0, 90.0):
        experiments.record_cell(ended(SMALL.cells[0], value), file)
    assert [cell.negative_elbo for cell in grid.read_grid(file).values()] == [90.0]


def test_only_what_is_missing_is_missing(file: Path):
    assert experiments.missing_cells(SMALL, file) == list(SMALL.cells)
    experiments.record_cell(ended(SMALL.cells[3]), file)
    experiments.record_cell(ended(replace(SMALL.cells[4], epochs=2)), file)
    assert experiments.missing_cells(SMALL, file) == [cell for i, cell in enumerate(SMALL.cells) if i != 3]
    twice = replace(SMALL, n_latents=(3, 3))
    assert len(experiments.missing_cells(twice, file)) == 4


DAMAGED = {
    "half of it": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: "grid",
    "a list of numbers": lambda text: "[1, 2]",
    "an object": lambda text: '{"cells": []}',
    "a number": lambda text: "3",
    "an unknown setting": lambda text: text.replace("n_latent", "n_latents"),
    "a bound of words": lambda text: text.replace("100.0", '"low"'),
    "no bound": lambda text: text.replace("negative_elbo", "elbo"),
    "an endless time": lambda text: text.replace('"seconds": 60', '"seconds": Infinity'),
    "a nest": lambda text: "[" * 100_000,
    "no text": lambda text: "\udcff",
}


@pytest.mark.parametrize("fault", list(DAMAGED))
def test_a_damaged_file_gets_a_sentence_and_is_left_alone(fault: str, file: Path):
    experiments.record_cell(ended(SMALL.cells[0]), file)
    file.write_text(DAMAGED[fault](file.read_text()), errors="surrogateescape")
    before = file.read_bytes()
    for use in (
        lambda: experiments.latent_sweep(SMALL, file),
        lambda: experiments.missing_cells(SMALL, file),
        lambda: experiments.record_cell(ended(SMALL.cells[0]), file),
    ):
        with pytest.raises(StoreError, match=r"grid\.json is no grid of trainings .* Move it away to begin anew\."):
            use()
    assert file.read_bytes() == before


# The result


def test_the_sweep_has_every_cell_in_its_place(file: Path):
    for spec in SMALL.cells:
        value = 100 * spec.n_latent + 1000 * spec.learning_rates[0] + spec.batch_size / 100
        experiments.record_cell(ended(spec, value), file)
    sweep = experiments.latent_sweep(SMALL, file)
    assert sweep.n_latents.tolist() == [2, 3]
    assert sweep.learning_rates.tolist() == [1e-2, 1e-3]
    assert sweep.batch_sizes.tolist() == [100, 200]
    np.testing.assert_allclose(sweep.negative_elbo[0], [[211, 212], [202, 203]])
    np.testing.assert_allclose(sweep.negative_elbo[1] - sweep.negative_elbo[0], 100)
    assert (sweep.epochs == 1).all()
    np.testing.assert_allclose(sweep.best, [202, 302])


def test_missing_cells_are_nan_and_never_the_best(file: Path):
    experiments.record_cell(ended(SMALL.cells[1], 120.0), file)
    experiments.record_cell(ended(SMALL.cells[2], math.inf), file)
    sweep = experiments.latent_sweep(SMALL, file)
    assert sweep.negative_elbo[0, 0, 1] == 120
    assert sweep.negative_elbo[0, 1, 0] == math.inf
    assert np.isnan(sweep.negative_elbo).sum() == 6
    assert sweep.best[0] == 120
    assert np.isnan(sweep.best[1])
    assert sweep.best_epochs.tolist() == [1, 0]
    assert sweep.epochs.sum() == 2


def test_without_a_file_all_is_missing(file: Path):
    sweep = experiments.latent_sweep(GridSpec(), file)
    assert sweep.negative_elbo.shape == (9, 3, 3)
    assert np.isnan(sweep.negative_elbo).all()
    assert np.isnan(sweep.best).all()


def test_longer_trainings_go_first_and_are_compared_among_themselves(file: Path):
    """A short training does not compete with long ones, and one that is too long is no part of the grid."""
    wanted = replace(SMALL, epochs=100)
    short, other, third = wanted.cells[:3]
    for spec, value in (
        (replace(short, epochs=5), 150.0),
        (replace(short, epochs=60), 110.0),
        (replace(short, epochs=500), 90.0),
        (replace(other, epochs=60), 112.0),
        (replace(third, epochs=5), 105.0),
    ):
        experiments.record_cell(ended(spec, value), file)
    sweep = experiments.latent_sweep(wanted, file)
    assert sweep.negative_elbo[0].ravel()[:3].tolist() == [110, 112, 105]
    assert sweep.epochs[0].ravel().tolist() == [60, 60, 5, 0]
    assert sweep.best_epochs[0] == 60
    assert sweep.best[0] == 110


def test_another_data_set_or_seed_is_another_grid(file: Path):
    experiments.record_cell(ended(SMALL.cells[0]), file)
    for other in (replace(SMALL, seed=1), replace(SMALL, dataset="mnist")):
        assert np.isnan(experiments.latent_sweep(other, file).negative_elbo).all()


# Workers


@of_dask
def test_two_processes_share_the_trainings_that_are_missing(command: CommandLine, file: Path):
    """Two cells are there already, one of them diverged: neither is trained again."""
    there = [ended(SMALL.cells[0], 1.5), ended(SMALL.cells[5], math.inf, kl=math.inf)]
    for cell in there:
        experiments.record_cell(cell, file)
    options = (*OPTIONS, "--batch-sizes", "100,200", "--processes", "2", "--output", str(file))
    status, answer, _, err = command(*options)
    assert status == 0, err
    assert answer["trained"] == 6
    assert GridSpec.from_dict(answer["spec"]) == SMALL
    found = grid.read_grid(file)
    assert set(found) == set(SMALL.cells)
    assert [found[cell.spec] for cell in there] == there
    assert answer["best"]["2"] == 1.5
    sweep = experiments.latent_sweep(SMALL, file)
    assert answer["best"]["3"] == sweep.best[1]
    assert 20 < sweep.best[1] < 60
    assert "100%" in err
    again = command(*options)[1]
    assert again == answer | {"trained": 0}
    assert grid.read_grid(file) == found


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with one worker, on a machine without MNIST."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LT_DATA", str(tmp_path_factory.mktemp("worker")))
        local: Any = {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": "127.0.0.1:0"}
        with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, **local) as cluster:
            yield str(cluster.scheduler_address)


@of_dask
def test_workers_of_a_scheduler_train(command: CommandLine, scheduler: str, file: Path):
    options = (*LEAST, "--epochs", "1", "--output", str(file), "--scheduler", scheduler)
    status, answer, _, err = command(*options)
    assert status == 0, err
    assert answer["trained"] == 1
    assert [cell.spec.batch_size for cell in grid.read_grid(file).values()] == [200]


@of_dask
def test_a_worker_without_images_is_a_sentence(command: CommandLine, scheduler: str, file: Path):
    options = ("grid", "--dataset", "mnist", "--n-latent", "2", "--output", str(file), "--scheduler", scheduler)
    assert is_refused(command(*options), "python -m core download --dataset mnist")
    assert not file.exists()


@of_dask
def test_without_a_scheduler_the_remedy_is_named(command: CommandLine, file: Path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        for place in (address, "nonsense://"):
            options = ("grid", "--dataset", "digits", "--output", str(file), "--scheduler", place)
            assert is_refused(command(*options), "dask scheduler")


@of_dask
def test_a_worker_that_dies_again_and_again_is_a_sentence(session: Session, file: Path):
    def die(spec: ModelSpec, **_: Any) -> GridCell:
        os._exit(1)

    args = Namespace(scheduler=None, processes=1, device=None, output=file)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(RefusedError, match="A worker died"),
    ):
        train_cells([SMALL.cells[0]], args, session, silent, train_cell=die)


def of_session(leader: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and os.getsid(int(path.name)) == leader:
                found.append(int(path.name))
    return found


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Leaders of sessions, which are killed at the end with all that they started."""
    leaders: list[subprocess.Popen[bytes]] = []
    yield leaders
    for leader in leaders:
        for pid in of_session(leader.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        leader.wait()


def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for what happens in another process."""
    for _ in range(6000):
        if condition():
            return
        threading.Event().wait(0.05)
    pytest.fail(f"It did not happen: {what}.")


@of_dask
@pytest.mark.usefixtures("here")
def test_a_killed_run_keeps_what_was_done_and_goes_on(
    command: CommandLine, file: Path, root: Path, scheduler: str, started: list[subprocess.Popen[bytes]]
):
    quick_and_endless = [*LEAST[:-1], "1400,1", "--epochs", "30", "--output", str(file)]
    run = [sys.executable, "-m", "core", *quick_and_endless]
    started.append(subprocess.Popen(run, cwd=root, stderr=subprocess.DEVNULL, start_new_session=True))
    until(file.exists, "the first training is filed")
    leader = started[0]
    assert len(of_session(leader.pid)) > 1
    leader.kill()
    leader.wait()
    until(lambda: not of_session(leader.pid), "the processes that it started end with it")
    first = grid.read_grid(file)
    assert [spec.batch_size for spec in first] == [1400]
    again = [*LEAST[:-1], "1400,1300", "--epochs", "30", "--output", str(file), "--scheduler", scheduler]
    status, answer, _, err = command(*again)
    assert status == 0, err
    assert answer["trained"] == 1
    assert first.items() <= grid.read_grid(file).items()


# What is shipped

of_what_is_shipped = pytest.mark.skipif(
    not grid.GRID.exists(), reason="No cell of the grid is shipped yet: python -m core grid computes it."
)


@of_what_is_shipped
def test_the_shipped_grid_is_of_the_paper_s_cells():
    cells = grid.read_grid(grid.GRID)
    wanted = {replace(spec, epochs=cell.epochs) for spec in GridSpec().cells for cell in cells}
    assert set(cells) <= wanted
    assert len(cells) >= 12


@of_what_is_shipped
def test_the_shipped_bound_gets_better_with_n_latent():
    sweep = experiments.latent_sweep(GridSpec(n_latents=(2, 6, 14)))
    assert (np.diff(sweep.best) < 0).all()
