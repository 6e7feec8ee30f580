"""The options of the commands: how a parser gets them, and what they are read as."""

import argparse
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from core.library import Entry
from core.schema import Choice, Spec, checked
from core.session import Session
from core.specs import DATASETS

LONG = 60  # characters of a default


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace, Session], Any], help: str
) -> argparse.ArgumentParser:
    """A sub-command with the options that all share."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="default: LT_DEVICE, else auto")
    parser.set_defaults(run=run)
    return parser


def add_spec(
    parser: argparse.ArgumentParser, spec: type[Spec], leave_out: tuple[str, ...] = (), usual: str = ""
) -> None:
    """One option per field of a spec, with its default (or what is `usual` instead) and meaning in the help."""
    for item in fields(spec):
        if item.name not in leave_out:
            check, default = checked(item), usual or item.default
            name = item.name.removeprefix("n_") if item.name in ("n_runs", "n_steps") else item.name  # --runs, --steps
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                dest=item.name,
                metavar="{" + ",".join(check.words) + "}" if isinstance(check, Choice) else item.name.upper(),
                help=item.metadata["help"] + default_text(default),
            )


def default_text(default: object) -> str:
    """A default as the help names it; a long one would hide the rest."""
    return f" (default: {default})" if default is not MISSING and len(str(default)) < LONG else ""


def add_model(parser: argparse.ArgumentParser) -> None:
    """The ways to name a model."""
    parser.add_argument("--model", help="id of a model; else the one of this data set and number of latent units:")
    parser.add_argument("--dataset", choices=DATASETS, default="mnist")
    parser.add_argument("--n-latent", type=int, default=100)


def at_least_one(text: str) -> int:
    """A number of processes."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on is needed, not {text[:20]!r}")
    return int(text)


def epochs(text: str) -> tuple[int, ...]:
    """Epochs in their order; each once."""
    return tuple(sorted({at_least_one(part) for part in text.split(",")}))


def spec_from(args: argparse.Namespace, spec: type[Spec], **given: Any) -> Any:
    """Build a spec from the options that were given, each read by its field's own check."""
    for item in fields(spec):
        text = getattr(args, item.name, None)
        if text is not None:
            given[item.name] = checked(item).read(item.name, text)
    return spec(**given)


def model_of(args: argparse.Namespace, session: Session) -> Entry:
    """The model that was named, or the default one of a data set and N_z."""
    if args.model:
        return session.library.entry(args.model)
    return session.library.default(args.dataset, args.n_latent)
