"""Every shape compiled at once, in processes of their own."""

import argparse
import os
import subprocess
import sys
import time

from benchmarks.gpu.bench import DEVICE, Bench, synchronize
from benchmarks.gpu.stacks import few, shapes
from core.data import Dataset
from core.device_epoch import DeviceEpoch, Images
from core.device_stack import DeviceStack

PATIENCE = 100.0  # s to wait for the processes that compile


def compile_one(args: argparse.Namespace, training: Dataset) -> None:
    """Compile the steps of one shape in this process: the kernels stay in the cache on the disk."""
    start, specs = time.monotonic(), shapes(args)[args.compile]
    training = few(training) if args.compile == "check" else training
    stack = DeviceStack.begin(specs, training.images.shape[1], DEVICE)
    images = Images.of(training.images, DEVICE)
    epoch = DeviceEpoch(specs, stack.weights, stack.first, stack.second, images)
    epoch.prepare(0, [1e-4] * len(specs))
    if epoch.recorded:
        epoch.begin()
    else:
        epoch.advance()
    synchronize()
    print(f"compiled {args.compile} in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def compile_all(bench: Bench) -> dict[str, subprocess.Popen[bytes]]:
    """Start a process for every shape."""
    if not bench.compiled and not bench.args.try_compile:
        return {}
    log = (bench.args.out / "log.txt").open("ab")
    started = {}
    for name in shapes(bench.args):
        command = [sys.executable, "-m", "benchmarks.gpu", *sys.argv[1:], "--compile", name]
        environment = os.environ | {"TORCHINDUCTOR_COMPILE_THREADS": "1", "OMP_NUM_THREADS": "1"}
        started[name] = subprocess.Popen(command, env=environment, stderr=log, stdout=log)
    return started


def wait_for(bench: Bench, started: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait until all shapes are compiled; what fails or takes too long is compiled again when it is needed."""
    until = time.monotonic() + PATIENCE
    for name, process in started.items():
        try:
            status = process.wait(max(0.0, until - time.monotonic()))
            bench.say(f"the process that compiles {name} ended with {status}")
        except subprocess.TimeoutExpired:
            process.kill()
            bench.say(f"the process that compiles {name} took too long and was ended")
