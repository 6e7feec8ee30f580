"""Runs of repeated inference at one noise p, and their stages over p."""

import argparse
import json
import sys
from dataclasses import fields
from typing import Any

import numpy as np

from core import experiments
from core.commands.console import progress_bar
from core.commands.options import model_of, spec_from
from core.results import PAIRS, POINTS
from core.schema import Spec
from core.session import Session
from core.specs import EmbeddingSpec, EnsembleSpec, InferenceSpec, NoiseSweepSpec


def run_infer(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Follow an ensemble at one p; its arrays go to a file where one is named."""
    spec = inference_spec(args, session, InferenceSpec)
    with progress_bar(f"label {spec.label}, p = {spec.noise:g}") as report:
        result = session.result(experiments.trajectories, spec.part(EnsembleSpec), progress=report)
        plane = session.result(experiments.embedding, spec.part(EmbeddingSpec), progress=report)
        report(1.0, "done")
    own = experiments.run(spec, session)
    ensemble = result.ensemble
    if args.output:
        fields_of = vars(result) | vars(plane)
        arrays: dict[str, Any] = {name: value for name, value in fields_of.items() if isinstance(value, np.ndarray)}
        args.output = args.output.with_suffix(".npz")  # as NumPy would name it
        np.savez_compressed(args.output, recipe=json.dumps(spec.to_dict()), run_z=own.z, **arrays)
    return {
        "spec": spec.to_dict(),
        "stage": str(ensemble.stage),
        "minimum_distance": named(ensemble.minimum_distance),
        "minimum_step": named(ensemble.minimum_step),
        "nearest_share": named(ensemble.nearest_share),
        "approach_share": round(ensemble.approach_share, 4),
        "same_step_approach_share": round(ensemble.same_step_approach_share, 4),
        "run": {"nearest": str(own.nearest), "minimum_distance": named(own.minimum_distance)},
        "output": str(args.output) if args.output else None,
    }


def run_stages(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """A table of the stages over p, and for JSON the minima behind them."""
    spec = inference_spec(args, session, NoiseSweepSpec)
    with progress_bar(f"label {spec.label}, {spec.noise_kind}") as report:
        sweep = session.result(experiments.noise_sweep, spec, progress=report)
    if not args.json:
        print("    p  stage      memory concept abstract")
        for p, stage, runner_up, row in zip(
            sweep.noises, sweep.stages, sweep.runners_up, sweep.minimum_distance.T, strict=True
        ):
            words = f"{stage} or {runner_up}" if runner_up else stage
            print(f"{p:5.3f}  {words:9}  {row[0]:6.3f}  {row[1]:6.3f}   {row[2]:6.3f}")
    return {
        "spec": spec.to_dict(),
        "noises": sweep.noises.tolist(),
        "stages": [str(stage) for stage in sweep.stages],
        "runners_up": [stage and str(stage) for stage in sweep.runners_up],
        "minimum_distance": named(sweep.minimum_distance),
        "minimum_distance_sem": named(sweep.minimum_distance_sem),
        "minimum_distance_difference_sem": of_pairs(sweep.minimum_distance_difference_sem),
        "minimum_step": named(sweep.minimum_step),
        "minimum_step_sem": named(sweep.minimum_step_sem),
        "minimum_step_difference_sem": of_pairs(sweep.minimum_step_difference_sem),
        "approach_share": sweep.approach_share.tolist(),
        "strict_approach_share": sweep.strict_approach_share.tolist(),
        "same_step_approach_share": sweep.same_step_approach_share.tolist(),
    }


def inference_spec(args: argparse.Namespace, session: Session, spec: type[Spec]) -> Any:
    """A spec on a model: from original images where they are here unless one is named, with at most all memories."""
    entry = model_of(args, session)
    why = experiments.why_decoded(entry.id, session)
    if args.source is None and why:
        print(f"{why.reason} Runs start from decoded memories (--source decoded).", file=sys.stderr)
    source = "decoded" if why else "original"
    most = session.n_memories(entry.id)
    usual: Any = next(item.default for item in fields(spec) if item.name == "n_runs")
    return spec_from(args, spec, model=entry.id, source=source, n_runs=min(usual, most))


def named(values: np.ndarray) -> dict[str, Any]:
    """An array whose first axis is `points`, by the names of the points."""
    return {name: value.tolist() for name, value in zip(POINTS, values, strict=True)}


def of_pairs(values: np.ndarray) -> dict[str, Any]:
    """An array whose first axis is `pairs`, by the names of the points."""
    return {f"{POINTS[i]} - {POINTS[j]}": value.tolist() for (i, j), value in zip(PAIRS, values, strict=True)}
