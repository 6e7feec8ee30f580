"""Long work on a real cluster of one process: trained, shared, cancelled, taken over."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import replace

import dask.config
import pytest
import torch

from core import experiments, train
from core.checkpoint import TrainingError
from core.computations import Question
from core.library import Library
from core.schema import RefusedError
from core.settings import Settings
from core.specs import READINGS, ModelSpec, with_snapshots
from dashboard import job_status
from dashboard.job_clients import Clients
from dashboard.job_status import JobStatus
from dashboard.jobs import Jobs
from tests.conftest import settings_in
from tests.processes import ENDLESS, QUICK, RecordedJobs, children, ended, learning, models_of, until, worker_of

pytestmark = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def jobs(home: Settings) -> Iterator[RecordedJobs]:
    """One cluster for the whole file; it must leave no process behind."""
    before = children()
    jobs = RecordedJobs(home)
    yield jobs
    jobs.close()
    until(lambda: children() <= before, "every child process has ended")


def test_a_model_is_trained_with_progress_and_filed(jobs: RecordedJobs, home: Settings):
    reports = jobs.recorded()
    key = jobs.train(QUICK)
    status = ended(jobs, key)
    assert (status.state, status.fraction) == ("done", 1.0)
    assert len(status.history["train"]) == QUICK.epochs
    assert status.history["epochs"][-1] == QUICK.epochs
    model = Library([(home.models, "trained here")]).load(status.text, torch.device("cpu"))
    assert model.spec == QUICK
    fractions = [report["fraction"] for report in reports if report["key"] == key]
    assert fractions == sorted(fractions)
    assert len(fractions) >= QUICK.epochs
    texts = [report["text"] for report in reports]
    assert "starts from epoch 1" in texts
    assert "epoch 2 of 4" in " ".join(texts)


def test_what_is_trained_already_is_not_trained_again(jobs: Jobs, home: Settings):
    key = jobs.train(QUICK)
    ended(jobs, key)
    files = {path: path.stat().st_mtime_ns for path in home.models.iterdir()}
    assert jobs.train(replace(QUICK)) == key
    assert ended(jobs, key).state == "done"
    assert {path: path.stat().st_mtime_ns for path in home.models.iterdir()} == files


def test_what_was_deleted_is_trained_again(jobs: RecordedJobs, home: Settings):
    ended(jobs, jobs.train(QUICK))
    reports = jobs.recorded()
    for _ in range(2):
        experiments.library_of(home).delete(experiments.id_of(QUICK))
        assert ended(jobs, jobs.train(QUICK)).state == "done"
        assert models_of(home, QUICK) == [".safetensors"]
    assert len({report["attempt"] for report in reports}) == 2


def ages(settings: Settings, spec: ModelSpec) -> list[int]:
    """The epochs at which a model of this machine was kept, its end included."""
    return [epoch for epoch, _ in Library.of(settings.models).ages(experiments.id_of(spec))]


def test_a_training_keeps_weights_on_the_way_with_the_stages_of_every_age(jobs: RecordedJobs, home: Settings):
    spec = replace(QUICK, seed=40)
    reports = jobs.recorded()
    key = jobs.train(with_snapshots(spec, (3, 1)))
    id = ended(jobs, key).text
    assert (jobs.status(key).state, id) == ("done", experiments.id_of(spec))
    assert ages(home, spec) == [1, 3, 4]
    library = Library.of(home.models)
    weights = [library.load(each, torch.device("cpu")).card.weights_sha256 for _, each in library.ages(id)]
    assert len(set(weights)) == 3
    for _, each in library.ages(id):
        assert library.load_sweeps(each)[0]["cells"] == [["decoded", kind, 6] for kind in READINGS]
    fractions = [report["fraction"] for report in reports if report["key"] == key]
    assert fractions == sorted(fractions)
    assert "stages of '6'" in reports[-1]["text"]
    assert len(models_of(home, spec)) == 3  # the model, its snapshots and its stages: no state, and no parts


def test_a_training_that_goes_on_keeps_what_it_was_begun_with(jobs: Jobs, home: Settings):
    spec = replace(ENDLESS, seed=41, epochs=200)
    key = jobs.train(with_snapshots(spec, (1, 199)))
    learning(jobs, key)
    jobs.cancel(key)
    until(lambda: ".training" in models_of(home, spec), "the state is written")
    (stopped,) = (
        each for each in experiments.unfinished(home) if experiments.id_of(each.spec) == experiments.id_of(spec)
    )
    assert stopped.spec == with_snapshots(spec, (1, 199))
    assert ended(jobs, jobs.train(spec)).state == "done"  # whoever goes on with it need not know
    assert ages(home, spec) == [1, 199, 200]


def test_what_was_not_kept_before_a_training_was_stopped_is_said(jobs: Jobs, home: Settings):
    spec = replace(ENDLESS, seed=42)
    learning(jobs, jobs.train(spec))
    jobs.cancel(jobs.train(spec))
    until(lambda: models_of(home, spec) == [".training"], "the state is written")
    status = ended(jobs, jobs.train(with_snapshots(spec, (1, 4999))))
    assert status.state == "failed"
    assert "what it was after 1 was not kept" in status.text
    experiments.forget_state(spec, home)


def test_a_model_that_lacks_an_epoch_is_trained_again_and_keeps_what_it_had(jobs: Jobs, home: Settings):
    spec = replace(QUICK, seed=43)
    for kept, expected in (((), []), ((1,), [1, 4]), ((2,), [1, 2, 4]), ((1,), [1, 2, 4]), ((), [1, 2, 4])):
        assert ended(jobs, jobs.train(with_snapshots(spec, kept))).state == "done"
        assert ages(home, spec) == expected


def test_one_training_does_not_promise_epochs_that_it_was_not_begun_with(jobs: Jobs, home: Settings):
    key = jobs.train(with_snapshots(ENDLESS, (1, 4000)))
    assert jobs.train(ENDLESS) == key
    assert jobs.train(with_snapshots(ENDLESS, (4000,))) == key
    with pytest.raises(RefusedError, match="not all these epochs are kept"):
        jobs.train(with_snapshots(ENDLESS, (1, 4001)))
    assert jobs.all()[0][1] == with_snapshots(ENDLESS, (1, 4000))
    learning(jobs, key)
    jobs.cancel(key)
    until(lambda: ".training" in models_of(home, ENDLESS), "the state is written")
    experiments.forget_state(ENDLESS, home)


def test_what_has_ended_is_held_no_longer(jobs: Jobs):
    keys = [jobs.train(replace(QUICK, seed=seed, epochs=1)) for seed in (1, 2)]
    assert keys[0] != keys[1]
    assert [ended(jobs, key).state for key in keys] == ["done", "done"]
    until(lambda: not jobs._futures, "the server drops its futures")
    until(lambda: not jobs.clients.processes.scheduler.tasks, "the scheduler forgets the tasks and their results")


def test_two_who_want_the_same_model_share_one_training_until_it_is_cancelled(jobs: Jobs, home: Settings):
    key = jobs.train(ENDLESS)
    assert jobs.train(replace(ENDLESS)) == key
    assert learning(jobs, key).text.startswith("epoch")
    assert len(jobs.clients.processes.scheduler.tasks) == 1
    jobs.cancel(key)
    assert ended(jobs, key).state == "cancelled"
    until(lambda: not jobs.clients.processes.scheduler.tasks, "the work is given up")
    until(lambda: models_of(home, ENDLESS) == [".training"], "the state is written, and there is no model")


def test_a_training_that_waits_is_noted_until_it_has_come_to_an_end(jobs: Jobs, home: Settings):
    waits = replace(QUICK, seed=31)
    running, waiting = jobs.train(ENDLESS), jobs.train(waits)
    until(lambda: ".training" in models_of(home, ENDLESS), "the first of them has a state")
    assert jobs.status(waiting).state == "waiting"
    after_a_kill = experiments.unfinished(home)  # what another process finds on the disk at this moment
    assert [each.spec for each in after_a_kill if each.is_waiting] == [waits]
    assert [each.spec for each in after_a_kill if not each.is_waiting] == [ENDLESS]  # its state says more
    jobs.cancel(running)
    assert ended(jobs, waiting).state == "done"
    until(lambda: not list(home.models.glob("*.waiting")), "the notes are gone")
    jobs.discard(next(each for each in experiments.unfinished(home) if each.spec == ENDLESS))
    assert not [each for each in experiments.unfinished(home) if each.spec == ENDLESS]


def test_as_many_jobs_as_the_settings_say_are_taken(home: Settings):
    class Unconnected(Clients):
        def of(self, address: str) -> None:
            pass

    few = Jobs(replace(home, max_jobs=2), clients=Unconnected(home, print))
    few._attempts.update(one="one-1", two="two-1")
    with pytest.raises(RefusedError, match="2 jobs run or wait here"):
        few.train(replace(QUICK, seed=77))


def test_a_cancelled_training_goes_on_where_it_was(jobs: RecordedJobs, home: Settings):
    reports = jobs.recorded()
    for _ in range(3):
        key = jobs.train(ENDLESS)
        assert learning(jobs, key).state == "running"
        jobs.cancel(key)
        assert ended(jobs, key) == jobs.status(key)
        assert jobs.status(key).state == "cancelled"
    assert len({report["attempt"] for report in reports}) == 3
    starts = [report["text"] for report in reports if report["text"] == report["start"]]
    assert [text.partition(" epoch")[0] for text in starts[1:]] == ["goes on from"] * (len(starts) - 1)
    experiments.forget_state(ENDLESS, home)


def test_a_job_that_waits_for_another_can_be_cancelled_at_once(jobs: Jobs):
    first = jobs.train(ENDLESS)
    learning(jobs, first)
    second = jobs.train(replace(ENDLESS, seed=10))
    assert jobs.status(second).state == "waiting"
    jobs.cancel(second)
    assert jobs.status(second).state == "cancelled"
    assert jobs.status(first).state == "running"
    jobs.cancel(first)


@pytest.mark.parametrize("kills", [1, 2])
def test_a_job_whose_worker_is_killed_goes_on_from_its_last_state(jobs: Jobs, home: Settings, kills: int):
    spec = replace(QUICK, seed=20 + kills, epochs=300)
    key = jobs.train(spec)
    learning(jobs, key)
    jobs.cancel(key)  # which writes the state
    until(lambda: models_of(home, spec) == [".training"], "the state is written")
    (state,) = (each for each in experiments.unfinished(home) if each.spec == spec)
    jobs.train(spec)
    for _ in range(kills):
        run = learning(jobs, key).run
        os.kill(worker_of(jobs), signal.SIGKILL)
        until(lambda run=run: jobs.status(key).run != run, "another worker takes over")
    assert f"goes on from epoch {state.epoch}" in jobs.status(key).text
    assert "its worker died" in learning(jobs, key).text
    assert ended(jobs, key).state == "done"
    assert len(jobs.status(key).history["train"]) * jobs.status(key).history["step"][0] >= spec.epochs
    assert models_of(home, spec) == [".safetensors"]


def test_a_job_without_a_state_yet_starts_again_and_says_so(jobs: Jobs):
    key = jobs.train(replace(ENDLESS, seed=11))
    run = learning(jobs, key).run
    os.kill(worker_of(jobs), signal.SIGKILL)
    until(lambda: jobs.status(key).run != run, "another worker takes over")
    assert "(its worker died, another one starts from epoch 1)" in learning(jobs, key).text
    jobs.cancel(key)


def test_a_process_that_the_cluster_gives_up_is_replaced_at_the_next_job(jobs: Jobs):
    ended(jobs, jobs.train(replace(QUICK, epochs=1, seed=4)))
    with dask.config.set({"distributed.deploy.lost-worker-timeout": 0}):
        os.kill(worker_of(jobs), signal.SIGKILL)
        until(lambda: not jobs.clients.processes.workers, "the cluster gives its process up")
    assert ended(jobs, jobs.train(replace(QUICK, epochs=1, seed=5))).state == "done"


def test_images_that_cannot_be_had_are_said(jobs: Jobs, home: Settings):
    """The folder of the data lies under a file, which no permission helps against."""
    home.data.parent.mkdir(parents=True, exist_ok=True)
    home.data.write_text("a file")
    try:
        status = ended(jobs, jobs.download("mnist"))
    finally:
        home.data.unlink()
    assert status.state == "failed"
    assert status.text.endswith(".")
    assert len(status.text) < 500


def test_the_data_that_need_no_download_are_there_at_once(jobs: Jobs):
    assert ended(jobs, jobs.download("digits")) == JobStatus("done", 1.0, "digits")


def test_an_estimate_grows_with_the_epochs(jobs: Jobs):
    short, long = (jobs.estimated_seconds(replace(QUICK, epochs=epochs), Question("a")) for epochs in (10, 5000))
    assert 0 < short < long


def test_an_estimate_does_not_wait_for_a_training(jobs: Jobs):
    key = jobs.train(ENDLESS)
    with pytest.raises(RefusedError, match="Another job is running"):
        jobs.estimated_seconds(QUICK, Question("a"))
    jobs.cancel(key)


def test_an_unknown_job_has_no_status_and_cannot_be_cancelled(jobs: Jobs):
    assert jobs.status("nothing") is None
    jobs.cancel("nothing")
    assert jobs.status("nothing") is None


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (train.CancelledError(), "cancelled", "cancelled"),
        (TrainingError("The loss is not finite."), "failed", "The loss is not finite."),
        (CancelledError(), "failed", "connection to the scheduler was lost"),
        (OSError(28, "No space left on device"), "failed", "No space left on device"),
        (RuntimeError("out of memory " * 100), "failed", "RuntimeError: out of memory"),
    ],
)
def test_why_a_job_came_to_no_result_is_a_sentence(error: Exception, state: str, words: str):
    found, text = job_status.ended(error)
    assert found == state
    assert words in text
    assert len(text) < 500
