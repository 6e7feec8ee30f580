"""Single runs and their films: some at a time, those of one model together, before every ensemble."""

import threading

from core.computations import ENSEMBLE, Computations, LeftError, Reporter
from tests.asking import Client, Parts, is_free, rests
from tests.processes import until


class Films:
    """Asks for films, each in a thread of its own; a batch is computed once `go` lets it."""

    def __init__(self, computations: Computations, *, alone: bool = False):
        self.computations = computations
        self.enter = computations.run if alone else computations.film
        self.lane = computations.runs if alone else computations.films
        self.go = threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.outputs: dict[str, str] = {}
        self.threads: list[threading.Thread] = []

    def compute(self, names: list[str]) -> list[str]:
        self.batches.append(names)
        assert self.go.acquire(timeout=10)
        if "bad" in names:
            raise ValueError("no such image")
        return [name.upper() for name in names]

    def film(self, name: str, group: str) -> None:
        try:
            with self.enter(group, name, self.compute) as output:
                self.outputs[name] = output
        except (ValueError, LeftError) as error:
            self.outputs[name] = type(error).__name__

    def ask(self, *names: str, group: str = "model") -> None:
        """One after the other."""
        for name in names:
            n = len(self.lane.open)
            self.threads.append(threading.Thread(target=self.film, args=(name, group), daemon=True))
            self.threads[-1].start()
            until(lambda n=n: len(self.lane.open) == n + 1, f"{name} has come")

    def let(self, n: int) -> None:
        """Let so many batches be computed."""
        for _ in range(n):
            self.go.release()

    def end(self) -> None:
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()
        assert not self.lane.open


def test_films_are_computed_some_at_a_time_in_the_order_in_which_they_came():
    films = Films(Computations(width=2))
    films.ask("a", group="1")
    films.ask("b", group="2")
    for i, name in enumerate("cde"):
        films.ask(name, group=str(i))
    until(lambda: len(films.batches) == 2, "two have begun")
    for n in (3, 4, 5):
        assert len(films.batches) == n - 1
        films.let(1)
        until(lambda n=n: len(films.batches) == n, f"{n} have begun")
    films.let(2)
    films.end()
    assert films.batches[2:] == [["c"], ["d"], ["e"]]


def test_single_runs_that_come_while_others_are_computed_are_a_batch_of_thirty_two_at_most():
    runs = Films(Computations(width=1), alone=True)
    names = [f"r{i}" for i in range(34)]
    runs.ask(*names)
    runs.let(3)
    runs.end()
    assert [len(batch) for batch in runs.batches] == [1, 32, 1]
    assert runs.outputs == {name: name.upper() for name in names}


def test_films_that_wait_for_the_same_model_are_computed_together_and_each_gets_its_own():
    films = Films(Computations(width=1))
    films.ask("a", "b", "c")
    films.ask("x", group="other")
    films.ask("d", "e", "f")
    until(lambda: len(films.batches) == 1, "the first has begun")
    films.let(4)
    films.end()
    assert films.batches == [["a"], ["b", "c", "d"], ["x"], ["e", "f"]]
    assert films.outputs == {name: name.upper() for name in "abcdefx"}


def test_a_batch_that_fails_says_so_to_all_of_it_and_leaves_its_place():
    films = Films(Computations(width=1))
    films.ask("a", "bad", "b", "c", "d")
    films.let(3)
    films.end()
    assert films.outputs == {"a": "A", "bad": "ValueError", "b": "ValueError", "c": "ValueError", "d": "D"}
    assert not films.computations.later.runs


def test_nobody_has_an_ensemble_before_those_who_came_earlier_have_their_films():
    """Also one that waits for its place, and for longer than a single run is waited for; no later one."""
    computations, log = Computations(width=1, courtesy=0, patience=60), list[str]()
    films, ensemble = Films(computations), Parts(computations, log, "ensemble", count=1)
    films.ask("a")
    films.ask("b", group="another")
    client = Client(computations, "c", "ensemble", ensemble, rank=ENSEMBLE)
    waiters = vars(computations.works.quiet)["_waiters"]
    until(lambda: len(waiters) == 2 or log, "it waits for the films, as the second does")
    films.ask("later")
    films.let(1)
    until(lambda: len(computations.films.open) == 2, "the first is done")
    assert not log
    films.let(1)
    ensemble.begins()
    assert len(computations.films.open) == 1
    ensemble.ends()
    assert client.wait() == "ensemble"
    films.let(1)
    films.end()


def test_a_single_run_waits_for_no_film():
    computations = Computations(width=1)
    with computations.film("model", "a", list), computations.at_once():
        assert computations.later.runs == 2


def test_who_has_gone_waits_for_no_film():
    computations, log = Computations(width=1, courtesy=0), list[str]()
    ensemble = Parts(computations, log, "ensemble", count=1)
    with computations.film("model", "a", list):
        client = Client(computations, "a", "ensemble", ensemble, rank=ENSEMBLE)
        until(lambda: rests(computations) and not is_free(computations), "it waits for the film")
        computations.leave("a", "figure")
        assert type(client.wait()) is LeftError
        assert ensemble.gave_up.wait(5)
    assert not log


def test_who_has_gone_leaves_the_lane_and_the_others_go_on():
    computations = Computations(width=1)
    films = Films(computations)
    films.ask("a")
    work = threading.Event()

    def compute(report: Reporter) -> str:
        with computations.film("another", "b", films.compute) as output:
            work.set()
            return output

    client = Client(computations, "b", "film", compute)
    until(lambda: len(computations.films.open) == 2, "it waits")
    computations.leave("b", "figure")
    assert type(client.wait()) is LeftError
    until(lambda: len(computations.films.open) == 1, "it has left the lane")
    films.ask("c")
    films.let(2)
    films.end()
    assert films.batches == [["a"], ["c"]]
    assert not work.is_set()
