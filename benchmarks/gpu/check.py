"""Part (a): whether compiled and recorded steps give the numbers of plain ones."""

from torch import Tensor

from benchmarks.gpu.bench import DEVICE, Bench, freed
from benchmarks.gpu.stacks import few, pair, zoo
from core.data import Dataset
from core.device_epoch import Images
from core.device_stack import DeviceStack
from core.specs import ModelSpec

CLOSE = {"loss in float32": 1e-3, "updates in float32": 0.05, "loss": 0.01, "padding": 0.01}  # relative, but padding


def movement(stack: DeviceStack, before: list[Tensor], other: DeviceStack) -> float:
    """How far two trainings from the same weights came apart, relative to how far they went, in the worst layer."""
    shifts = zip(stack.weights, other.weights, before, strict=True)
    return max(float((a - b).norm() / (b - start).norm().clamp_min(1e-30)) for a, b, start in shifts)


def compare(bench: Bench, specs: list[ModelSpec], training: Dataset) -> dict[str, float]:
    """The same epoch, compiled and recorded, and plain."""
    ways = [DeviceStack.begin(specs, bench.pixels, DEVICE, compiled) for compiled in (bench.compiled, False)]
    before, images = [each.clone() for each in ways[0].weights], Images.of(training.images, DEVICE)
    for stack in ways:
        stack.run_epoch(images)
    pairs = list(zip(ways[0].losses[0], ways[1].losses[0], strict=True))
    padding = max(float(ways[0].weights[4][s, :, spec.n_latent :].abs().sum()) for s, spec in enumerate(specs))
    return {
        "loss": max(abs(a - b) / abs(b) for a, b in pairs),
        "updates": movement(ways[0], before, ways[1]),
        "padding": padding,
        "first loss": pairs[0][1],
    }


def check(bench: Bench) -> None:
    """Compare in bfloat16 at full size, and in float32 with two models of 24 steps; without the compiler if wrong."""
    exact = compare(bench, pair(bench.args), few(bench.training))
    bench.say(f"compiled against plain, float32, 24 steps: {rounded(exact)}")
    rough = compare(bench, zoo(bench.args)[:1], bench.training)
    bench.say(f"compiled against plain, {zoo(bench.args)[0].precision}, an epoch: {rounded(rough)}")
    right = {
        "loss in float32": exact["loss"] < CLOSE["loss in float32"],
        "updates in float32": exact["updates"] < CLOSE["updates in float32"],
        "loss": rough["loss"] < CLOSE["loss"],
        "padding": max(exact["padding"], rough["padding"]) < CLOSE["padding"],
    }
    bench.note(check={"float32": exact, "bfloat16": rough, "close": CLOSE, "right": right})
    if not all(right.values()):
        bench.compiled = False
        bench.say(f"WRONG: {right}. All goes on without the compiler.")
    freed()


def rounded(values: dict[str, float]) -> str:
    """Numbers for a line of the log."""
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items())
