"""The dashboard's command line: `python -m dashboard film` computes the films that are shipped."""

import argparse
import json
import sys

from core.schema import RefusedError
from core.session import Session
from core.settings import Settings
from dashboard.controls import ScreenState
from dashboard.films import compute_film, first_films


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 refused with a sentence)."""
    parser = argparse.ArgumentParser(prog="python -m dashboard", description=__doc__)
    parser.add_argument("command", choices=["film"], help="compute the films of the first screen beside its model")
    parser.parse_args(arguments)
    try:
        session = Session.open(Settings.from_environment())
        first = ScreenState()
        entry = session.library.default(first.dataset, first.n_latent)
        paths = [compute_film(entry, spec, session) for spec in first_films(entry, session)]
    except (RefusedError, OSError) as error:
        print(f"python -m dashboard: {error}", file=sys.stderr)
        return 1
    print(json.dumps({path.name: path.stat().st_size for path in paths}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
