"""The dashboard: `python serve.py` serves it, `python app.py` while developing."""

import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from core.computations import CALM, Computations
from core.library import Library
from core.schema import SpecError
from core.settings import Settings
from dashboard import doorway, roles
from dashboard.experiments import Experiments
from dashboard.hosting import Hosting
from dashboard.jobs import Jobs
from dashboard.pages.explore.callbacks import ExplorePage
from dashboard.pages.models.callbacks import ModelsPage
from dashboard.pages.paper.callbacks import PaperPage
from dashboard.shell import PAGES, index, shell
from dashboard.shell import LeanDash as Dash
from dashboard.static import keep_compressed
from dashboard.translation import language, translate_refusals, translated

META = [{"name": "viewport", "content": "width=device-width, initial-scale=1"}]
MAX_REQUEST = 2_000_000  # bytes; a question has a few hundred


def create_app(
    settings: Settings,
    hosting: Hosting | None = None,
    *,
    library: Library | None = None,
    computations: Computations | None = None,
) -> Dash:
    """Build the app; nothing is computed or written and no model is opened before somebody asks.

    Args:
        settings: Where this server keeps things.
        hosting: Who may use it.
        library: The models; those of the settings where none is given.
        computations: Where visitors wait.

    Raises:
        SpecError: A setting cannot be used.
    """
    library = library or Library.of(settings.models)
    computations = computations or Computations(calm=CALM if settings.ahead else None)
    return create_apps(hosting or Hosting(), Jobs(settings, library, computations))[0]


def create_apps(hosting: Hosting, jobs: Jobs) -> list[Dash]:
    """The explorer and the pages beside it, on one server: neither loads what another needs."""
    app = new_app(hosting, "Explore", compress=True, health_endpoint="health")
    app.server.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    doorway.guard(app.server, hosting)
    roles.admit(app.server, hosting)
    translate_refusals(app.server)
    keep_compressed(app.server)
    experiments = Experiments.on(app.server, jobs.settings, jobs.library, jobs.computations)
    app.server.extensions["closing"] = (experiments.computations.close, jobs.close)  # in this order
    explore = ExplorePage(experiments, jobs)
    kept = cache(lambda language: explore.layout())  # whose notes are cut into terms in that language
    set_layout(app, "Explore", hosting, lambda: kept(language()))
    explore.register(app)
    apps = [app]
    for name, page in (
        ("Models", ModelsPage(experiments, jobs, hosting.requests)),
        ("Paper", PaperPage(experiments.session, experiments.computations, hosting.requests)),
    ):
        other = new_app(hosting, name, server=app.server)
        set_layout(other, name, hosting, page.layout)
        page.register(other)
        apps.append(other)
    doorway.send_headers(app.server, apps, hosting)
    return apps


def new_app(hosting: Hosting, name: str, **options: Any) -> Dash:
    """An empty page below its prefixes."""
    return Dash(
        __name__,
        title="Latent Trajectories" if name == "Explore" else f"{name} – Latent Trajectories",
        update_title="",
        index_string=index(name, hosting.requests),
        meta_tags=META,
        asks_before=name == "Explore",
        **hosting.dash_prefixes(PAGES[name]),
        **options,
    )


def set_layout(app: Dash, name: str, hosting: Hosting, content: Callable[[], Any]) -> None:
    """Let a page stand in the shell, which differs for visitors."""
    app.layout = lambda: translated(shell(content(), name, hosting.requests))


def served() -> Dash:
    """The dashboard with the settings of the environment, ready for its first visitor.

    Raises:
        SystemExit: A setting cannot be used; with a sentence.
    """
    try:
        settings, hosting = Settings.from_environment(), Hosting.from_environment()
        app = create_app(settings, hosting)
    except SpecError as error:
        sys.exit(str(error))
    # the first burst of requests after a start meets a half set-up Dash otherwise (plotly/dash#3971)
    app.server.test_client().get(hosting.routes)
    return app


def __getattr__(name: str) -> Any:
    """`server`, for any server of WSGI applications (`gunicorn app:server`); made when it is asked for, once."""
    if name != "server":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["server"] = found = served().server
    return found


if __name__ == "__main__":
    served().run(host=os.environ.get("HOST", "127.0.0.1"), port=os.environ.get("PORT", "8050"))
