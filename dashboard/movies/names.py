"""Names beside marks: on which side each is written, so that none covers another."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.movies.canvas import Box, Point

SIDES = {"right": (1, 0), "left": (-1, 0), "above": (0, -1), "below": (0, 1)}
SIDES |= {"upper right": (1, -1), "lower right": (1, 1), "upper left": (-1, -1), "lower left": (-1, 1)}
"""Directions from a mark to its name, across and down; those that come first are preferred."""
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
    (x, y), (across, down), far = at, SIDES[side], name.r + GAP
    left = (x - name.width / 2, x + far, x - far - name.width)[across]
    beside = (y - name.height / 2, y, y - name.height)[down]
    top = beside if across else beside + down * far
    return left, top, left + name.width, top + name.height


def sides_of(
    names: Sequence[Name], at: Sequence[Point], room: Box, before: Sequence[str], covered: Sequence[Box] = ()
) -> list[str]:
    """The side of every name; "" where it is left out.

    Args:
        names: Those that matter first: they may cover marks that do not, and where there is no room they cover as
            little as they can.
        at: Where the marks are.
        room: What names must not leave.
        before: The sides at the step before: a name stays there while it can.
        covered: By something else that must be seen.

    Example:
        >>> two = [Name("a", 4, 20, 10, True), Name("b", 4, 20, 10, True)]
        >>> sides_of(two, [(50, 50), (80, 50)], (0, 0, 200, 100), ["right", "right"])
        ['left', 'right']
    """
    marks = [(x - n.r, y - n.r, x + n.r, y + n.r) for n, (x, y) in zip(names, at, strict=True)]
    taken = list(covered)
    sides: list[str] = []
    for i, (name, point, last) in enumerate(zip(names, at, before, strict=True)):
        blocking = [mark for k, mark in enumerate(marks) if k != i and (names[k].matters or not name.matters)]
        boxes = {side: box_of(name, point, side) for side in (last, *SIDES)}
        hidden = {s: sum(overlap(box, other) for other in (*taken, *blocking)) for s, box in boxes.items()}
        best = min(boxes, key=lambda side: (not inside(boxes[side], room), hidden[side]))
        is_free = inside(marks[i], room) and inside(boxes[best], room) and not hidden[best]
        sides.append(best if is_free or name.matters else "")
        if sides[-1]:
            taken.append(boxes[best])
    return sides


def inside(box: Box, room: Box) -> bool:
    """Whether a box lies within another."""
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def overlap(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    across, down = (min(one[k + 2], other[k + 2]) - max(one[k], other[k]) for k in (0, 1))
    return max(across, 0) * max(down, 0)
