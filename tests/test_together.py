"""Several models that are asked for together: a stack on a GPU, one after the other elsewhere; each becomes a model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core import data, experiments, store, train
from core.computations import Question
from core.device_stack import DeviceStack
from core.experiments import Training, side_by_side
from core.library import Library
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec, with_snapshots
from core.vae import VAE
from dashboard.job_models import file_models
from dashboard.jobs import Jobs
from tests.conftest import settings_in
from tests.idle_jobs import StillJobs
from tests.processes import children, ended, learning, until
from tests.test_side_by_side import OneDiverges

pytestmark = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves
CPU = torch.device("cpu")
SPEC = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=2, batch_size=50, precision="float32")
STACK = (SPEC, replace(SPEC, n_latent=9), replace(SPEC, seed=1))
ENDLESS = tuple(replace(SPEC, epochs=5000, seed=seed) for seed in (7, 8))


def flat(vae: VAE) -> torch.Tensor:
    return torch.cat([value.flatten() for value in vae.state_dict().values()])


def files(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.models.glob("*"))


# Which are trained side by side


@pytest.mark.parametrize(
    ("device", "models", "sizes"),
    [("cuda", 8, [8]), ("cuda", 4, [4, 4]), ("cuda", 0.1, [1] * 8), ("cpu", 8, [1] * 8), ("mps", 8, [1] * 8)],
)
def test_models_are_a_stack_on_a_gpu_alone(device: str, models: float, sizes: list[int]):
    specs = [replace(SPEC, seed=seed) for seed in range(8)]
    memory = int(models * side_by_side.bytes_of(SPEC, 1437, 64))
    groups = experiments.groups_of(specs, torch.device(device), memory)
    assert [len(group) for group in groups] == sizes
    assert [spec for group in groups for spec in group] == specs


def test_models_that_take_equally_long_are_timed_once(settings: Settings):
    timed: list[int] = []

    def seconds(spec: ModelSpec, settings: Settings, *, others: Sequence[ModelSpec]) -> float:
        timed.append(spec.n_latent)
        return float(spec.n_latent)

    asked = (*STACK, replace(SPEC, beta=2.0))
    assert experiments.estimated_seconds_of(asked, settings, seconds) == 3 + 9 + 3 + 3
    assert timed == [3, 9]


# What a stack gives


def test_a_stack_gives_what_its_models_give_apart(settings: Settings):
    stack = tuple(with_snapshots(spec, (1,)) for spec in STACK)
    found = experiments.train_files(stack, settings, engine=DeviceStack)
    filed, problems = file_models(found, stack, settings, Library.of(settings.models))
    assert (filed, problems) == ([experiments.id_of(spec) for spec in STACK], [])
    digits = [data.load_dataset("digits", Path(), train=part) for part in (True, False)]
    for spec, id in zip(STACK, filed, strict=True):
        model = store.load_model(settings.models / f"{id}.safetensors", CPU)
        alone = train.train_stack([spec], *digits, device=CPU, engine=DeviceStack)[0][0]
        torch.testing.assert_close(flat(model.vae), flat(alone.half().float()), rtol=1e-3, atol=1e-4)
        assert model.spec == spec
        assert [epoch for epoch, _ in Library.of(settings.models).ages(id)] == [1, 2]
    experiments.forget_state(stack, settings)
    assert not [name for name in files(settings) if ".epoch-" in name or name.startswith("stack")]


def test_a_model_that_diverges_leaves_the_others_alone(settings: Settings):
    found = experiments.train_files(STACK, settings, engine=OneDiverges)
    filed, problems = file_models(found, STACK, settings, Library.of(settings.models))
    assert filed == [experiments.id_of(spec) for spec in STACK[:2]]
    (problem,) = problems
    assert problem.startswith(f"The loss of {experiments.id_of(STACK[2])} is not finite.")


def test_a_stack_goes_on_where_it_was_stopped(settings: Settings, tmp_path: Path):
    def stop(share: float, text: str) -> None:
        raise train.CancelledError

    stack = tuple(with_snapshots(spec, (1,)) for spec in STACK)
    with pytest.raises(train.CancelledError):
        experiments.train_files(stack, settings, progress=stop, engine=DeviceStack)
    (stopped,) = experiments.unfinished(settings)
    assert (stopped.training, stopped.epoch, stopped.problem) == (stack, 1, "")
    said: list[str] = []
    second = experiments.train_files(stack, settings, progress=lambda _, text: said.append(text), engine=DeviceStack)
    assert said[0].startswith("epoch 2 of 2")
    whole = experiments.train_files(stack, settings_in(tmp_path / "other"), engine=DeviceStack)
    for one, other in zip(second, whole, strict=True):
        weights = [store.model_of(Path("x"), each.model, CPU).vae for each in (one, other)]  # type: ignore[union-attr]
        assert torch.equal(flat(weights[0]), flat(weights[1]))


def test_a_stack_that_waited_is_noted_and_one_with_a_damaged_note_is_said(settings: Settings):
    experiments.note_waiting(STACK, settings)
    (stopped,) = experiments.unfinished(settings)
    assert (stopped.training, stopped.is_waiting) == (STACK, True)
    stopped.path.write_text("[]")
    (damaged,) = experiments.unfinished(settings)
    assert "is damaged. Discard it." in damaged.problem


# Jobs


class Stacked(Jobs):
    """Trains side by side whatever is asked for together, as on a GPU."""

    def plan(self, specs: Sequence[ModelSpec]) -> list[Training]:
        return [tuple(specs)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("together"))


@pytest.fixture(scope="module")
def stacked(home: Settings) -> Iterator[Jobs]:
    before, jobs = children(), Stacked(home)
    yield jobs
    jobs.close()
    until(lambda: children() <= before, "every child process has ended")


def test_on_a_cpu_models_are_trained_one_after_the_other_and_each_is_filed(settings: Settings):
    jobs = Jobs(settings)
    try:
        keys = jobs.train_all([*STACK[:2], STACK[0]])
        assert len(set(keys)) == 2
        assert [jobs.all()[i][1] for i in (1, 0)] == list(STACK[:2])
        assert [ended(jobs, key).state for key in keys] == ["done", "done"]
        assert files(settings) == sorted(f"{experiments.id_of(spec)}.safetensors" for spec in STACK[:2])
        assert jobs.estimated_seconds(STACK, Question("a")) > 0
    finally:
        jobs.close()


def test_a_stack_is_one_job_with_progress_and_as_many_models(stacked: Jobs, home: Settings):
    specs = [replace(SPEC, seed=seed) for seed in (2, 3)]
    (key,) = stacked.train_all(specs)
    status = ended(stacked, key)
    assert (status.state, status.text.split()) == ("done", [experiments.id_of(spec) for spec in specs])
    assert len(status.history["train"]) == SPEC.epochs
    assert [stacked.status(each).state for each in stacked.train_all(specs)] == ["done", "done"]  # two that are there
    assert not [name for name in files(home) if not name.endswith(".safetensors")]


def test_a_stack_that_is_cancelled_is_offered_again_and_no_model_is_trained_twice(stacked: Jobs, home: Settings):
    (key,) = stacked.train_all(ENDLESS)
    learning(stacked, key)
    assert stacked.train_all(ENDLESS) == []  # both are being trained
    with pytest.raises(RefusedError, match="side by side with others"):
        stacked.train(ENDLESS[0])
    stacked.cancel(key)
    until(lambda: files(home) and [e.training for e in experiments.unfinished(home)] == [ENDLESS], "its state is there")
    (stopped,) = experiments.unfinished(home)
    until(lambda: not stopped.path.with_suffix(".waiting").exists(), "its note is gone")
    assert stacked.train(stopped.training) == key
    learning(stacked, key)
    assert "epoch" in stacked.status(key).text
    stacked.cancel(key)
    until(lambda: not stacked.clients.processes.scheduler.tasks, "the work is given up")
    assert stacked.discard(stopped) == "The stopped training is discarded."
    assert experiments.unfinished(home) == []


def test_nothing_is_started_where_all_would_be_too_many_or_too_large(settings: Settings):
    class Apart(StillJobs):
        def plan(self, specs: Sequence[ModelSpec]) -> list[Training]:
            return list(specs)

    few = Apart(replace(settings, max_jobs=2))
    with pytest.raises(RefusedError, match="0 jobs run or wait here, and this server takes 2; these would be 3 more"):
        few.train_all(STACK)
    small = Apart(replace(settings, max_models=3 * 20_000))
    with pytest.raises(RefusedError, match="Delete a model"):
        small.train_all(STACK)
    assert few.all() == small.all() == []
    assert len(Apart(settings).train_all(STACK)) == 3


def test_a_model_whose_training_was_stopped_is_not_put_into_a_stack(settings: Settings):
    class Planned(StillJobs):
        def plan(self, specs: Sequence[ModelSpec]) -> list[Training]:
            return [tuple(specs)]

    def stop(share: float, text: str) -> None:
        raise train.CancelledError

    with pytest.raises(train.CancelledError):
        experiments.train_model(SPEC, settings, progress=stop)
    jobs = Planned(settings)
    jobs.train_all(STACK)
    assert [work for _, work, _ in jobs.all()] == [STACK[1:], SPEC]
