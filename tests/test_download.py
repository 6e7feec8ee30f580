import gzip
import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from core import data, download
from core.data import DataError, Dataset


def test_torchvision_is_imported_beside_another_torch_and_by_many_threads_at_once():
    """In a fresh process: there the import fails where the two packages are no pair."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from core import download\n"
        "with Pool(8) as pool:\n"
        "    found = list(pool.map(download.source_of, ['mnist', 'fashion'] * 8))\n"
        "print([len(source.packed) for source in found] == [4] * 16)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.strip() == "True", done.stderr


# A mirror on this machine


class Mirror(ThreadingHTTPServer):
    """Serves `files` under any folder; `fault` says what is wrong with this mirror; `ranges` are the requests seen."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes], fault: str = ""):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.fault, self.ranges = files, fault, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"


class Answer(BaseHTTPRequestHandler):
    server: Mirror  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        fault, name = self.server.fault, self.path.removeprefix("/")
        asked = self.headers.get("Range", "")
        self.server.ranges.append((name, asked))
        content = self.server.files[name]
        start = 0 if fault == "no ranges" else int(asked.removeprefix("bytes=").removesuffix("-") or 0)
        if fault == "no http":
            self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        elif fault == "missing":
            self.send_error(404)
        elif start and start >= len(content):
            self.send_error(416)
        else:
            body = b"<html>" * 99 if fault == "damaged" else content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            if fault == "slow":
                time.sleep(0.1)
            self.wfile.write(b"" if fault == "breaks off" else body[len(body) // 2 :])

    def log_message(self, format: str, *args: Any) -> None:
        pass


def idx(values: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    header = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    return header + values.astype(np.uint8).tobytes()


RANDOM = np.random.default_rng(0)
IMAGES = {part: RANDOM.integers(0, 256, (20, 28, 28)) for part in ("train", "t10k")}
LABELS = {part: RANDOM.integers(0, 10, 20) for part in ("train", "t10k")}
PLAIN = {f"{part}-images-idx3-ubyte": idx(IMAGES[part]) for part in IMAGES}
PLAIN |= {f"{part}-labels-idx1-ubyte": idx(LABELS[part]) for part in LABELS}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in PLAIN.items()}
FIRST = next(iter(PACKED))


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


FILES = {"mnist": {name: data.Known(len(content), md5(content)) for name, content in PLAIN.items()}}


@dataclass
class Fetched:
    """MNIST as some mirrors on this machine have it, below a torchvision root."""

    root: Path
    running: list[Mirror] = field(default_factory=list)

    def start(self, *faults: str) -> list[Mirror]:
        """Mirrors with these faults."""
        for fault in faults:
            self.running.append(Mirror(PACKED, fault))
            threading.Thread(target=self.running[-1].serve_forever, args=(0.01,), daemon=True).start()
        return self.running

    def download(self, name: str = "mnist", **more: Any) -> None:
        packed = [(name, md5(content)) for name, content in PACKED.items()]
        source = download.Source([mirror.url for mirror in self.running], packed)
        download.download(name, self.root, source=source, files=FILES, **more)

    def load(self, *, train: bool = True) -> Dataset:
        return data.load_dataset("mnist", self.root, train=train, files=FILES)

    def is_available(self) -> bool:
        return data.is_available("mnist", self.root, FILES)

    def is_whole(self) -> bool:
        """Whether the data set loads, and is what the mirrors hold."""
        for part, train in (("train", True), ("t10k", False)):
            found = self.load(train=train)
            np.testing.assert_array_equal(found.images, IMAGES[part].reshape(20, 784).astype(np.float32) / 255)
            np.testing.assert_array_equal(found.labels, LABELS[part])
        return not list(self.root.rglob("*.part")) + list(self.root.rglob("*.tmp"))


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetched]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    found = Fetched(tmp_path)
    yield found
    for mirror in found.running:
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    return folder


def test_a_download_can_be_loaded(mnist: Fetched):
    mnist.start("")
    told = []
    mnist.download(progress=lambda share, text: told.append(share))
    assert mnist.is_whole()
    assert mnist.is_available()
    assert all(a <= b for a, b in pairwise(told))
    assert told[-1] == pytest.approx(1)


def test_a_refused_data_set_is_there_after_a_download(mnist: Fetched):
    mnist.start("")
    with pytest.raises(DataError):
        mnist.load()
    mnist.download()
    assert mnist.is_whole()


def test_digits_are_never_downloaded(mnist: Fetched):
    (mirror,) = mnist.start("")
    mnist.download("digits")
    assert mirror.ranges == []


@pytest.mark.parametrize("there", [1, 700])
def test_a_download_goes_on_where_it_stopped(mnist: Fetched, raw: Path, there: int):
    (mirror,) = mnist.start("")
    (raw / f"{FIRST}.part").write_bytes(PACKED[FIRST][:there])
    mnist.download()
    assert mirror.ranges[0] == (FIRST, f"bytes={there}-")
    assert mnist.is_whole()


def test_a_transfer_that_only_lacked_its_last_rename_is_kept(mnist: Fetched, raw: Path):
    mnist.start("")
    (raw / f"{FIRST}.part").write_bytes(PACKED[FIRST])
    mnist.download()
    assert mnist.is_whole()


def test_a_mirror_that_sends_the_whole_file_again_is_understood(mnist: Fetched, raw: Path):
    mnist.start("no ranges")
    (raw / f"{FIRST}.part").write_bytes(PACKED[FIRST][:500])
    mnist.download()
    assert mnist.is_whole()


@pytest.mark.parametrize("fault", ["damaged", "missing", "breaks off", "no http"])
def test_the_next_mirror_is_tried(mnist: Fetched, fault: str):
    mnist.start(fault, "")
    mnist.download()
    assert mnist.is_whole()


def test_what_a_broken_transfer_brought_is_not_asked_for_again(mnist: Fetched):
    _, second = mnist.start("breaks off", "")
    mnist.download()
    assert second.ranges[0] == (FIRST, f"bytes={len(PACKED[FIRST]) // 2}-")


@pytest.mark.parametrize("fault", ["damaged", "missing", "breaks off", "no http"])
def test_no_good_mirror_is_refused_with_a_remedy(mnist: Fetched, raw: Path, fault: str):
    mnist.start(fault)
    with pytest.raises(DataError, match="again"):
        mnist.download()
    assert not (raw / FIRST).exists()
    assert not (raw / FIRST.removesuffix(".gz")).exists()


def test_no_answer_at_all_is_refused_with_a_remedy(mnist: Fetched):
    (mirror,) = mnist.start("")
    mirror.shutdown()
    mirror.server_close()
    with pytest.raises(DataError, match="LT_DATA"):
        mnist.download()


def test_files_that_are_there_are_kept(mnist: Fetched, raw: Path):
    (mirror,) = mnist.start("")
    for name, content in PLAIN.items():
        if name != FIRST.removesuffix(".gz"):
            (raw / name).write_bytes(content)
    mnist.download()
    assert [name for name, _ in mirror.ranges] == [FIRST]
    mnist.download()
    assert len(mirror.ranges) == 1
    assert mnist.is_whole()


DAMAGED = {"empty": b"", "a header": b"\0\0\x08\x03", "foreign": b"no IDX file", "cut": idx(IMAGES["train"])[:-7]}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_file_is_refused_and_fetched_again(mnist: Fetched, raw: Path, content: bytes):
    mnist.start("")
    for name, whole in PLAIN.items():
        (raw / name).write_bytes(content if name == "train-images-idx3-ubyte" else whole)
    with pytest.raises(DataError, match="download"):
        mnist.load()
    mnist.download()
    assert mnist.is_whole()


OTHERS = {
    "other images of the same size": (FIRST.removesuffix(".gz"), PLAIN[FIRST.removesuffix(".gz")][::-1]),
    "other images, compressed": (FIRST, gzip.compress(PLAIN[FIRST.removesuffix(".gz")][::-1])),
    "half a compressed file": (FIRST, PACKED[FIRST][: len(PACKED[FIRST]) // 2]),
    "a bomb": (FIRST, gzip.compress(bytes(10_000_000))),
}


@pytest.mark.parametrize(("name", "content"), OTHERS.values(), ids=list(OTHERS))
def test_other_files_are_refused_and_replaced(mnist: Fetched, raw: Path, name: str, content: bytes):
    (mirror,) = mnist.start("")
    for plain, whole in PLAIN.items():
        (raw / plain).write_bytes(whole)
    (raw / FIRST.removesuffix(".gz")).unlink()
    (raw / name).write_bytes(content)
    assert not mnist.is_available()
    with pytest.raises(DataError, match=r"cut, or not that of MNIST.*core download --dataset mnist"):
        mnist.load()
    mnist.download()
    assert [file for file, _ in mirror.ranges] == [FIRST]
    assert mnist.is_whole()


def test_compressed_files_are_taken_as_they_are(mnist: Fetched, raw: Path):
    (mirror,) = mnist.start("")
    for name, content in PACKED.items():
        (raw / name).write_bytes(gzip.compress(gzip.decompress(content), 1))  # whoever has compressed them
    assert mnist.is_available()
    mnist.download()
    assert mirror.ranges == []
    assert {path.name for path in raw.iterdir()} == set(PACKED)
    assert mnist.is_whole()


def test_several_who_fetch_at_once_all_succeed(mnist: Fetched):
    (mirror,) = mnist.start("slow")
    together = threading.Barrier(3)

    def fetch(_: int) -> None:
        together.wait()
        mnist.download()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(fetch, range(3)))
    assert sorted(name for name, _ in mirror.ranges) == sorted(PACKED)
    assert mnist.is_whole()


def test_who_waits_for_another_can_give_up(mnist: Fetched, raw: Path):
    (mirror,) = mnist.start("")

    def give_up(share: float, text: str) -> None:
        assert text == "another process fetches them"
        raise KeyboardInterrupt

    with FileLock(raw / ".download.lock"), pytest.raises(KeyboardInterrupt):
        mnist.download(progress=give_up)
    assert mirror.ranges == []


def test_a_folder_that_takes_no_files_is_refused_with_a_remedy(mnist: Fetched, tmp_path: Path):
    mnist.start("")
    (tmp_path / "MNIST").write_text("a file in place of the folder")
    with pytest.raises(DataError, match=r"could not be written.*LT_DATA"):
        mnist.download()
