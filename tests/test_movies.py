"""Movies: their frames are those of the runs, by number and by content; what is stopped leaves nothing behind."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, ImageSequence

from core import experiments
from core.progress import Progress
from core.schema import RefusedError, SpecError
from core.session import Session
from core.settings import Settings
from core.specs import EnsembleSpec, RunSpec
from dashboard import commands, movies
from dashboard.__main__ import build_parser
from dashboard.movies import MovieError, MovieSpec
from dashboard.movies.names import box_of
from dashboard.movies.picture import PALENESS, Layout, Picture
from dashboard.movies.scene import scene_of
from dashboard.theme import LIGHT, channels
from dashboard.wire import PALENESS_CUTS
from tests.conftest import CommandLine, is_refused

MODEL = "digits-nz10-seed0"
SMALL: dict[str, Any] = {"model": MODEL, "n_runs": 40, "n_steps": 6, "noise": 0.3, "label": 6, "window": 2}
SPEC = MovieSpec(**SMALL, width=640, height=360, between=1)
COLOURS = np.array([channels(colour) for colour in LIGHT.points])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session on the shipped models, with a cache of its own."""
    folder = tmp_path_factory.mktemp("movies")
    return Session.open(Settings(folder / "data", folder / "models", folder / "cache", device="cpu"))


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def silent(share: float, words: str) -> None:
    """Nobody listens."""


def read_mp4(content: bytes, spec: MovieSpec, folder: Path) -> np.ndarray:
    """The frames of an MP4 (frames, height, width, 3), by a decoder."""
    (folder / "movie.mp4").write_bytes(content)
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", folder / "movie.mp4"]
    raw = subprocess.run([*program, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, spec.height, spec.width, 3).astype(int)


def read_gif(content: bytes, folder: Path) -> Iterator[np.ndarray]:
    """The frames of a GIF."""
    (folder / "movie.gif").write_bytes(content)
    with Image.open(folder / "movie.gif") as image:
        for frame in ImageSequence.Iterator(image):
            assert frame.info["duration"] == 40
            yield np.array(frame.convert("RGB"))


def drawn(spec: MovieSpec, session: Session, *wanted: int) -> list[np.ndarray]:
    """Some frames, by their numbers, as arrays of integers."""
    every = [np.array(frame).astype(int) for frame in movies.frames(spec, session)]
    return [every[i] for i in wanted]


def activity(spec: MovieSpec, session: Session, more: int = 0) -> np.ndarray:
    """z(t) of the runs, some steps longer than the movie."""
    asked = replace(spec.part(EnsembleSpec), n_steps=spec.n_steps + more)
    return experiments.latent_activity(asked, session).z.astype(float)


def distances(spec: MovieSpec, session: Session, z: np.ndarray) -> np.ndarray:
    """Euclidean distances (points, steps, runs) to own memory, concept and abstract concept."""
    model = session.model(spec.model)
    memories = model.memories[spec.label, : spec.n_runs].numpy().astype(float)
    concepts = model.concepts.numpy().astype(float)
    points = (memories, concepts[spec.label], concepts.mean(0))
    return np.stack([np.linalg.norm(z - point, axis=-1) for point in points])


def windowed_places(spec: MovieSpec, session: Session) -> np.ndarray:
    """Where runs are in the PCA of their window, by plain NumPy; signs are those of the explorer."""
    z = activity(spec, session, spec.window)
    basis = session.result(experiments.film_frame, spec.runs).basis
    places = []
    for t in range(spec.n_steps + 1):
        cloud = z[t : t + spec.window + 1].reshape(-1, z.shape[-1])
        axes = np.linalg.svd(cloud - cloud.mean(0), full_matrices=False)[2][:2]
        axes *= np.sign((axes * basis[t]).sum(1))[:, None]
        places.append((z[t] - cloud.mean(0)) @ axes.T)
    return np.stack(places)


def landmark_places(spec: MovieSpec, session: Session) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of runs among their own landmarks, and how far outside they are, by least squares."""
    model, z = session.model(spec.model), activity(spec, session)
    concepts = model.concepts.numpy().astype(float)
    concept, abstract = concepts[spec.label], concepts.mean(0)
    places, rest = np.empty((*z.shape[:2], 2)), np.empty(z.shape[:2])
    for b in range(spec.n_runs):
        memory = model.memories[spec.label, b].numpy().astype(float)
        ways = np.stack([concept - abstract, memory - concept], axis=1)
        solved = np.linalg.lstsq(ways, (z[:, b] - abstract).T, rcond=None)[0]
        places[:, b] = solved.T
        rest[:, b] = np.linalg.norm((z[:, b] - abstract).T - ways @ solved, axis=0)
    return places, rest


def is_alone(picture: Picture, places: np.ndarray, t: int) -> np.ndarray:
    """Which runs have nothing drawn over them at a step: no other run, mark, name or way of the highlighted run."""
    far = 3 * picture.layout.radius
    way = picture.positions[: t + 1, picture.spec.sample]
    parts = [a + (b - a) * np.linspace(0, 1, 50)[:, None] for a, b in pairwise(way)]
    others = np.concatenate([places, picture.landmarks[t], way, *parts])
    d = np.linalg.norm(places[:, None] - others, axis=-1)
    d[np.arange(len(places)), np.arange(len(places))] = np.inf
    free = ~(d < far).any(1) & ((places > picture.layout.plot[:2]) & (places < picture.layout.plot[2:])).all(1)
    for k, side in zip(picture.names, picture.sides[t], strict=True):
        if side:
            left, top, right, bottom = box_of(picture.names[k], tuple(picture.landmarks[t, k]), side)
            free &= (places < (left - far, top - far)).any(1) | (places > (right + far, bottom + far)).any(1)
    return free


@pytest.mark.parametrize("plane", movies.PLANES)
def test_a_frame_has_every_run_where_it_is_in_the_colour_of_what_it_is_nearest_to(home: Session, plane: str):
    spec = replace(SPEC, plane=plane, width=1280, height=720)
    nearest = distances(spec, home, activity(spec, home)).argmin(0)
    picture = Picture(spec, scene_of(spec, home, silent), LIGHT)
    if plane == "landmark":
        places, rest = landmark_places(spec, home)
        opacity = np.array(PALENESS)[np.searchsorted(PALENESS_CUTS, rest)]
    else:
        places = windowed_places(spec, home)
        opacity = np.full(nearest.shape, 0.7)
    seen: set[int] = set()
    for t, frame in zip((0, 3, 6), drawn(spec, home, 0, 6, 12), strict=True):
        at = picture.axes.to_pixels(places[t])
        alone = np.flatnonzero(is_alone(picture, at, t))
        assert len(alone) >= 5
        x, y = np.floor(at[alone]).astype(int).T
        share = opacity[t, alone, None]
        expected = share * COLOURS[nearest[t, alone]] + (1 - share) * 255
        assert np.abs(frame[y, x] - expected).max() <= 12  # a line of the grid may be below
        seen |= set(nearest[t, alone].tolist())
    assert seen == {0, 1, 2}


def test_between_two_steps_the_runs_are_on_their_way(home: Session):
    spec = replace(SPEC, width=1280, height=720, between=3)
    picture = Picture(spec, scene_of(spec, home, silent), LIGHT)
    places = picture.axes.to_pixels(windowed_places(spec, home))
    nearest = distances(spec, home, activity(spec, home)).argmin(0)[2]
    moved = np.linalg.norm(places[3] - places[2], axis=1) > 4 * picture.layout.radius
    middle = 0.25 * places[2] + 0.75 * places[3]
    (frame,) = drawn(spec, home, 4 * 2 + 3)
    shown = np.flatnonzero(is_alone(picture, middle, 2) & is_alone(picture, middle, 3) & moved)
    assert len(shown) >= 3
    x, y = np.floor(middle[shown]).astype(int).T
    assert np.abs(frame[y, x] - (0.7 * COLOURS[nearest[shown]] + 0.3 * 255)).max() <= 12


def test_a_frame_has_the_image_of_the_highlighted_run_at_its_step_and_the_shares_of_the_runs(home: Session):
    run = experiments.run(SPEC.part(RunSpec), home)
    nearest = distances(SPEC, home, activity(SPEC, home)).argmin(0)
    layout, u = Layout.of(SPEC), Layout.of(SPEC).unit
    for t, frame in zip((0, 4), drawn(SPEC, home, 0, 8), strict=True):
        cell = 200 * u / 8
        x = np.floor(layout.column + u + cell * (np.arange(8) + 0.5)).astype(int)
        y = np.floor(105 * u + cell * (np.arange(8) + 0.5)).astype(int)
        shown = frame[y[:, None], x, 0]
        assert np.abs(shown - 255 * run.images[t].reshape(8, 8)).max() <= 1
        for point in range(3):
            bar = frame[int((358 + 78 * point + 47) * u), int(layout.column + 80 * u) :]
            length = (np.abs(bar - COLOURS[point]).max(1) <= 2).sum()
            assert abs(length - 150 * u * (nearest[t] == point).mean()) <= 1


@pytest.mark.parametrize("plane", movies.PLANES)
def test_an_mp4_has_a_frame_for_every_step_and_those_between_in_true_colours(home: Session, tmp_path: Path, plane: str):
    spec = replace(SPEC, plane=plane, width=644)
    made = movies.movie(spec, home)
    found = read_mp4(made.content, spec, tmp_path)
    assert len(found) == 6 * 2 + 1 == spec.n_frames
    for frame, original in zip(found, movies.frames(spec, home), strict=True):
        assert np.abs(frame - np.array(original)).mean() <= 3
    share = scene_of(spec, home, silent).shares(0)
    point, layout = int(share.argmax()), Layout.of(spec)
    bar = found[0][int((358 + 78 * point + 47) * layout.unit), int(layout.column + 80 * layout.unit) + 4 :][:10]
    assert np.abs(bar - COLOURS[point]).max() <= 8
    assert made.content == movies.movie(spec, home).content


def test_a_gif_has_them_too_and_the_same_spec_gives_the_same_bytes(home: Session, tmp_path: Path):
    spec = replace(SPEC, format="gif")
    made = movies.movie(spec, home)
    found = [frame.astype(int) for frame in read_gif(made.content, tmp_path)]
    assert len(found) == spec.n_frames
    left, u = Layout.of(spec).column, Layout.of(spec).unit
    for frame, original in zip(found, movies.frames(spec, home), strict=True):
        off = np.abs(frame - np.array(original))
        assert off.mean() <= 2
        assert off[int(105 * u) : int(300 * u), int(left) : int(left + 200 * u)].max() <= 16  # x(t): greys
    assert made.content == movies.movie(spec, home).content
    assert made.content != movies.movie(replace(spec, seed=1), home).content
    with Image.open(tmp_path / "movie.gif") as image:
        assert b'"weights": {"digits-nz10-seed0.safetensors": "' in image.info["comment"]


def test_a_movie_is_named_after_what_it_holds():
    spec = MovieSpec(model="mnist-nz100-seed0", label=6, noise=0.3, plane="landmark")
    assert spec.file_name() == "landmark-plane_mnist-nz100-seed0_6_p0.30_permute_seed0.mp4"
    assert replace(spec, noise=0.025, plane="windowed", noise_kind="invert", format="gif").file_name() == (
        "windowed-pca_mnist-nz100-seed0_6_p0.025_invert_seed0.gif"
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"plane": "round"}, "plane must be one of windowed, landmark"),
        ({"label": 10}, "label must be a whole number from 0 to 9"),
        ({"width": 641}, "must be even numbers, not 641 x 360"),
        ({"height": 10_000}, "height must be a whole number from 360 to 1080"),
        ({"fps": 0}, "fps must be a whole number from 1 to 60"),
        ({"fps": 30, "format": "gif"}, "fps of a GIF must be 1, 2, 4, 5, 10, 20, 25 or 50, not 30"),
        ({"format": "gif", "width": 1920, "height": 1080, "n_steps": 200}, "may have 144 frames, not 401"),
        ({"sample": 40}, "sample must be below n_runs = 40"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_a_sentence(wrong: dict[str, Any], words: str):
    with pytest.raises(SpecError, match=words):
        replace(SPEC, **wrong)


def test_a_model_of_one_latent_unit_has_no_plane_of_landmarks_and_a_windowed_one(
    settings: Settings, write_model: Callable[..., Path]
):
    write_model(settings.models / "one.safetensors", n_latent=1)
    spec = replace(SPEC, model="one", source="decoded", n_runs=12, sample=3)
    session = Session.open(settings)
    with pytest.raises(SpecError, match="span no plane"):
        next(movies.frames(replace(spec, plane="landmark"), session))
    assert len(list(movies.frames(spec, session))) == 13


def test_without_ffmpeg_an_mp4_is_refused_before_anything_is_computed(home: Session, monkeypatch: pytest.MonkeyPatch):
    def progress(share: float, words: str) -> None:
        raise AssertionError(words)

    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/no/such/ffmpeg")
    with pytest.raises(MovieError, match="ffmpeg cannot be run"):
        movies.movie(SPEC, home, progress=progress)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MovieError, match="take GIF as format"):
        movies.movie(SPEC, home, progress=progress)


def test_an_ffmpeg_that_gives_up_is_a_sentence_and_leaves_nothing(
    home: Session, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nfor last; do :; done\necho half > $last\necho 'no such encoder' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    with pytest.raises(MovieError, match="no such encoder"):
        movies.save_movie(SPEC, home, tmp_path / "films")
    assert not (tmp_path / "films").exists()
    assert list(scratch.iterdir()) == []


class StoppedError(Exception):
    """Somebody stops a movie."""


def stopping(at: str, error: type[BaseException] = StoppedError) -> Progress:
    """Progress that stops at a frame."""

    def progress(share: float, words: str) -> None:
        assert 0 <= share <= 1
        if words.endswith(at):
            raise error

    return progress


@pytest.mark.parametrize("kind", movies.FORMATS)
def test_a_movie_that_is_stopped_leaves_no_file_and_no_process(
    home: Session, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen.__init__

    def remembered(self: subprocess.Popen[bytes], *args: Any, **options: Any) -> None:
        started.append(self)
        start(self, *args, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", remembered)
    with pytest.raises(StoppedError):
        movies.save_movie(replace(SPEC, format=kind), home, tmp_path / "films", progress=stopping("frame 5 of 13"))
    assert not (tmp_path / "films").exists()
    assert list(scratch.iterdir()) == []
    assert len(started) == (kind == "mp4")
    assert all(process.returncode is not None for process in started)


def test_progress_goes_from_label_to_label_and_frame_to_frame(home: Session):
    heard: list[tuple[float, str]] = []
    specs = [replace(SPEC, label=label) for label in (2, 5)]
    for i, spec in enumerate(specs):
        listen = movies.of_label(lambda share, words: heard.append((share, words)), i, specs)
        assert len(list(movies.frames(spec, home, progress=listen))) == 13
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5 < shares[-1] < 1
    words = [words for _, words in heard if "frame" in words]
    assert words == [f"label {label}: frame {i} of 13" for label in (2, 5) for i in range(1, 14)]


OPTIONS = ("--runs", "12", "--steps", "5", "--between", "0", "--width", "640", "--height", "360", "--model", MODEL)


def test_the_command_writes_movies_of_one_label_or_of_all(drawing: CommandLine, tmp_path: Path):
    out = str(tmp_path / "films")
    status, answer, _, err = drawing("figure", "movies", *OPTIONS, "--label", "3", "--noise", ".3", "--output", out)
    assert status == 0
    expected = MovieSpec(
        model=MODEL, n_runs=12, n_steps=5, label=3, noise=0.3, sample=11, width=640, height=360, between=0
    )
    assert MovieSpec.from_dict(answer["specs"][0]) == expected
    (file,) = map(Path, answer["files"])
    assert file == tmp_path / "films" / expected.file_name()
    assert len(read_mp4(file.read_bytes(), expected, tmp_path)) == 6
    assert "movies: 100%" in err
    answer = drawing("figure", "movies", *OPTIONS, "--label", "all", "--format", "gif", "--out", out)[1]
    assert [spec["label"] for spec in answer["specs"]] == list(range(10))
    assert len({Path(name).read_bytes() for name in answer["files"]}) == 10


def test_the_command_refuses_in_one_sentence(drawing: CommandLine):
    assert is_refused(drawing("figure", "movies", *OPTIONS, "--plane", "round"), "plane must be one of")
    assert is_refused(drawing("figure", "movies", *OPTIONS, "--label", "eleven"), "label must be")
    assert is_refused(drawing("figure", "movies", *OPTIONS, "--t", "3"), "--t is for figures of one step")
    assert is_refused(drawing("figure", "fig2", "--steps", "9"), "--steps is for movies alone")
    assert is_refused(drawing("figure", "fig2", "--label", "all"), "label must be")


def test_ctrl_c_leaves_what_is_complete(settings: Settings, tmp_path: Path):
    saved: list[int] = []

    def save(spec: MovieSpec, session: Session, folder: Path, *, progress: Progress) -> Path:
        if spec.label == 2:
            raise KeyboardInterrupt
        saved.append(spec.label)
        return folder / spec.file_name()

    words = ["figure", "movies", *OPTIONS, "--label", "all", "--output", str(tmp_path)]
    with pytest.raises(RefusedError, match=r"Stopped. 2 of 10 movies are in"):
        commands.run_movies(build_parser().parse_args(words), Session.open(settings), save=save)
    assert saved == [0, 1]


def test_options_of_movies_are_those_that_no_other_figure_has():
    expected = {"source", "n_steps", "seed", "sample", "window", "plane", "format", "width", "height", "fps", "between"}
    expected |= {"own", "covered", "damage_step", "damage_noise"}
    assert set(commands.MOVIE_CHOICES) == expected
