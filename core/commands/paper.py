"""The paper's claims and figures, and all that is shipped beside the models."""

import argparse
import textwrap
from dataclasses import asdict
from typing import Any

from core import experiments
from core.commands.console import compute_as_served, progress_bar
from core.paper import claims
from core.paper.figures.questions import figure_spec
from core.paper.figures.registry import FIGURES
from core.paper.shipped import save_figure
from core.session import Session


def run_claims(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Check the paper's claims; the table goes to a file where one is named."""
    with progress_bar("claims") as report:
        table = claims.check_claims(session, noise_kind=args.noise_kind, n_runs=args.runs, progress=report)
    if args.output:
        claims.save_claims(table, args.output)
    if not args.json:
        for claim in table.claims:
            print(f"{claim.number:2}  {claim.figure:10}  {claim.verdict:13}  {claim.statement}")
            for text in filter(None, (claim.ours, claim.why and f"Why: {claim.why}")):
                print(textwrap.fill(text, 110, initial_indent=" " * 6, subsequent_indent=" " * 6))
    return {"recipe": dict(table.recipe), "claims": [asdict(claim) for claim in table.claims]}


def run_figures(args: argparse.Namespace, session: Session) -> dict[str, int]:
    """Compute the figures with the paper's settings, for the page that shows them at once; the bytes that each has."""
    compute_as_served()
    written = {}
    for id in args.only or FIGURES:
        spec = figure_spec(session, id, {})
        with progress_bar(id) as report:
            result = FIGURES[id].compute(session, spec, report)
        written[id] = save_figure(id, spec, result, session, args.output).stat().st_size
    return written


def run_derive(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Compute the sweeps that are missing beside the shipped models, then the tables of claims."""
    library = session.library
    shipped = [entry for entry in library.usable() if entry.origin == "shipped"]
    specs = experiments.sweeps_to_derive([library.entry(id) for id in args.only or ()] or shipped, session)
    with progress_bar("stage bands") as report:
        experiments.compute_sweeps(specs, session, progress=report)
    written = []
    for kind, path in claims.CLAIM_FILES.items() if not args.only else ():
        with progress_bar(f"claims, {kind}") as report:
            claims.save_claims(claims.check_claims(session, noise_kind=kind, progress=report), path)
        written.append(str(path))
    return {"sweeps": len(specs), "claims": written}
