"""flask-caching as the store of results: bytes alone, whoever wrote them; and replies in memory, built once."""

import hashlib
import pickle
import socket
import struct
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from dash.exceptions import PreventUpdate
from flask import Flask

from core.cache import Folder
from core.schema import SpecError
from core.session import RESULTS
from core.settings import Settings
from dashboard import cache as cache_module
from dashboard.cache import BytesAlone, FlaskStore, Replies
from tests.threads import PATIENCE, together


@pytest.fixture
def store(settings: Settings) -> FlaskStore:
    return FlaskStore(Flask("test"), settings)


def test_bytes_come_back(store: FlaskStore):
    assert store.get("k") is None
    store.set("k", b"content")
    assert store.get("k") == b"content"
    store.delete("k")
    assert store.get("k") is None


def test_commands_and_the_server_share_a_folder(store: FlaskStore, settings: Settings):
    folder = Folder(settings.cache / RESULTS, settings.max_cache)
    store.set("a", b"of the server")
    folder.set("b", b"of a command")
    assert (folder.get("a"), store.get("b")) == (b"of the server", b"of a command")


def test_the_folder_is_kept_within_the_setting(settings: Settings):
    store = FlaskStore(Flask("test"), replace(settings, max_cache=1000))
    for key in "abcd":
        store.set(key, bytes(400))
    assert sum(store.get(key) is not None for key in "abcd") == 2


def test_what_the_version_before_cached_is_not_read_and_gives_way(settings: Settings):
    """It had flask-caching's own files in this folder: named by MD5, a packed time and a pickle."""
    folder = settings.cache / RESULTS
    folder.mkdir(parents=True)
    for key in ("trajectories:a", "trajectories:b"):
        content = struct.pack("I", 2**31) + pickle.dumps(Evil()) + bytes(300)
        (folder / hashlib.md5(key.encode()).hexdigest()).write_bytes(content)
    store = FlaskStore(Flask("test"), replace(settings, max_cache=800))
    assert [store.get(key) for key in ("trajectories:a", "trajectories:b")] == [None] * 2
    store.set("trajectories:a", bytes(700))
    assert store.get("trajectories:a") == bytes(700)
    assert len(list(folder.iterdir())) == 1  # both others made room


# Redis


@pytest.fixture
def url(redis_server: tuple[str, subprocess.Popen[bytes]]) -> str:
    return redis_server[0]


def test_results_are_shared_through_redis(url: str, settings: Settings, tmp_path: Path):
    one, two = (FlaskStore(Flask("test"), replace(settings, redis_url=url, cache=tmp_path / name)) for name in "ab")
    one.set("k", b"content")
    assert two.get("k") == b"content"
    with redis.Redis.from_url(url) as client:
        assert [key.decode() for key in client.scan_iter()] == ["lt:k"]  # pyright: ignore[reportGeneralTypeIssues]
        assert client.ttl("lt:k") > 0  # pyright: ignore[reportOperatorIssue]


class Evil:
    """Runs something where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("it was unpickled",)


@pytest.mark.parametrize("value", [pickle.dumps(Evil()), b"!" + pickle.dumps(Evil()), b"7", b""])
def test_what_others_wrote_into_redis_is_a_miss_and_runs_nothing(url: str, settings: Settings, value: bytes):
    with redis.Redis.from_url(url) as client:
        client.set("lt:k", value)
    assert FlaskStore(Flask("test"), replace(settings, redis_url=url)).get("k") is None


def test_only_bytes_behind_our_mark_are_read():
    serializer = BytesAlone()
    assert serializer.loads(serializer.dumps(b"content")) == b"content"
    assert serializer.loads(b"content") is None
    assert serializer.loads(None) is None


def test_redis_may_go_away(redis_server: tuple[str, subprocess.Popen[bytes]], settings: Settings):
    url, process = redis_server
    store = FlaskStore(Flask("test"), replace(settings, redis_url=url))
    store.set("k", b"content")
    process.kill()
    process.wait()
    assert store.get("k") is None
    store.set("k", b"content")


class Silent(threading.Thread):
    """Stands for a Redis that hangs: it takes connections and says nothing."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener, self.taken = socket.create_server(("127.0.0.1", 0)), list[socket.socket]()
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        self.start()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                self.taken.append(self.listener.accept()[0])

    def close(self) -> None:
        for one in (self.listener, *self.taken):
            one.close()


def test_redis_that_hangs_costs_one_try_and_is_then_left_alone(settings: Settings):
    silent, now = Silent(), [0.0]
    store = FlaskStore(Flask("test"), replace(settings, redis_url=silent.url), clock=lambda: now[0])
    assert [store.get(key) for key in "abc"] == [None] * 3
    assert len(silent.taken) == 1
    now[0] = cache_module.REST + 1.0
    assert store.get("d") is None
    assert len(silent.taken) == 2
    silent.close()


@pytest.mark.parametrize(
    "url", ["nonsense", "http://redis:6379", "redis://redis:port/0", *(f"redis://:sec{c}ret@h:6379/0" for c in "/?#")]
)
def test_an_address_that_is_none_of_redis_is_refused_with_a_sentence(settings: Settings, url: str):
    with pytest.raises(SpecError, match="REDIS_URL is no address of a Redis server") as refused:
        FlaskStore(Flask("test"), replace(settings, redis_url=url))
    assert "\n" not in str(refused.value)
    assert "sec" not in str(refused.value).replace("second", "")


# Replies


@dataclass
class Counted:
    """Something that is built, and counts how often."""

    count: int = 0

    def __call__(self) -> str:
        self.count += 1
        return "reply"


@pytest.fixture
def replies() -> Replies:
    return Replies(Flask("test"))


@pytest.mark.parametrize("clients", [2, 8])
def test_a_reply_is_built_once_for_all_who_ask(replies: Replies, clients: int):
    barrier, build = threading.Barrier(clients), Counted()

    def asks() -> str:
        barrier.wait(PATIENCE)
        return replies.get_or_build("k", build)

    assert together(*[asks] * clients) == ["reply"] * clients
    assert build.count == 1


def test_a_reply_that_is_given_up_is_built_by_the_next_who_asks(replies: Replies):
    def given_up() -> Any:
        raise PreventUpdate

    with pytest.raises(PreventUpdate):
        replies.get_or_build("k", given_up)
    assert replies.get_or_build("k", lambda: replies.get_or_build("another", Counted())) == "reply"


def test_replies_take_no_more_memory_than_they_may():
    """The film of a run has 2 MB, and one of 200 steps 6: three hundred of them would be all that a container has."""
    replies = Replies(Flask("test"), most=10_000)
    for key in "abc":
        replies.get_or_build(key, lambda: "x" * 3_000)
    assert replies.get("a")  # used last
    replies.get_or_build("b", lambda: "x" * 3_000)
    replies.get_or_build("d", lambda: "x" * 3_000)
    assert [key for key in "abcd" if replies.get(key)] == ["a", "b", "d"]
    assert replies.get_or_build("e", lambda: "x" * 20_000)  # larger than all that may be kept
    assert replies.get("e") is None
    assert replies.cache.cache.size == 0
    replies.get_or_build("f", lambda: {"a": [1, None, 0.5]})
    assert replies.get("f") == {"a": [1, None, 0.5]}
