"""A command line: one command is run, its progress goes to stderr, and its answer is a line of JSON."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from tqdm import tqdm

from core.progress import Progress
from core.schema import RefusedError
from core.session import Session
from core.settings import Settings


def run_command(
    parser: argparse.ArgumentParser, arguments: list[str] | None, start: Callable[[Settings], Session]
) -> int:
    """Run the command that the arguments name, as `core.commands.options.add_command` made it.

    Args:
        parser: Of the program.
        arguments: The words behind its name; those of this process where there are none.
        start: Opens the session that the command is given.

    Returns:
        The exit status: 0 done, 1 refused with a sentence on stderr.
    """
    args = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment()
        if args.device:
            settings = replace(settings, device=args.device)
        answer = args.run(args, start(settings))
    except (RefusedError, OSError) as error:
        print(f"{parser.prog} {args.command}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


def compute_as_served() -> None:
    """Give products one thread each, as the dashboard does: the last digits of a sum depend on how many share it."""
    torch.set_num_threads(1)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A progress bar on stderr."""
    with tqdm(
        total=1.0, desc=title, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}"
    ) as bar:

        def report(fraction: float, text: str) -> None:
            bar.set_postfix_str(text, refresh=False)
            bar.update(fraction - bar.n)

        yield report
