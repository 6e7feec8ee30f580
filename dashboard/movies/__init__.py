"""Movies of collective runs, of the paper's supplementary kind: a spec goes in, the bytes of a file come out.

::

    MovieSpec --> scene: the arrays of the explorer --> picture: frame by frame, by Pillow --> files: MP4 or GIF
    of_every_label --> ten movies --> archive: one ZIP
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from core.experiments import within
from core.files import write_atomically
from core.progress import Progress, silent
from core.session import Session
from core.specs import N_LABELS
from core.store import cached_sha256
from dashboard.movies.archive import zipped
from dashboard.movies.files import MovieError, gif, mp4
from dashboard.movies.picture import Picture
from dashboard.movies.scene import scene_of
from dashboard.movies.spec import FORMATS, PLANES, MovieSpec
from dashboard.theme import LIGHT, Theme

__all__ = [
    "FORMATS", "PLANES", "Movie", "MovieError", "MovieSpec", "archive", "frames", "movie", "of_every_label", "of_label",
    "save_movie",
]  # fmt: skip

COMPUTED = 0.1  # of the work, roughly: the rest is drawing


@dataclass(frozen=True)
class Movie:
    """A movie, or an archive of some, as a file: what it is called, and its bytes."""

    name: str
    content: bytes


def frames(
    spec: MovieSpec, session: Session, *, progress: Progress = silent, theme: Theme = LIGHT
) -> Iterator[Image.Image]:
    """The pictures of a movie, `spec.n_frames` of them.

    Args:
        spec: Which.
        session: What is computed with.
        progress: Called before every part and every frame; may raise to give up.
        theme: Colours.

    Raises:
        StoreError: There is no such model.
        DataError: Original images are asked for and not there.
        SpecError: The model has not so many memories, or its landmarks span no plane.
    """
    scene = scene_of(spec, session, lambda share, words: progress(COMPUTED * share, words))
    picture = Picture(spec, scene, theme)
    for i in range(spec.n_frames):
        with session.turn():  # one for every frame: whoever waits for a figure waits for no movie
            progress(COMPUTED + (1 - COMPUTED) * i / spec.n_frames, f"frame {i + 1} of {spec.n_frames}")
            frame = picture.draw(i)
        yield frame


def movie(spec: MovieSpec, session: Session, *, progress: Progress = silent, theme: Theme = LIGHT) -> Movie:
    """A movie as a file that can be sent or written; its recipe is in its comment.

    Args: as `frames`. Where `progress` raises, nothing is left behind.

    Raises:
        MovieError: There is no ffmpeg here, or it gives up.
        RefusedError: As `frames`.
    """
    entry = session.library.entry(spec.model)
    weights = {entry.path.name: cached_sha256(entry.path)}
    comment = json.dumps({"figure": "movies", "spec": spec.to_dict(), "weights": weights})
    pictures = frames(spec, session, progress=progress, theme=theme)
    content = mp4(pictures, spec, comment) if spec.format == "mp4" else gif(pictures, spec, theme, comment)
    return Movie(spec.file_name(), content)


def save_movie(spec: MovieSpec, session: Session, folder: Path, *, progress: Progress = silent) -> Path:
    """Write a movie into a folder, when it is complete; its path. Args and errors as `movie`."""
    made = movie(spec, session, progress=progress)
    write_atomically(folder / made.name, made.content)
    return folder / made.name


def of_every_label(spec: MovieSpec) -> list[MovieSpec]:
    """The same movie of every label, as the paper has ten of them."""
    return [replace(spec, label=label) for label in range(N_LABELS)]


def of_label(report: Progress, i: int, specs: list[MovieSpec]) -> Progress:
    """The progress of the i-th movie of some; it says which label that is of."""
    share_of_all = within(report, i, len(specs))
    return lambda share, words: share_of_all(share, f"label {specs[i].label}: {words}")


def archive(spec: MovieSpec, movies: Iterable[Movie]) -> Movie:
    """Movies of every label as one ZIP; `spec` is that of any of them."""
    return Movie(spec.archive_name(), zipped({made.name: made.content for made in movies}))
