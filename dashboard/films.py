"""Films of ensembles: what the browser gets of each p, and the films that are shipped beside their model.

A shipped film lies in `<model>.film-<source>.json.br`: what it is of, the weights' SHA-256, and the payload of every p.
With it the first screen is there at once, and dragging p asks nothing a moment later.
"""

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli

from core import experiments
from core.files import stamp, write_atomically
from core.library import Entry
from core.results import FilmFrame
from core.session import Session
from core.specs import NOISES, EmbeddingSpec
from core.store import cached_sha256
from dashboard import captions, wire
from dashboard.controls import ScreenState

Frame = dict[str, Any]
SETTINGS = tuple(item.name for item in fields(EmbeddingSpec) if item.name not in ("model", "noise"))


def frame_payload(frame: FilmFrame, entry: Entry, spec: EmbeddingSpec) -> Frame:
    """Runs at one p, with the sentences about them."""
    runs = frame.trajectories
    ensemble = runs.ensemble
    approach = captions.approach_caption(
        ensemble.same_step_approach_share,
        ensemble.approach_share,
        ensemble.strict_approach_share,
        mean_path=runs.mean_path_approaches,
        mean_curve=runs.mean_curve_approaches,
    )
    sentences = {
        "noise": spec.noise,
        "label": spec.label,
        "caption": captions.caption_of(entry, spec, ensemble.minimum_distance, ensemble.runner_up),
        "approach": approach,
    }
    return wire.frame_payload(frame) | sentences


def shipped_frame(entry: Entry, spec: EmbeddingSpec) -> Frame | None:
    """The payload of a shipped film, if there is one of these very settings and weights."""
    path = film_path(entry, spec)
    if entry.origin != "shipped" or not path.exists():
        return None
    film = read_film(path, stamp(path))
    if film["sha256"] != cached_sha256(entry.path) or film["settings"] != settings_of(spec):
        return None
    return film["frames"].get(str(spec.noise))


def film_path(entry: Entry, spec: EmbeddingSpec) -> Path:
    """Where the film of a model lies whose runs start as those of a spec do."""
    return entry.path.with_name(f"{entry.id}.film-{spec.source}.json.br")


def settings_of(spec: EmbeddingSpec) -> dict[str, Any]:
    """What a film is of: a spec without model and p."""
    return {name: getattr(spec, name) for name in SETTINGS}


@lru_cache(maxsize=4)
def read_film(path: Path, stamp: tuple[int, ...]) -> dict[str, Any]:
    """The content of a file; `stamp` tells its versions apart."""
    return json.loads(brotli.decompress(path.read_bytes()))


def first_films(entry: Entry, session: Session) -> Iterable[EmbeddingSpec]:
    """What the first screen shows, from decoded images, and from original ones where they are here."""
    sources = ("original", "decoded") if session.source(entry.spec.dataset) == "original" else ("decoded",)
    for source in sources:
        yield ScreenState().inference_spec(entry.id, source).part(EmbeddingSpec)


def compute_film(entry: Entry, first: EmbeddingSpec, session: Session) -> Path:
    """Compute the film of a screen and file it beside the model."""
    specs = [replace(first, noise=noise) for noise in NOISES]
    frames = {str(spec.noise): frame_payload(experiments.film_frame(spec, session), entry, spec) for spec in specs}
    film = {"sha256": cached_sha256(entry.path), "settings": settings_of(first), "frames": frames}
    content = json.dumps(film, ensure_ascii=False, separators=(",", ":"))
    path = film_path(entry, first)
    write_atomically(path, brotli.compress(content.encode(), quality=11))
    return path
