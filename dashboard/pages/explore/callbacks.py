"""The explorer: drag p and watch stage I turn into II and III.

::

    state (state.js) --> what is wanted (routes.js) -+--> settled   model, limits, landmarks, notes
                                                    +--> run       the highlighted run at one p: z, distances, images
                                                    +--> ensemble  300 runs at one p: both planes, nearest now, curves
                                                    +--> runfilm   the run at all p of the grid, one batch
                                                    +--> film      the ensemble at a few p more, those nearest first
                                                    +--> sweep     stage chart, captions   (shipped, else compute)
                                                    +--> image     the run under the pointer
                                                    +--> gallery   images of the label, to choose one from
                                                    +--> job       train or fetch what is missing
                                                    `--> progress  of what is waited for
    p with its film here, t, play, scrub --> film.js, player.js --> panels              no server
    busy: said on the panel that waits, and asked again after a while

Every question carries the state as a query string, the client and a sequence number; every reply is data. The browser
(questions.js) asks these callbacks as Dash's renderer would, one open question a route.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update, set_props
from dash.exceptions import PreventUpdate

from core import experiments
from core.computations import ENSEMBLE, FIGURE, BusyError, Question
from core.library import Entry
from core.results import FilmFrame, NoiseSweep, RunFilm
from core.schema import Reals, SpecError
from core.specs import NOISES, EmbeddingSpec, EnsembleSpec, ExperimentSpec, InferenceSpec, RunFilmSpec
from core.zoo import FORMER_WEIGHTS, recipe, trained_anew
from dashboard import captions, controls, figures, films, wire
from dashboard.controls import REFERENCE_RUNS, ScreenState
from dashboard.experiments import Experiments
from dashboard.first_minute import first_minute
from dashboard.jobs import Jobs
from dashboard.pages.explore.models import fitted, model_card, model_in_use, model_of
from dashboard.panels import GRID, playback_bar, sidebar, views
from dashboard.payloads import GalleryPayload, SettledPayload, SweepPayload
from dashboard.requests import Newest, Request, answered, asker, read_request
from dashboard.roles import require_operator
from dashboard.theme import MARKERS, theme_of

R = TypeVar("R")
T = TypeVar("T")
ROUTES = ("settled", "run", "ensemble", "runfilm", "film", "sweep", "image", "gallery", "job", "progress")
CHUNK = 4  # values of p that one question about an ensemble names at most: meanwhile it holds a thread of the server
GALLERY = 100  # images to choose from by their pictures; the others have numbers
AWAITED = ("ensemble", "sweep")  # what takes a while, and leaves a panel empty until it is here
MANY = 3  # broken files that are named one by one


class ExplorePage:
    """Layout and callbacks of the explorer."""

    def __init__(self, experiments: Experiments, jobs: Jobs):
        self.experiments, self.jobs = experiments, jobs
        self.newest = Newest()

    def layout(self) -> html.Div:
        """The page; replies fill it."""
        begin = {"fields": controls.field_list(), "markers": MARKERS, "alphabet": wire.ALPHABET}
        begin |= {"grid": GRID, "chunk": CHUNK}
        stores = [dcc.Store(id=f"ask-{route}") for route in ROUTES] + [dcc.Store(id=route) for route in ROUTES]
        stores += [dcc.Store(id="busy"), dcc.Store(id="begin", data=begin)]
        return html.Div([*stores, first_minute(), sidebar(), views(), playback_bar()], className="explore")

    def register(self, app: Dash) -> None:
        """Connect the questions to their answers."""
        answers: dict[str, Callable[[object], Any]] = {
            "settled": self.settle,
            "run": self.run,
            "ensemble": self.ensemble,
            "runfilm": self.run_film,
            "film": self.film,
            "sweep": self.sweep,
            "image": self.image,
            "gallery": self.gallery,
            "job": self.job,
            "progress": self.report,
        }
        for route, answer in answers.items():
            app.callback(Output(route, "data"), Input(f"ask-{route}", "data"), prevent_initial_call=True)(answer)
        app.clientside_callback(ClientsideFunction("latent", "begin"), Input("begin", "data"))

    @answered
    def settle(self, data: object) -> SettledPayload:
        """Find the model that the state asks for, and bring the state within what that model can do."""
        request = read_request(data, lenient=True)
        entry, notes, offer = model_of(self.experiments, request.state, quiet=request.changed == "dataset")
        why = self.experiments.why_decoded(entry.id)
        held = self.experiments.session.n_memories(entry.id)
        state, more = fitted(request.state, entry, why, held, first=not request.changed)
        default = self.experiments.library.default(entry.spec.dataset, entry.spec.n_latent, entry.spec.beta)
        entries = self.experiments.library.entries()
        usable = [e for e in entries if not e.problem and e.spec.dataset == entry.spec.dataset]
        alike = [e for e in usable if e.spec.n_latent == state.n_latent]
        shape = entry.image_shape
        if request.version == "1" and entry.origin == "shipped" and entry.id in FORMER_WEIGHTS:
            notes.append(trained_anew(entry.id, "this link was made"))
        broken = [e.problem for e in entries if e.problem] if not request.changed else []
        if len(broken) > MANY:
            broken[MANY:] = [f"{len(broken) - MANY} more files are no models that can be used: see the Models page."]
        return {
            "state": replace(state, model="" if entry.id == default.id else entry.id).to_dict(),
            "space": wire.space_payload(self.experiments.latent_space(entry.id), shape),
            "fixed": wire.fixed_plane_payload(self.experiments.fixed_plane(entry.id)),
            "latents": sorted({e.spec.n_latent for e in usable}),
            "betas": sorted({e.spec.beta for e in alike}),
            "models": captions.model_choices([e for e in alike if e.spec.beta == state.beta]),
            "model": entry.id,
            "base": self.experiments.library.base(entry.id),
            "series": self.experiments.library.ages(entry.id),
            "labels": list(entry.label_names),
            "limits": {"n_runs": held, "sample": held - 1},
            "images_here": not why,
            "images_note": why.reason if why and not why.is_missing else "",
            "fetchable": bool(why and why.is_fetchable),
            "card": model_card(entry),
            "notes": list(dict.fromkeys([*request.notes, *notes, *more, *broken])),
            "offer": offer,
        }

    @answered
    def run(self, data: object) -> dict[str, Any]:
        """The highlighted run at one p."""
        return self.single_run("run", data)

    @answered
    def run_film(self, data: object) -> Any:
        """The highlighted run at all p of the grid, when the server has room for it."""
        request, entry, spec = self.question("runfilm", data)
        asked = run_film_spec(spec, noises_of(data, spec, len(NOISES)))

        def find(question: Question) -> RunFilm:
            return self.experiments.run_film(question, asked)

        def build(film: RunFilm) -> dict[str, Any]:
            return film_payload(film, entry, asked)

        found = self.awaited("runfilm", "runfilm", request, asked, "", find, build)
        if found is not no_update:
            self.films_ahead(entry, spec)
        return found

    @answered
    def image(self, data: object) -> dict[str, Any]:
        """The run under the pointer."""
        return self.single_run("image", data)

    @answered
    def gallery(self, data: object) -> Any:
        """Images of the label, to choose one from."""
        request, entry, spec = self.question("gallery", data)
        count = min(GALLERY, self.experiments.session.n_memories(entry.id))
        asked = replace(spec, n_runs=count).part(EnsembleSpec)

        def build() -> GalleryPayload:
            return wire.gallery_payload(self.experiments.starting_images(asked), entry.image_shape)

        return self.reply("gallery", request, asked, "", build)

    def single_run(self, route: str, data: object) -> dict[str, Any]:
        """One run at one p: milliseconds, so nobody waits for room."""
        request, entry, spec = self.question(route, data)
        asked = run_film_spec(spec, noises_of(data, spec, 1))
        return self.reply(
            route, request, asked, "", lambda: film_payload(self.experiments.single_run(asked), entry, asked)
        )

    @answered
    def ensemble(self, data: object) -> Any:
        """All runs at the p of the screen, whose activity is kept for other axes; its neighbours are computed ahead.

        And when these are there, the films of the other labels.
        """
        asked = self.question("ensemble", data)
        spec = asked[2]
        found = self.frames("ensemble", asked, noises_of(data, spec, CHUNK), ENSEMBLE, keep=True)
        if found is not no_update:
            self.films_ahead(asked[1], spec)
            neighbours = [round(spec.noise + step, 4) for step in (-GRID, GRID)]
            self.experiments.compute_ahead(*(replace(spec, noise=p) for p in neighbours if 0 <= p <= 1))
        return found

    @answered
    def film(self, data: object) -> Any:
        """All runs at some more p of the grid."""
        asked = self.question("film", data)
        found = self.frames("film", asked, noises_of(data, asked[2], CHUNK), FIGURE, keep=False)
        self.films_ahead(asked[1], asked[2])
        return found

    def films_ahead(self, entry: Entry, spec: InferenceSpec) -> None:
        """Have the films of the other labels computed when nobody asks, but for those that are shipped."""
        self.experiments.films_ahead(spec, lambda film: films.shipped_frame(entry, film) is not None)

    def frames(
        self,
        route: str,
        asked: tuple[Request, Entry, InferenceSpec],
        noises: Sequence[float],
        rank: int,
        *,
        keep: bool,
    ) -> Any:
        """Runs at some p, as far as the server has room for them."""
        request, entry, screen = asked
        found = []
        for noise in noises:
            spec = replace(screen, noise=noise).part(EmbeddingSpec)

            def find(question: Question, spec: EmbeddingSpec = spec) -> FilmFrame:
                return self.experiments.result(question, experiments.film_frame, spec, rank=rank, keep=keep)

            def build(frame: FilmFrame, spec: EmbeddingSpec = spec) -> dict[str, Any]:
                return films.frame_payload(frame, entry, spec)

            frame = films.shipped_frame(entry, spec) or self.awaited(route, "frame", request, spec, "", find, build)
            if frame is no_update:
                return {"frames": found} if found else no_update
            found.append(frame)
        return {"frames": found}

    @answered
    def sweep(self, data: object) -> Any:
        """The stage chart, and the sentence for every p, so that the badge follows the finger at once."""
        request, entry, spec = self.question("sweep", data)
        reference = controls.sweep_spec(spec, min(REFERENCE_RUNS, self.experiments.session.n_memories(entry.id)))
        theme = theme_of(request.state.theme)

        def build(sweep: NoiseSweep) -> SweepPayload:
            shown = replace(spec, n_runs=reference.n_runs)
            sentences = [
                captions.caption_of(entry, replace(shown, noise=float(p)), row, runner_up)
                for p, row, runner_up in zip(sweep.noises, sweep.minimum_distance.T, sweep.runners_up, strict=True)
            ]
            note = (
                f"{reference.n_runs} runs for each p, T = {reference.n_steps}, seed {reference.seed}; "
                "bands 2 SEM, paler where undecided."
            )
            chart = figures.stage_chart(sweep, theme, label=entry.label_names[spec.label], has_names=False).to_dict()
            return {
                **wire.minima_payload(sweep),
                "captions": sentences,
                "note": note,
                "figure": {"data": chart["data"], "layout": chart["layout"]},
            }

        def find(question: Question) -> NoiseSweep:
            return self.experiments.noise_sweep(question, reference, spec)

        return self.awaited("sweep", "sweep", request, reference, theme.name, find, build)

    @answered
    def job(self, data: object) -> dict[str, Any]:
        """Train a model or fetch images that are not there: estimate, start, ask, cancel."""
        if not isinstance(data, dict):
            raise SpecError("The request must be an object. Reload the page.")
        action, key = data.get("action"), data.get("key")
        if action != "status":
            require_operator()
        if action in ("status", "cancel") and isinstance(key, str):
            if action == "cancel":
                self.jobs.cancel(key)
            status = self.jobs.status(key)
            if status is None:
                raise SpecError("The server does not know this job any more: it was restarted. Start it again.")
            return {"key": key, "state": status.state, "fraction": status.fraction, "text": status.text}
        state = ScreenState(dataset=data.get("dataset", ""), n_latent=data.get("n_latent", 0))  # checks both
        spec = recipe(state.dataset, state.n_latent)
        if action == "estimate":
            time = captions.duration(self.jobs.estimated_seconds(spec, asker()))
            fetch = (
                "" if self.experiments.session.source(state.dataset) == "original" else ", after fetching its images"
            )
            return {"estimate": f"Training it takes {time} {self.jobs.where} ({spec.epochs} epochs{fetch})."}
        if action == "train":
            return {"key": self.jobs.train(spec), "state": "waiting", "fraction": 0, "text": "starting"}
        if action == "download":
            return {"key": self.jobs.download(state.dataset), "state": "waiting", "fraction": 0, "text": "starting"}
        raise SpecError("The action must be estimate, train, download, status or cancel. Reload the page.")

    def report(self, data: object) -> dict[str, Any]:
        """How far the computation is that this client waits for."""
        client = data.get("client") if isinstance(data, dict) else None
        found = [self.experiments.computations.progress(str(client), route) for route in AWAITED]
        fraction, text = next((each for each in found if each), (0.0, ""))
        return {"fraction": fraction, "text": text}

    def question(self, route: str, data: object) -> tuple[Request, Entry, InferenceSpec]:
        """Read a question, note that it is the newest of its client, and build its spec."""
        request = read_request(data)
        self.newest.note(route, request)
        self.give_up_if_stale(route, request)
        entry = model_in_use(self.experiments, request)
        usual = "decoded" if self.experiments.why_decoded(entry.id) else "original"
        source = usual if request.state.source == "auto" else request.state.source
        return request, entry, request.state.inference_spec(entry.id, source)

    def reply(self, route: str, request: Request, spec: ExperimentSpec, look: str, build: Callable[[], T]) -> T:
        """The reply to a question, unless the client asks another meanwhile."""
        found = self.experiments.reply(route, spec, look, build)
        self.give_up_if_stale(route, request)
        return found

    def awaited(
        self,
        route: str,
        what: str,
        request: Request,
        spec: ExperimentSpec,
        look: str,
        find: Callable[[Question], R],
        build: Callable[[R], Mapping[str, Any]],
    ) -> Any:
        """The same of what takes a while: given up as soon as the client asks another, or asked again when busy.

        Two routes that give the same share their replies under one name, `what`.
        """
        question = asker(request.client, route, request.sequence)
        try:
            found = self.experiments.awaited(question, what, spec, look, find, build)
        except BusyError as error:
            set_props("busy", {"data": {"text": str(error)}})
            return no_update
        self.give_up_if_stale(route, request)
        return found

    def give_up_if_stale(self, route: str, request: Request) -> None:
        """Nobody waits for an old answer."""
        if self.newest.is_stale(route, request):
            raise PreventUpdate


def run_film_spec(spec: InferenceSpec, noises: tuple[float, ...]) -> RunFilmSpec:
    """The highlighted run at some p."""
    shared = {name: getattr(spec, name) for name in RunFilmSpec.__dataclass_fields__ if name != "noises"}
    return RunFilmSpec(noises=noises, **shared)


def film_payload(film: RunFilm, entry: Entry, spec: RunFilmSpec) -> dict[str, Any]:
    """One run at some p, with a sentence for each."""
    sentences = captions.run_captions(film, label=entry.label_names[spec.label], sample=spec.sample)
    sent = wire.run_film_payload(film, entry.image_shape, sentences)
    return {**sent, "label": spec.label, "sample": spec.sample}


def noises_of(data: object, spec: InferenceSpec, most: int) -> tuple[float, ...]:
    """The p that a question names; that of the screen where it names none.

    Raises:
        SpecError: They are no numbers from 0 to 1, or too many.
    """
    named = data.get("noises") if isinstance(data, dict) else None
    return (spec.noise,) if named is None else Reals(0, 1, most=most).check("noises", named)
