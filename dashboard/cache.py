"""Results are computed once, however many ask: flask-caching behind one lock per key.

Two sorts of results: those of the core, which outlive the server, and what was made of them for the browser.
"""

import atexit
import logging
import os
import sys
import tempfile
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import redis
from filelock import FileLock, Timeout
from flask import Flask
from flask_caching import Cache
from redis.backoff import NoBackoff
from redis.retry import Retry

from core import experiments
from core.computations import ENSEMBLE, Computations, Question, Reporter
from core.config import EnsembleSpec, InferenceSpec, NoiseSweepSpec, Progress, Settings, silent
from core.library import Library
from core.results import LatentSpace, NoiseSweep, Run, Trajectories
from core.spec import RefusedError, SpecError

T = TypeVar("T")
log = logging.getLogger(__name__)

STRIPES = 64
DAY = 86_400
REPLIES = 300  # kept in memory, 0.2 MB each at most
SLOW = 1  # s that Redis may take; then it is left alone for a while
REST = 30  # s in which a cache that failed is not asked again
CALM = 0.3  # s without a question before anything is computed ahead
COURTESY = 0.1  # s that an ensemble waits at most for single runs to end


class ResultCache:
    """Get a result or compute it.

    Keys are strings that name everything a result depends on (spec and weights). A cache that cannot be written (a
    full disk, a read-only folder, Redis gone) costs time, never an answer: the result is computed and given.

    Raises:
        SpecError: REDIS_URL is no address of a Redis server.
    """

    def __init__(self, app: Flask, settings: Settings):
        self.folder = writable(settings.cache)
        self._resting = 0.0  # until then the cache is not asked
        self.rest = REST if settings.redis_url else 0  # a file that cannot be read says nothing about the others
        options = (
            redis_options(settings.redis_url)
            if settings.redis_url
            else {
                "CACHE_TYPE": "FileSystemCache",
                "CACHE_DIR": str(self.folder / "results"),
                "CACHE_THRESHOLD": 2000,
                "CACHE_OPTIONS": {"mode": 0o600},
            }
        )
        self.cache = Cache(app, config={"CACHE_DEFAULT_TIMEOUT": 30 * DAY, **options})
        in_memory = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": REPLIES, "CACHE_DEFAULT_TIMEOUT": DAY}
        self.replies = Cache(app, config=in_memory)
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._standing = threading.Lock()  # while a lock is looked up

    def get(self, key: str) -> Any | None:
        """The cached result, or None."""
        return self._asked(self.cache.get, key)

    def get_or_compute(
        self, key: str, compute: Callable[[], T], turn: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> T:
        """The cached result; else computed by the first who asks, while the others wait for it.

        Args:
            key: Of the result.
            compute: Computes it.
            turn: What is waited for before it is computed.
        """
        found = self.get(key)
        if found is not None:
            return found
        with self._lock(key), turn(), self._between_processes(key):
            found = self.get(key)
            if found is None:
                found = compute()
                self._put(key, found)
            return found

    def has(self, key: str) -> bool:
        """Whether a result is cached."""
        return bool(self._asked(self.cache.has, key))

    def get_or_build(self, key: str, build: Callable[[], T]) -> T:
        """What was made of results for the browser, from this process's memory; else built, once for all who ask."""
        found = self.replies.get(key)
        if found is not None:
            return found
        with self._lock(f"reply:{key}"):
            found = self.replies.get(key)
            if found is None:
                found = build()
                self.replies.set(key, found)
            return found

    def _put(self, key: str, value: Any) -> None:
        if self._asked(self.cache.set, key, value) is False:
            log.warning("cache not writable: %s", self.folder)

    def _asked(self, ask: Callable[..., Any], *given: Any) -> Any | None:
        """What the cache answers; None where it fails, and while one that failed is left alone."""
        if time.monotonic() < self._resting:
            return None
        try:
            return ask(*given)
        except Exception as error:  # backends raise their own errors; none of them may cost the answer
            log.warning("cache not usable: %s", error)
            self._resting = time.monotonic() + self.rest
            return None

    def _lock(self, key: str) -> threading.Lock:
        with self._standing:
            return self._locks.setdefault(key, threading.Lock())

    def _between_processes(self, key: str) -> "Guard":
        return Guard(self.folder / f"{zlib.crc32(key.encode()) % STRIPES}.lock")


def redis_options(url: str) -> dict[str, Any]:
    """How flask-caching is told to use a Redis server; one that hangs is given up after a second."""
    try:
        redis.Redis.from_url(url)
    except ValueError as error:
        raise SpecError(
            f"REDIS_URL is no address of a Redis server ({error}). Write it as redis://HOST:6379/0, or leave it out."
        ) from error
    patience = {"socket_timeout": SLOW, "socket_connect_timeout": SLOW, "retry": Retry(NoBackoff(), 0)}
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": url,
        "CACHE_KEY_PREFIX": "lt:",
        "CACHE_OPTIONS": patience,
    }


class Guard:
    """A file lock that is done without where it cannot be had: then two processes may compute the same result."""

    def __init__(self, path: Path):
        self.lock = FileLock(path, timeout=60)

    def __enter__(self) -> None:
        with suppress(OSError, Timeout):
            self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.lock.release()


def writable(folder: Path) -> Path:
    """The cache's folder, private to this user; a temporary one where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="latent-trajectories-"))
        log.warning("%s cannot be written (%s): results are cached in %s until the server stops", folder, error, other)
        return other


class CachedExperiments:
    """The core's experiments, each computed once per spec and weights.

    One heavy computation runs at a time, on all cores but behind single runs (milliseconds): the page asks for both.
    """

    def __init__(self, settings: Settings, cache: ResultCache, computations: Computations | None = None):
        self.settings, self.cache, self.computations = settings, cache, computations or Computations()
        self._asked = 0
        self._last = 0.0
        self._count = threading.Lock()
        self._runs = 0
        self._run_ended = threading.Condition(self._count)
        self._ahead: deque[InferenceSpec] = deque(maxlen=4)
        self._worker: threading.Thread | None = None
        self._closing = False
        atexit.register(self.close)

    @property
    def library(self) -> Library:
        """The models of this machine."""
        return experiments.library_of(self.settings)

    def source(self, dataset: str) -> str:
        """Where runs of a data set start from unless told otherwise."""
        return experiments.available_source(dataset, self.settings)

    def why_decoded(self, id: str) -> experiments.NoOriginals | None:
        """Why runs of a model start from decoded images; None where they can start from the original ones."""
        return experiments.why_decoded(id, self.settings)

    def memories(self, id: str) -> int:
        """Memories per label that a model holds: as many runs are possible."""
        return experiments.open_model(id, self.settings).memories.shape[1]

    def latent_space(self, id: str) -> LatentSpace:
        """Landmarks of a model."""
        key = f"space:{self._weights(id)}"
        return self.cache.get_or_compute(key, lambda: experiments.latent_space(id, self.settings))

    def run(self, spec: InferenceSpec) -> Run:
        """One run; cheaper to compute than to keep."""
        self._last = time.monotonic()
        with self._count:
            self._runs += 1
        try:
            return experiments.run(spec, self.settings)
        finally:
            with self._count:
                self._runs -= 1
                self._run_ended.notify_all()

    def reply(self, route: str, spec: InferenceSpec | NoiseSweepSpec, look: str, build: Callable[[], T]) -> T:
        """What a route makes of a spec's result and of the look of the screen, built once while it is in memory."""
        self._last = time.monotonic()
        return self.cache.get_or_build(f"{route}:{look}:{self._key(spec)}", build)

    def awaited(
        self,
        question: Question,
        route: str,
        spec: InferenceSpec | NoiseSweepSpec,
        look: str,
        build: Callable[[Reporter], T],
        *,
        rank: int = ENSEMBLE,
    ) -> T:
        """The same of what takes a while; raises as `Computations.ask`."""
        self._last = time.monotonic()
        key = f"{route}:{look}:{self._key(spec)}"
        found = self.cache.replies.get(key)
        if found is not None:
            self.computations.leave(question.client, question.topic)  # it may wait for the answer to an older question
            return found

        def once(report: Reporter) -> T:
            return self.cache.get_or_build(key, lambda: build(report))

        return self.computations.ask(question, key, once, rank=rank)

    def trajectories(self, spec: InferenceSpec, progress: Progress = silent) -> Trajectories:
        """Collective runs; `progress` may raise to give up."""
        # the highlighted sample is no part of the ensemble: one key for all of them
        shared = replace(spec, sample=0)

        def compute() -> Trajectories:
            self._after_runs()
            return experiments.trajectories(shared, self.settings, progress=progress)

        return self._asked_for(self._key(shared), compute)

    def _after_runs(self) -> None:
        with self._run_ended:
            self._run_ended.wait_for(lambda: not self._runs, timeout=COURTESY)

    def noise_sweep(
        self, spec: NoiseSweepSpec, progress: Progress = silent, watch: Callable[[NoiseSweep], None] | None = None
    ) -> NoiseSweep:
        """The sweep beside the model where there is one, else computed; `watch` sees it grow."""
        stored = experiments.stored_noise_sweep(spec, self.settings)
        if stored is not None:
            return stored

        def compute() -> NoiseSweep:
            return experiments.noise_sweep(spec, self.settings, progress=progress, watch=watch)

        return self._asked_for(self._key(spec), compute)

    def experiment(self, name: str, spec: EnsembleSpec, compute: Callable[..., T], progress: Progress = silent) -> T:
        """Any other experiment of the core, by its name, on a spec; `progress` may raise to give up."""

        def once() -> T:
            return compute(spec, self.settings, progress=progress)

        return self._asked_for(f"{name}:{self._key(spec)}", once)

    def _asked_for(self, key: str, compute: Callable[[], T]) -> T:
        """Get or compute, and let what is computed ahead give way meanwhile."""
        with self._count:
            self._asked += 1
        try:
            return self.cache.get_or_compute(key, compute, self.computations.turn)
        finally:
            with self._count:
                self._asked -= 1
            self._last = time.monotonic()

    def compute_ahead(self, *specs: InferenceSpec) -> None:
        """Compute ensembles that will probably be asked for, one after the other, while nothing else is to do."""
        for spec in specs:
            with suppress(RefusedError):  # nobody waits for it; whoever asks will be told
                if not self.cache.has(self._key(replace(spec, sample=0))):
                    self._ahead.append(spec)
        if not self._ahead:
            return
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._work_ahead, daemon=True, name="ahead")
            self._worker.start()

    def close(self) -> None:
        """Stop computing ahead; a thread within torch would abort the interpreter at its end."""
        self._closing = True
        if self._worker is not None and self._worker.is_alive():
            self._worker.join(timeout=5)

    def _work_ahead(self) -> None:
        if sys.platform == "linux":  # elsewhere, and where that is forbidden, it works like everybody else
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)  # the threads that it starts inherit it
        while self._ahead and not self._closing:
            if not self._calm():
                time.sleep(CALM / 3)
                continue
            spec = replace(self._ahead.pop(), sample=0)
            try:
                compute = partial(self._computed_ahead, spec)
                self.cache.get_or_compute(self._key(spec), compute, partial(self.computations.turn, waits=False))
            except Exception as error:  # nobody waits for it; whoever asks will be told
                log.info("not computed ahead: %s", error)

    def _computed_ahead(self, spec: InferenceSpec) -> Trajectories:
        def give_way(fraction: float, text: str) -> None:
            if self._closing or not self._calm():
                raise RuntimeError("somebody asked for something else")

        return experiments.trajectories(spec, self.settings, progress=give_way)

    def _calm(self) -> bool:
        return not self._asked and time.monotonic() - self._last > CALM

    def _weights(self, id: str) -> str:
        return experiments.open_model(id, self.settings).sha256[:16]

    def _key(self, spec: EnsembleSpec) -> str:
        return f"{type(spec).__name__}:{experiments.code_sha256()[:16]}:{self._weights(spec.model)}:{spec.key()}"


def without_server(settings: Settings) -> CachedExperiments:
    """The experiments of a command line, which shares the cache of this machine's dashboard."""
    return CachedExperiments(settings, ResultCache(Flask(__name__), settings))
