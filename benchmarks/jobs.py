"""Whether the explorer stays quick while a model is trained: the answer time of its route "run", alone and meanwhile.

The training is started by the button of the Models page and runs as any job does: in a process of its own, on all
cores, behind everything else (nice 10). Every round has a fresh server and asks before the training and during it.

Try: python -m benchmarks.jobs --rounds 1
"""

import argparse
import json
import random
import re
import sys
import time
from typing import Any

from benchmarks import report
from benchmarks.load import GRID, Connection, Question, outcome, outputs_of, questions, unpacked
from benchmarks.report import Measure
from benchmarks.server import images_here, serving

MODELS = "/models/"
FORM = {"dataset": "mnist", "n_latent": "50", "epochs": "5000", "seed": "0"}  # longer than any round
PAUSE = 0.1  # s from an answer to the next question: somebody drags p
TARGET = 100  # ms, p95
FIRST_EPOCH = 600  # s that it may take, on a machine with other work


class ModelsPage:
    """Presses the buttons of the Models page over HTTP."""

    def __init__(self, url: str):
        self.url = url
        self.callbacks = Connection(url).get(f"{MODELS}_dash-dependencies")

    def press(self, id: str, values: dict[str, Any]) -> str:
        """The answer of the server to the callback whose first input is `id`, as text.

        Raises:
            RuntimeError: There is none.
        """
        found = next(each for each in self.callbacks if each["inputs"][0]["id"] == id)

        def filled(places: list[dict[str, str]]) -> list[dict[str, Any]]:
            return [place | {"value": values.get(place["id"])} for place in places]

        payload = {"output": found["output"], "outputs": outputs_of(found["output"])}
        payload |= {"inputs": filled(found["inputs"]), "state": filled(found["state"])}
        payload["changedPropIds"] = [f"{id}.{found['inputs'][0]['property']}"]
        status, encoding, body = Connection(self.url).post(json.dumps(payload).encode(), MODELS)
        if status not in (200, 204):
            raise RuntimeError(f"The Models page answered '{id}' with status {status}.")
        return unpacked(encoding, body).decode()

    def train(self) -> None:
        """Start the training, and return when it has done its first epoch."""
        self.press("train", {f"train-{name}": value for name, value in FORM.items()} | {"train": 1})
        start = time.perf_counter()
        while not self.speed():
            if time.perf_counter() - start > FIRST_EPOCH:
                raise RuntimeError(f"The training has not done an epoch after {FIRST_EPOCH} s.")
            time.sleep(0.5)

    def speed(self) -> float:
        """Epochs a second of the training that runs, as the page says it; 0 before the first."""
        said = re.search(r"([\d.e-]+) epochs(?:/|\\u002f)s", self.press("second", {"second": 1}))
        return float(said.group(1)) if said else 0.0


def answer_times(connection: Connection, question: Question, seeds: range) -> list[float]:
    """Milliseconds of one question after another, each with a new noise, so that no answer is there already.

    Raises:
        RuntimeError: A question was not answered.
    """
    chance, found = random.Random(seeds.start), []
    for seed in seeds:
        body = question.body("student", seed, chance.choice(GRID), seed)
        start = time.perf_counter()
        status, encoding, answer = connection.post(body)
        found.append(1000 * (time.perf_counter() - start))
        result = outcome(status, encoding, answer, question, look=True)
        if result != "answered":
            raise RuntimeError(f"The server did not answer with a run: {result}.")
        time.sleep(PAUSE)
    return found


def one_round(first: int, n: int) -> tuple[list[float], list[float], float]:
    """Answer times alone and during a training, and the epochs a second of that training."""
    with serving() as server:
        connection, question = Connection(server.url), questions(server.url)["run"]
        answer_times(connection, question, range(first, first + 10))  # opens the model
        alone = answer_times(connection, question, range(first + 10, first + 10 + n))
        page = ModelsPage(server.url)
        page.train()
        connection = Connection(server.url)  # the server has closed the one that was idle
        meanwhile = answer_times(connection, question, range(first + 10 + n, first + 10 + 2 * n))
        return alone, meanwhile, page.speed()


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = report.parser(__doc__)
    options.add_argument("--rounds", type=int, default=3, help="each with a fresh server (default: 3)")
    options.add_argument("--questions", type=int, default=100, help="alone, and as many meanwhile (default: 100)")
    return options.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    args = read_arguments(arguments)
    if not images_here():
        sys.exit("A model of MNIST is trained here. Name a folder with MNIST: LT_DATA=/data .venv/bin/python ...")
    alone, meanwhile, speeds = [], [], []
    for i in range(args.rounds):
        report.say(f"round {i + 1} of {args.rounds}")
        before, during, speed = one_round(1 + 1000 * i, args.questions)
        alone, meanwhile, speeds = alone + before, meanwhile + during, [*speeds, speed]
    measures = [
        Measure("run, nothing else computes", "ms", alone, {"p95": TARGET}),
        Measure("run, while a model is trained", "ms", meanwhile, {"p95": TARGET}),
        Measure("the training meanwhile", "epochs/s", speeds),
    ]
    head = (
        f"One question after another, {1000 * PAUSE:g} ms apart, every one with a new noise (nothing cached); "
        f"{args.rounds} rounds. The training: MNIST, N_z = {FORM['n_latent']}, started by the Models page."
    )
    text = f"{head}\n\n{report.measures_table(measures)}"
    report.publish("jobs", text, {"measures": [measure.to_dict() for measure in measures]}, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
