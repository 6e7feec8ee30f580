"""Fetch images and train: a model, a classifier, all that is shipped."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.pool import ThreadPool
from typing import Any

import joblib

from core import download, experiments
from core.commands.console import progress_bar
from core.commands.options import spec_from
from core.experiments import side_by_side
from core.schema import RefusedError
from core.session import Session
from core.specs import ClassifierSpec, ModelSpec
from core.store import read_recipe
from core.zoo import CLASSIFIERS, ZOO

Zoo = Mapping[str, ModelSpec | ClassifierSpec]


def run_download(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Fetch a data set into the folder of the settings."""
    with progress_bar(args.dataset) as report:
        download.download(args.dataset, session.settings.data, progress=report)
    return {"dataset": args.dataset, "folder": str(session.settings.data)}


def run_train(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Train a model, and keep its weights after some epochs on the way where that is asked for."""
    spec = spec_from(args, ModelSpec)
    epochs = tuple(epoch for epoch in args.snapshots if epoch != spec.epochs)  # the last is the model itself
    with progress_bar(f"{spec.dataset} N_z={spec.n_latent}") as report:
        path, history = experiments.train_model(
            spec, session.settings, path=args.output, snapshots=epochs, progress=report
        )
    if epochs:
        with progress_bar("stages of '6'") as report:
            experiments.derive_ages(path, session.settings, progress=report)
    return {
        "file": str(path),
        "spec": spec.to_dict(),
        "seconds": round(history.seconds),
        "test_negative_elbo": history.test_negative_elbo[-1],
    }


def run_classifier(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Train the network that predicts the labels of images."""
    shipped = CLASSIFIERS.get(f"{args.dataset}-classifier", ClassifierSpec())
    spec = spec_from(args, ClassifierSpec, **shipped.to_dict())
    with progress_bar(f"classifier of {spec.dataset}") as report:
        path, trained = experiments.train_classifier(
            spec, session.settings, library=session.library, path=args.output, progress=report
        )
    card = read_recipe(path, ClassifierSpec)[1]
    return {
        "file": str(path),
        "spec": spec.to_dict(),
        "trained": trained,
        "seconds": card.seconds,
        "test_accuracy": card.test_accuracy,
    }


def run_zoo(args: argparse.Namespace, session: Session, zoo: Zoo = ZOO | CLASSIFIERS) -> dict[str, Any]:
    """Train what is missing of the shipped models: side by side on a GPU, else one by one or in processes."""
    names = args.only or list(zoo)
    if args.processes > 1:
        with ThreadPool(args.processes) as pool:
            failed = sum(pool.map(lambda name: in_own_process(args, name), names, chunksize=1))
        if failed:
            raise RefusedError("Some models were not trained, as said above. Start again: what is done is kept.")
    else:
        one_by_one = {name: zoo[name] for name in names}
        if session.device.type == "cuda":
            stacked = {name: spec for name, spec in one_by_one.items() if isinstance(spec, ModelSpec)}
            with progress_bar("zoo") as report:
                side_by_side.zoo_stacks(stacked, session.settings, folder=args.output, progress=report)
            one_by_one = {name: spec for name, spec in one_by_one.items() if name not in stacked}
        for name, spec in one_by_one.items():
            with progress_bar(name) as report:
                experiments.zoo_model(name, spec, session.settings, folder=args.output, progress=report)
    return {"folder": str(args.output), "models": names}


def in_own_process(args: argparse.Namespace, name: str) -> int:
    """Train one model of the zoo on its share of the cores; returns the exit status."""
    threads = max(1, joblib.cpu_count() // args.processes)
    command = [sys.executable, "-m", "core", "zoo", "--only", name, "--output", str(args.output)]
    command += ["--device", args.device] if args.device else []
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode
