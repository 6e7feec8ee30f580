"""What the browser asks: a screen state with a place in its order of questions. The newest question wins."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from dash import no_update, set_props
from dash.exceptions import PreventUpdate
from flask import Response, has_request_context, request

from core.computations import BusyError, LeftError, Question
from core.schema import RefusedError, SpecError, shown
from dashboard.controls import ScreenState
from dashboard.links import read_link, version_of
from dashboard.translation import translate, translated

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

AFTER = 5  # s after which a file may be asked for again
MAX_CLIENTS = 10_000
DEEPEST = 40  # a figure that plotly sends back has 10 levels


@dataclass(frozen=True)
class Request:
    """One question of one browser tab."""

    state: ScreenState
    client: str
    sequence: int
    notes: tuple[str, ...] = ()
    changed: str = ""
    model: str = ""  # that the tab shows; the state names it only where it is not the usual one
    version: str = ""  # that the link names; empty where it names none


def read_request(data: object, *, lenient: bool = False) -> Request:
    """Check what a callback was sent; anyone can send anything.

    Args:
        data: What was sent.
        lenient: Replace a bad value by its default and note it (an address that somebody typed), else refuse it.

    Raises:
        SpecError: Not a request of this page, or a value out of range.
    """
    if not isinstance(data, dict):
        raise SpecError(f"The request must be an object, not {shown(data)}. Reload the page.")
    query, client, sequence, changed = (data.get(name) for name in ("query", "client", "sequence", "changed"))
    if not isinstance(query, str) or not isinstance(client, str) or len(client) > 64:
        raise SpecError("The request must name a query and a client. Reload the page.")
    if isinstance(sequence, bool) or not isinstance(sequence, int):
        raise SpecError("The request must be numbered. Reload the page.")
    state, notes = read_link(query)
    if notes and not lenient:
        raise SpecError(notes[0].split(" The default")[0])
    words = (word if isinstance(word, str) else "" for word in (changed, data.get("model")))
    return Request(state, client, sequence, tuple(notes), *words, version=version_of(query))


class Newest:
    """The newest question of every client on every route: an older one need not be answered.

    Args:
        most: Clients that are remembered; the longest silent is forgotten.
    """

    def __init__(self, most: int = MAX_CLIENTS) -> None:
        self.most = most
        self._sequence: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, route: str, request: Request) -> None:
        """Remember a question."""
        with self._lock:
            key = route, request.client
            self._sequence[key] = max(request.sequence, self._sequence.pop(key, request.sequence))
            while len(self._sequence) > self.most:
                self._sequence.popitem(last=False)

    def is_stale(self, route: str, request: Request) -> bool:
        """Whether the same client has asked something newer on this route."""
        return request.sequence < self._sequence.get((route, request.client), request.sequence)


def asker(client: str = "", topic: str = "", order: int = 0) -> Question:
    """Who asks in the request that is being answered: an address where no client is named."""
    if not has_request_context():
        return Question(client, topic, order)
    gone = request.environ.get("waitress.client_disconnected", lambda: False)
    return Question(client or f"address {request.remote_addr}", topic, order, gone)


def file_or_sentence(view: Callable[P, Response]) -> Callable[P, Response]:
    """A view that gives a file; what it refuses becomes a sentence: busy or cancelled 503, anything else 400."""

    @wraps(view)
    def respond(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except BusyError as error:
            return Response(str(error), 503, {"Retry-After": str(AFTER)}, mimetype="text/plain")
        except LeftError:
            return Response("Cancelled.", 503, mimetype="text/plain")
        except RefusedError as error:
            return Response(str(error), 400, mimetype="text/plain")

    return respond


def answered(function: Callable[P, R]) -> Callable[P, R]:
    """A callback that refuses with a sentence on the page; what nobody foresaw is logged with its traceback."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return translated(function(*args, **kwargs))
        except PreventUpdate:
            raise
        except LeftError as error:  # nobody waits for an answer
            raise PreventUpdate from error
        except RefusedError as error:
            notify(str(error))
        except Exception:
            log.exception("callback %s failed", function.__name__)
            notify("Something went wrong on the server; its log says what. Change a setting or reload the page.")
        return cast(R, no_update)  # not PreventUpdate: its empty answer would lose the notice

    return wrapped


def notify(*sentences: str) -> None:
    """Show sentences at the top of the page."""
    set_props("notice", {"data": {"sentences": [translate(sentence) for sentence in sentences]}})


def is_question(body: object, callbacks: Mapping[str, Any]) -> bool:
    """Whether a request names a callback and has its inputs, states and outputs: Dash takes that for granted.

    Args:
        body: What was posted; the values in it are the callback's to check.
        callbacks: Dash's callback map.
    """
    output = body.get("output") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(output, str) or "callback" not in callbacks.get(output, {}):
        return False
    places, changed = body.get("outputs"), body.get("changedPropIds", [])
    return (
        not _is_deep(body)
        and _fits(body.get("inputs"), callbacks[output]["inputs"])
        and _fits(body.get("state", []), callbacks[output]["state"])
        and isinstance(places, list) == output.startswith("..")
        and _are_outputs(places if isinstance(places, list) else [places], output)
        and isinstance(changed, list)
        and all(isinstance(id, str) for id in changed)
    )


def _is_deep(tree: object) -> bool:
    """Whether values lie deeper in each other than any page sends them: who reads on would meet Python's limit."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [
            value
            for node in level
            if isinstance(node, dict | list)
            for value in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def _are_outputs(places: list[Any], output: str) -> bool:
    """Whether places are those that a callback sets; behind an @ stands which of several callbacks it is."""
    if not all(_is_property(place, str) for place in places):
        return False
    given = [f"{place['id']}.{place['property'].partition('@')[0]}" for place in places]
    return given == [name.partition("@")[0] for name in output.strip(".").split("...")]


def _fits(given: object, known: list[dict[str, str]]) -> bool:
    """Whether values come from the places that a callback listens to; a pattern stands for any number of places."""
    if not isinstance(given, list) or len(given) != len(known):
        return False
    return all(
        isinstance(value, list) and all(_is_property(item, dict) for item in value)
        if place["id"].startswith("{")
        else _is_property(value, str) and value["id"] == place["id"]
        for value, place in zip(given, known, strict=True)
    )


def _is_property(given: object, kind: type) -> bool:
    return isinstance(given, dict) and isinstance(given.get("id"), kind) and isinstance(given.get("property"), str)
