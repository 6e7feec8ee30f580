"""Films of ensembles: what the browser gets of each p, and the films that are shipped beside their model.

A shipped film lies in `<model>.film.json.br`: what it is of, the weights' SHA-256, and the payload of every p. With it
the first screen is there at once, and dragging p asks nothing a moment later.
"""

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli

from core import experiments
from core.config import NOISES, EmbeddingSpec
from core.files import write_whole
from core.library import Entry
from core.results import FilmFrame
from core.session import Session
from core.store import kept_sha256
from dashboard import captions, wire
from dashboard.controls import ScreenState

Frame = dict[str, Any]
SETTINGS = tuple(item.name for item in fields(EmbeddingSpec) if item.name not in ("model", "noise"))


def frame_payload(frame: FilmFrame, entry: Entry, spec: EmbeddingSpec) -> Frame:
    """Runs at one p, with what is said of them."""
    runs = frame.trajectories
    ensemble = runs.ensemble
    approach = captions.approach_caption(
        ensemble.same_step_approach_share,
        ensemble.approach_share,
        ensemble.strict_approach_share,
        mean_path=runs.mean_path_approaches,
        mean_curve=runs.mean_curve_approaches,
    )
    said = {
        "noise": spec.noise,
        "label": spec.label,
        "caption": captions.caption_of(entry, spec, ensemble.minimum_distance, ensemble.rival),
        "approach": approach,
    }
    return wire.frame_payload(frame) | said


def shipped_frame(entry: Entry, spec: EmbeddingSpec) -> Frame | None:
    """The payload of a shipped film, if there is one of these very settings and weights."""
    path = film_path(entry)
    if entry.origin != "shipped" or not path.exists():
        return None
    films = read_films(path, path.stat().st_mtime_ns)
    if films["sha256"] != kept_sha256(entry.path):
        return None
    return films["films"].get(settings_of(spec), {}).get(str(spec.noise))


def film_path(entry: Entry) -> Path:
    """Where the films of a model lie."""
    return entry.path.with_name(f"{entry.id}.film.json.br")


def settings_of(spec: EmbeddingSpec) -> str:
    """What a film is of: a spec without model and p."""
    return json.dumps({name: getattr(spec, name) for name in SETTINGS}, sort_keys=True)


@lru_cache(maxsize=2)
def read_films(path: Path, stamp: int) -> dict[str, Any]:
    """The content of a file of films; `stamp` tells its versions apart."""
    return json.loads(brotli.decompress(path.read_bytes()))


def first_films(entry: Entry, session: Session) -> Iterable[EmbeddingSpec]:
    """What the first screen shows, from decoded images, and from original ones where they are here."""
    sources = ("original", "decoded") if session.source(entry.spec.dataset) == "original" else ("decoded",)
    for source in sources:
        yield ScreenState().inference_spec(entry.id, source).part(EmbeddingSpec)


def compute_films(entry: Entry, session: Session) -> Path:
    """Compute the films of the first screen and file them beside the model."""
    films = {}
    for first in first_films(entry, session):
        specs = [replace(first, noise=noise) for noise in NOISES]
        frames = [frame_payload(experiments.film_frame(spec, session), entry, spec) for spec in specs]
        films[settings_of(first)] = {str(frame["noise"]): frame for frame in frames}
    content = json.dumps({"sha256": kept_sha256(entry.path), "films": films}, ensure_ascii=False, separators=(",", ":"))
    path = film_path(entry)
    write_whole(path, brotli.compress(content.encode(), quality=11))
    return path
