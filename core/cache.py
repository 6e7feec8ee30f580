"""The one result cache: a result is computed once, however many ask, and outlives the process that computed it.

::

    spec, weights, version of the code --> key --> store: a folder, or another one that knows get, set and delete
                                                   bytes <--> result (core/result_bytes.py)

What cannot be read back is a miss. A store that fails (a full disk, a read-only folder, a server that is gone) costs
time, never an answer.
"""

import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from filelock import FileLock, Timeout

from core.result_bytes import ResultError, from_bytes, to_bytes

T = TypeVar("T")
log = logging.getLogger(__name__)

PATIENCE = 60  # s that one waits for another; then both compute
ENDING = ".result"


class Store(Protocol):
    """Where bytes are kept under a key; what was set may be gone later."""

    def get(self, key: str) -> bytes | None:
        """The bytes, or None."""
        ...

    def set(self, key: str, value: bytes) -> None:
        """Keep bytes, in place of others under this key."""
        ...

    def delete(self, key: str) -> None:
        """Forget a key; nothing happens where there is none."""
        ...


class Folder:
    """A store of files, private to this user, of a bounded size: what was used longest ago goes first.

    It is made when something is first kept. Where it cannot be, a temporary one takes its place until the process ends.

    Args:
        path: The folder.
        size: Bytes of all files at most.
    """

    def __init__(self, path: Path, size: int):
        self.path, self.size = path, size
        self._is_ready = False
        self._making = threading.Lock()

    def get(self, key: str) -> bytes | None:
        path = self._file(key)
        try:
            content = path.read_bytes()
            os.utime(path)  # it was used now
        except OSError:
            return None
        return content

    def set(self, key: str, value: bytes) -> None:
        if len(value) > self.size:
            return
        self._make()
        path = self._file(key)
        handle, partial = tempfile.mkstemp(dir=self.path, prefix=".")  # of mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(value)
            Path(partial).replace(path)
        finally:
            Path(partial).unlink(missing_ok=True)
        self._make_room()

    def delete(self, key: str) -> None:
        self._file(key).unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self.path / f"{name_of(key)}{ENDING}"

    def _make(self) -> None:
        with self._making:
            if not self._is_ready or not self.path.is_dir():
                self.path, self._is_ready = private(self.path), True

    def _make_room(self) -> None:
        used = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                with suppress(OSError):  # another process took it away
                    status = entry.stat()
                    used.append((status.st_mtime_ns, status.st_size, entry.path))
        total = sum(size for _, size, _ in used)
        for _, size, path in sorted(used):
            if total <= self.size:
                break
            with suppress(OSError):
                Path(path).unlink()
            total -= size


def name_of(key: str) -> str:
    """A file name for a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def private(folder: Path) -> Path:
    """A folder that only this user can read; a temporary one where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="latent-trajectories-"))
        log.warning("%s cannot be written (%s): results are cached in %s until the program ends", folder, error, other)
        return other


class ResultCache:
    """Get a result or compute it.

    Args:
        store: Where results are kept.
        locks: A folder for the locks by which threads and processes wait for each other; without, they do not.
    """

    def __init__(self, store: Store, locks: Path | None = None):
        self.store, self.locks = store, locks

    def get(self, kind: type[T], key: str) -> T | None:
        """The result of a kind that is kept under a key, or None."""
        try:
            content = self.store.get(key)
            return None if content is None else from_bytes(kind, content)
        except ResultError as error:
            log.info("not read from the cache: %s", error)
        except Exception as error:  # stores raise errors of their own; none of them may cost the answer
            log.warning("cache not usable: %s", error)
        return None

    def put(self, key: str, result: object) -> None:
        """Keep a result."""
        try:
            self.store.set(key, to_bytes(result))
        except Exception as error:
            log.warning("cache not writable: %s", error)

    def get_or_compute(
        self,
        kind: type[T],
        key: str,
        compute: Callable[[], T],
        turn: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> T:
        """The result that is kept; else computed by the first who asks, while the others wait for it.

        Args:
            kind: The class of the result.
            key: Names everything that it depends on.
            compute: Computes it. What it asks of this cache in turn must not ask for this key.
            turn: Entered while it is computed and written.
        """
        result = self.get(kind, key)
        if result is not None:
            return result
        with self._locked(key), turn():
            result = self.get(kind, key)
            if result is None:
                result = compute()
                self.put(key, result)
            return result

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """A file lock, done without where it cannot be had: then two may compute the same."""
        if self.locks is None:
            yield
            return
        path = self.locks / f"{name_of(key)}.lock"
        lock = FileLock(path, timeout=PATIENCE)  # a file for each key: who holds one may ask for another
        with suppress(OSError, Timeout):
            self.locks.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock.acquire()
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # who waits for it finds the result
                lock.release()
