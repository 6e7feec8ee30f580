"""What every page stands in: the HTML frame, the header and the notices."""

import re
from html import escape
from typing import Any

from dash import ClientsideFunction, Dash, Input, dcc, html
from flask import Response, request

from dashboard import modules, roles
from dashboard.compare import pin_button
from dashboard.controls import attributes
from dashboard.early import early
from dashboard.first_minute import what_is_this
from dashboard.languages import catalogues, name_of
from dashboard.lesson_panel import open_lesson
from dashboard.presenter import present_button
from dashboard.requests import is_question
from dashboard.save_menu import SAVE_ALL, save_all
from dashboard.share import share
from dashboard.terms import as_json, terms
from dashboard.theme import style_sheet
from dashboard.translation import KEY as LANGUAGE
from dashboard.translation import browser_words, language, language_attributes, translate

FIRST_PICTURES = ("stages", "fig1")
NO_SCRIPTS = "Latent Trajectories needs JavaScript."
UNANSWERED = "The server does not answer. This page asks again until it does."
LOOKING = "You can look at everything here."
LEADING = "You can look at everything here and lead lessons."
PAGES = {"Explore": "", "Paper": "paper/", "Models": "models/"}
INDEX = """<!DOCTYPE html>
<html LANGUAGE>
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    <script>LOST</script>
    <script type="importmap">MODULES</script>
    EARLY
    {%css%}
    <style>THEME</style>
    <script type="application/json" id="glossary">GLOSSARY</script>
    <script type="application/json" id="words">WORDS</script>
  </head>
  <body>
    <p id="unanswered" role="alert" data-lost="UNANSWERED"></p>
    {%app_entry%}
    <noscript>NO_SCRIPTS</noscript>
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
    START
  </body>
</html>"""


# A script or a style that does not arrive leaves a page that nothing can mend: once the server gives it, the page is
# loaded again. Inline, since what watches over the files cannot be one of them, and before them: a script waits for the
# style sheets above it, and would miss the first that is lost.
LOST = """
addEventListener("error", ({ target }) => {
  if (!(target instanceof Element && target.matches("script, link[rel=stylesheet]"))) return;
  const ask = async (pause) => {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const reply = await fetch(target.src || target.href, { cache: "reload" }).catch(() => null);
    if (reply?.ok) { location.reload(); return; }
    const place = document.getElementById("unanswered");
    if (place) place.textContent = place.dataset.lost;
    ask(Math.min(2 * pause, 15000));
  };
  ask(500);
}, true);
"""
LEFT_OUT = re.compile(r'<script src="[^"]*(?:/dash_table/|/deps/polyfill)[^"]*"></script>\n?')


class LeanDash(Dash):
    """Dash whose notices are shown, without 40 kB that no page needs and without tracebacks for what is no question.

    Left out are its table, and polyfills for browsers of before 2018. Of these Dash's components use one,
    `regeneratorRuntime`: assets/vendor has it.

    Args:
        asks_before: Whether the page asks for layout and callbacks before Dash does, which then has them from the
            browser's cache. Not where a layout differs from tab to tab.
    """

    def __init__(self, *args: Any, asks_before: bool = False, **options: Any):
        super().__init__(*args, assets_path_ignore=[modules.FOLDER], **options)
        self.seconds_cached = 30 if asks_before else 0
        self.renderer = ""  # the module that starts the page does it, when all scripts are there
        name = f"{self.config.routes_pathname_prefix}_dash-update-component"
        answer = self.server.view_functions[name]

        def checked() -> Any:
            if is_question(posted(), self.callback_map):
                return answer()
            return Response("This is no question of this page. Reload the page.", 400, mimetype="text/plain")

        self.server.view_functions[name] = checked
        self.clientside_callback(
            ClientsideFunction("latent", "notice"), Input("notice", "data"), prevent_initial_call=True
        )

    def serve_layout(self) -> Any:
        return self._cached(super().serve_layout())

    def dependencies(self) -> Any:
        return self._cached(super().dependencies())

    def _cached(self, response: Response) -> Response:
        if self.seconds_cached:
            response.headers["Cache-Control"] = f"private, max-age={self.seconds_cached}"
            response.vary.update(["Accept-Language", "Referer"])  # which say the language
        return response

    def interpolate_index(self, **parts: str) -> str:
        given = {"scripts": LEFT_OUT.sub("", parts["scripts"]), "title": translate(parts["title"])}
        return in_language(super().interpolate_index(**parts | given))


def in_language(frame: str) -> str:
    """The HTML frame in the language of the page: that of the elements in it, and the words that scripts write."""
    sentences = {"UNANSWERED": escape(translate(UNANSWERED)), "NO_SCRIPTS": escape(translate(NO_SCRIPTS))}
    parts = {"LANGUAGE": language_attributes(), **sentences, "GLOSSARY": as_json(), "WORDS": browser_words()}
    for place, text in parts.items():
        frame = frame.replace(place, text, 1)
    return frame


def posted() -> Any:
    """The JSON of a request; None where it has none that can be read."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def index(page: str, root: str) -> str:
    """The HTML frame, with the colours of both themes in it: nothing flashes before the style sheet arrives.

    Args:
        page: The page's name in the navigation.
        root: Path of the explorer.
    """
    start = modules.entry("main" if page == "Explore" else "page", root)
    asks = early(root, PAGES[page], FIRST_PICTURES if page == "Paper" else ()) if page != "Explore" else ""
    frame = INDEX.replace("THEME", style_sheet()).replace("LOST", LOST).replace("EARLY", asks)
    frame = frame.replace("MODULES", modules.import_map(root))
    return frame.replace("START", start)


def shell(page: Any, current: str, root: str) -> html.Div:
    """A page within header and notices; 02-shell.css hides from others what has the class `acts` or `presents`.

    Args:
        page: What stands below the header.
        current: The page's name in the navigation.
        root: Path of the explorer; the other pages lie below it.
    """
    links = [
        html.A(name, href=root + path, **attributes(aria_current="page" if name == current else "false"))
        for name, path in PAGES.items()
    ]
    save = [save_all(current)] if current in SAVE_ALL else []
    copy = html.Button("Copy link", id="copy-link", type="button", className="quiet")
    theme = html.Button("Dark", id="toggle-theme", type="button", className="quiet")
    ask = [what_is_this(), pin_button(), present_button(), copy, share(), open_lesson()] if current == "Explore" else []
    header = html.Header(
        [
            html.H1("Latent Trajectories"),
            html.P(terms("how a variational autoencoder remembers"), className="tagline"),
            html.Nav(links, **attributes(aria_label="Pages")),
            html.Div([*ask, *save, theme, *other_languages()], className="actions"),
        ]
    )
    notices = html.Div(id="notices", role="alert")
    parts = [header, dcc.Store(id="notice"), notices]
    role = attributes(data_role=roles.current_role())
    if roles.may("train"):
        return html.Div([*parts, html.Main(page)], className="shell", **role)
    first = LEADING if roles.may("present") else LOOKING
    look = html.P(f"{first} {roles.VISITOR}", className="visiting note")
    return html.Div([*parts, look, html.Main(page)], className="shell visitor", **role)


def other_languages() -> list[html.A]:
    """The same page in every other language, by what it calls itself; languages.js keeps the settings of the page."""
    return [
        html.A(name_of(code), href=f"?{LANGUAGE}={code}", lang=code, hrefLang=code, className="language")
        for code in catalogues()
        if code != language()
    ]
