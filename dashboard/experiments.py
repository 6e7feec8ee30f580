"""The core's experiments as the pages ask for them: waited for in one queue, and computed once for all who ask."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any, TypeVar

from flask import Flask
from torch import Tensor

from core import experiments
from core.computations import ENSEMBLE, FIGURE, RUN, Computations, Question, Reporter
from core.library import Library
from core.progress import Progress
from core.results import Ensemble, FixedPlane, LatentSpace, NoiseSweep, Run, RunFilm, StartingImages
from core.schema import RefusedError
from core.session import Compute, Experiment, Session
from core.settings import Settings
from core.specs import EmbeddingSpec, EnsembleSpec, ExperimentSpec, InferenceSpec, NoiseSweepSpec, RunFilmSpec, RunSpec
from core.store import Model, cached_sha256
from dashboard.cache import FlaskStore, Replies

R = TypeVar("R")
T = TypeVar("T")


class Experiments:
    """What the pages ask.

    Args:
        session: What the experiments stand on; its computations are those below.
        computations: The queue.
        replies: What was made of results.
    """

    def __init__(self, session: Session, computations: Computations, replies: Replies):
        self.session, self.computations, self.replies = session, computations, replies

    @staticmethod
    def on(app: Flask, settings: Settings, library: Library, computations: Computations) -> "Experiments":
        """For a server."""

        def shared(key: str, compute: Compute, progress: Progress) -> Any:
            return computations.once(key, compute, progress=progress)

        store = FlaskStore(app, settings)
        session = Session.open(settings, library=library, store=store, turn=computations.turn, shared=shared)
        return Experiments(session, computations, Replies(app))

    @property
    def library(self) -> Library:
        """The models of this machine."""
        return self.session.library

    def why_decoded(self, id: str) -> experiments.NoOriginals | None:
        """Why runs of a model start from decoded images; None where they can start from the original ones."""
        return experiments.why_decoded(id, self.session)

    def latent_space(self, id: str) -> LatentSpace:
        """Landmarks of a model."""
        return experiments.latent_space(id, self.session)

    def fixed_plane(self, id: str) -> FixedPlane:
        """The plane of a model that does not move, kept in memory: every screen asks for it, and it takes a PCA."""
        sha256 = cached_sha256(self.library.entry(id).path)
        return self.replies.get_or_build(f"plane:{id}:{sha256}", lambda: experiments.fixed_plane(id, self.session))

    def run(self, spec: RunSpec) -> Run:
        """One run; cheaper to compute than to keep, and before everything else."""
        with self.computations.at_once():
            return experiments.run(spec, self.session)

    def single_run(self, spec: RunFilmSpec) -> RunFilm:
        """The same as a film of one p; those that are asked for at the same time are computed together."""
        return experiments.run_film(spec, self.session, follow=in_batches(self.computations.run))

    def run_film(self, question: Question, spec: RunFilmSpec) -> RunFilm:
        """The same at all p; waited for, since 41 runs take some tenths of a second and 100 MB. Films that wait
        at the same time are computed together.

        Raises as `Computations.wait_for`.
        """

        def compute(report: Reporter) -> RunFilm:
            follow = in_batches(self.computations.film)
            return experiments.run_film(spec, self.session, progress=report, follow=follow)

        return self.computations.wait_for(question, self.session.key(experiments.run_film, spec), compute, rank=RUN)

    def starting_images(self, spec: EnsembleSpec) -> StartingImages:
        """Images to choose one from."""
        with self.computations.at_once():
            return experiments.starting_images(spec, self.session)

    def reply(self, route: str, spec: ExperimentSpec, look: str, build: Callable[[], T]) -> T:
        """What a route makes of a spec's result and of the look of the screen, built once while it is in memory."""
        return self.replies.get_or_build(self._reply_key(route, spec, look), build)

    def awaited(
        self,
        question: Question,
        route: str,
        spec: ExperimentSpec,
        look: str,
        compute: Callable[[Question], R],
        build: Callable[[R], T],
    ) -> T:
        """The same of what takes a while.

        Args:
            question: Who asks.
            route: What for.
            spec: About what.
            look: Of the screen.
            compute: Gets the results, see `result`; raises as `Computations.wait_for`.
            build: Makes the reply of them.
        """
        key = self._reply_key(route, spec, look)
        reply = self.replies.get(key)
        if reply is not None:
            self.computations.leave(question.client, question.topic)  # it may wait for the answer to an older question
            return reply
        results = compute(question)
        return self.replies.get_or_build(key, lambda: build(results))

    def result(
        self,
        question: Question,
        experiment: Experiment[Any, R],
        spec: ExperimentSpec,
        *,
        rank: int = ENSEMBLE,
        **more: Any,
    ) -> R:
        """What an experiment finds: from the cache, else waited for; raises as `Computations.wait_for`.

        `more` is handed to the experiment; what does not change the result.
        """
        cached = self.session.cached(experiment, spec)
        if cached is not None:
            self.computations.leave(question.client, question.topic)
            return cached
        key = self.session.key(experiment, spec)
        compute = self.session.computation(experiment, spec, **more)
        return self.computations.wait_for(question, key, compute, rank=rank)

    def noise_sweep(self, question: Question, spec: NoiseSweepSpec, screen: InferenceSpec) -> NoiseSweep:
        """The sweep beside the model where there is one, else as `result`, p by p from the one of a screen on.

        Where the screen shows the same runs, the sweep and the film are one computation.
        """
        stored = experiments.stored_noise_sweep(spec, self.session)
        if stored is not None:
            return stored
        more: dict[str, Any] = {}
        if screen.part(ExperimentSpec) == spec.part(ExperimentSpec) and screen.label == spec.label:
            axes = screen.part(EmbeddingSpec)

            def at(noise: float, session: Session, progress: Progress) -> Ensemble:
                shown = replace(axes, noise=noise)
                return experiments.filmed_ensemble(shown, session, progress=progress, keep=noise == axes.noise)

            more = {"at": at, "first": axes.noise}
        return self.result(question, experiments.noise_sweep, spec, rank=FIGURE, **more)

    def compute_ahead(self, *specs: InferenceSpec) -> None:
        """Compute what will probably be asked for, while nothing else is to do."""
        for spec in specs:
            with suppress(RefusedError):  # nobody waits for it; whoever asks will be told
                self._ahead(experiments.film_frame, spec.part(EmbeddingSpec))

    def films_ahead(self, screen: InferenceSpec, is_here: Callable[[EmbeddingSpec], bool] = lambda spec: False) -> None:
        """The same of the films of the other labels that are not shipped, behind all else that is computed so."""
        axes = screen.part(EmbeddingSpec)

        def keep(progress: Progress) -> int:
            missing = [spec for spec in experiments.other_films(axes) if not is_here(spec)]
            return experiments.keep_frames(missing, self.session, progress=progress)

        with suppress(RefusedError):
            of_all = replace(axes, noise=0.0)
            self.computations.ahead(f"films beside {self.session.key(experiments.film_frame, of_all)}", keep)

    def _ahead(self, experiment: Experiment[Any, Any], spec: ExperimentSpec) -> None:
        if self.session.cached(experiment, spec) is None:
            self.computations.ahead(self.session.key(experiment, spec), self.session.computation(experiment, spec))

    def _reply_key(self, route: str, spec: ExperimentSpec, look: str) -> str:
        return f"{route}:{look}:{spec.key()}:{cached_sha256(self.library.entry(spec.model).path)}"


def in_batches(enter: Callable[..., AbstractContextManager[Any]]) -> experiments.Follow:
    """How runs are followed in batches with others that wait.

    Args:
        enter: Waits for a batch, as `Computations.run` and `Computations.film`.
    """

    def follow(model: Model, x: Tensor, n_steps: int) -> AbstractContextManager[tuple[Tensor, Tensor]]:
        def together(starts: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
            return experiments.runs_of_films(model, starts, n_steps)

        return enter((model, n_steps), x, together)

    return follow
