"""The models on this machine, and the noise sweeps beside one of them."""

import argparse
from typing import Any

from core import experiments
from core.commands.console import progress_bar
from core.commands.options import model_of
from core.session import Session
from core.specs import SOURCES
from core.store import file_sha256


def run_models(_: argparse.Namespace, session: Session) -> list[dict[str, Any]]:
    """A table of the models on this machine, and for JSON their cards."""
    entries = session.library.usable()
    for entry in entries:
        card, spec = entry.card, entry.spec
        ratios = card.contribution_ratio or ()
        most, nearly = (1 + sum(ratio < share for ratio in ratios) for share in (0.7, 0.99))
        print(
            f"{entry.id:24}  {spec.epochs:5} epochs  -ELBO {cell(card.test_negative_elbo):7}  "
            f"KL {cell(card.test_kl):6}  {cell(card.active_units):3} active  70/99 % in {most}/{nearly}  "
            f"orthogonality {cell(card.orthogonality_gap)}  {(card.seconds or 0) / 60:.0f} min"
        )
    return [
        {
            "model": e.id,
            "origin": e.origin,
            "sha256": file_sha256(e.path),
            "spec": e.spec.to_dict(),
            "card": e.card.to_dict(),
        }
        for e in entries
    ]


def cell(value: float | None) -> str:
    """A number of a card in a table; a card may lack any of them."""
    return "?" if value is None else str(value)


def run_sweeps(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Compute the noise sweeps of a model, and file them beside it."""
    entry = model_of(args, session)
    with progress_bar(entry.id) as report:
        sources = (args.source,) if args.source else SOURCES
        path = experiments.store_noise_sweeps(entry.id, session, sources=sources, progress=report)
    return {"model": entry.id, "file": str(path)}
