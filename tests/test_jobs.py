"""Long work on a real cluster of one process: trained, shared, cancelled, and gone when it is closed."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core import store
from core.config import ModelSpec, Settings
from dashboard.jobs import Jobs, JobStatus
from tests.conftest import settings_in

pytestmark = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves
ENDS = ("done", "failed", "cancelled")
QUICK = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=4, precision="float32")
ENDLESS = replace(QUICK, epochs=5000, seed=9)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def jobs(home: Settings) -> Iterator[Jobs]:
    """One cluster for the whole file; it must leave no process behind."""
    before = children()
    jobs = Jobs(home)
    yield jobs
    jobs.close()
    until(lambda: children() <= before, "every child process has ended")


def children() -> set[int]:
    """Living processes below this one, on systems with /proc; Python's own resource tracker stays to the end."""
    parents = dict(parent_of(path) for path in Path("/proc").glob("[0-9]*"))
    found, level = set(), {os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level} - found
        found |= level
    return found


def parent_of(path: Path) -> tuple[int, int]:
    try:
        state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
        stays = state == "Z" or b"resource_tracker" in (path / "cmdline").read_bytes()
    except OSError:
        return int(path.name), -1
    return int(path.name), -1 if stays else int(parent)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for what happens in another process."""
    for _ in range(2400):
        found = condition()
        if found:
            return found
        threading.Event().wait(0.05)
    pytest.fail(f"It did not happen: {what}.")


def ended(jobs: Jobs, key: str) -> JobStatus:
    def status() -> JobStatus | None:
        found = jobs.status(key)
        return found if found and found.state in ENDS else None

    return until(status, "the job ends")


def reported(jobs: Jobs, key: str) -> JobStatus:
    """The status once the job no longer waits."""

    def status() -> JobStatus | None:
        found = jobs.status(key)
        return found if found and found.state != "waiting" else None

    return until(status, "the job reports")


def recorded(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every report that arrives from now on."""
    reports: list[dict[str, Any]] = []
    real = Jobs._report

    def report(self: Jobs, event: tuple[Any, Any]) -> None:
        reports.append(event[1])
        real(self, event)

    monkeypatch.setattr(Jobs, "_report", report)
    if jobs._client is not None:
        jobs._client.subscribe_topic("latent-trajectories", jobs._report)
    return reports


def test_a_model_is_trained_with_progress_and_filed(jobs: Jobs, home: Settings, monkeypatch: pytest.MonkeyPatch):
    reports = recorded(jobs, monkeypatch)
    key = jobs.train(QUICK)
    status = ended(jobs, key)
    assert (status.state, status.fraction) == ("done", 1.0)
    assert len(status.course["train"]) == QUICK.epochs
    assert status.course["epochs"][-1] == QUICK.epochs
    model = store.Library([(home.models, "trained here")]).load(status.text, torch.device("cpu"))
    assert model.spec == QUICK
    fractions = [report["fraction"] for report in reports if report["key"] == key]
    assert fractions == sorted(fractions)
    assert len(fractions) >= QUICK.epochs
    assert "epoch 1" in " ".join(report["text"] for report in reports)


def test_what_is_trained_already_is_not_trained_again(jobs: Jobs, home: Settings):
    key = jobs.train(QUICK)
    ended(jobs, key)
    files = {path: path.stat().st_mtime_ns for path in home.models.iterdir()}
    assert jobs.train(replace(QUICK)) == key
    assert ended(jobs, key).state == "done"
    assert {path: path.stat().st_mtime_ns for path in home.models.iterdir()} == files


def test_two_who_want_the_same_model_share_one_training_until_it_is_cancelled(jobs: Jobs, home: Settings):
    key = jobs.train(ENDLESS)
    assert jobs.train(replace(ENDLESS)) == key
    assert reported(jobs, key).text.startswith(("epoch", "fetching"))
    assert len([other for other in jobs._futures if other == key]) == 1
    jobs.cancel(key)
    assert ended(jobs, key).state == "cancelled"
    assert not [path for path in home.models.iterdir() if path.stem.endswith(ENDLESS.key()[:8])]


def test_a_cancelled_training_can_be_started_again(jobs: Jobs):
    for _ in range(3):
        key = jobs.train(ENDLESS)
        assert reported(jobs, key).state == "running"
        jobs.cancel(key)
        assert ended(jobs, key).state == "cancelled"


def test_other_recipes_are_other_jobs(jobs: Jobs):
    one, two = (jobs.train(replace(QUICK, seed=seed, epochs=1)) for seed in (1, 2))
    assert one != two
    assert [ended(jobs, key).state for key in (one, two)] == ["done", "done"]


def test_a_job_that_fails_says_why_and_can_be_tried_again(
    jobs: Jobs, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The folder of the models lies under a file, which no permission helps against."""
    (tmp_path / "file").write_text("")
    brief = replace(QUICK, epochs=1, seed=3)
    monkeypatch.setattr(jobs, "settings", replace(home, models=tmp_path / "file" / "models"))
    for _ in range(3):
        status = ended(jobs, jobs.train(brief))
        assert status.state == "failed"
        assert status.text.endswith(".")
        assert "Traceback" not in status.text
    monkeypatch.setattr(jobs, "settings", home)
    assert ended(jobs, jobs.train(brief)).state == "done"


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
    short, long = (jobs.estimated_seconds(replace(QUICK, epochs=epochs)) for epochs in (10, 5000))
    assert 0 < short < long


def test_an_unknown_job_has_no_status_and_cannot_be_cancelled(jobs: Jobs):
    assert jobs.status("nothing") is None
    jobs.cancel("nothing")
    assert jobs.status("nothing") is None


def test_nothing_is_started_before_it_is_needed(settings: Settings):
    idle = Jobs(settings)
    before = children()
    assert idle.status("x") is None
    idle.cancel("x")
    idle.close()
    assert children() <= before


def test_closing_ends_what_still_runs(settings: Settings):
    before = children()
    second = Jobs(settings)
    assert reported(second, second.train(ENDLESS)).state == "running"
    assert children() - before
    second.close()
    until(lambda: children() <= before, "every child process has ended")
