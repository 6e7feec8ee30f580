"""A frame of a movie: the runs in their plane, the image of the highlighted one, and who is nearest to what."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from core.results import POINTS
from dashboard.figures.marks import point_names
from dashboard.movies.canvas import FINER, Axes, Box, Canvas, width_of
from dashboard.movies.names import Name, box_of, sides_of
from dashboard.movies.scene import ABSTRACT, MEMORY, Scene
from dashboard.movies.spec import MovieSpec
from dashboard.theme import MARKERS, Theme

DESIGN = (1280, 720)  # px; other sizes have the same proportions
SMALLEST = 9.0  # px of a letter
COLUMN = 300  # of the images and names at the right, in pixels of the design
LAGS = 4  # positions of a run that are drawn at once: now and the three steps before
TRAIL = 0.09  # opacity of the oldest part of a trail
OPACITY = 0.7  # of a dot
PALENESS = (0.85, 0.62, 0.42, 0.26)  # the same in the plane of the landmarks, the farther outside the paler
RADIUS = 3.2  # of a dot, in pixels of the design


@dataclass(frozen=True)
class Layout:
    """Where things are: sizes of the design times `unit` are pixels of the picture."""

    size: tuple[int, int]
    unit: float
    plot: Box

    @staticmethod
    def of(spec: MovieSpec) -> "Layout":
        """The layout of a movie."""
        width, height = spec.width, spec.height
        unit = min(width / DESIGN[0], height / DESIGN[1])
        right, bottom = width - (COLUMN + 56) * unit, height - 112 * unit
        return Layout((width, height), unit, (math.ceil(72 * unit), math.ceil(88 * unit), int(right), int(bottom)))

    @property
    def column(self) -> float:
        """Left edge of what stands at the right of the plane."""
        return self.size[0] - (COLUMN + 24) * self.unit

    @property
    def radius(self) -> float:
        """Of a dot."""
        return max(2.0, RADIUS * self.unit)

    def letters(self, size: float) -> float:
        """Size of letters; small pictures have them larger than their share."""
        return max(SMALLEST, size * self.unit)


class Picture:
    """Draws the frames of a movie.

    Args:
        spec: Of the movie.
        scene: What it shows.
        theme: Colours.
    """

    def __init__(self, spec: MovieSpec, scene: Scene, theme: Theme) -> None:
        self.spec, self.scene, self.theme = spec, scene, theme
        self.layout = Layout.of(spec)
        self.axes = Axes.fit(self.layout.plot, scene.extent)
        self.positions = self.axes.to_pixels(scene.positions)
        self.landmarks = self.axes.to_pixels(scene.landmarks)
        self.names = self._names()
        self.sides = self._sides()
        self.still = self._still()

    def draw(self, i: int) -> Image.Image:
        """Frame i."""
        t, share = self.spec.moment(i)
        canvas = self.still.copy()
        self._runs(canvas, t, share)
        self._highlighted(canvas, t, share)
        self._landmarks(canvas, t, share)
        self._beside(canvas, t)
        self._clock(canvas, t, share)
        return canvas.finished()

    def _names(self) -> dict[int, Name]:
        """The names of the landmarks by their places, those that matter first: they are placed first."""
        layout, scene, own = self.layout, self.scene, self.spec.label
        memory, concept, abstract = point_names(scene.label)
        words = {MEMORY: memory, own: concept, ABSTRACT: abstract}
        seen = [k for k in range(ABSTRACT) if k != own and np.isfinite(scene.landmarks[:, k]).all()]
        words |= {k: scene.label_names[k] for k in seen}
        size = layout.letters(15)
        return {
            k: Name(text, (9 if k not in seen else 6) * layout.unit, width_of(text, size), size * 1.2, k not in seen)
            for k, text in words.items()
        }

    def _sides(self) -> list[list[str]]:
        """On which side of its mark every name is, step by step: it changes only where it must."""
        sides, now, r = [], ["right"] * len(self.names), 2 * self.layout.radius
        for places, (x, y) in zip(self.landmarks, self.positions[:, self.spec.sample], strict=True):
            at = [(float(places[k][0]), float(places[k][1])) for k in self.names]
            own = (float(x) - r, float(y) - r, float(x) + r, float(y) + r)
            step_sides = sides_of(list(self.names.values()), at, self.layout.plot, now, [own])
            now = [side or last for side, last in zip(step_sides, now, strict=True)]
            sides.append(step_sides)
        return sides

    def _still(self) -> Canvas:
        """What all frames share."""
        layout, theme, scene, u = self.layout, self.theme, self.scene, self.layout.unit
        canvas = Canvas.blank(layout.size, theme.paper)
        canvas.text(scene.title, 24 * u, 30 * u, layout.letters(24), theme.ink)
        canvas.text(scene.setting, 24 * u, 62 * u, layout.letters(15), theme.quiet)
        self._grid(canvas)
        x, small = layout.column, layout.letters(14)
        canvas.text(f"x(t) of the highlighted run, image {self.spec.sample}", x, 88 * u, small, theme.quiet)
        canvas.text("runs that are nearest now to", x, 338 * u, small, theme.quiet)
        for k, (name, thumbnail) in enumerate(zip(point_names(scene.label), scene.thumbnails, strict=True)):
            y = (358 + 78 * k) * u
            canvas.picture(thumbnail, x + 3 * u, y + 3 * u, 60 * u, theme.points[k], 3 * u)
            canvas.mark(self._kind(k), x + 88 * u, y + 20 * u, 8 * u, theme.points[k], theme.paper)
            canvas.text(name, x + 104 * u, y + 20 * u, layout.letters(16), theme.points[k])
        return canvas

    def _kind(self, point: int) -> str:
        """Marker of memory, concept or abstract concept."""
        return ("diamond", MARKERS[self.spec.label], "star")[point]

    def _grid(self, canvas: Canvas) -> None:
        """Axes with their names, and lines at round numbers."""
        layout, theme, u = self.layout, self.theme, self.layout.unit
        left, top, right, bottom = layout.plot
        size = layout.letters(13)
        lows, highs = zip(*self.axes.ranges(), strict=True)
        step = 1.0 if self.spec.plane == "landmark" else round_step(min(highs[0] - lows[0], highs[1] - lows[1]))
        for k in (0, 1):
            for value in np.arange(math.ceil(lows[k] / step), math.floor(highs[k] / step) + 1) * step:
                at = float(self.axes.to_pixels(np.full(2, value))[k])
                ends = [(at, top), (at, bottom)] if k == 0 else [(left, at), (right, at)]
                canvas.line(ends, theme.grid, 1)
                anchor = (at, bottom + 14 * u, "mm") if k == 0 else (left - 8 * u, at, "rm")
                canvas.text(f"{value:g}", anchor[0], anchor[1], size, theme.quiet, anchor[2])
        canvas.line([(left, top), (left, bottom), (right, bottom)], theme.quiet, 1)
        across, up = self.scene.axes
        canvas.text(across, (left + right) / 2, bottom + 36 * u, size, theme.quiet, "mm")
        canvas.upright(up, 20 * u, (top + bottom) / 2, size, theme.quiet)

    def _runs(self, canvas: Canvas, t: int, share: float) -> None:
        """All runs as dots in the colour of what they are nearest to now; short trails where the axes stand still."""
        box, is_still = self.layout.plot, self.spec.plane == "landmark"
        size = (round(box[2] - box[0]) * FINER, round(box[3] - box[1]) * FINER)
        last = len(self.positions) - 1
        past = [
            self._between(self.positions, max(t - lag, 0), min(max(t + 1 - lag, 0), last), share) for lag in range(4)
        ]
        places = (np.stack(past) - box[:2]) * FINER
        nearest, pale = self.scene.nearest[t], self.scene.paleness[t]
        r = self.layout.radius * FINER
        for point in range(len(POINTS)):
            mask = Image.new("L", size)
            draw = ImageDraw.Draw(mask)
            of_point = np.flatnonzero(nearest == point)
            for lag in range(LAGS - 1, 0, -1) if is_still else ():
                for run in of_point:
                    ends = [tuple(places[lag, run]), tuple(places[lag - 1, run])]
                    draw.line(ends, round(255 * TRAIL * (LAGS - lag)), FINER)
            for run in of_point[np.argsort(-pale[of_point], kind="stable")]:
                x, y = places[0, run]
                opacity = PALENESS[pale[run]] if is_still else OPACITY
                draw.ellipse((x - r, y - r, x + r, y + r), round(255 * opacity))
            canvas.veil(box, self.theme.points[point], mask)

    @staticmethod
    def _between(places: np.ndarray, t: int, after: int, share: float) -> np.ndarray:
        """Between the places at two steps; those of step t itself where nothing has moved yet."""
        return places[t] + share * (places[after] - places[t]) if share else places[t]

    def _highlighted(self, canvas: Canvas, t: int, share: float) -> None:
        """The highlighted run: a larger dot, and the way it came where the axes stand still."""
        own = self.positions[:, self.spec.sample]
        x, y = self._between(own, t, min(t + 1, len(own) - 1), share)
        if self.spec.plane == "landmark":
            way = np.vstack([own[: t + 1], [(x, y)]])
            for width, colour in ((5, self.theme.paper), (2, self.theme.ink)):
                canvas.line(way, colour, width * self.layout.unit)
        canvas.mark("circle", x, y, self.layout.radius * 1.8, self.theme.ink, self.theme.paper)

    def _landmarks(self, canvas: Canvas, t: int, share: float) -> None:
        """The landmarks that the picture holds, those that matter on top, with their names."""
        theme, size = self.theme, self.layout.letters(15)
        now = self._between(self.landmarks, t, min(t + 1, len(self.landmarks) - 1), share)
        points = {MEMORY: 0, self.spec.label: 1, ABSTRACT: 2}
        shown = [k for k in self.names if self.axes.holds(now[k])]
        sides = dict(zip(self.names, self.sides[t], strict=True))
        colours = {k: theme.points[points[k]] if k in points else theme.labels[k] for k in shown}
        for k in reversed(shown):
            kind = self._kind(points[k]) if k in points else MARKERS[k]
            canvas.mark(kind, float(now[k][0]), float(now[k][1]), self.names[k].r, colours[k], theme.paper)
        for k in reversed(shown):
            if sides[k]:
                left, top, _, bottom = box_of(self.names[k], (float(now[k][0]), float(now[k][1])), sides[k])
                canvas.text(self.names[k].words, left, (top + bottom) / 2, size, colours[k], "lm", theme.paper)

    def _beside(self, canvas: Canvas, t: int) -> None:
        """x(t) of the highlighted run, the shares of the runs, and what the plane holds of them."""
        layout, theme, u = self.layout, self.theme, self.layout.unit
        x = layout.column
        canvas.picture(self.scene.images[t], x + u, 105 * u, 200 * u, theme.grid, u)
        canvas.text("t", x + 216 * u, 130 * u, layout.letters(20), theme.quiet)
        canvas.text(str(t), x + 216 * u, 168 * u, layout.letters(44), theme.ink)
        for k, share in enumerate(self.scene.shares(t)):
            y = (358 + 78 * k) * u
            left, width = x + 80 * u, 150 * u
            canvas.rectangle((left, y + 40 * u, left + width, y + 54 * u), theme.grid)
            canvas.rectangle((left, y + 40 * u, left + width * share, y + 54 * u), theme.points[k])
            canvas.text(f"{100 * share:.0f} %", x + 240 * u, y + 47 * u, layout.letters(16), theme.ink)
        size = layout.letters(14)
        for i, words in enumerate(lines_of(self.scene.notes[t], COLUMN * u, size)):
            canvas.text(words, x, 606 * u + i * 1.35 * size, size, theme.quiet)

    def _clock(self, canvas: Canvas, t: int, share: float) -> None:
        """Where the movie is between t = 0 and T."""
        layout, theme, u = self.layout, self.theme, self.layout.unit
        left, _, right, _ = layout.plot
        y, n = layout.size[1] - 42 * u, self.spec.n_steps
        at = [left + (right - left) * step / n for step in range(n + 1)]
        now = left + (right - left) * (t + share) / n
        canvas.line([(left, y), (right, y)], theme.grid, 4 * u)
        canvas.line([(left, y), (now, y)], theme.quiet, 4 * u)
        for step in range(0, n + 1, int(max(1, round_step(n, 7)))):
            canvas.text(str(step), at[step], y + 20 * u, layout.letters(13), theme.quiet, "mm")
        canvas.text("t", left - 20 * u, y, layout.letters(15), theme.quiet, "mm")
        canvas.mark("circle", now, y, 7 * u, theme.ink, theme.paper)


def round_step(extent: float, parts: int = 6) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that cuts an extent into no more than so many parts.

    Example:
        >>> round_step(60), round_step(0.9)
        (10.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(extent / parts))
    return next(round(k * power, 12) for k in (1, 2, 5, 10) if k * power >= extent / parts * (1 - 1e-9))


def lines_of(words: str, width: float, size: float) -> list[str]:
    """Words broken into lines of a width."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
