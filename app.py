"""The dashboard: `python serve.py` serves it, `python app.py` while developing."""

import os
import sys
from collections.abc import Callable
from typing import Any

from core import experiments
from core.config import Settings
from core.spec import SpecError
from dashboard import doorway, roles
from dashboard.cache import CachedExperiments, ResultCache
from dashboard.hosting import Hosting
from dashboard.jobs import Jobs
from dashboard.pages.explore import ExplorePage
from dashboard.pages.models import ModelsPage
from dashboard.pages.paper import PaperPage
from dashboard.shell import PAGES, index, shell
from dashboard.shell import LeanDash as Dash
from dashboard.static import keep_compressed

META = [{"name": "viewport", "content": "width=device-width, initial-scale=1"}]
MAX_REQUEST = 2_000_000  # bytes; a question has a few hundred


def create_app(settings: Settings, hosting: Hosting | None = None) -> Dash:
    """Build the app; nothing is computed and no model is opened before somebody asks."""
    return create_apps(settings, hosting or Hosting(), Jobs(settings))[0]


def create_apps(settings: Settings, hosting: Hosting, jobs: Jobs) -> list[Dash]:
    """The explorer and the pages beside it, on one server: neither loads what another needs."""
    app = new_app(hosting, "Explore", compress=True, health_endpoint="health")
    app.server.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    doorway.guard(app.server, hosting)
    roles.admit(app.server, hosting)
    keep_compressed(app.server)
    lab = CachedExperiments(settings, ResultCache(app.server, settings), jobs.computations)
    app.server.extensions["closing"] = (lab.computations.close, lab.close, jobs.close)  # in this order
    explore = ExplorePage(lab, jobs)
    content = explore.layout()
    set_layout(app, "Explore", hosting, lambda: content)
    explore.register(app)
    apps = [app]
    for name, page in (
        ("Models", ModelsPage(settings, jobs, hosting.requests)),
        ("Paper", PaperPage(lab, hosting.requests)),
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
        index_string=index(),
        meta_tags=META,
        **hosting.dash_prefixes(PAGES[name]),
        **options,
    )


def set_layout(app: Dash, name: str, hosting: Hosting, content: Callable[[], Any]) -> None:
    """Let a page stand in the shell, which differs for visitors."""
    app.layout = lambda: shell(content(), name, hosting.requests)


try:
    settings, hosting = Settings.from_environment(), Hosting.from_environment()
    if settings.device not in ("auto", "cpu"):
        experiments.device_of(settings)
    app = create_app(settings, hosting)
except SpecError as error:  # a setting that cannot be used
    sys.exit(str(error))
server = app.server

# the first burst of requests after a start meets a half set-up Dash otherwise (plotly/dash#3971)
server.test_client().get(hosting.routes)

if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=os.environ.get("PORT", "8050"))
