"""Names beside marks: on which side each is written, so that none covers another."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.movies.canvas import Box, Point

SIDES = ("right", "left", "above", "below")
GAP = 4.0  # px between a mark and its name


@dataclass(frozen=True)
class Name:
    """A mark's name: how large mark and name are, in pixels; one that does not matter is left out where no room is."""

    words: str
    r: float
    width: float
    height: float
    matters: bool


def box_of(name: Name, at: Point, side: str) -> Box:
    """What a name covers on one side of its mark."""
    x, y = at
    far, w, h = name.r + GAP, name.width, name.height
    left = {"right": x + far, "left": x - far - w}.get(side, x - w / 2)
    top = {"above": y - far - h, "below": y + far}.get(side, y - h / 2)
    return left, top, left + w, top + h


def sides_of(
    names: Sequence[Name], at: Sequence[Point], room: Box, before: Sequence[str], covered: Sequence[Box] = ()
) -> list[str]:
    """The side of every name; "" where it is left out.

    Args:
        names: The first is placed first.
        at: Where the marks are.
        room: What names must not leave.
        before: The sides at the step before: a name stays there while it can.
        covered: By something else that must be seen.

    Example:
        >>> two = [Name("a", 4, 20, 10, True), Name("b", 4, 20, 10, False)]
        >>> sides_of(two, [(50, 50), (80, 50)], (0, 0, 200, 100), ["right", "right"])
        ['left', 'right']
    """
    marks = [(x - n.r, y - n.r, x + n.r, y + n.r) for n, (x, y) in zip(names, at, strict=True)]
    taken = list(covered)
    sides: list[str] = []
    for i, (name, place, last) in enumerate(zip(names, at, before, strict=True)):
        others = [*taken, *(mark for k, mark in enumerate(marks) if k != i)]
        order = [last, *SIDES] if last else [*SIDES]
        is_seen = inside(marks[i], room)
        free = [s for s in order if is_seen and is_free(box_of(name, place, s), room, others)]
        side = free[0] if free else order[0] if name.matters else ""
        sides.append(side)
        if side:
            taken.append(box_of(name, place, side))
    return sides


def inside(box: Box, room: Box) -> bool:
    """Whether a box lies within another."""
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def is_free(box: Box, room: Box, taken: Sequence[Box]) -> bool:
    """Whether a box lies within the room and covers nothing."""
    return inside(box, room) and not any(
        box[0] < right and box[2] > left and box[1] < bottom and box[3] > top for left, top, right, bottom in taken
    )
