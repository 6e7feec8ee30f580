"""What every page stands in: the HTML frame, the header and the notices."""

from typing import Any

from dash import dcc, html

from dashboard.controls import attributes
from dashboard.theme import style_sheet

PAGES = {"Explore": "", "Paper": "paper/", "Models": "models/"}
INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
    <style>THEME</style>
  </head>
  <body>
    {%app_entry%}
    <noscript>Latent Trajectories needs JavaScript.</noscript>
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""


def index() -> str:
    """The HTML frame, with the colours of both themes in it: nothing flashes before the style sheet arrives."""
    return INDEX.replace("THEME", style_sheet())


def shell(page: Any, current: str, root: str) -> html.Div:
    """A page within header and notices.

    Args:
        page: What stands below the header.
        current: The page's name in the navigation.
        root: Path of the explorer; the other pages lie below it.
    """
    links = [
        html.A(name, href=root + path, **attributes(aria_current="page" if name == current else "false"))
        for name, path in PAGES.items()
    ]
    copy = html.Button("Copy link", id="copy-link", type="button", className="quiet")
    theme = html.Button("Dark", id="toggle-theme", type="button", className="quiet")
    header = html.Header(
        [
            html.H1("Latent Trajectories"),
            html.P("how a variational autoencoder remembers", className="tagline"),
            html.Nav(links, **attributes(aria_label="Pages")),
            html.Div([copy, theme] if current == "Explore" else [theme], className="actions"),
        ]
    )
    notices = html.Div(id="notices", role="alert")
    return html.Div([header, dcc.Store(id="notice"), notices, html.Main(page)], className="shell")
