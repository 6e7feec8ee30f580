"""Parts (a) and (d): steps a second."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from benchmarks.gpu.bench import DEVICE, Bench, freed, synchronize
from benchmarks.gpu.stacks import of_zoo, seeds, series, zoo
from core.data import Dataset
from core.device_epoch import Images
from core.device_stack import DeviceStack
from core.specs import ModelSpec
from core.stack import Stack

TARGETS = {1: 8000, 12: 2300}  # steps a second on an H100, by models side by side


def prepared(specs: Sequence[ModelSpec], training: Dataset, compiled: bool) -> DeviceStack:
    """A stack with its buffers and a first epoch behind it, so that the graph is there."""
    stack = DeviceStack.begin(specs, training.images.shape[1], DEVICE, compiled)
    stack.run_epoch(Images.of(training.images, DEVICE))
    return stack


def seconds_of_epoch(bench: Bench, specs: Sequence[ModelSpec], epochs: int = 3) -> float:
    """Of a stack, the fastest of some epochs after the first."""
    stack = prepared(specs, bench.training, bench.compiled)
    images = Images.of(bench.training.images, DEVICE)
    taken = []
    for _ in range(min(epochs, specs[0].epochs - 1)):
        start = time.perf_counter()
        stack.run_epoch(images)
        taken.append(time.perf_counter() - start)
    del stack
    freed()
    return min(taken)


def rate(bench: Bench, specs: Sequence[ModelSpec]) -> float:
    """Steps a second of a stack: of all its models, side by side."""
    return math.ceil(len(bench.training.images) / specs[0].batch_size) / seconds_of_epoch(bench, specs)


def rates_at_first(bench: Bench) -> None:
    """Steps a second alone and with twelve models, and how long the series would take."""
    rates = {}
    for n_models, target in TARGETS.items():
        rates[f"{n_models} side by side"] = round(rate(bench, seeds(bench.args, n_models)))
        bench.say(f"{n_models} side by side: {rates[f'{n_models} side by side']:,} steps/s, target {target:,}")
    bench.note(rates=rates, series_epoch=seconds_of_epoch(bench, series(bench.args)))
    bench.say(f"the series: {bench.found['series_epoch']:.4f} s an epoch")


def timed(act: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of the fastest of some repeats, after one that warms up."""
    act()
    taken = []
    for _ in range(repeats):
        synchronize()
        start = time.perf_counter()
        act()
        synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken)


def before(bench: Bench, n_models: int) -> float:
    """Steps a second of the engine that draws on the CPU and takes one step at a time."""
    images = torch.from_numpy(bench.training.images[: 100 * bench.args.few]).to(DEVICE)
    stack = Stack.begin([replace(spec, epochs=5000) for spec in seeds(bench.args, n_models)], bench.pixels, DEVICE)
    return math.ceil(len(images) / 100) / timed(lambda: stack.run_epoch(images))


def plain(bench: Bench) -> float:
    """Steps a second of a script: a DataLoader, automatic differentiation, torch.optim.Adam."""
    from benchmarks.training import PlainLoop

    images = torch.from_numpy(bench.training.images[: 100 * bench.args.few])
    loop = PlainLoop(replace(of_zoo(bench.args), epochs=5000), images)
    return math.ceil(len(images) / 100) / timed(loop.run_epoch)


def run_rates(bench: Bench) -> None:
    """Rates of the engine, of the one before it and of a plain loop, as far as the time goes."""
    args, rates = bench.args, dict(bench.found.get("rates", {}))

    def zoo_minutes() -> float:
        seconds = seconds_of_epoch(bench, zoo(args)) + seconds_of_epoch(bench, series(args))
        return seconds * args.epochs / 60

    parts: dict[str, Callable[[], float]] = {
        "alone": lambda: rate(bench, seeds(args, 1)),
        "8 side by side": lambda: rate(bench, seeds(args, 8)),
        "12 side by side": lambda: rate(bench, seeds(args, 12)),
        "before, alone": lambda: before(bench, 1),
        "before, 8 side by side": lambda: before(bench, 8),
        "plain loop": lambda: plain(bench),
        "zoo of 14 and 4 models, minutes": zoo_minutes,
    }
    for name, part in parts.items():
        if bench.left < args.spare:
            bench.say(f"{name}: left out")
            continue
        try:
            rates[name] = part()
        except Exception as error:
            bench.say(f"FAILED: {name}: {type(error).__name__}: {error}")
            continue
        bench.say(f"{name}: {rates[name]:,.4g}")
        bench.note(rates=rates)
        freed()
    if {"alone", "8 side by side"} <= set(rates):
        bench.note(stack_of_8_against_8_apart=8 * rates["8 side by side"] / rates["alone"])
