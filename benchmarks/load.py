"""Thirty students drag p: what one server process with one worker makes of it.

Every student changes p twice a second. Each change posts the questions that the page posts, on connections of their
own, without waiting for earlier answers. Times count from the moment of the change, so that queueing is in them.

Then the same with a seed for every student, so that nothing is cached; every student opens another image at once; and
all of them follow one live lesson, whose presenter holds and releases their screens and moves them from p to p.

Try: python -m benchmarks.load --seconds 10 --scenarios runs "nothing cached" films lesson
"""

import argparse
import gzip
import http.client
import json
import math
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import brotli

from benchmarks import report
from benchmarks.report import Measure
from benchmarks.server import PATIENCE, images_here, serving
from dashboard.lesson import Frame, Lesson, packed

WARM, COLD, FILMS, LESSON = ("runs", "as the page asks"), "nothing cached", "films", "lesson"
SCENARIOS = {
    "runs": ("run",),
    "as the page asks": ("run", "ensemble"),
    COLD: ("run", "ensemble"),
    FILMS: (),
    LESSON: (),
}
LESSON_NOISES = (0.1, 0.3, 0.8)  # p, frame by frame
GRID = tuple(round(i / 40, 4) for i in range(41))
SECONDS = 1000  # ms
TARGET = 100  # ms, p95
COLD_TARGETS: dict[str, float] = {"p95": 500, "max": 2 * SECONDS}  # of a single run


@dataclass(frozen=True)
class Question:
    """A callback of the page, as Dash's own list of dependencies describes it."""

    route: str
    output: str
    outputs: Any

    def body(self, client: str, sequence: int, noise: float, seed: int = 0) -> bytes:
        """What the browser posts when the student has moved p, or has drawn new noise."""
        return self.of({"query": f"v=3&p={noise:g}&seed={seed}", "client": client, "sequence": sequence})

    def of(self, value: dict[str, Any]) -> bytes:
        """What the browser posts when a store has a value."""
        asked = [{"id": f"ask-{self.route}", "property": "data", "value": value}]
        changed = [f"ask-{self.route}.data"]
        payload = {"output": self.output, "outputs": self.outputs, "inputs": asked, "changedPropIds": changed}
        return json.dumps(payload | {"state": []}).encode()


@dataclass
class Tally:
    """What came of the questions of one route."""

    milliseconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Take another's into this one."""
        self.milliseconds += other.milliseconds
        self.sizes += other.sizes
        self.outcomes += other.outcomes


class Connection:
    """One kept-alive connection to the server."""

    def __init__(self, url: str, timeout: float = PATIENCE):
        parts = urlsplit(url)
        self.http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)

    def get(self, path: str) -> Any:
        """An answer in JSON."""
        self.http.request("GET", path)
        return json.loads(self.http.getresponse().read())

    def send(self, method: str, path: str, body: Any = None, **head: str) -> tuple[int, bytes]:
        """Status and body of a small question in JSON."""
        content = None if body is None else json.dumps(body).encode()
        self.http.request(method, path, content, {"Content-Type": "application/json"} | head)
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def post(self, body: bytes, page: str = "/") -> tuple[int, str, bytes]:
        """Status, encoding and body, not decompressed: that is the students' work, not this machine's."""
        head = {"Content-Type": "application/json", "Accept-Encoding": "br, gzip"}
        self.http.request("POST", f"{page}_dash-update-component", body, head)
        answer = self.http.getresponse()
        return answer.status, answer.headers.get("Content-Encoding", ""), answer.read()


def questions(url: str) -> dict[str, Question]:
    """The callbacks of the page by the route that they answer."""
    found = {}
    for each in Connection(url).get("/_dash-dependencies"):
        asked = [i["id"] for i in each["inputs"] if i["id"].startswith("ask-")]
        if asked:
            route = asked[0].removeprefix("ask-")
            found[route] = Question(route, each["output"], outputs_of(each["output"]))
    return found


def outputs_of(output: str) -> Any:
    """Dash's "..a.x...b.y.." or "a.x" as ids and properties."""
    names = output.strip(".").split("...")
    pairs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return pairs if output.startswith("..") else pairs[0]


def unpacked(encoding: str, body: bytes) -> bytes:
    """A body as it was before it was compressed."""
    return {"br": brotli.decompress, "gzip": gzip.decompress}.get(encoding, bytes)(body)


def outcome(status: int, encoding: str, body: bytes, question: Question, *, look: bool) -> str:
    """Whether an answer is one; `look` decompresses it and looks inside."""
    if status == 204:
        return "given up"  # the same student has asked something newer
    if status != 200:
        return f"status {status}"
    if look:
        answer = json.loads(unpacked(encoding, body)).get("response", {})
        return "answered" if question.output.strip(".").split(".")[0] in answer else "refused"
    return "answered" if len(body) > 500 else "refused"  # a refusal is one short sentence


@dataclass(frozen=True)
class Student:
    """Who changes p when, and to what; with a seed of its own nobody else has asked for the same."""

    name: str
    seed: int
    due: list[float]
    noises: list[float]


def ask_on_time(url: str, question: Question, student: Student, tally: Tally) -> None:
    """One route of one student: post at the due times, or at once when late; what takes long only for the newest p."""
    connection = Connection(url)
    is_left_out = student.seed and question.route == "ensemble"
    for i, (moment, noise) in enumerate(zip(student.due, student.noises, strict=True)):
        if is_left_out and i + 1 < len(student.due) and student.due[i + 1] < time.perf_counter():
            continue
        time.sleep(max(0.0, moment - time.perf_counter()))
        try:
            status, encoding, body = connection.post(question.body(student.name, i + 1, noise, student.seed))
        except (OSError, http.client.HTTPException) as error:
            tally.outcomes[type(error).__name__] += 1
            connection = Connection(url)
            continue
        tally.milliseconds.append(1000 * (time.perf_counter() - moment))
        tally.sizes.append(len(body))
        tally.outcomes[outcome(status, encoding, body, question, look=i == 0)] += 1


def crowd(url: str, asked: list[Question], args: argparse.Namespace, name: str) -> tuple[dict[str, Tally], float]:
    """Let all students change p for a while.

    Returns:
        A tally per route, and the seconds until the last answer.
    """
    threads, tallies = [], [(question.route, Tally()) for _ in range(args.students) for question in asked]
    begin = time.perf_counter() + 1.0
    places = iter(tallies)
    for student in range(args.students):
        chance = random.Random(f"{name} {student}")
        count = int(args.seconds * args.rate)
        offset = chance.random() / args.rate
        due = [begin + offset + i / args.rate for i in range(count)]
        noises = [chance.choice(GRID) for _ in range(count)]
        moving = Student(f"{name}-{student}", 1 + student if name == COLD else 0, due, noises)
        for question in asked:
            given = (url, question, moving, next(places)[1])
            threads.append(threading.Thread(target=ask_on_time, args=given, daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    joined = {question.route: Tally() for question in asked}
    for route, tally in tallies:
        joined[route].add(tally)
    return joined, time.perf_counter() - begin


def warm(url: str, asked: dict[str, Question], noises: Sequence[float]) -> None:
    """Have the images read and ensembles of the grid computed, so that the crowd finds a warm cache."""
    report.say(f"warming the cache: {len(noises)} ensembles")
    connection = Connection(url)
    for i, noise in enumerate(noises):
        for route in ("run", "ensemble"):
            status, encoding, body = connection.post(asked[route].body("teacher", i + 1, noise))
            result = outcome(status, encoding, body, asked[route], look=True)
            if result != "answered":
                raise RuntimeError(f"The server did not answer {route} for p = {noise} while warming: {result}.")


@dataclass
class Opening:
    """When one student had the film of a run, and the first ensemble behind it; moments in s, NaN where refused."""

    asked: float = math.nan
    film: float = math.nan
    ensemble: float = math.nan


def open_image(url: str, asked: dict[str, Question], student: int, start: threading.Barrier, seen: Opening) -> None:
    """What the page asks when one student opens an image that nobody else has: first its run, then the ensemble."""
    connection, client = Connection(url), f"{FILMS}-{student}"
    asks = {"query": f"v=3&label={student % 10}&i={student}&seed={100 + student}&p=0.3", "client": client}
    start.wait(PATIENCE)
    seen.asked = time.perf_counter()
    for sequence, (route, noises) in enumerate((("runfilm", GRID), ("ensemble", (0.3,)))):
        answer = connection.post(asked[route].of(asks | {"noises": noises, "sequence": sequence}))
        moment = time.perf_counter()
        if outcome(*answer, asked[route], look=False) != "answered":
            return
        seen.film, seen.ensemble = (moment, math.nan) if route == "runfilm" else (seen.film, moment)


def openings(url: str, asked: dict[str, Question], students: int) -> list[Measure]:
    """All students open an image at the same moment; nobody's ensemble goes before anybody's run."""
    start, seen = threading.Barrier(students), [Opening() for _ in range(students)]
    threads = [
        threading.Thread(target=open_image, args=(url, asked, i, start, each), daemon=True)
        for i, each in enumerate(seen)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    films = [SECONDS * (each.film - each.asked) for each in seen if not math.isnan(each.film)]
    ensembles = [SECONDS * (each.ensemble - each.asked) for each in seen if not math.isnan(each.ensemble)]
    refused = 2 * students - len(films) - len(ensembles)
    between = [min(each.ensemble for each in seen) - max(each.film for each in seen)] if not refused else []
    title = "films, another image each"
    return [
        Measure(f"{title}: film of the run", "ms", films, {"p95": 3 * SECONDS}),
        Measure(f"{title}: first ensemble", "ms", ensembles),
        Measure(
            f"{title}: from the last film of a run to the first ensemble", "s", between, {"min": 0}, at_least=True,
            note="when they were answered: no ensemble is computed while a run is being computed",
        ),
        Measure(f"{title}: errors", "", [refused], {"max": 0}),
    ]  # fmt: skip


Tallies = dict[str, Tally]


def follow(url: str, asked: dict[str, Question], code: str, i: int, due: list[float], tallies: Tallies) -> None:
    """One learner: ask what is shown at the due times, answer once, and ask for the runs of every new frame."""
    connection, client, shown = Connection(url), f"learner-{i:03}", -1
    for turn, moment in enumerate(due):
        time.sleep(max(0.0, moment - time.perf_counter()))
        status, content = connection.send("GET", f"/lessons/{code}/state?client={client}")
        note(tallies["state"], moment, status, content)
        if turn == len(due) // 2:
            moment = time.perf_counter()
            answer = {"client": client, "frame": 0, "answer": ("I", "II", "III")[i % 3]}
            note(tallies["answer"], moment, *connection.send("POST", f"/lessons/{code}/answers", answer))
        frame = json.loads(content)["frame"] if status == 200 else shown
        if frame == shown:
            continue
        shown = frame
        for route in ("run", "ensemble"):
            moment = time.perf_counter()
            reply = connection.post(asked[route].body(client, turn + 1, LESSON_NOISES[frame]))
            tallies[route].milliseconds.append(SECONDS * (time.perf_counter() - moment))
            tallies[route].sizes.append(len(reply[2]))
            tallies[route].outcomes[outcome(*reply, asked[route], look=False)] += 1


def lead(url: str, code: str, key: str, due: list[float], tallies: Tallies) -> None:
    """The presenter: count once a second, and move, hold and release in turns."""
    connection = Connection(url)
    for turn, moment in enumerate(due):
        time.sleep(max(0.0, moment - time.perf_counter()))
        answer = connection.send("GET", f"/lessons/{code}/tally", **{"X-Lesson-Key": key})
        note(tallies["tally"], moment, *answer)
        changes = {"frame": turn // 2 % len(LESSON_NOISES), "held": turn % 4 < 2, "revealed": turn % 2 == 1}
        moment = time.perf_counter()
        note(tallies["control"], moment, *connection.send("POST", f"/lessons/{code}/control", changes | {"key": key}))


def note(tally: Tally, moment: float, status: int, content: bytes) -> None:
    """Add an answer that was asked for at a moment."""
    tally.milliseconds.append(SECONDS * (time.perf_counter() - moment))
    tally.sizes.append(len(content))
    tally.outcomes["answered" if status in (200, 201) else f"status {status}"] += 1


def live_lesson(url: str, asked: dict[str, Question], args: argparse.Namespace) -> list[Measure]:
    """All students in one lesson: whether it keeps up with them, and counts each of them once."""
    frames = tuple(Frame(f"v=3&p={noise:g}", "", "stage") for noise in LESSON_NOISES)
    begun = json.loads(Connection(url).send("POST", "/lessons", {"lesson": packed(Lesson("Load", frames))})[1])
    code, key, start = begun["code"], begun["key"], time.perf_counter() + 1.0
    routes = ("state", "answer", "tally", "control", "run", "ensemble")
    work, parts = [], []
    for i in range(args.students + 1):
        offset = random.Random(i).random()
        parts.append({route: Tally() for route in routes})
        due = [start + offset + second for second in range(int(args.seconds))]
        given = (lead, url, code, key, due) if i == args.students else (follow, url, asked, code, i, due)
        work.append(threading.Thread(target=given[0], args=(*given[1:], parts[-1]), daemon=True))
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    joined = {route: Tally() for route in routes}
    for part in parts:
        for route, tally in part.items():
            joined[route].add(tally)
    final = json.loads(Connection(url).send("GET", f"/lessons/{code}/tally", **{"X-Lesson-Key": key})[1])
    counted = sum(final["frames"][0].values())
    measures = measures_of(LESSON, joined, time.perf_counter() - start)
    return [*measures, Measure(f"{LESSON}: answers counted", "", [counted], {"min": args.students}, at_least=True)]


def measures_of(name: str, found: dict[str, Tally], seconds: float) -> list[Measure]:
    """Times, errors and throughput of one scenario."""
    measures, total = [], Tally()
    for route, tally in found.items():
        total.add(tally)
        kilobytes = sum(tally.sizes) / max(1, len(tally.sizes)) / 1000
        seen = ", ".join(f"{count:,} {word}" for word, count in sorted(tally.outcomes.items()))
        note = f"{seen}; {kilobytes:.1f} kB each"
        limits = {"p95": float(TARGET)} if name in (*WARM, LESSON) else COLD_TARGETS if route == "run" else {}
        measures.append(Measure(f"{name}: {route}", "ms", tally.milliseconds, limits, note=note))
    failed = sum(count for word, count in total.outcomes.items() if word not in ("answered", "given up"))
    done = total.outcomes["answered"] / seconds
    measures.append(Measure(f"{name}: errors", "", [failed], {"max": 0}))
    measures.append(Measure(f"{name}: throughput", "answers/s", [done]))
    return measures


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = report.parser(__doc__)
    options.add_argument("--students", type=int, default=30, help="(default: 30)")
    options.add_argument("--rate", type=float, default=2.0, help="changes of p a second and student (default: 2)")
    options.add_argument("--seconds", type=float, default=30.0, help="length of each scenario (default: 30)")
    options.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="NAME")
    return options.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    args = read_arguments(arguments)
    measures: list[Measure] = []
    with serving() as server:
        asked = questions(server.url)
        warm(server.url, asked, GRID if set(args.scenarios) & set(WARM) else LESSON_NOISES)
        for name in args.scenarios:
            report.say(f"{name}: {args.seconds:g} s")
            if name == FILMS:
                measures += openings(server.url, asked, args.students)
                continue
            if name == LESSON:
                measures += live_lesson(server.url, asked, args)
                continue
            found, seconds = crowd(server.url, [asked[route] for route in SCENARIOS[name]], args, name)
            measures += measures_of(name, found, seconds)
    source = "original" if images_here() else "decoded"
    head = (
        f"{args.students} students, {args.rate:g} changes of p a second each, {args.seconds:g} s, one web process, "
        f"warm cache unless said otherwise, clients on the same machine; runs start from {source} images."
    )
    values = {"source": source, "students": args.students, "rate": args.rate, "seconds": args.seconds}
    values["measures"] = [measure.to_dict() for measure in measures]
    report.publish("load", f"{head}\n\n{report.measures_table(measures)}", values, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
