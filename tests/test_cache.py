"""One computation per key, however many ask; and a cache that fails costs time, never an answer."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from dash.exceptions import PreventUpdate
from flask import Flask

from core import experiments, inference
from core.config import InferenceSpec, NoiseSweepSpec, Settings
from core.experiments.machine import BEHIND
from core.spec import SpecError
from dashboard import cache as cache_module
from dashboard.cache import CachedExperiments, ResultCache, writable
from tests.conftest import settings_in
from tests.served import own_cache

Trained = tuple[Settings, str]
PATIENCE = 60  # seconds after which a test that hangs fails


@pytest.fixture
def cache(settings: Settings) -> ResultCache:
    return ResultCache(Flask("test"), settings)


@dataclass
class Counted:
    """A computation that counts how often it is done."""

    value: Any = "result"
    count: int = 0

    def __call__(self) -> Any:
        self.count += 1
        return self.value


def together(*work: Callable[[], Any]) -> list[Any]:
    """Run functions in threads of their own; their results, or what they raised."""
    found: list[Any] = [None] * len(work)

    def run(i: int) -> None:
        try:
            found[i] = work[i]()
        except BaseException as error:
            found[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    return found


def test_a_result_is_computed_once(cache: ResultCache):
    compute = Counted({"a": [1, 2]})
    assert cache.get("k") is None
    assert [cache.get_or_compute("k", compute) for _ in range(3)] == [compute.value] * 3
    assert compute.count == 1
    assert cache.get("k") == compute.value


def test_keys_are_apart(cache: ResultCache):
    assert [cache.get_or_compute(key, lambda key=key: key) for key in ("a", "b", "a")] == ["a", "b", "a"]


def test_a_false_result_is_a_result(cache: ResultCache):
    compute = Counted(0)
    assert [cache.get_or_compute("k", compute) for _ in range(2)] == [0, 0]
    assert compute.count == 1


def misses_of(cache: Any, monkeypatch: pytest.MonkeyPatch, expected: int) -> threading.Event:
    """Set once so many threads have looked for a result and found none."""
    reached, lock, threads = threading.Event(), threading.Lock(), set()
    get = cache.get

    def watched(key: str) -> Any:
        found = get(key)
        with lock:
            if found is None:
                threads.add(threading.get_ident())
            if len(threads) >= expected:
                reached.set()
        return found

    monkeypatch.setattr(cache, "get", watched)
    return reached


@pytest.mark.parametrize("clients", [2, 8])
def test_clients_that_ask_at_once_compute_once(cache: ResultCache, monkeypatch: pytest.MonkeyPatch, clients: int):
    all_missed = misses_of(cache, monkeypatch, clients)
    compute = Counted()

    def slow() -> Any:
        assert all_missed.wait(PATIENCE)  # nobody has a result before everybody has asked
        return compute()

    assert together(*[lambda: cache.get_or_compute("k", slow)] * clients) == ["result"] * clients
    assert compute.count == 1


@pytest.mark.parametrize("clients", [2, 8])
def test_a_reply_is_built_once_for_all_who_ask(cache: ResultCache, monkeypatch: pytest.MonkeyPatch, clients: int):
    all_missed = misses_of(cache.replies, monkeypatch, clients)
    build = Counted()

    def slow() -> Any:
        assert all_missed.wait(PATIENCE)
        return build()

    assert together(*[lambda: cache.get_or_build("k", slow)] * clients) == ["result"] * clients
    assert build.count == 1


def test_a_reply_that_is_given_up_is_built_by_the_next_who_asks(cache: ResultCache):
    def given_up() -> Any:
        raise PreventUpdate

    with pytest.raises(PreventUpdate):
        cache.get_or_build("k", given_up)
    assert cache.get_or_build("k", lambda: cache.get_or_build("another", Counted())) == "result"


def test_two_processes_wait_for_each_other(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    one, two = (ResultCache(Flask("test"), settings) for _ in range(2))  # own thread locks, a common folder
    missed, compute = misses_of(two, monkeypatch, 1), Counted()

    def slow() -> Any:
        entered.set()
        assert missed.wait(PATIENCE)
        return compute()

    def second() -> Any:
        assert entered.wait(PATIENCE)
        return two.get_or_compute("k", compute)

    entered = threading.Event()
    assert together(lambda: one.get_or_compute("k", slow), second) == ["result"] * 2
    assert compute.count == 1


def test_a_computation_that_fails_is_tried_again(cache: ResultCache):
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute("k", lambda: 1 // 0)
    assert cache.get_or_compute("k", Counted()) == "result"


def test_who_waits_for_one_that_fails_computes(cache: ResultCache, monkeypatch: pytest.MonkeyPatch):
    both_missed, attempts = misses_of(cache, monkeypatch, 2), []

    def first_fails() -> str:
        assert both_missed.wait(PATIENCE)
        attempts.append(1)
        if len(attempts) == 1:
            raise PreventUpdate
        return "result"

    found = together(*[lambda: cache.get_or_compute("k", first_fails)] * 2)
    assert sorted(map(str, found)) == ["", "result"]
    assert cache.get("k") == "result"


# A cache that fails


def under_a_file(tmp_path: Path) -> Path:
    """A folder that even root cannot make."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "cache"


def test_a_folder_that_cannot_be_written_is_replaced(settings: Settings, tmp_path: Path):
    cache = ResultCache(Flask("test"), replace(settings, cache=under_a_file(tmp_path)))
    compute = Counted()
    assert [cache.get_or_compute("k", compute) for _ in range(2)] == ["result"] * 2
    assert compute.count == 1
    shutil.rmtree(cache.folder)


def test_the_folder_is_private(tmp_path: Path):
    folder = writable(tmp_path / "a" / "b")
    assert folder == tmp_path / "a" / "b"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_results_are_private_and_in_a_folder_of_their_own(cache: ResultCache):
    cache.get_or_compute("k", Counted())
    files = [path for path in (cache.folder / "results").rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


@pytest.mark.parametrize("content", [b"", b"\x00", b"garbage" * 100, b"\x00" * 64])
def test_a_damaged_file_is_computed_again(cache: ResultCache, content: bytes):
    cache.get_or_compute("k", Counted("old"))
    for path in (cache.folder / "results").rglob("*"):
        if path.is_file():
            path.write_bytes(content)
    compute = Counted("new")
    assert [cache.get_or_compute("k", compute) for _ in range(2)] == ["new", "new"]
    assert compute.count == 1  # and the damaged file is replaced


def test_a_folder_that_vanishes_costs_no_answer(cache: ResultCache):
    shutil.rmtree(cache.folder)
    assert cache.get_or_compute("k", Counted()) == "result"


@pytest.mark.parametrize("failing", ["get", "set"])
def test_a_full_disk_costs_no_answer(cache: ResultCache, failing: str, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.cache, failing, fail)
    compute = Counted()
    assert [cache.get_or_compute("k", compute) for _ in range(2)] == ["result"] * 2
    assert compute.count == 2


# Redis


def test_results_are_shared_through_redis(
    redis_server: tuple[str, subprocess.Popen[bytes]], settings: Settings, tmp_path: Path
):
    one, two = (
        ResultCache(Flask("test"), replace(settings, redis_url=redis_server[0], cache=tmp_path / name)) for name in "ab"
    )
    compute = Counted({"x": 1})
    assert one.get_or_compute("k", compute) == two.get_or_compute("k", compute) == {"x": 1}
    assert compute.count == 1
    with redis.Redis.from_url(redis_server[0]) as client:
        assert [key.decode() for key in client.scan_iter()] == ["lt:k"]  # pyright: ignore[reportGeneralTypeIssues]
        assert client.ttl("lt:k") > 0  # pyright: ignore[reportOperatorIssue]


def test_redis_may_go_away(redis_server: tuple[str, subprocess.Popen[bytes]], settings: Settings):
    url, process = redis_server
    cache = ResultCache(Flask("test"), replace(settings, redis_url=url))
    compute = Counted()
    cache.get_or_compute("k", compute)
    process.kill()
    process.wait()
    assert cache.get_or_compute("k", compute) == "result"
    assert compute.count == 2


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


def test_redis_that_hangs_costs_one_try_and_is_then_left_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    redis = Silent()
    cache = ResultCache(Flask("test"), replace(settings, redis_url=redis.url))
    compute = Counted()
    assert [cache.get_or_compute(key, compute) for key in "abc"] == ["result"] * 3
    assert cache.has("a") is False
    assert len(redis.taken) == 1
    monkeypatch.setattr(cache, "_resting", 0.0)  # when the while is over
    assert cache.get_or_compute("d", compute) == "result"
    assert len(redis.taken) == 2
    redis.close()


@pytest.mark.parametrize("url", ["nonsense", "http://redis:6379", "redis://redis:port/0"])
def test_an_address_that_is_none_of_redis_is_refused_with_a_sentence(settings: Settings, url: str):
    with pytest.raises(SpecError, match="REDIS_URL is no address of a Redis server") as refused:
        ResultCache(Flask("test"), replace(settings, redis_url=url))
    assert "\n" not in str(refused.value)


# The experiments


@pytest.fixture
def lab(trained: Trained, tmp_path: Path) -> CachedExperiments:
    settings = own_cache(trained[0], tmp_path / "cache")
    return CachedExperiments(settings, ResultCache(Flask("test"), settings))


@pytest.fixture
def spec(trained: Trained) -> InferenceSpec:
    return InferenceSpec(model=trained[1], source="decoded", n_runs=20, n_steps=6, window=2)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The specs that were really computed, in order."""
    done = []
    for name in ("trajectories", "noise_sweep", "latent_space"):
        real = getattr(experiments, name)

        def counting(first: Any, settings: Settings, *, real: Callable[..., Any] = real, **more: Any) -> Any:
            result = real(first, settings, **more)
            done.append(first)
            return result

        monkeypatch.setattr(experiments, name, counting)
    return done


def test_the_highlighted_sample_is_no_part_of_the_ensemble(
    lab: CachedExperiments, spec: InferenceSpec, computed: list[Any]
):
    one, two = (lab.trajectories(replace(spec, sample=sample)) for sample in (3, 5))
    assert (one.distances == two.distances).all()
    assert len(computed) == 1


@pytest.mark.parametrize("change", [{"noise": 0.3}, {"label": 2}, {"seed": 1}, {"basis": "fixed"}, {"n_runs": 21}])
def test_every_other_setting_is(
    lab: CachedExperiments, spec: InferenceSpec, computed: list[Any], change: dict[str, Any]
):
    lab.trajectories(spec)
    lab.trajectories(replace(spec, **change))
    assert len(computed) == 2


def test_other_weights_under_the_same_name_are_another_result(
    settings: Settings, write_model: Callable[..., Path], computed: list[Any]
):
    lab = CachedExperiments(settings, ResultCache(Flask("test"), settings))
    spec = InferenceSpec(model="same", source="decoded", n_runs=10, n_steps=5, sample=0)
    found = []
    for seed in (0, 1):
        write_model(settings.models / "same.safetensors", seed=seed)
        found.append((lab.trajectories(spec), lab.latent_space("same")))
    assert len(computed) == 4
    assert (found[0][1].concepts != found[1][1].concepts).any()


def test_what_other_code_computed_is_not_used(
    lab: CachedExperiments, spec: InferenceSpec, computed: list[Any], monkeypatch: pytest.MonkeyPatch
):
    """... not even read: an older result lacks fields that this version has."""
    lab.trajectories(spec)
    monkeypatch.setattr(experiments, "code_sha256", lambda: "of another version")
    lab.trajectories(spec)
    assert len(computed) == 2


def test_a_sweep_and_the_landmarks_are_computed_once(lab: CachedExperiments, trained: Trained, computed: list[Any]):
    spec = NoiseSweepSpec(model=trained[1], source="decoded", n_runs=10, n_steps=5)
    for _ in range(2):
        lab.noise_sweep(spec)
        lab.latent_space(trained[1])
    assert computed == [spec, trained[1]]


def test_a_stored_sweep_is_not_computed(lab: CachedExperiments, spec: InferenceSpec, monkeypatch: pytest.MonkeyPatch):
    stored = object()
    monkeypatch.setattr(experiments, "stored_noise_sweep", lambda *_: stored)
    assert lab.noise_sweep(NoiseSweepSpec(model=spec.model)) is stored


def test_a_question_that_becomes_stale_gives_up_and_the_next_computes(
    lab: CachedExperiments, spec: InferenceSpec, computed: list[Any]
):
    def stale(fraction: float, text: str) -> None:
        raise PreventUpdate

    with pytest.raises(PreventUpdate):
        lab.trajectories(spec, stale)
    assert computed == []
    lab.trajectories(spec)
    assert len(computed) == 1


def test_heavy_work_is_done_one_after_the_other(
    lab: CachedExperiments, spec: InferenceSpec, monkeypatch: pytest.MonkeyPatch
):
    inside, most, lock, real = [0], [0], threading.Lock(), experiments.trajectories

    def watched(*arguments: Any, **more: Any) -> Any:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        result = real(*arguments, **more)
        with lock:
            inside[0] -= 1
        return result

    monkeypatch.setattr(experiments, "trajectories", watched)
    found = together(*[lambda p=p: lab.trajectories(replace(spec, noise=p / 10)) for p in range(6)])
    assert [type(result).__name__ for result in found] == ["Trajectories"] * 6
    assert most[0] == 1


@pytest.mark.parametrize(("courtesy", "order"), [(PATIENCE, ["run", "ensemble"]), (0.01, ["ensemble", "run"])])
def test_an_ensemble_waits_a_moment_for_a_run(
    lab: CachedExperiments, spec: InferenceSpec, monkeypatch: pytest.MonkeyPatch, courtesy: float, order: list[str]
):
    entered, asked, done = threading.Event(), threading.Event(), []

    def run(*_: Any) -> None:
        entered.set()
        asked.wait(0.5 if courtesy > 1 else PATIENCE)  # longer than an ensemble that does not wait needs to begin
        done.append("run")

    def trajectories(*_: Any, **__: Any) -> str:
        done.append("ensemble")
        asked.set()
        return "ensemble"

    monkeypatch.setattr(cache_module, "COURTESY", courtesy)
    monkeypatch.setattr(experiments, "run", run)
    monkeypatch.setattr(experiments, "trajectories", trajectories)
    together(lambda: lab.run(spec), lambda: (entered.wait(PATIENCE), lab.trajectories(spec)))
    assert done == order


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere threads have no priority of their own.")
def test_what_is_computed_ahead_takes_only_time_that_nobody_wants(
    lab: CachedExperiments, spec: InferenceSpec, monkeypatch: pytest.MonkeyPatch
):
    real, niceness = inference.repeated_inference, []

    def watched(*arguments: Any) -> Any:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return real(*arguments)

    monkeypatch.setattr(inference, "repeated_inference", watched)
    lab.trajectories(replace(spec, noise=0.5))
    lab.compute_ahead(replace(spec, noise=0.6))
    finished(lab)
    asked, ahead = niceness
    assert ahead == 19
    assert asked == max(BEHIND, os.getpriority(os.PRIO_PROCESS, 0))


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere threads have no priority of their own.")
def test_where_priorities_are_forbidden_it_is_computed_ahead_all_the_same(
    lab: CachedExperiments, spec: InferenceSpec, computed: list[Any], monkeypatch: pytest.MonkeyPatch
):
    def forbidden(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", forbidden)
    lab.compute_ahead(replace(spec, noise=0.1))
    finished(lab)
    assert [done.noise for done in computed] == [0.1]


def finished(lab: CachedExperiments) -> None:
    """Wait for what is computed ahead."""
    assert lab._worker is not None
    lab._worker.join(PATIENCE)
    assert not lab._worker.is_alive()


def test_what_was_computed_ahead_is_there(lab: CachedExperiments, spec: InferenceSpec, computed: list[Any]):
    ahead = [replace(spec, noise=p) for p in (0.1, 0.3)]
    lab.compute_ahead(*ahead)
    finished(lab)
    assert len(computed) == 2
    for other in ahead:
        lab.trajectories(replace(other, sample=2))
    assert len(computed) == 2


def test_what_cannot_be_computed_ahead_is_no_harm(lab: CachedExperiments, spec: InferenceSpec, computed: list[Any]):
    lab.compute_ahead(replace(spec, noise=0.1), replace(spec, model="unknown"))
    finished(lab)
    assert [done.noise for done in computed] == [0.1]


def test_what_is_computed_ahead_gives_way(lab: CachedExperiments, spec: InferenceSpec, monkeypatch: pytest.MonkeyPatch):
    """The first ensemble computed ahead waits until somebody asks for another one, and then gives up."""
    real, entered, asked = experiments.trajectories, threading.Event(), threading.Event()
    ahead, wanted, done = replace(spec, noise=0.1, sample=0), replace(spec, noise=0.9, sample=0), []

    def slow(first: InferenceSpec, settings: Settings, **more: Any) -> Any:
        if first == ahead:
            entered.set()
            assert asked.wait(PATIENCE)
        result = real(first, settings, **more)
        done.append(first)
        return result

    get = lab.cache.get

    def watched(key: str) -> Any:
        if entered.is_set():
            asked.set()  # from inside the question for `wanted`
        return get(key)

    monkeypatch.setattr(experiments, "trajectories", slow)
    lab.compute_ahead(ahead)
    assert entered.wait(PATIENCE)
    monkeypatch.setattr(lab.cache, "get", watched)
    lab.trajectories(wanted)
    finished(lab)
    assert done == [wanted]
    lab.trajectories(ahead)
    assert done == [wanted, ahead]


def test_an_empty_home_is_served(tmp_path: Path):
    settings = settings_in(tmp_path)
    lab = CachedExperiments(settings, ResultCache(Flask("test"), settings))
    assert lab.source("mnist") == "decoded"
    assert lab.source("digits") == "original"
