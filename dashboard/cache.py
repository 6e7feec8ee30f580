"""What is kept: results in the store that flask-caching gives to the core, and replies in this process's memory."""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import redis
from cachelib.serializers import RedisSerializer, SimpleSerializer
from flask import Flask
from flask_caching import Cache
from flask_caching.backends.base import BaseCache
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.cache import Folder
from core.schema import SpecError
from core.session import RESULTS
from core.settings import Settings

T = TypeVar("T")
log = logging.getLogger(__name__)

DAY = 86_400
REPLIES = 200_000_000  # bytes kept in memory; a frame of an ensemble has 50,000, the film of a run 2,000,000
SLOW = 1  # s that Redis may take; then it is left alone for a while
REST = 30  # s in which a server that failed is not asked again


class BytesAlone(RedisSerializer):
    """Writes bytes as they are, behind a mark that says they are ours, and reads nothing else."""

    MARK = b"latent-trajectories:"

    def dumps(self, value: Any, protocol: int = 0) -> bytes:
        return self.MARK + value

    def loads(self, bvalue: bytes | None) -> bytes | None:
        return bvalue.removeprefix(self.MARK) if bvalue is not None and bvalue.startswith(self.MARK) else None


class FolderBackend(BaseCache):
    """The core's folder, which commands use too, as a backend of flask-caching."""

    def __init__(self, folder: Folder) -> None:
        super().__init__()
        self.folder = folder

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "FolderBackend":
        return cls(*args)

    def get(self, key: str) -> bytes | None:
        return self.folder.get(key)

    def set(self, key: str, value: bytes, timeout: int | None = None) -> bool:
        self.folder.set(key, value)
        return True

    def delete(self, key: str) -> bool:
        self.folder.delete(key)
        return True


class MemoryBackend(BaseCache):
    """Values in the memory of this process, of so many bytes in all; what was used longest ago goes first."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.size = most, 0
        self._stored: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._serializer = SimpleSerializer()

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "MemoryBackend":
        return cls(*args)

    def get(self, key: str) -> Any | None:
        with self._lock:
            content = self._stored.get(key)
            if content is None:
                return None
            self._stored.move_to_end(key)
        return self._serializer.loads(content)

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool:
        content = self._serializer.dumps(value)
        if content is None:
            return False
        with self._lock:
            self.size += len(content) - len(self._stored.pop(key, b""))
            self._stored[key] = content
            while self.size > self.most:
                self.size -= len(self._stored.popitem(last=False)[1])
        return True


class FlaskStore:
    """flask-caching as a store of bytes: the core's folder, or Redis; one that failed is left alone for a while.

    Args:
        app: The server's.
        settings: Where it is.
        clock: Tells the time, s.

    Raises:
        SpecError: REDIS_URL is no address of a Redis server.
    """

    def __init__(self, app: Flask, settings: Settings, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.rest = REST if settings.redis_url else 0  # a file that cannot be read says nothing about the others
        self._resting = -math.inf  # until then it is not asked
        if settings.redis_url:
            config = redis_options(settings.redis_url)
        else:
            folder = Folder(settings.cache / RESULTS, settings.max_cache)
            config = {"CACHE_TYPE": f"{__name__}.{FolderBackend.__name__}", "CACHE_ARGS": [folder]}
        self.cache = Cache(app, config={"CACHE_DEFAULT_TIMEOUT": 30 * DAY, **config})

    def get(self, key: str) -> bytes | None:
        value = self._requested(self.cache.get, key)
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes) -> None:
        self._requested(self.cache.set, key, value)

    def delete(self, key: str) -> None:
        self._requested(self.cache.delete, key)

    def _requested(self, call: Callable[..., Any], *given: Any) -> Any | None:
        """What the backend answers; None where it fails, and while one that failed is left alone."""
        if self.clock() < self._resting:
            return None
        try:
            return call(*given)
        except Exception as error:  # backends raise their own errors; none of them may cost the answer
            log.warning("cache not usable: %s", error)
            self._resting = self.clock() + self.rest
            return None


def redis_options(url: str) -> dict[str, Any]:
    """How flask-caching is told to use a Redis server; one that hangs is given up after a second."""
    try:
        redis.Redis.from_url(url)
    except ValueError:
        raise SpecError(
            "REDIS_URL is no address of a Redis server. Write it as redis://:PASSWORD@HOST:6379/0, with other "
            "characters than letters and digits as %XX, or leave it out."
        ) from None  # the error quotes parts of the address, and with them of the password
    patience = {"socket_timeout": SLOW, "socket_connect_timeout": SLOW, "retry": Retry(NoBackoff(), 0)}
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": url,
        "CACHE_KEY_PREFIX": "lt:",
        "CACHE_OPTIONS": patience,
        "CACHE_SERIALIZER": BytesAlone,
    }


class Replies:
    """What was made of results for the browser, in this process's memory: built once for all who ask.

    Args:
        app: The server's.
        most: Bytes that are kept.
    """

    def __init__(self, app: Flask, most: int = REPLIES) -> None:
        self.cache = Cache(app, config={"CACHE_TYPE": f"{__name__}.{MemoryBackend.__name__}", "CACHE_ARGS": [most]})
        self._locks: WeakValueDictionary[str, Any] = WeakValueDictionary()
        self._standing = threading.Lock()  # while a lock is looked up

    def get(self, key: str) -> Any | None:
        """The reply, or None."""
        return self.cache.get(key)

    def get_or_build(self, key: str, build: Callable[[], T]) -> T:
        """The reply; else built, once for all who ask."""
        reply = self.get(key)
        if reply is not None:
            return reply
        with self._standing:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            reply = self.get(key)
            if reply is None:
                reply = build()
                self.cache.set(key, reply)
            return reply
