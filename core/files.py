"""Files that others read while they are written: in one piece or not at all, and known by a stamp."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # of a file system without hard links


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees the old file or the new one, a crash leaves no half of it."""
    with written_beside(path, content) as partial:
        partial.replace(path)


def write_new(path: Path, content: bytes) -> None:
    """Write a file whose name is free: of many who try that at once, in any process, one succeeds.

    Raises:
        FileExistsError: There is a file of that name.
    """
    with written_beside(path, content) as partial:
        try:
            path.hardlink_to(partial)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            partial.replace(path)


@contextmanager
def written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """A file with this content in the folder of another one, safely on the disk; it is gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(partial).chmod(0o644)
        yield Path(partial)
    finally:
        Path(partial).unlink(missing_ok=True)


def stamp(path: str | Path) -> tuple[int, ...]:
    """Changes when a file is replaced, or becomes readable: the key under which it may be kept in memory."""
    try:
        status = os.stat(path)  # noqa: PTH116 (a Path for each of many files takes longer than asking the disk)
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)
