"""The dashboard: `python serve.py` serves it, `python app.py` while developing."""

import os

from core.config import Settings
from dashboard.cache import CachedExperiments, ResultCache
from dashboard.jobs import Jobs
from dashboard.pages.explore import ExplorePage
from dashboard.pages.models import ModelsPage
from dashboard.pages.paper import PaperPage
from dashboard.shell import PAGES, index, shell
from dashboard.shell import LeanDash as Dash
from dashboard.static import keep_compressed

META = [{"name": "viewport", "content": "width=device-width, initial-scale=1"}]
MAX_REQUEST = 2_000_000  # bytes; a question has a few hundred


def create_app(settings: Settings) -> Dash:
    """Build the app; nothing is computed and no model is opened before somebody asks."""
    app = Dash(
        __name__,
        title="Latent Trajectories",
        update_title="",
        compress=True,
        health_endpoint="health",
        index_string=index(),
        meta_tags=META,
    )
    app.server.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    keep_compressed(app.server)
    root = app.config.requests_pathname_prefix
    lab = CachedExperiments(settings, ResultCache(app.server, settings))
    jobs = Jobs(settings, lab.computations)
    app.server.extensions["closing"] = (lab.computations.close, lab.close, jobs.close)  # in this order
    page = ExplorePage(lab, jobs)
    app.layout = shell(page.layout(), "Explore", root)
    page.register(app)
    add_page(app, "Models", ModelsPage(settings, jobs, root))
    add_page(app, "Paper", PaperPage(lab, root))
    return app


def add_page(explorer: Dash, name: str, page: ModelsPage | PaperPage) -> None:
    """A page of its own beside the explorer, on the same server: neither loads what the other needs."""
    root = explorer.config.requests_pathname_prefix
    app = Dash(
        __name__,
        server=explorer.server,
        url_base_pathname=f"{root}{PAGES[name]}",
        title=f"{name} – Latent Trajectories",
        update_title="",
        index_string=index(),
        meta_tags=META,
    )
    app.layout = lambda: shell(page.layout(), name, root)
    page.register(app)


app = create_app(Settings.from_environment())
server = app.server

# the first burst of requests after a start meets a half set-up Dash otherwise (plotly/dash#3971)
server.test_client().get(app.config.requests_pathname_prefix)

if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=os.environ.get("PORT", "8050"))
