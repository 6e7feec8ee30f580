"""What a GPU gives in ten minutes: Fig. 9's grid, a series of snapshots with four more models, and rates.

In this order, a file after every part, within a limit of seconds: what does not fit is left out, and said.

(a) compiled and recorded steps against plain ones, and steps a second;
(b) the 81 trainings of Fig. 9 -> elbo-grid.json;
(c) models of the zoo's recipe side by side, one of them kept at several epochs -> models-N.tar;
(d) steps a second of the engines, a plain loop and the zoo's length -> gpu.json.

Every stack is of another shape, which takes half a minute to compile: processes of their own compile all of them at
once at the beginning, and leave the kernels in the cache of torch's compiler.

Try: python -m benchmarks.gpu --out out --dataset digits --epochs 6 --grid-epochs 2 --snapshots 1,3,6
"""

import argparse
import sys
import time
import traceback
from pathlib import Path

import torch

from benchmarks.gpu.bench import Bench, name_of_device
from benchmarks.gpu.check import check
from benchmarks.gpu.compilation import compile_all, compile_one, wait_for
from benchmarks.gpu.rates import (
    rates_at_first,
    run_rates,
)
from benchmarks.gpu.trainings import run_grid, run_series
from core.data import load_dataset
from core.settings import Settings


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, required=True, help="folder for the results")
    options.add_argument("--work", type=Path, default=Path("gpu-work"), help="folder for the models one by one")
    options.add_argument("--seconds", type=float, default=560, help="limit for all (default: 560)")
    options.add_argument("--dataset", default="mnist", help="mnist, or digits to try it out")
    options.add_argument("--epochs", type=int, default=1500, help="of the series (default: 1500)")
    options.add_argument("--grid-epochs", type=int, default=100, help="of the grid (default: 100)")
    options.add_argument("--hidden", type=int, default=1024, help="hidden units (default: 1024)")
    options.add_argument("--few", type=int, default=300, help="steps of the slower ways (default: 300)")
    options.add_argument("--snapshots", default="1,5,20,60,150,500,1500", help="epochs that are kept")
    options.add_argument("--filing", type=float, default=15, help="seconds to file the models of the series")
    options.add_argument("--spare", type=float, default=10, help="seconds that are left at the end")
    options.add_argument("--parts", default="abcd", help="which parts (default: abcd)")
    options.add_argument("--compile", help=argparse.SUPPRESS)
    options.add_argument("--try-compile", action="store_true", help="start the processes that compile on a CPU too")
    args = options.parse_args(arguments)
    args.snapshots = [int(epoch) for epoch in args.snapshots.split(",")]
    return args


def main(arguments: list[str] | None = None) -> int:
    """All parts in order; one that fails is said, and the next one begins."""
    started, args = time.monotonic(), read_arguments(arguments)
    folder = Settings.from_environment().data
    training = load_dataset(args.dataset, folder)
    if args.compile:
        compile_one(args, training)
        return 0
    for path in (args.out, args.work):
        path.mkdir(parents=True, exist_ok=True)
    bench = Bench(args, training, load_dataset(args.dataset, folder, train=False), started)
    bench.say(f"torch {torch.__version__}, {name_of_device()}, {len(training.images):,} images of {args.dataset}")
    wait_for(bench, compile_all(bench))
    parts = {"a": (check, rates_at_first), "b": (run_grid,), "c": (run_series,), "d": (run_rates,)}
    status = 0
    for part, acts in parts.items():
        for act in acts if part in args.parts else ():
            try:
                act(bench)
            except Exception as error:
                bench.say(f"FAILED: {act.__name__}: {type(error).__name__}: {error}")
                bench.say(traceback.format_exc())
                status = 1
    bench.say("done")
    return status


if __name__ == "__main__":
    sys.exit(main())
