"""Who may speak to a cluster, asked of real ones: whoever is let in can run code there."""

import asyncio
import ssl
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from distributed.comm.core import connect
from distributed.security import Security

from core import cluster
from core.commands.grid import workers
from core.schema import RefusedError, SpecError
from core.settings import Settings
from core.specs import ModelSpec
from dashboard.jobs import Jobs
from tests.certificates import credentials_in, variables
from tests.conftest import CommandLine, is_refused, settings_in
from tests.processes import children

pytestmark = pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves
QUICK = ModelSpec(dataset="digits", n_latent=3, n_hidden=16, epochs=1, batch_size=500, precision="float32")


# The cluster of this process


@pytest.fixture(scope="module", params=["jobs", "grid"])
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """The client of an embedded cluster, and the folder for the temporary files of all its processes."""
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("TMPDIR", str(folder))
        settings = settings_in(tmp_path_factory.mktemp("home"))
        if request.param == "jobs":
            jobs = Jobs(settings)
            yield jobs.clients.of(""), folder
            jobs.close()
        else:
            with workers(Namespace(scheduler=None, processes=1), settings) as client:
                client.wait_for_workers(1, timeout=120)
                yield client, folder


class Careless(Security):
    """One who takes the certificate of any server, and shows another one or none."""

    def __init__(self, own: Security | None = None):
        super().__init__()
        self.extra_conn_args = {"own": own}

    def get_connection_args(self, role: str) -> dict[str, Any]:
        own = self.extra_conn_args["own"]
        context = own.get_connection_args(role)["ssl_context"] if own else ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return {"ssl_context": context, "require_encryption": True, "extra_conn_args": {}}


STRANGERS: dict[str, tuple[str, Callable[[], Security]]] = {
    "plain": ("tcp://", Security),
    "other credentials": ("tls://", Security.temporary),
    "other credentials, and not careful": ("tls://", lambda: Careless(Security.temporary())),
    "no certificate, and not careful": ("tls://", Careless),
}


def places(client: Client) -> dict[str, str]:
    """The address of everything that listens in a cluster."""
    ((worker, about),) = client.scheduler_info(n_workers=-1)["workers"].items()
    return {"scheduler": str(client.scheduler.address), "worker": worker, "nanny": about["nanny"]}


def asked(address: str, security: Security) -> Any:
    """What a process of a cluster says about itself."""

    async def ask() -> Any:
        comm = await connect(address, timeout=5, **security.get_connection_args("client"))
        try:
            await comm.write({"op": "identity", "reply": True})
            return await asyncio.wait_for(comm.read(), 10)
        finally:
            comm.abort()

    return asyncio.run(ask())


def test_all_of_the_own_cluster_speaks_tls_on_loopback(own: tuple[Client, Path]):
    client, _ = own
    for name, address in places(client).items():
        assert address.startswith("tls://127.0.0.1:"), name
        assert asked(address, client.security)["type"].lower() == name


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_is_refused_by_every_process_of_the_own_cluster(own: tuple[Client, Path], stranger: str):
    scheme, security = STRANGERS[stranger]
    for address in places(own[0]).values():
        with pytest.raises((OSError, TimeoutError)):
            asked(address.replace("tls://", scheme), security())


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_s_client_runs_nothing(own: tuple[Client, Path], stranger: str, tmp_path: Path):
    scheme, security = STRANGERS[stranger]
    address = places(own[0])["scheduler"].replace("tls://", scheme)

    def touch() -> None:
        (tmp_path / "was here").touch()

    with pytest.raises((OSError, TimeoutError)):  # noqa: SIM117 (the client itself is what fails)
        with Client(address, security=security(), timeout=3, set_as_default=False) as client:
            client.run_on_scheduler(touch)
    assert not list(tmp_path.iterdir())
    clients: Any = own[0].run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.clients))
    assert set(clients) <= {own[0].id, "fire-and-forget"}


def test_the_credentials_of_the_own_cluster_lie_in_no_file_and_no_argument(own: tuple[Client, Path]):
    client, folder = own
    key = client.security.tls_client_key
    assert "PRIVATE KEY" in key
    for file in folder.rglob("*"):
        assert not file.is_file() or b"PRIVATE KEY" not in file.read_bytes(), file
    for process in children():
        for shown in ("cmdline", "environ"):
            assert b"PRIVATE KEY" not in (Path("/proc") / str(process) / shown).read_bytes()


def test_who_has_certificates_speaks_to_nobody_without(tmp_path: Path):
    with pytest.raises(RuntimeError, match="encryption required"):
        cluster.client_of("tcp://127.0.0.1:1", credentials_in(tmp_path), timeout=3, set_as_default=False)


def test_two_clusters_have_nothing_in_common(own: tuple[Client, Path]):
    with cluster.local_cluster(0) as other:
        assert other.security.tls_client_key != own[0].security.tls_client_key
        with pytest.raises((OSError, TimeoutError)):
            asked(other.scheduler_address, own[0].security)


# The settings for a scheduler elsewhere


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """The variables of a scheduler under TLS."""
    return {"LT_SCHEDULER": "tls://host:8786", **variables(credentials_in(folder))} | changes


def test_three_files_are_the_credentials(tmp_path: Path):
    found = Settings.from_environment(environment(tmp_path))
    assert (found.scheduler, found.scheduler_credentials) == (
        "tls://host:8786",
        cluster.Credentials(*(tmp_path / f"{name}.pem" for name in ("ca", "cert", "key"))),
    )
    assert Settings.from_environment({}).scheduler_credentials is None


FAULTS: dict[str, tuple[Callable[[Path], dict[str, str]], str]] = {
    "one is missing": (lambda _: {"LT_SCHEDULER_KEY": ""}, "must be set all three"),
    "two are missing": (lambda _: {"LT_SCHEDULER_CA": "", "LT_SCHEDULER_CERT": ""}, "must be set all three"),
    "no such file": (lambda folder: {"LT_SCHEDULER_CA": f"{folder}/x"}, "LT_SCHEDULER_CA names .*cannot be read"),
    "no such key": (lambda folder: {"LT_SCHEDULER_KEY": f"{folder}/x"}, "LT_SCHEDULER_KEY names .*cannot be read"),
    "a folder": (lambda folder: {"LT_SCHEDULER_CERT": str(folder)}, "LT_SCHEDULER_CERT names .*cannot be read"),
    "no authority": (lambda folder: {"LT_SCHEDULER_CA": text_in(folder)}, "LT_SCHEDULER_CA must be a certificate"),
    "no certificate": (lambda folder: {"LT_SCHEDULER_CERT": text_in(folder)}, "must be a certificate and its key"),
    "no key": (lambda folder: {"LT_SCHEDULER_KEY": text_in(folder)}, "must be a certificate and its key"),
    "the key of another": (
        lambda folder: {"LT_SCHEDULER_KEY": str(credentials_in(folder / "other").key)},
        "must be a certificate and its key",
    ),
    "a key with a passphrase": (
        lambda folder: variables(credentials_in(folder / "other", b"secret")),
        "without a passphrase",
    ),
    "no encryption": (lambda _: {"LT_SCHEDULER": "tcp://host:8786"}, "must be an address as tls://host:8786"),
    "no scheme": (lambda _: {"LT_SCHEDULER": "host:8786"}, "must be an address as tls://host:8786"),
    "no files": (lambda _: dict.fromkeys(cluster.VARIABLES, ""), "needs certificates: set LT_SCHEDULER_CA, "),
}


def text_in(folder: Path) -> str:
    """A file that is no PEM file."""
    (folder / "text").write_text("This is no certificate.")
    return str(folder / "text")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_used_is_refused_with_a_remedy(fault: str, tmp_path: Path):
    change, words = FAULTS[fault]
    with pytest.raises(SpecError, match=words) as refused:
        Settings.from_environment(environment(tmp_path) | change(tmp_path))
    text = str(refused.value)
    assert "LT_SCHEDULER" in text
    assert "\n" not in text
    assert text.endswith(".")


def test_the_command_has_the_same_rules(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = ("grid", "--dataset", "digits", "--output", str(tmp_path / "grid.json"), "--scheduler")
    assert is_refused(command(*options, "tls://127.0.0.1:1"), "--scheduler is tls://127.0.0.1:1, which needs cert")
    for variable, file in variables(credentials_in(tmp_path)).items():
        monkeypatch.setenv(variable, file)
    assert is_refused(command(*options, "tcp://127.0.0.1:1"), "--scheduler must be an address as tls://")
    monkeypatch.delenv("LT_SCHEDULER_CERT")
    assert is_refused(command(*options, "tls://127.0.0.1:1"), "must be set all three")


# The warning


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("tcp://192.0.2.7:8786", True),
        ("tcp://scheduler:8786", True),
        ("scheduler:8786", True),
        ("tcp://0.0.0.0:8786", True),
        ("tcp://127.0.0.1.example.org:8786", True),
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://192.0.2.7:8786", False),
        ("", False),
    ],
)
def test_a_scheduler_that_is_open_to_others_is_warned_of(
    address: str, is_open: bool, settings: Settings, caplog: pytest.LogCaptureFixture
):
    Jobs(replace(settings, scheduler=address))
    assert [f"LT_SCHEDULER is {address}" in record.getMessage() for record in caplog.records] == [True] * is_open
    assert all("can run code there" in record.getMessage() for record in caplog.records)


def test_it_is_warned_of_once(settings: Settings, command: CommandLine, caplog: pytest.LogCaptureFixture):
    def warnings() -> int:
        return sum("can run code there" in record.getMessage() for record in caplog.records)

    address = "nonsense://192.0.2.7:8786"  # refused without a wait
    jobs = Jobs(replace(settings, scheduler=address))
    for _ in range(2):
        with pytest.raises(RefusedError, match="does not answer"):
            jobs.train(QUICK)
    assert warnings() == 1
    options = ("--output", str(settings.cache / "grid.json"), "--scheduler", address)
    assert is_refused(command("grid", "--dataset", "digits", *options), "No Dask scheduler answers")
    assert warnings() == 2


# Secrets


def test_settings_do_not_show_the_password_of_redis(settings: Settings):
    """Dask logs the arguments of what fails, and a job has the settings among them."""
    assert "opensesame" not in repr(replace(settings, redis_url="redis://:opensesame@redis:6379/0"))
