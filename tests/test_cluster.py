"""The work of several machines, on loopback: a real scheduler, real workers and web processes, a real Redis server.

Every process has folders of its own: nothing is shared but the scheduler and Redis.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import torch
import yaml

from core import experiments
from core.cluster import Credentials, client_of
from core.computations import Question
from core.library import Library
from core.schema import RefusedError
from core.settings import Settings
from core.specs import ModelSpec, with_snapshots
from core.zoo import recipe
from dashboard.jobs import Jobs
from tests.certificates import credentials_in, variables
from tests.conftest import CommandLine, is_refused, settings_in
from tests.processes import RecordedJobs, alive, children, ended, learning, until
from tests.served import Browser, Site, free_port
from tests.test_models import Hand, texts

pytestmark = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves
QUICK = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=3, batch_size=500, precision="float32")
ENDLESS = replace(QUICK, epochs=5000, batch_size=50, seed=9)
Start = Callable[..., subprocess.Popen[bytes]]
Servers = tuple[RecordedJobs, RecordedJobs]


@contextmanager
def running(root: Path, *command: object, **environment: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this program; killed at the end, with everything below it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LT_", "REDIS_"))}
    given = {name: str(value) for name, value in environment.items()}
    process = subprocess.Popen([str(part) for part in command], cwd=root, env=clean | given)
    try:
        yield process
    finally:
        below = children(process.pid)
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        until(lambda: not alive(below), "nothing is left of it")


def composed(root: Path, service: str, **places: object) -> list[str]:
    """The command of a service in compose.yaml, with other places in it."""
    command = yaml.safe_load((root / "compose.yaml").read_text())["services"][service]["command"]
    for name, place in ({"python ": f"{sys.executable} "} | places).items():
        assert name in command
        command = command.replace(name, str(place))
    return command.split()


def files_of(credentials: Credentials) -> dict[str, object]:
    """Where the services find the certificates, and where they are here."""
    return {
        "--tls-ca-file /certificate/cert.pem": f"--tls-ca-file {credentials.ca}",
        "--tls-cert /certificate/cert.pem": f"--tls-cert {credentials.cert}",
        "/certificate/key.pem": credentials.key,
    }


@contextmanager
def scheduler_of(root: Path, credentials: Credentials) -> Iterator[str]:
    port = free_port()
    places = {"0.0.0.0": "127.0.0.1", "8786": port} | files_of(credentials)
    with running(root, *composed(root, "scheduler", **places)):
        yield f"tls://127.0.0.1:{port}"


@contextmanager
def worker_of(root: Path, scheduler: str, credentials: Credentials, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    home.mkdir(parents=True, exist_ok=True)
    places = {"tls://scheduler:8786": scheduler, "/data/tmp": home} | files_of(credentials)
    command = composed(root, "worker", **places)
    with client_of(scheduler, credentials, timeout=120, set_as_default=False) as client:
        before = set(client.scheduler_info(n_workers=-1)["workers"])
        with running(root, *command, LT_HOME=home, LT_DEVICE="cpu") as process:
            until(lambda: set(client.scheduler_info(n_workers=-1)["workers"]) - before, "the worker is there")
            yield process


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return credentials_in(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def scheduler(root: Path, credentials: Credentials) -> Iterator[str]:
    with scheduler_of(root, credentials) as address:
        yield address


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The folders of the worker."""
    return settings_in(tmp_path_factory.mktemp("worker"))


@pytest.fixture(scope="module")
def worker(root: Path, scheduler: str, credentials: Credentials, home: Settings) -> Iterator[subprocess.Popen[bytes]]:
    with worker_of(root, scheduler, credentials, home.models.parent) as process:
        yield process


@pytest.fixture
def servers(scheduler: str, credentials: Credentials, worker: object, tmp_path: Path) -> Iterator[Servers]:
    """The jobs of two web processes."""
    pair = [RecordedJobs(sending_to(settings_in(tmp_path / name), scheduler, credentials)) for name in ("one", "two")]
    yield pair[0], pair[1]
    for jobs in pair:
        jobs.close()


def sending_to(settings: Settings, scheduler: str, credentials: Credentials) -> Settings:
    """The settings of a server whose trainings go to a scheduler."""
    return replace(settings, scheduler=scheduler, scheduler_credentials=credentials)


def files(settings: Settings) -> list[str]:
    """The models and states of a folder."""
    return sorted(path.name for path in settings.models.glob("*")) if settings.models.exists() else []


def state_of(home: Settings, spec: ModelSpec) -> experiments.Unfinished | None:
    """The state that a worker keeps of a training."""
    return next((each for each in experiments.unfinished(home) if each.spec == spec), None)


def test_a_worker_trains_and_the_server_files(servers: Servers, home: Settings):
    jobs, other = servers
    status = ended(jobs, jobs.train(QUICK))
    assert (status.state, len(status.history["train"])) == ("done", QUICK.epochs)
    assert files(jobs.settings) == [f"{status.text}.safetensors"]
    model = Library([(jobs.settings.models, "trained here")]).load(status.text, torch.device("cpu"))
    assert model.spec == QUICK
    assert files(other.settings) == []
    until(lambda: files(home) == [], "the worker keeps neither model nor state")


def test_what_a_worker_keeps_on_the_way_is_filed_by_all_who_wait(servers: Servers, home: Settings):
    spec = replace(QUICK, epochs=60, seed=3)
    first, second = servers
    key = first.train(with_snapshots(spec, (1, 30)))
    learning(first, key)
    second.train(with_snapshots(spec, (1, 40)))
    status = ended(first, key)
    assert (status.state, status.text) == ("done", experiments.id_of(spec))
    late = ended(second, key)
    assert (late.state, "without 40 of the epochs" in late.text) == ("failed", True)  # it is told, and can ask again
    for jobs in servers:
        ages = Library.of(jobs.settings.models).ages(status.text)
        assert [epoch for epoch, _ in ages] == [1, 30, 60]
        for _, id in ages:
            assert Library.of(jobs.settings.models).load_sweeps(id)[0]["cells"]
    until(lambda: files(home) == [], "the worker keeps nothing")


def test_two_servers_share_one_training_and_both_file_it(servers: Servers):
    spec = replace(QUICK, epochs=60, seed=1)
    reports = servers[0].recorded()
    keys = [jobs.train(spec) for jobs in servers]
    assert keys[0] == keys[1]
    ends = [ended(jobs, key) for jobs, key in zip(servers, keys, strict=True)]
    assert [end.state for end in ends] == ["done", "done"]
    assert ends[0].history == ends[1].history
    assert len({report["run"] for report in reports if report["key"] == keys[0]}) == 1
    assert [files(jobs.settings) for jobs in servers] == [[f"{ends[0].text}.safetensors"]] * 2


def test_who_cancels_leaves_the_training_to_the_other_who_waits(servers: Servers, home: Settings):
    one, two = servers
    key = one.train(ENDLESS)
    two.train(ENDLESS)
    for jobs in servers:
        assert learning(jobs, key).state == "running"
    one.cancel(key)
    before = two.status(key).fraction
    until(lambda: two.status(key).fraction > before, "the other one still learns")
    assert one.status(key).state == "cancelled"
    two.close()  # as if that server had gone
    state = until(lambda: state_of(home, ENDLESS), "the work stops when nobody waits for it, and keeps its state")
    reports = one.recorded()
    learning(one, one.train(ENDLESS))
    one.cancel(key)
    assert f"goes on from epoch {state.epoch}" in [report["text"] for report in reports]


def test_a_killed_worker_is_replaced_and_its_job_goes_on(
    servers: Servers, worker: subprocess.Popen[bytes], home: Settings
):
    jobs = servers[0]
    spec = replace(QUICK, epochs=300, seed=2)
    key = jobs.train(spec)
    learning(jobs, key)
    jobs.cancel(key)
    state = until(lambda: state_of(home, spec), "the state is written")
    jobs.train(spec)
    run = learning(jobs, key).run
    (process,) = until(lambda: children(worker.pid), "the worker's process")
    os.kill(process, signal.SIGKILL)
    until(lambda: jobs.status(key).run != run, "its successor")
    assert f"(its worker died, another one goes on from epoch {state.epoch})" in learning(jobs, key).text
    assert ended(jobs, key).state == "done"
    until(lambda: not state_of(home, spec), "the worker keeps no state of what is filed")


def test_a_machine_that_is_lost_gives_its_job_to_another_which_starts_again(
    root: Path, credentials: Credentials, tmp_path: Path
):
    with scheduler_of(root, credentials) as scheduler, ExitStack() as stack:
        first = stack.enter_context(worker_of(root, scheduler, credentials, tmp_path / "first"))
        jobs = Jobs(sending_to(settings_in(tmp_path / "web"), scheduler, credentials))
        stack.callback(jobs.close)
        key = jobs.train(replace(QUICK, epochs=1000))
        run = learning(jobs, key).run
        machine = (first.pid, *children(first.pid))
        for pid in machine:
            os.kill(pid, signal.SIGSTOP)  # else it is done before there is another
        stack.enter_context(worker_of(root, scheduler, credentials, tmp_path / "second"))
        for pid in machine:
            os.kill(pid, signal.SIGKILL)
        until(lambda: jobs.status(key).run != run, "the other worker")
        assert "(its worker died, another one starts from epoch 1)" in learning(jobs, key).text
        assert ended(jobs, key).state == "done"


def test_a_scheduler_that_does_not_answer_is_said(settings: Settings):
    for address in (f"tcp://127.0.0.1:{free_port()}", "nonsense://x"):
        jobs = Jobs(replace(settings, scheduler=address), patience=1)
        for ask in (jobs.train, lambda spec, jobs=jobs: jobs.estimated_seconds(spec, Question("a"))):
            with pytest.raises(RefusedError, match=r"does not answer\. Start it") as refused:
                ask(QUICK)
            assert address in str(refused.value)
        assert jobs.all() == []
        jobs.close()


def test_a_scheduler_without_a_worker_is_said(root: Path, credentials: Credentials, settings: Settings):
    with scheduler_of(root, credentials) as scheduler:
        there = sending_to(settings, scheduler, credentials)
        # left open, the collector may close it while the next one starts
        with Jobs(there).clients.connected(scheduler) as client:
            assert client.status == "running"
        jobs = Jobs(there, patience=1)
        with pytest.raises(RefusedError, match=f"has no worker.*python -m dask worker {scheduler} .*--tls-cert"):
            jobs.train(QUICK)
        jobs.close()


def test_a_job_whose_scheduler_ends_has_failed(root: Path, credentials: Credentials, tmp_path: Path):
    with ExitStack() as stack:
        scheduler = stack.enter_context(ExitStack())
        address = scheduler.enter_context(scheduler_of(root, credentials))
        stack.enter_context(worker_of(root, address, credentials, tmp_path / "worker"))
        jobs = Jobs(sending_to(settings_in(tmp_path / "web"), address, credentials))
        stack.callback(jobs.close)
        key = jobs.train(ENDLESS)
        assert learning(jobs, key).state == "running"
        scheduler.close()
        assert ended(jobs, key).state == "failed"
        assert "connection to the scheduler was lost" in jobs.status(key).text


@contextmanager
def site_of(root: Path, home: Path, **environment: object) -> Iterator[Site]:
    """A web process as it is served."""
    port = free_port()
    command = (sys.executable, "serve.py")
    with running(root, *command, LT_HOME=home, LT_DEVICE="cpu", HOST="127.0.0.1", PORT=port, **environment):
        site = Site(f"http://127.0.0.1:{port}")
        until(site.is_up, "the web process answers")
        yield site


def test_what_a_worker_trains_appears_in_the_explorer_of_a_web_process(
    root: Path,
    scheduler: str,
    credentials: Credentials,
    worker: object,
    redis_server: tuple[str, object],
    tmp_path: Path,
):
    spec = replace(recipe("digits", 3), epochs=2, seed=5)
    id = experiments.id_of(spec)
    there = {"LT_SCHEDULER": scheduler, "REDIS_URL": redis_server[0], **variables(credentials)}
    with site_of(root, tmp_path, **there) as site:
        hand = Hand(site)
        typed = (spec.n_latent, spec.epochs, spec.beta, spec.seed)
        hand.press("train", state=(spec.dataset, *map(str, typed)))
        until(lambda: f"{id}.safetensors" in str(hand.poll()["table"]), "the list of models has it")
        response = Browser(site).ask("ensemble", f"v=1&model={id}&runs=20")
    assert response["ensemble"]["data"]["frames"]
    assert files(settings_in(tmp_path)) == [f"{id}.safetensors"]
    with redis.Redis.from_url(redis_server[0]) as client:
        assert list(client.scan_iter("lt:*"))  # pyright: ignore[reportArgumentType]


def test_a_restarted_web_process_offers_the_training_that_its_worker_has(
    root: Path, scheduler: str, credentials: Credentials, worker: object, home: Settings, tmp_path: Path
):
    spec = replace(recipe("digits", 3), epochs=400, seed=6)
    there = {"LT_SCHEDULER": scheduler, **variables(credentials)}
    typed = (spec.dataset, *map(str, (spec.n_latent, spec.epochs, spec.beta, spec.seed)))
    with site_of(root, tmp_path, **there) as site:
        hand = Hand(site)
        hand.press("train", state=typed)
        until(lambda: "epoch 2" in texts(hand.poll()["jobs"]["children"]), "it learns")
    until(lambda: state_of(home, spec), "the worker stops and keeps the state")
    with site_of(root, tmp_path, **there) as site:
        hand = Hand(site)
        shown = texts(hand.poll()["jobs"]["children"])
        assert "seed 6" in shown
        assert "its state lies with its worker" in shown
        (note,) = files(settings_in(tmp_path))
        said = hand.press("do", of={"do": "resume", "key": note})["message"]["children"]
        assert said.endswith("goes on where its worker left it.")
        id = experiments.id_of(spec)
        until(lambda: files(settings_in(tmp_path)) == [f"{id}.safetensors"], "the model is there, the note is not")
    until(lambda: not state_of(home, spec), "the worker keeps no state of what is filed")


def test_a_discarded_training_is_forgotten_by_its_worker_too(servers: Servers, home: Settings):
    jobs, spec = servers[0], replace(ENDLESS, seed=10)
    learning(jobs, jobs.train(spec))
    jobs.cancel(jobs.train(spec))
    until(lambda: state_of(home, spec), "the worker stops and keeps the state")
    (note,) = experiments.unfinished(jobs.settings)
    assert jobs.discard(note) == "The stopped training is discarded."
    assert not state_of(home, spec)
    assert experiments.unfinished(jobs.settings) == []


def test_a_training_can_be_discarded_where_no_scheduler_answers(settings: Settings):
    experiments.note_elsewhere(QUICK, settings)
    (note,) = experiments.unfinished(settings)
    jobs = Jobs(replace(settings, scheduler=f"tcp://127.0.0.1:{free_port()}"), patience=1)
    assert "no worker answers, and the one that has its state keeps it." in jobs.discard(note)
    assert experiments.unfinished(settings) == []
    jobs.close()


# Who may train


def test_other_certificates_are_refused_and_said(
    scheduler: str, credentials: Credentials, worker: object, settings: Settings, tmp_path: Path
):
    other = credentials_in(tmp_path / "other")
    half = replace(credentials, cert=other.cert, key=other.key)  # takes the scheduler's, and shows another one
    for wrong in (other, half):
        jobs = Jobs(sending_to(settings, scheduler, wrong))
        with pytest.raises(RefusedError, match="does not answer, or it refuses the certificates of this server"):
            jobs.train(QUICK)
        assert jobs.all() == []
        jobs.close()


def test_without_certificates_nobody_trains(scheduler: str, worker: object, settings: Settings):
    jobs = Jobs(replace(settings, scheduler=scheduler.replace("tls://", "tcp://")), patience=2)
    with pytest.raises(RefusedError, match=r"does not answer\. Start it"):
        jobs.train(QUICK)
    jobs.close()


def test_the_grid_is_trained_under_tls(
    scheduler: str,
    credentials: Credentials,
    worker: object,
    command: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    cell = ("--dataset", "digits", "--n-latent", "2", "--learning-rates", "1e-3", "--batch-sizes", "200")
    options = ("grid", *cell, "--epochs", "1", "--output", str(tmp_path / "grid.json"), "--scheduler", scheduler)
    for files, is_right in ((credentials_in(tmp_path / "other"), False), (credentials, True)):
        for variable, file in variables(files).items():
            monkeypatch.setenv(variable, file)
        answer = command(*options)
        if is_right:
            assert (answer[0], answer[1]["trained"]) == (0, 1), answer[3]
        else:
            assert is_refused(answer, "or it refuses our certificates")
