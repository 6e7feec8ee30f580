"""Drawing with Pillow: twice as large as the picture will be, and reduced, so that edges are smooth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

FINER = 2  # pixels that are drawn for one of the picture, along each axis
POLYGONS = {"triangle": (3, -90), "wedge": (3, 90), "square": (4, 45), "diamond": (4, 0), "pentagon": (5, -90)}
POLYGONS["hexagon"] = (6, 0)
Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@lru_cache
def font(size: float) -> FreeTypeFont:
    """Pillow's own font, so that every machine writes the same letters."""
    loaded = ImageFont.load_default(size)
    assert isinstance(loaded, FreeTypeFont)
    return loaded


def width_of(words: str, size: float) -> float:
    """Width of words in pixels of the picture."""
    return font(size * FINER).getlength(words) / FINER


@dataclass(frozen=True)
class Axes:
    """The map from a plane to a box of the picture, with equal scales on both axes.

    Args:
        box: Where the plane is drawn.
        centre: What lies in its middle.
        scale: Pixels for a unit of the plane.
    """

    box: Box
    centre: Point
    scale: float

    @staticmethod
    def fit(box: Box, extent: np.ndarray) -> "Axes":
        """The largest scale at which an extent (its low corner, its high corner) fits into a box."""
        (width, height), size = (box[2] - box[0], box[3] - box[1]), extent[1] - extent[0]
        centre = extent.mean(0)
        return Axes(box, (float(centre[0]), float(centre[1])), float(min(width / size[0], height / size[1])))

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the plane in pixels of the picture."""
        middle = np.array([self.box[0] + self.box[2], self.box[1] + self.box[3]]) / 2
        return middle + (points - np.array(self.centre)) * np.array([self.scale, -self.scale])

    def ranges(self) -> list[tuple[float, float]]:
        """Lowest and highest value on each axis."""
        sides = (self.box[2] - self.box[0], self.box[3] - self.box[1])
        return [(c - s / self.scale / 2, c + s / self.scale / 2) for c, s in zip(self.centre, sides, strict=True)]

    def holds(self, point: np.ndarray) -> bool:
        """Whether a pixel lies in the box."""
        return bool(np.all((point >= self.box[:2]) & (point <= self.box[2:])))


class Canvas:
    """A picture that is being drawn; all measures are in pixels of the picture.

    Args:
        image: What is drawn on, `FINER` times as large.
    """

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.draw = ImageDraw.Draw(image)

    @staticmethod
    def blank(size: tuple[int, int], colour: str) -> "Canvas":
        """An empty picture of a size."""
        return Canvas(Image.new("RGB", (size[0] * FINER, size[1] * FINER), colour))

    def copy(self) -> "Canvas":
        """The same picture to be drawn on further."""
        return Canvas(self.image.copy())

    def finished(self) -> Image.Image:
        """The picture, in its size."""
        return self.image.reduce(FINER)

    def line(self, points: Sequence[Point] | np.ndarray, colour: str, width: float) -> None:
        """A line through points."""
        scaled = [(x * FINER, y * FINER) for x, y in points]
        self.draw.line(scaled, fill=colour, width=max(1, round(width * FINER)), joint="curve")

    def rectangle(self, box: Box, colour: str) -> None:
        """A filled box."""
        left, top, right, bottom = (round(side * FINER) for side in box)
        if right > left and bottom > top:
            self.draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def text(
        self, words: str, x: float, y: float, size: float, colour: str, anchor: str = "lm", rim: str | None = None
    ) -> None:
        """Words; `anchor` as Pillow has it, `rim` the colour around letters that are on top of others."""
        around = {"stroke_width": round(1.6 * FINER), "stroke_fill": rim} if rim else {}
        self.draw.text((x * FINER, y * FINER), words, colour, font(size * FINER), anchor=anchor, **around)

    def upright(self, words: str, x: float, y: float, size: float, colour: str) -> None:
        """Words that run upwards, around a point."""
        letters = font(size * FINER)
        left, top, right, bottom = letters.getbbox(words)
        mask = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
        ImageDraw.Draw(mask).text((-left, -top), words, 255, letters)
        mask = mask.transpose(Image.Transpose.ROTATE_90)
        self.image.paste(colour, (round(x * FINER - mask.width / 2), round(y * FINER - mask.height / 2)), mask)

    def picture(self, values: np.ndarray, x: float, y: float, side: float, frame: str, border: float) -> None:
        """A grey image (height, width) with a coloured frame around it; x and y are its upper left corner."""
        self.rectangle((x - border, y - border, x + side + border, y + side + border), frame)
        tile = Image.fromarray(np.rint(values.clip(0, 1) * 255).astype(np.uint8))
        large = tile.resize((round(side * FINER), round(side * FINER)), Image.Resampling.NEAREST)
        self.image.paste(large.convert("RGB"), (round(x * FINER), round(y * FINER)))

    def veil(self, box: Box, colour: str, mask: Image.Image) -> None:
        """A colour over a box whose sides are whole numbers, as opaque as a mask (of `FINER` times its size) says."""
        used = mask.getbbox()
        if used:  # to blend what is empty takes as long as what is not
            at = (round(box[0] * FINER) + used[0], round(box[1] * FINER) + used[1])
            self.image.paste(colour, at, mask.crop(used))

    def mark(self, kind: str, x: float, y: float, r: float, colour: str, rim: str) -> None:
        """A marker, with a rim that sets it off."""
        points = outline(kind, x, y, r)
        self.line([*points, points[0], points[1]], rim, 3)
        self.draw.polygon([(a * FINER, b * FINER) for a, b in points], fill=colour)


def outline(kind: str, x: float, y: float, r: float) -> list[Point]:
    """The corners of a marker of the explorer (`theme.MARKERS`, and the star of the abstract concept)."""
    if kind in POLYGONS:
        n, turn = POLYGONS[kind]
        polar = [(360 / n * i + turn, 1.15 * r) for i in range(n)]
    elif kind == "star":
        polar = [(36 * i - 90, 0.5 * r if i % 2 else 1.3 * r) for i in range(10)]
    elif kind in ("plus", "cross"):
        k, turn = 0.38 * r, 45 if kind == "cross" else 0
        arm = [(math.degrees(math.atan2(b, a)), math.hypot(a, b)) for a, b in ((r, -k), (r, k), (k, k))]
        polar = [(turn + 90 * i + degrees, length) for i in range(4) for degrees, length in arm]
    elif kind == "hourglass":
        return [(x - r, y - r), (x + r, y - r), (x - r, y + r), (x + r, y + r)]
    else:
        polar = [(10 * i, r) for i in range(36)]
    return [(x + d * math.cos(math.radians(a)), y + d * math.sin(math.radians(a))) for a, d in polar]
