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
from core.schema import Reals
from core.specs import NOISES, EmbeddingSpec, EnsembleSpec, ExperimentSpec, InferenceSpec
from dashboard import controls, films, wire
from dashboard.compare import comparison
from dashboard.controls import REFERENCE_RUNS
from dashboard.drawing_pad import drawing_pad
from dashboard.experiments import Experiments
from dashboard.first_minute import first_minute
from dashboard.jobs import Jobs
from dashboard.lesson_panel import lesson_bar, lesson_editor
from dashboard.pages.explore.last_labels import LastLabels
from dashboard.pages.explore.live import LivePages
from dashboard.pages.explore.models import model_in_use, settled
from dashboard.pages.explore.own_images import OwnImages
from dashboard.pages.explore.replies import CHUNK, begin_payload, film_payload, run_film_spec, sweep_payload
from dashboard.pages.explore.run_files import RunFiles
from dashboard.pages.explore.saved import SavedFiles
from dashboard.pages.explore.training import job_answer
from dashboard.panels import GRID, playback_bar, sidebar, views
from dashboard.payloads import GalleryPayload, SettledPayload, SweepPayload
from dashboard.requests import Newest, Request, answered, asker, read_request
from dashboard.theme import theme_of
from dashboard.translation import translate

R = TypeVar("R")
T = TypeVar("T")
ROUTES = ("settled", "run", "ensemble", "undamaged", "runfilm", "film", "sweep", "image", "gallery", "job", "progress")
GALLERY = 100  # images to choose from by their pictures; the others have numbers
AWAITED = ("ensemble", "sweep")  # what takes a while, and leaves a panel empty until it is here


class ExplorePage:
    """Layout and callbacks of the explorer."""

    def __init__(self, experiments: Experiments, jobs: Jobs):
        self.experiments, self.jobs = experiments, jobs
        self.newest = Newest()

    def layout(self) -> html.Div:
        """The page; replies fill it."""
        stores = [dcc.Store(id=f"ask-{route}") for route in ROUTES] + [dcc.Store(id=route) for route in ROUTES]
        stores += [dcc.Store(id="busy"), dcc.Store(id="begin", data=begin_payload())]
        parts = [first_minute(), lesson_bar(), sidebar(), comparison(), views(), playback_bar()]
        parts += [drawing_pad(), lesson_editor()]
        return html.Div([*stores, *parts], className="explore")

    def register(self, app: Dash) -> None:
        """Connect the questions to their answers, and the files to their addresses."""
        RunFiles(self.experiments).register(app.server, app.config.routes_pathname_prefix)
        answers: dict[str, Callable[[object], Any]] = {
            "settled": self.open_model,
            "run": self.run,
            "ensemble": self.ensemble,
            "runfilm": self.run_film,
            "film": self.film,
            "sweep": self.sweep,
            "image": self.image,
            "undamaged": self.undamaged,
            "gallery": self.gallery,
            "job": self.job,
            "progress": self.report,
        }
        for route, answer in answers.items():
            app.callback(Output(route, "data"), Input(f"ask-{route}", "data"), prevent_initial_call=True)(answer)
        app.clientside_callback(ClientsideFunction("latent", "begin"), Input("begin", "data"))
        OwnImages(self.experiments).register(app.server, app.config.routes_pathname_prefix)
        LastLabels(self.experiments).register(app.server, app.config.routes_pathname_prefix)
        SavedFiles(self.experiments).register(app.server, app.config.routes_pathname_prefix)
        LivePages().register(app.server, app.config.routes_pathname_prefix)

    @answered
    def open_model(self, data: object) -> SettledPayload:
        """Find the model that the state asks for, and bring the state within what that model can do."""
        request = read_request(data, lenient=True)
        return settled(self.experiments, request)

    @answered
    def run(self, data: object) -> dict[str, Any]:
        """The highlighted run at one p."""
        return self.single_run("run", data)

    @answered
    def run_film(self, data: object) -> Any:
        """The highlighted run at all p of the grid, when the server has room for it."""
        request, entry, spec = self.question("runfilm", data)
        film_spec = run_film_spec(spec, noises_of(data, spec, len(NOISES)))

        def compute(question: Question) -> RunFilm:
            return self.experiments.run_film(question, film_spec)

        def build(film: RunFilm) -> dict[str, Any]:
            return film_payload(film, entry, film_spec)

        reply = self.awaited("runfilm", "runfilm", request, film_spec, "", compute, build)
        if reply is not no_update:
            self.films_ahead(entry, spec)
        return reply

    @answered
    def image(self, data: object) -> dict[str, Any]:
        """The run under the pointer."""
        return self.single_run("image", data)

    @answered
    def undamaged(self, data: object) -> dict[str, Any]:
        """The highlighted run as it would go on without the second damage."""
        return self.single_run("undamaged", data)

    @answered
    def gallery(self, data: object) -> Any:
        """Images of the label, to choose one from."""
        request, entry, spec = self.question("gallery", data)
        count = min(GALLERY, self.experiments.session.n_memories(entry.id))
        ensemble = replace(spec, n_runs=count).part(EnsembleSpec)

        def build() -> GalleryPayload:
            return wire.gallery_payload(self.experiments.starting_images(ensemble), entry.image_shape)

        return self.reply("gallery", request, ensemble, "", build)

    def single_run(self, route: str, data: object) -> dict[str, Any]:
        """One run at one p: milliseconds, so nobody waits for room."""
        request, entry, spec = self.question(route, data)
        film_spec = run_film_spec(spec, noises_of(data, spec, 1))
        return self.reply(
            route,
            request,
            film_spec,
            "",
            lambda: film_payload(self.experiments.single_run(film_spec), entry, film_spec),
        )

    @answered
    def ensemble(self, data: object) -> Any:
        """All runs at the p of the screen, whose activity is kept for other axes; its neighbours are computed ahead.

        And when these are there, the films of the other labels.
        """
        opened = self.question("ensemble", data)
        spec = opened[2]
        reply = self.frames("ensemble", opened, noises_of(data, spec, CHUNK), ENSEMBLE, keep=True)
        if reply is not no_update:
            self.films_ahead(opened[1], spec)
            neighbours = [round(spec.noise + step, 4) for step in (-GRID, GRID)]
            self.experiments.compute_ahead(*(replace(spec, noise=p) for p in neighbours if 0 <= p <= 1))
        return reply

    @answered
    def film(self, data: object) -> Any:
        """All runs at some more p of the grid."""
        opened = self.question("film", data)
        reply = self.frames("film", opened, noises_of(data, opened[2], CHUNK), FIGURE, keep=False)
        self.films_ahead(opened[1], opened[2])
        return reply

    def films_ahead(self, entry: Entry, spec: InferenceSpec) -> None:
        """Have the films of the other labels computed when nobody asks, but for those that are shipped."""
        self.experiments.films_ahead(spec, lambda film: films.shipped_frame(entry, film) is not None)

    def frames(
        self,
        route: str,
        opened: tuple[Request, Entry, InferenceSpec],
        noises: Sequence[float],
        rank: int,
        *,
        keep: bool,
    ) -> Any:
        """Runs at some p, as far as the server has room for them."""
        request, entry, screen = opened
        payloads = []
        for noise in noises:
            spec = replace(screen, noise=noise).part(EmbeddingSpec)

            def compute(question: Question, spec: EmbeddingSpec = spec) -> FilmFrame:
                return self.experiments.result(question, experiments.film_frame, spec, rank=rank, keep=keep)

            def build(frame: FilmFrame, spec: EmbeddingSpec = spec) -> dict[str, Any]:
                return films.frame_payload(frame, entry, spec)

            frame = films.shipped_frame(entry, spec) or self.awaited(route, "frame", request, spec, "", compute, build)
            if frame is no_update:
                return {"frames": payloads} if payloads else no_update
            payloads.append(frame)
        return {"frames": payloads}

    @answered
    def sweep(self, data: object) -> Any:
        """The stage chart, and the sentence for every p, so that the badge follows the finger at once."""
        request, entry, spec = self.question("sweep", data)
        reference = controls.sweep_spec(spec, min(REFERENCE_RUNS, self.experiments.session.n_memories(entry.id)))
        theme = theme_of(request.state.theme)

        def build(sweep: NoiseSweep) -> SweepPayload:
            return sweep_payload(sweep, entry, reference, spec, theme)

        def compute(question: Question) -> NoiseSweep:
            return self.experiments.noise_sweep(question, reference, spec)

        return self.awaited("sweep", "sweep", request, reference, theme.name, compute, build)

    @answered
    def job(self, data: object) -> dict[str, Any]:
        """Train a model or fetch images that are not there: estimate, start, ask, cancel."""
        return job_answer(data, self.experiments, self.jobs)

    def report(self, data: object) -> dict[str, Any]:
        """How far the computation is that this client waits for."""
        client = data.get("client") if isinstance(data, dict) else None
        reports = [self.experiments.computations.progress(str(client), route) for route in AWAITED]
        fraction, text = next((report for report in reports if report), (0.0, ""))
        return {"fraction": fraction, "text": translate(text)}

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
        payload = self.experiments.reply(route, spec, look, build)
        self.give_up_if_stale(route, request)
        return payload

    def awaited(
        self,
        route: str,
        what: str,
        request: Request,
        spec: ExperimentSpec,
        look: str,
        compute: Callable[[Question], R],
        build: Callable[[R], Mapping[str, Any]],
    ) -> Any:
        """The same of what takes a while: given up as soon as the client asks another, or asked again when busy.

        Two routes that give the same share their replies under one name, `what`.
        """
        question = asker(request.client, route, request.sequence)
        try:
            payload = self.experiments.awaited(question, what, spec, look, compute, build)
        except BusyError as error:
            set_props("busy", {"data": {"text": translate(str(error))}})
            return no_update
        self.give_up_if_stale(route, request)
        return payload

    def give_up_if_stale(self, route: str, request: Request) -> None:
        """Nobody waits for an old answer.

        Raises:
            PreventUpdate: The client has sent a newer request on this route.
        """
        if self.newest.is_stale(route, request):
            raise PreventUpdate


def noises_of(data: object, spec: InferenceSpec, most: int) -> tuple[float, ...]:
    """The p that a question names; that of the screen where it names none.

    Raises:
        SpecError: They are no numbers from 0 to 1, or too many.
    """
    named = data.get("noises") if isinstance(data, dict) else None
    return (spec.noise,) if named is None else Reals(0, 1, most=most).check("noises", named)
