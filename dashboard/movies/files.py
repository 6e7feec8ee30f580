"""Frames as the bytes of a file: H.264 in MP4 by the ffmpeg of imageio-ffmpeg, or an animated GIF by Pillow."""

import io
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core.schema import RefusedError
from dashboard.movies.spec import MovieSpec
from dashboard.theme import Theme, channels

SHADES = {"points": 33, "labels": 9, "ink": 25, "grey": 28}  # from paper to a colour; 254 in all
BT709 = "bt709"  # the colours of high definition: players take them for granted


class MovieError(RefusedError):
    """A movie that cannot be written."""


def mp4(frames: Iterator[Image.Image], spec: MovieSpec, comment: str) -> bytes:
    """An MP4 that every player and browser shows; where `frames` raises, nothing is left behind.

    Args:
        frames: The pictures, all of the size of the spec.
        spec: Of the movie.
        comment: Written into the file.

    Raises:
        MovieError: There is no ffmpeg here, or it gives up.
    """
    program = ffmpeg()  # before the first frame is computed
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        path = Path(folder) / "movie.mp4"
        # a session of its own: Ctrl-C is for this process, which then ends the other
        with subprocess.Popen(
            [program, *arguments(spec, comment), path], stdin=subprocess.PIPE, stdout=log, stderr=log,
            start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdin
            try:
                for frame in frames:
                    process.stdin.write(frame.tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass  # it has given up, and its log says why
            except BaseException:
                process.kill()
                raise
        if process.returncode or not path.exists():
            log.seek(0)
            why = log.read().decode(errors="replace").strip().splitlines()
            reason = why[0] if why else process.returncode
            raise MovieError(f"ffmpeg gave up ({reason}). Take GIF as format (--format gif).")
        return path.read_bytes()


def arguments(spec: MovieSpec, comment: str) -> list[str]:
    """What ffmpeg is called with: raw frames from its input; colours, and no date, so that equal movies are equal."""
    size, rate = f"{spec.width}x{spec.height}", str(spec.fps)
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", rate, "-i", "-"]
    named = f"setparams=colorspace={BT709}:color_primaries={BT709}:color_trc={BT709}:range=tv"
    colours = ["-vf", f"scale=out_color_matrix={BT709}:out_range=tv,{named}"]
    codec = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart"]
    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-metadata", f"comment={comment}"]
    return ["-v", "error", "-y", *source, "-an", *colours, *codec, *exact]


def ffmpeg() -> str:
    """The program that writes MP4.

    Raises:
        MovieError: It is not here.
    """
    try:
        import imageio_ffmpeg  # a GIF needs it not

        program = imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise MovieError(
            "No ffmpeg is here to write an MP4. Install imageio-ffmpeg (pip install -r requirements.txt), name a "
            "program in IMAGEIO_FFMPEG_EXE, or take GIF as format (--format gif)."
        ) from error
    if os.sep in program and not os.access(program, os.X_OK):
        raise MovieError(f"{Path(program).name} cannot be run. Name another ffmpeg in IMAGEIO_FFMPEG_EXE.")
    return program


def gif(frames: Iterator[Image.Image], spec: MovieSpec, theme: Theme, comment: str) -> bytes:
    """An animated GIF that plays for ever; its colours are the same in all frames and for all movies.

    Args: as `mp4`, and the theme whose colours the pictures have.
    """
    colours = palette(theme)
    few = (frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames)
    buffer = io.BytesIO()
    next(few).save(
        buffer, "GIF", save_all=True, append_images=few, duration=1000 // spec.fps, loop=0, comment=comment.encode()
    )
    return buffer.getvalue()


def palette(theme: Theme) -> Image.Image:
    """Shades from paper to every colour of a theme, and the greys of images: a GIF has 256 colours."""
    paper, black, white = (np.array(channels(colour)) for colour in (theme.paper, "#000000", "#ffffff"))
    ends = [(paper, np.array(channels(colour)), SHADES["points"]) for colour in theme.points]
    ends += [(paper, np.array(channels(colour)), SHADES["labels"]) for colour in theme.labels]
    ends += [(paper, np.array(channels(theme.ink)), SHADES["ink"]), (black, white, SHADES["grey"])]
    shades = [low + (high - low) * np.linspace(0, 1, n)[:, None] for low, high, n in ends]
    exact = [np.array([channels(theme.grid), channels(theme.quiet)])]
    colours = np.unique(np.rint(np.concatenate([*exact, *shades])).astype(np.uint8), axis=0)
    image = Image.new("P", (1, 1))
    image.putpalette(colours.tobytes())
    return image
