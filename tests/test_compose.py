"""compose.yaml, without Docker: what its services are told, and whether their commands do what they shall."""

import asyncio
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from distributed import Client, Scheduler

from core.cluster import LOOPBACK, Credentials
from tests.conftest import answers
from tests.processes import until
from tests.served import free_port, required

PASSWORD = "0123456789abcdef"
VARIABLE = r"\$\{REDIS_PASSWORD:\?[^}]+\}"  # Compose stops where it is not set


@pytest.fixture(scope="module")
def services(root: Path) -> dict[str, Any]:
    """The services, with the variables filled in."""
    return filled(yaml.safe_load((root / "compose.yaml").read_text())["services"])


def filled(value: Any) -> Any:
    """The same with what Compose puts for ${REDIS_PASSWORD:?message} and $$; another $ is a mistake."""
    if isinstance(value, dict):
        return {name: filled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if not isinstance(value, str):
        return value
    assert "$" not in re.sub(rf"{VARIABLE}|\$\$", "", value)
    return re.sub(VARIABLE, PASSWORD, value).replace("$$", "$")


@contextmanager
def started(service: dict[str, Any], port: int, folder: Path) -> Iterator[None]:
    """Redis as its service starts it, on a port of its own."""
    *shell, script = service["command"]
    script = script.replace("redis-server -", f"redis-server - --bind 127.0.0.1 --port {port} --save '' --dir {folder}")
    environment = os.environ | service["environment"]
    with subprocess.Popen([*shell, script], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def test_redis_has_a_password_that_the_dashboard_knows(services: dict[str, Any], tmp_path: Path):
    with required(shutil.which("redis-server"), "redis-server"):
        port = free_port()
        url = services["web"]["environment"]["REDIS_URL"].replace("@redis:6379/", f"@127.0.0.1:{port}/")
        assert str(port) in url
        with (
            started(services["redis"], port, tmp_path),
            redis.Redis.from_url(url) as known,
            redis.Redis(port=port) as stranger,
            redis.Redis(port=port, password="wrong") as guesser,
        ):
            until(lambda: answers(known), "Redis answers")
            for other in (stranger, guesser):
                with pytest.raises(redis.AuthenticationError):
                    other.get("lt:x")
            limits: Any = known.config_get("maxmemory*")
            assert (limits["maxmemory"], limits["maxmemory-policy"]) == (str(2**30), "allkeys-lru")


def test_the_password_is_a_variable_that_must_be_set_and_no_argument(root: Path, services: dict[str, Any]):
    written = yaml.safe_load((root / "compose.yaml").read_text())["services"]
    assert re.fullmatch(VARIABLE, written["redis"]["environment"]["REDIS_PASSWORD"])
    assert re.fullmatch(rf"redis://:{VARIABLE}@redis:6379/0", written["web"]["environment"]["REDIS_URL"])
    assert "requirepass $REDIS_PASSWORD" in services["redis"]["command"][-1]
    assert PASSWORD not in str(services["redis"]["command"])  # everybody may read the arguments of a process


def test_only_the_page_can_be_reached_from_outside_and_from_this_machine_alone(services: dict[str, Any]):
    ports = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert ports == {"web": ["127.0.0.1:8050:8050"]}


def test_redis_and_the_scheduler_meet_only_who_needs_them(services: dict[str, Any]):
    def beside(name: str) -> set[str]:
        own = set(services[name]["networks"])
        return {other for other, service in services.items() if own & set(service.get("networks", ["default"]))}

    assert beside("redis") == {"redis", "web"}
    assert beside("scheduler") == {"scheduler", "worker", "web"}
    assert services["certificate"]["network_mode"] == "none"


def test_all_who_train_have_the_certificate(services: dict[str, Any]):
    files = {"ca": "/certificate/cert.pem", "cert": "/certificate/cert.pem", "key": "/certificate/key.pem"}
    web = services["web"]["environment"]
    assert web["LT_SCHEDULER"] == "tls://scheduler:8786"
    assert {name: web[f"LT_SCHEDULER_{name.upper()}"] for name in files} == files
    options = f"--tls-ca-file {files['ca']} --tls-cert {files['cert']} --tls-key {files['key']}"
    for name in ("scheduler", "worker"):
        assert options in services[name]["command"]
        assert "tcp://" not in services[name]["command"]
    for name in ("web", "scheduler", "worker"):
        assert "certificate:/certificate:ro" in services[name]["volumes"]
        assert services[name]["depends_on"]["certificate"] == {"condition": "service_completed_successfully"}


@pytest.mark.filterwarnings("default")  # dask and its event loop warn about themselves
def test_the_certificate_is_made_once_and_serves_dask(services: dict[str, Any], tmp_path: Path):
    service = services["certificate"]
    (script,) = service["command"]
    with required(shutil.which("openssl"), "openssl"):
        command = [*service["entrypoint"], script.replace("/data/", f"{tmp_path}/")]
        subprocess.run(command, check=True, capture_output=True)
        certificate, key = (tmp_path / name for name in ("cert.pem", "key.pem"))
        credentials, made = Credentials(certificate, certificate, key), key.read_bytes()
        assert credentials.problem() == ""
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        subprocess.run(command, check=True, capture_output=True)
        assert key.read_bytes() == made
    with ThreadPoolExecutor(1) as pool:  # a browser test before this one leaves an event loop in the main thread
        assert pool.submit(lambda: asyncio.run(workers_seen(credentials))).result() == 0


async def workers_seen(credentials: Credentials) -> int:
    """How many workers a client sees at a scheduler, both with these credentials."""
    security = credentials.security()
    async with (
        Scheduler(protocol="tls://", host="127.0.0.1", security=security, dashboard_address=LOOPBACK) as scheduler,
        Client(scheduler.address, security=security, asynchronous=True, set_as_default=False) as client,
    ):
        return len(client.scheduler_info()["workers"])
