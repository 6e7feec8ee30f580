"""Turns: one thing at a time, the lowest rank first, and who has the turn gives way between parts."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from core.computations import ENSEMBLE, ESTIMATING, FIGURE, Computations, LeftError, Reporter, SupersededError
from tests.asking import Client, Parts, has, is_free, question, queued, rests
from tests.processes import until


class InTurn:
    """Computations that have their turns one after the other; says who had one."""

    def __init__(self, computations: Computations):
        self.computations, self.had, self.gate = computations, list[str](), threading.Event()

    def __call__(self, name: str) -> Callable[[Reporter], str]:
        def compute(_: Reporter) -> str:
            with self.computations.turn():
                self.had.append(name)
                assert self.gate.wait(10)
            return name

        return compute


def test_what_is_superseded_or_left_before_its_turn_never_has_one():
    computations = Computations()
    work = InTurn(computations)
    holder = Client(computations, "holder", "holder", work("holder"))
    until(lambda: work.had == ["holder"], "it has its turn")
    clients = [Client(computations, "a", "a0", work("a0"))]
    for i in range(1, 40):
        queued(computations, 1)
        clients.append(Client(computations, "a", f"a{i}", work(f"a{i}"), order=i))
        assert type(clients[i - 1].wait()) is SupersededError
    left = Client(computations, "b", "b", work("b"))
    queued(computations, 2)
    assert computations.leave("b", "figure")
    assert type(left.wait()) is LeftError
    queued(computations, 1)
    work.gate.set()
    assert (holder.wait(), clients[-1].wait()) == ("holder", "a39")
    assert work.had == ["holder", "a39"]


def test_ensembles_have_their_turn_before_figures():
    computations = Computations()
    work = InTurn(computations)
    asked = [Client(computations, "first", "first", work("first"))]
    until(lambda: work.had == ["first"], "it has its turn")
    for i, (name, rank) in enumerate({"figure": FIGURE, "one": ENSEMBLE, "two": ENSEMBLE}.items()):
        asked.append(Client(computations, name, name, work(name), rank=rank))
        queued(computations, i + 1)
    assert not is_free(computations)
    work.gate.set()
    for client in asked:
        client.wait()
    assert work.had == ["first", "one", "two", "figure"]
    assert is_free(computations)


# Between parts


def test_a_figure_delays_an_ensemble_by_one_part_at_most_and_goes_on_afterwards():
    computations, log = Computations(), list[str]()
    figure, ensemble = Parts(computations, log, "figure"), Parts(computations, log, "ensemble", count=2)
    one = Client(computations, "a", "figure", figure, rank=FIGURE)
    figure.begins()
    two = Client(computations, "b", "ensemble", ensemble, rank=ENSEMBLE)
    queued(computations, 1)
    assert log == ["figure 0"]
    figure.ends(3)
    ensemble.begins()
    queued(computations, 1)  # the figure, again
    ensemble.ends(2)
    assert (two.wait(), one.wait()) == ("ensemble", "figure")
    assert log == ["figure 0", "ensemble 0", "ensemble 1", "figure 1", "figure 2"]


def test_equal_ranks_do_not_give_way_and_who_gave_way_goes_on_before_its_equals():
    computations, log = Computations(), list[str]()
    parts = {name: Parts(computations, log, name, count=2) for name in ("one", "two", "ensemble")}
    clients = [Client(computations, "one", "one", parts["one"])]
    parts["one"].begins()
    clients.append(Client(computations, "two", "two", parts["two"]))
    queued(computations, 1)
    clients.append(Client(computations, "ensemble", "ensemble", parts["ensemble"], rank=ENSEMBLE))
    queued(computations, 2)
    for work in parts.values():
        work.ends(2)
    assert [client.wait() for client in clients] == ["one", "two", "ensemble"]
    assert log == ["one 0", "ensemble 0", "ensemble 1", "one 1", "two 0", "two 1"]


def test_a_work_has_the_rank_of_the_first_who_waits_for_it_at_every_moment():
    computations, log = Computations(), list[str]()
    parts = {name: Parts(computations, log, name, count=1) for name in ("one", "two", "shared", "last")}
    clients = [Client(computations, "one", "one", parts["one"], rank=0)]
    parts["one"].begins()
    for i, name in enumerate(("two", "shared", "last")):
        clients.append(Client(computations, name, name, parts[name], rank=FIGURE))
        queued(computations, i + 1)
    for client, key in (("hasty", "shared"), ("gone", "last")):
        clients.append(Client(computations, client, key, parts[key], rank=ENSEMBLE))
        until(lambda client=client: computations.progress(client, "figure"), "it waits")
    computations.leave("gone", "figure")
    for work in parts.values():
        work.ends()
    for client in clients:
        client.wait()
    assert log == ["one 0", "shared 0", "two 0", "last 0"]


def test_what_is_left_while_it_gives_way_stops_there_and_its_turn_passes_on():
    computations, log = Computations(), list[str]()
    figure, ensemble, other = (Parts(computations, log, name, count=2) for name in ("figure", "ensemble", "other"))
    one = Client(computations, "a", "figure", figure)
    figure.begins()
    two = Client(computations, "b", "ensemble", ensemble, rank=ENSEMBLE)
    queued(computations, 1)
    figure.ends()
    ensemble.begins()
    three = Client(computations, "c", "other", other)
    queued(computations, 2)
    computations.leave("a", "figure")
    assert type(one.wait()) is LeftError
    assert figure.gave_up.wait(10)
    for work in (ensemble, other):
        work.ends(2)
    assert (two.wait(), three.wait()) == ("ensemble", "other")
    assert log == ["figure 0", "ensemble 0", "ensemble 1", "other 0", "other 1"]


def test_a_turn_within_a_turn_is_the_same_one_and_one_in_another_line_is_refused():
    computations = Computations()
    with computations.turn():
        with computations.turn():
            pass
        with pytest.raises(RuntimeError, match="estimating within another"), computations.turn(ESTIMATING):
            pytest.fail("It has no turn.")
        assert not is_free(computations)  # the inner one has not ended the outer one
    assert is_free(computations)


def test_estimates_do_not_wait_for_computations():
    computations, log = Computations(), list[str]()
    work = Parts(computations, log, "work", count=1)
    client = Client(computations, "a", "work", work)
    work.begins()

    def estimate(_: Reporter) -> str:
        with computations.turn(ESTIMATING):
            return "estimate"

    assert computations.wait_for(question("b"), "estimate", estimate) == "estimate"
    work.ends()
    assert client.wait() == "work"


# What is shared, and turns


def test_who_needs_what_another_computes_lets_it_have_the_turn():
    """The figure holds the result that the ensemble needs within its own turn: neither waits for ever."""
    computations, log = Computations(), list[str]()
    shared = Parts(computations, log, "shared", count=2)

    def figure(_: Reporter) -> str:
        return computations.once("shared", shared)

    def ensemble(_: Reporter) -> str:
        with computations.turn():
            log.append("ensemble begins")
            found = computations.once("shared", shared)
            log.append("no turn" if is_free(computations) else "ensemble ends")
            return found

    one = Client(computations, "a", "figure", figure, rank=FIGURE)
    shared.begins()
    two = Client(computations, "b", "ensemble", ensemble, rank=ENSEMBLE)
    queued(computations, 1)
    shared.ends(2)
    assert (one.wait(), two.wait()) == ("shared", "shared")
    assert log == ["shared 0", "ensemble begins", "shared 1", "ensemble ends"]
    assert shared.starts == 1


def test_what_a_work_needs_has_its_rank():
    computations, log = Computations(), list[str]()
    first, figure, shared = (Parts(computations, log, name, count=1) for name in ("first", "figure", "shared"))
    clients = [Client(computations, "a", "first", first)]
    first.begins()
    clients.append(Client(computations, "b", "figure", figure, rank=FIGURE))
    queued(computations, 1)
    needs = Client(computations, "c", "ensemble", lambda _: computations.once("shared", shared), rank=ENSEMBLE)
    queued(computations, 2)
    for work in (first, figure, shared):
        work.ends()
    for client in (*clients, needs):
        client.wait()
    assert log == ["first 0", "shared 0", "figure 0"]


def test_what_needs_itself_is_refused():
    computations = Computations()

    def one(_: Reporter) -> Any:
        return computations.once("two", two)

    def two(_: Reporter) -> Any:
        return computations.once("one", one)

    client = Client(computations, "a", "one", one)
    assert str(client.wait()) == "one needs itself."


# Single runs


def test_a_part_waits_for_single_runs_to_end():
    computations, log, gate = Computations(courtesy=60), list[str](), threading.Event()
    work = Parts(computations, log, "work", count=1)

    def run() -> None:
        with computations.at_once():
            assert gate.wait(10)

    with computations.at_once():
        client = Client(computations, "a", "work", work)
        until(lambda: rests(computations) or log, "it waits or has begun")
        with computations.at_once():
            pass
        other = threading.Thread(target=run)
        other.start()
        until(lambda: computations.later.runs == 2, "another single run has begun")
    assert rests(computations)
    assert not log
    gate.set()
    work.ends()
    assert client.wait() == "work"


def test_a_part_does_not_wait_long_for_single_runs():
    computations, log = Computations(courtesy=0), list[str]()
    work = Parts(computations, log, "work", count=2)
    with computations.at_once():
        client = Client(computations, "a", "work", work)
        work.ends(2)
        assert client.wait() == "work"
    assert log == ["work 0", "work 1"]


def test_single_runs_wait_for_nothing():
    computations, log = Computations(), list[str]()
    work = Parts(computations, log, "work", count=1)
    client = Client(computations, "a", "work", work)
    work.begins()
    with computations.at_once():
        has(computations, "a", "part 0")
    work.ends()
    assert client.wait() == "work"
