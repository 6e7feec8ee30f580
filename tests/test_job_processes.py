"""Clusters of jobs of their own: slow starts, failures, and no process left at the end."""

import importlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.config
import pytest

from core.settings import Settings
from dashboard.job_status import JobStatus
from dashboard.jobs import Jobs
from tests.conftest import settings_in
from tests.processes import ENDLESS, QUICK, alive, children, ended, learning, models_of, until, worker_of

pytestmark = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves


@pytest.fixture(scope="module", autouse=True)
def defaults() -> None:
    """Dask's own settings of clusters are there before a test changes one of them."""
    importlib.import_module("distributed")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("jobs"))


def test_a_process_may_take_longer_to_start_than_dask_waits(home: Settings, tmp_path: Path):
    """Torch comes from a cold disk: Dask gives a process up whose successor is not there after 15 s."""
    cold, slow = tmp_path / "cold", tmp_path / "slow.py"
    slow.write_text(f"import os, time\nif os.path.exists('{cold}'):\n    os.remove('{cold}')\n    time.sleep(17)\n")
    jobs = Jobs(home)
    with dask.config.set({"distributed.worker.preload": [str(slow)]}):
        key = jobs.train(replace(ENDLESS, seed=12))
    try:
        run = learning(jobs, key).run
        cold.touch()
        os.kill(worker_of(jobs), signal.SIGKILL)
        until(lambda: jobs.status(key).run != run, "another process takes over")
        assert not cold.exists()  # it did start that slowly
        assert "its worker died" in learning(jobs, key).text
    finally:
        jobs.close()


def test_a_job_that_fails_says_why_and_can_be_tried_again(home: Settings, tmp_path: Path):
    """The folder of the models lies under a file, which no permission helps against."""
    file, brief = tmp_path / "file", replace(QUICK, epochs=1, seed=3)
    file.write_text("")
    jobs = Jobs(replace(home, models=file / "models"))
    for _ in range(3):
        status = ended(jobs, jobs.train(brief))
        assert status.state == "failed"
        assert "could not be written" in status.text
        assert status.text.endswith(".")
    file.unlink()
    assert ended(jobs, jobs.train(brief)).state == "done"
    jobs.close()


def test_a_report_of_an_earlier_attempt_changes_nothing(settings: Settings):
    idle = Jobs(settings)
    idle._status["k"], idle._attempts["k"] = JobStatus("waiting"), "k-2"
    report = {"key": "k", "run": "r", "start": "", "fraction": 0.5, "text": "t", "history": None}
    idle._report((0, report | {"attempt": "k-1"}))
    assert idle.status("k").state == "waiting"
    idle._report((0, report | {"attempt": "k-2"}))
    assert idle.status("k").state == "running"


def test_nothing_is_started_before_it_is_needed(settings: Settings):
    idle = Jobs(settings)
    before = children()
    assert idle.status("x") is None
    idle.cancel("x")
    idle.close()
    assert children() <= before


def test_closing_ends_what_still_runs_and_keeps_its_state(settings: Settings):
    before = children()
    second = Jobs(settings)
    assert learning(second, second.train(ENDLESS)).state == "running"
    assert children() - before
    second.close()
    until(lambda: children() <= before, "every child process has ended")
    assert models_of(settings, ENDLESS) == [".training", ".waiting"]  # what is known of it, and that it is wanted


SERVER = """
import signal, sys, threading
from pathlib import Path
from core.settings import Settings
from core.specs import ModelSpec
from dashboard.jobs import Jobs

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background ignores it
    jobs = Jobs(Settings.from_environment())
    recipe = {"dataset": "digits", "n_latent": 3, "n_hidden": 16, "precision": "float32"}
    key = jobs.train(ModelSpec(**recipe, epochs=5000, batch_size=50))
    while not jobs.status(key).history:
        threading.Event().wait(0.05)
    print("learning", flush=True)
    threading.Event().wait(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_server(root: Path, tmp_path: Path, ending: signal.Signals):
    script = tmp_path / "serve.py"
    script.write_text(SERVER)
    environment: Any = os.environ | {"LT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(root), "LT_DEVICE": "cpu"}
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout.readline() == "learning\n"
        workers = children(server.pid)
        assert workers
        server.send_signal(ending)
        server.wait()
        until(lambda: not alive(workers), "the workers have ended too")
