"""Abuse: what a visitor waits for /health and for a single run while somebody holds sockets or asks too much.

Each attack meets a server of its own, first the one of an earlier commit, then this one. While it goes on, a visitor
asks on a new connection every half second, without waiting for earlier answers; who gets none within ten seconds counts
as ten seconds. Times count from the moment of asking.

Try: python -m benchmarks.abuse --before 9d59aef --seconds 10
"""

import http.client
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks import report
from benchmarks.load import GRID, Connection, Question, questions
from benchmarks.report import Measure
from benchmarks.server import ROOT, images_here, serving

PATIENCE = 10.0  # s that a visitor waits
EVERY = 0.5  # s between two visitors
TARGET = 1000.0  # ms, p95
MODEL = "mnist-nz100-seed0"
HEAD = b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SOCKETS = {
    "33 sockets with half a request line": b"GET /hea",
    "33 sockets with half a body": b"POST /_dash-update-component" + HEAD + b"Content-Length: 1000\r\n\r\n{",
    "33 sockets with a TLS hello": bytes.fromhex("16030102000100" + "01fc0303") + b"x" * 100,
    "33 sockets that never read an answer of 6 MB": f"GET /models/file/{MODEL}.safetensors".encode() + HEAD + b"\r\n",
}
Attack = Callable[[str, dict[str, Question], ExitStack], None]


def hold(data: bytes) -> Attack:
    """Open sockets, send something and wait."""

    def attack(url: str, asked: dict[str, Question], end: ExitStack) -> None:
        place = urlsplit(url)
        for _ in range(33):
            one = socket.socket()
            end.callback(one.close)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect((place.hostname, place.port))
            one.sendall(data)

    return attack


def at_once(calls: Sequence[Callable[[], object]], pause: float = 0.0) -> None:
    """Ask all of it, without waiting for answers."""

    def ask(call: Callable[[], object]) -> None:
        with suppress(OSError, http.client.HTTPException, ValueError):  # a table is no JSON
            call()

    for call in calls:
        threading.Thread(target=ask, args=(call,), daemon=True).start()
        time.sleep(pause)


def estimates(url: str, asked: dict[str, Question], _: ExitStack) -> None:
    """Forty presses of How long?, each for another N_z."""
    value = {"action": "estimate", "dataset": "digits"}
    at_once([lambda n=n: Connection(url).post(asked["job"].of(value | {"n_latent": n})) for n in range(20, 60)])


def ensemble_of(asked: dict[str, Question]) -> Question:
    """The question for many runs; before the films over p it was called the cloud."""
    return asked["ensemble"] if "ensemble" in asked else asked["cloud"]


def ensembles(url: str, asked: dict[str, Question], _: ExitStack) -> None:
    """Forty ensembles of new seeds, by forty tabs."""
    at_once([lambda n=n: Connection(url).post(ensemble_of(asked).body(f"tab {n}", 1, 0.2, 100 + n)) for n in range(40)])


def superseding(url: str, asked: dict[str, Question], _: ExitStack) -> None:
    """Forty ensembles of new seeds, by one tab that waits for the last one."""
    calls = [lambda n=n: Connection(url).post(ensemble_of(asked).body("tab", 1 + n, 0.2, 100 + n)) for n in range(40)]
    at_once(calls, pause=0.05)


def exports(url: str, _: dict[str, Question], __: ExitStack) -> None:
    """The numbers of 33 figures of 500 runs x 200 steps."""
    common = {"model": MODEL, "source": "decoded", "n_runs": 500, "n_steps": 200}
    paths = [f"/paper/data/fig2.csv?{urlencode(common | {'seed': n})}&table=by-t" for n in range(33)]
    at_once([lambda path=path: Connection(url).get(path) for path in paths])


def asks_at(route: Question, noises: Sequence[float], seed: int) -> bytes:
    """What a tab of its own posts for many p."""
    query = f"v=3&src=decoded&T=200&seed={seed}"
    return route.of({"query": query, "client": f"{route.route} {seed}", "sequence": 1, "noises": list(noises)})


def films(url: str, asked: dict[str, Question], _: ExitStack) -> None:
    """Four p more of forty ensembles of 200 steps, by forty tabs."""
    bodies = [asks_at(asked["film"], GRID[:4], 100 + n) for n in range(40)]
    at_once([lambda body=body: Connection(url).post(body) for body in bodies])


def run_films(url: str, asked: dict[str, Question], _: ExitStack) -> None:
    """The films of 33 runs of 200 steps, by 33 tabs."""
    bodies = [asks_at(asked["runfilm"], GRID, 100 + n) for n in range(33)]
    at_once([lambda body=body: Connection(url).post(body) for body in bodies])


NEEDS = {"40 films of ensembles of new seeds": "film", "33 films of runs of new seeds": "runfilm"}  # routes, by attack
ATTACKS: dict[str, Attack] = {
    **{name: hold(data) for name, data in SOCKETS.items()},
    "40 presses of How long?": estimates,
    "40 ensembles of new seeds": ensembles,
    "40 ensembles of one tab, each superseding": superseding,
    "33 exports of 500 runs x 200 steps": exports,
    "40 films of ensembles of new seeds": films,
    "33 films of runs of new seeds": run_films,
}


def visit(url: str, asked: dict[str, Question], seconds: float) -> dict[str, list[float]]:
    """What visitors wait for, in ms."""
    found: dict[str, list[float]] = {"/health": [], "a single run": []}

    def health() -> None:
        connection = Connection(url, PATIENCE)
        connection.http.request("GET", "/health")
        connection.http.getresponse().read()

    def run(n: int) -> None:
        status, _, body = Connection(url, PATIENCE).post(asked["run"].body(f"visitor {n}", 1, 0.3, 1000 + n))
        if status != 200 or len(body) < 500:
            raise OSError(f"No run: status {status}.")

    def timed(name: str, call: Callable[[], None]) -> None:
        begin = time.perf_counter()
        try:
            call()
        except (OSError, http.client.HTTPException):
            found[name].append(1000 * PATIENCE)
        else:
            found[name].append(min(1000 * (time.perf_counter() - begin), 1000 * PATIENCE))

    threads = []
    for n in range(int(seconds / EVERY)):
        for name, call in (("/health", health), ("a single run", lambda n=n: run(n))):
            threads.append(threading.Thread(target=timed, args=(name, call)))
            threads[-1].start()
        time.sleep(EVERY)
    for thread in threads:
        thread.join()
    return found


@contextmanager
def earlier(commit: str) -> Iterator[Path]:
    """The program as it was at a commit, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="before-") as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)


def measure(name: str, when: str, root: Path, seconds: float) -> list[Measure]:
    """One attack on one server; nothing where that does not know the question yet."""
    report.say(f"{when}: {name}")
    with serving(root) as server:
        asked = questions(server.url)
        if NEEDS.get(name, "run") not in asked:
            return []  # there was nothing to attack yet
        visit(server.url, asked, 1)  # the first run of a server opens the model
        with ExitStack() as end:
            ATTACKS[name](server.url, asked, end)
            time.sleep(EVERY)
            found = visit(server.url, asked, seconds)
    limits = {"p95": TARGET} if when == "now" else {}
    return [Measure(f"{name}: {what}, {when}", "ms", values, limits) for what, values in found.items()]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    options = report.parser(__doc__)
    options.add_argument("--before", default="9d59aef", metavar="COMMIT", help="compare with (default: 9d59aef)")
    options.add_argument("--seconds", type=float, default=12.0, help="length of each attack (default: 12)")
    options.add_argument("--attacks", nargs="+", choices=ATTACKS, default=list(ATTACKS), metavar="NAME")
    args = options.parse_args(arguments)
    measures: list[Measure] = []
    with earlier(args.before) as before:
        for name in args.attacks:
            measures += measure(name, "before", before, args.seconds) + measure(name, "now", ROOT, args.seconds)
    source = "original" if images_here() else "decoded"
    head = (
        f"Before: commit {args.before}. A visitor every {EVERY:g} s for {args.seconds:g} s; 10,000 ms stand for no "
        f"answer within ten seconds. Visitors and attackers on the same machine; runs start from {source} images."
    )
    values = {"before": args.before, "seconds": args.seconds, "measures": [measure.to_dict() for measure in measures]}
    report.publish("abuse", f"{head}\n\n{report.measures_table(measures)}", values, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
