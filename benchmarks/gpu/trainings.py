"""Parts (b) and (c): the grid of Fig. 9, and a series of snapshots with three more models."""

import shutil
import time
from dataclasses import replace
from typing import Any

from benchmarks.gpu.bench import DEVICE, Bench, freed
from benchmarks.gpu.stacks import grid, grid_stacks, series
from core import experiments, train
from core.checkpoint import TrainingState
from core.experiments.training import file_trained
from core.settings import Settings
from core.specs import ModelSpec
from core.zoo import zoo_name

SERIES_EPOCH = 0.15  # s, of the series on an H100, where part (a) did not measure it


def run_grid(bench: Bench) -> None:
    """Train the cells that are missing, stack by stack, as long as enough time is left for the series."""
    path, taken, previous = bench.args.out / "elbo-grid.json", {}, 0.0
    if experiments.GRID.exists() and not path.exists():
        shutil.copy(experiments.GRID, path)
    reserve = series_seconds(bench, bench.args.epochs) + bench.args.spare
    missing = set(experiments.missing_cells(grid(bench.args), path))
    for stack in grid_stacks(bench.args):
        cells = [spec for spec in stack if spec in missing]
        name = f"batch {stack[0].batch_size}"
        if not cells or previous * 2.0 > bench.left - reserve:
            bench.say(f"grid, {name}: left out, {len(cells)} cells, {bench.left:.0f} s left, {reserve:.0f} s reserved")
            continue
        start = time.monotonic()
        options: dict[str, Any] = {"engine": bench.engine, "progress": bench.stop_when_late(reserve)}
        try:
            found = experiments.grid_cells(cells, **options)
        except train.CancelledError as error:
            bench.say(f"grid, {name}: {error}; its cells are lost")
            continue
        for cell in found:
            experiments.record_cell(cell, path)
        previous = taken[name] = time.monotonic() - start
        best = min(cell.negative_elbo for cell in found)
        bench.say(f"grid, {name}: {len(cells)} cells in {previous:.1f} s, best {best:.2f} nats")
        bench.note(grid=taken, grid_total=sum(taken.values()))
        freed()


def series_seconds(bench: Bench, epochs: int) -> float:
    """What the series takes, with the filing of its models."""
    return bench.found.get("series_epoch", SERIES_EPOCH) * 1.03 * epochs + bench.args.filing


def run_series(bench: Bench) -> None:
    """Train the models of part (c); where the time does not suffice, by a recipe of fewer epochs."""
    choices = [bench.args.epochs, *(bench.args.epochs * share // 6 for share in (4, 3, 2, 1))]
    epochs = next((n for n in choices if series_seconds(bench, n) < bench.left), 0)
    if not epochs:
        bench.say("series: left out, too little time is left")
        return
    if epochs != bench.args.epochs:
        bench.say(f"series: {epochs} epochs instead of {bench.args.epochs}, {bench.left:.0f} s are left")
    specs = [replace(spec, epochs=epochs) for spec in series(bench.args)]
    settings, images = Settings.from_environment(), (bench.training, bench.test)
    folder, last, start = bench.args.work, [], time.monotonic()

    def file(name: str, s: int, spec: ModelSpec, found: list[Any], n_memories: int) -> None:
        vae, history = found[s]
        file_trained(folder / f"{name}.safetensors", spec, vae, history, images, settings, n_memories)
        bench.pack(folder / f"{name}.safetensors")

    def keep(state: TrainingState) -> None:
        last[:] = [state]
        if state.epoch in bench.args.snapshots and state.epoch <= epochs:
            found = list(zip(state.networks(), state.histories(), strict=True))
            file(f"{zoo_name(specs[0])}.epoch-{state.epoch:04}", 0, specs[0], found, 100)
            bench.say(f"snapshot at epoch {state.epoch}: test -ELBO {found[0][1].test_negative_elbo[-1]:.2f} nats")

    options: dict[str, Any] = {"device": DEVICE, "engine": bench.engine, "keep": keep}
    stopped = ""
    try:
        found = train.train_stack(specs, *images, progress=bench.stop_when_late(bench.args.filing / 2), **options)
    except train.CancelledError as error:
        found = list(zip(last[0].networks(), last[0].histories(), strict=True))
        stopped = f".stopped-{last[0].epoch:04}"
        bench.say(f"series: {error}; what there is is filed")
    trained = time.monotonic() - start
    for s, spec in enumerate(specs):
        file(f"{zoo_name(spec)}{stopped}", s, spec, found, 500)
        bench.say(f"{zoo_name(spec)}{stopped}: test -ELBO {found[s][1].test_negative_elbo[-1]:.2f} nats")
    bench.note(series={"seconds": trained, "epochs": len(found[0][1].train_negative_elbo), "models": len(specs)})
    freed()
