"""The replication: its report, and everything that is shipped computed again."""

import argparse
from pathlib import Path
from typing import Any

from core.commands.console import progress_bar
from core.files import write_atomically
from core.paper.claims import CLAIM_FILES, stored_claims
from core.paper.figures.registry import FIGURES
from core.paper.report import codecheck, model_cards, replication_report
from core.paper.reproduce import Comparison, compare_figure, compare_table
from core.schema import RefusedError
from core.session import Session
from core.specs import ModelSpec

REPORT, MANIFEST, CARDS = Path("docs/replication.md"), Path("codecheck.yml"), Path("models/README.md")


def report_texts(session: Session) -> dict[Path, str]:
    """The texts of the report by their place in this project.

    Raises:
        RefusedError: A table of claims is missing or damaged.
    """
    tables = {kind: stored_claims(session.library, path) for kind, path in CLAIM_FILES.items()}
    present = {kind: table for kind, table in tables.items() if table}
    if len(present) < len(tables):
        raise RefusedError("The tables of claims are not all here. Compute them: python -m core derive")
    shipped = [entry for entry in session.library.usable() if entry.origin == "shipped"]
    paper = ModelSpec(dataset="mnist", n_latent=100, epochs=1500)
    alike = {entry.spec.seed for entry in shipped if same_but_seed(entry.spec, paper)}
    return {
        REPORT: replication_report(present, sorted(alike)),
        MANIFEST: codecheck(list(FIGURES.values())),
        CARDS: model_cards(shipped),
    }


def same_but_seed(one: ModelSpec, other: ModelSpec) -> bool:
    """Whether two recipes differ in nothing that the paper sets."""
    return all(getattr(one, name) == getattr(other, name) for name in ("dataset", "n_latent", "epochs", "beta"))


def run_report(args: argparse.Namespace, session: Session) -> dict[str, int]:
    """Write the report, the manifest and the cards; the bytes of each."""
    texts = {args.output / path: text.encode() for path, text in report_texts(session).items()}
    for path, content in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return {str(path): len(content) for path, content in texts.items()}


def run_reproduce(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Compute what is shipped again; a line for each figure and claim, and how many differ."""
    comparisons: list[Comparison] = []
    for id in args.only or FIGURES:
        with progress_bar(id) as report:
            comparisons.append(shown(compare_figure(id, session, progress=report)))
    for kind, path in CLAIM_FILES.items() if not args.only and not args.without_claims else ():
        shipped = stored_claims(session.library, path)
        if shipped is None:
            raise RefusedError(f"{path.name} is not here. Compute it: python -m core derive")
        with progress_bar(f"claims, {kind}") as report:
            comparisons += map(shown, compare_table(shipped, session, progress=report))
    verdicts = [comparison.verdict for comparison in comparisons]
    return {verdict: verdicts.count(verdict) for verdict in ("same", "differs", "not computed")}


def shown(one: Comparison) -> Comparison:
    """Print a comparison, and hand it on."""
    print(f"{one.verdict:13}  {one.name:15}  {one.detail}".rstrip())
    return one
