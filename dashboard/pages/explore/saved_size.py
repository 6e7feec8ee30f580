"""How large a saved HTML file will be, before any of its answers is computed.

The constants were measured on films of MNIST and Fashion-MNIST at 41 values of p, of 50 to 500 runs and T = 10 to 200,
as they stand in a file: compressed, in base64. Runs that move longer compress worse: the constants are those of the
worst of these films, so that files have 0.6 to 1 times the estimated size.
"""

from dataclasses import replace
from functools import cache

from core.library import Entry
from core.schema import RefusedError
from core.specs import NOISES, InferenceSpec
from dashboard.languages import ENGLISH
from dashboard.pages.explore.replies import begin_payload
from dashboard.pages.explore.saved_page import MOST, file_text
from dashboard.translation import language

PER_POSITION = {"permute": 3.0, "invert": 4.0, "salt": 4.0}  # bytes of a run at a step: both planes, who is nearest
PER_RUN = 25  # of its first positions, which are anywhere
PER_STEP = 40  # of the curves of an ensemble, and of those of the highlighted run
PER_PIXEL = 0.2  # of a decoded image of the highlighted run at a step
PER_NOISY_PIXEL = 0.7  # of its noisy image
PER_NOISE = 1000  # of the sentences and numbers of one p
BESIDE = 40_000  # of the stage chart in both looks, and what the page shows of the model
FEWEST = {"n_runs": 10, "n_steps": 5}


def check_size(entry: Entry, spec: InferenceSpec) -> int:
    """Bytes that the file of a screen will have at most, roughly.

    Raises:
        RefusedError: More than are allowed; the sentence says with how many runs or steps it would do.
    """
    size = estimated_size(entry, spec)
    if size <= MOST:
        return size
    n_runs, n_steps = (largest(entry, spec, name) for name in FEWEST)
    ways = [words for most, words in ((n_runs, f"at most {n_runs} runs"), (n_steps, f"T = {n_steps}")) if most]
    remedy = " or ".join(ways) or "both fewer runs and fewer steps"
    raise RefusedError(
        f"This file would have about {size / 1e6:.0f} MB; {MOST / 1e6:.0f} MB are allowed. Choose {remedy}."
    )


def estimated_size(entry: Entry, spec: InferenceSpec) -> int:
    """Bytes of the file of a screen."""
    steps, pixels = spec.n_steps + 1, entry.image_shape[0] * entry.image_shape[1]
    ensemble = spec.n_runs * (PER_POSITION[spec.noise_kind] * steps + PER_RUN) + PER_STEP * steps
    run = pixels * (PER_PIXEL * steps + PER_NOISY_PIXEL)
    return round(size_of_program(language()) + BESIDE + len({*NOISES, spec.noise}) * (ensemble + run + PER_NOISE))


def largest(entry: Entry, spec: InferenceSpec, name: str) -> int:
    """The largest number of runs or steps with which the file is small enough; 0 where there is none."""
    sizes = range(FEWEST[name], getattr(spec, name))
    return max((n for n in sizes if estimated_size(entry, replace(spec, **{name: n})) <= MOST), default=0)


@cache
def size_of_program(language: str = ENGLISH) -> int:
    """Bytes of a file without answers, in the language of the page that asks: scripts, styles and layout."""
    return len(file_text("", "", begin_payload(), {}, {}).encode())
