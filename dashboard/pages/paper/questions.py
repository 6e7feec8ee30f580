"""What the page of the paper asks, as it travels: checked here, since anyone can send anything."""

import random
import re
import secrets
from typing import Any

from core.paper.figures.registry import figure_of
from core.schema import SpecError
from core.specs import FigureSpec


def read(question: object) -> tuple[str, FigureSpec]:
    """The id and the settings of the figure that the page asks for.

    Raises:
        SpecError: The request has none, or settings that cannot be used.
    """
    if not isinstance(question, dict) or not isinstance(question.get("query"), str):
        raise SpecError("The request must name a figure and its settings. Reload the page.")
    spec, notes = FigureSpec.from_query(question["query"])
    if notes:
        raise SpecError(notes[0])
    return str(question.get("figure")), spec


def name_in(path: object, root: str) -> str:
    """The id of the figure that an address is of; empty where it is the article's.

    Args:
        path: The path of the address.
        root: The path of the explorer.

    Raises:
        SpecError: It is no address.
    """
    if not isinstance(path, str):
        raise SpecError("The request must say which page it is of. Reload the page.")
    return path.removeprefix(root).removeprefix("paper").strip("/")


def chosen_in(question: object, choices: object) -> tuple[str, dict[str, str]]:
    """The figure that is shown, and the settings that were chosen for it, as text.

    Raises:
        SpecError: There is no figure, or the settings are no texts.
    """
    name = str(question.get("figure")) if isinstance(question, dict) else ""
    takes = figure_of(name).choices
    if not isinstance(choices, dict) or not all(isinstance(choices.get(setting), str) for setting in takes):
        raise SpecError("The request must have the settings of the figure. Reload the page.")
    return name, {setting: choices[setting] for setting in takes}


def fresh(name: str, spec: FigureSpec) -> dict[str, Any]:
    """A question; equal ones that are asked twice differ."""
    return {"figure": name, "query": spec.to_query(), "turn": secrets.token_hex(4)}


def turn_of(question: object) -> str:
    """Which question it is; it goes back to the page, so only a short word is taken."""
    turn = question.get("turn") if isinstance(question, dict) else None
    if not isinstance(turn, str) or not re.fullmatch(r"[0-9a-z]{1,16}", turn):
        raise SpecError("The request must say which question it is. Reload the page.")
    return turn


def runs_in(selected: object) -> tuple[int, ...]:
    """The runs within a line that was drawn; none where it was drawn around other marks."""
    points = selected.get("points") if isinstance(selected, dict) else None
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise SpecError("The line must be around points of the figure. Draw it again.")
    runs = {point.get("customdata") for point in points if isinstance(point.get("customdata"), int)}
    return tuple(sorted(runs))


def key_of(name: str, spec: FigureSpec) -> str:
    """Equal questions are one computation."""
    return f"{name}?{spec.to_query()}"


def client_of(client: object) -> str:
    """Who asks."""
    if not isinstance(client, str) or not 1 <= len(client) <= 64:
        raise SpecError("The request must say who asks. Reload the page.")
    return client


def pause(question: object) -> int:
    """How long a question that met a busy server waits before it is asked again, ms: longer after every try."""
    tries = question.get("tries") if isinstance(question, dict) else 0
    tries = min(tries, 5) if type(tries) is int and tries > 0 else 0
    return int(1000 * 1.6**tries * random.uniform(0.75, 1.25))  # not all at the same moment
