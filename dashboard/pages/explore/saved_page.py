"""The explorer as one HTML file that needs no server: its layout, styles, scripts and answers.

::

    layout (panels.py ...)    --> markup, the settings that the file does not hold switched off
    assets/styles, plotly     --> in the file
    assets/explorer/*.js      --> an import map of data: addresses; `#requests` is saved-requests.js
    answers (pages/explore)   --> JSON, compressed: what saved-requests.js answers from

Its content security policy allows no request at all. Whatever stands in the file cannot end its script elements early:
scripts and answers are base64, and the little JSON that is not has no `<`.
"""

import base64
import gzip
import hashlib
import json
import re
from typing import Any

from dash import html
from dash.development.base_component import Component

from core.schema import RefusedError
from dashboard import modules
from dashboard.compare import comparison
from dashboard.first_minute import first_minute
from dashboard.markup import markup
from dashboard.pages.explore.run_files import KINDS
from dashboard.panels import playback_bar, sidebar, views
from dashboard.shell import NO_SCRIPTS, shell
from dashboard.terms import as_json
from dashboard.theme import style_sheet
from dashboard.translation import browser_words, language_attributes, translate, translated

MOST = 8_000_000  # bytes of a file
LEVEL = 6  # of gzip: 9 takes ten seconds for another 3 %
FREE = ("noise", "t", "speed", "theme", "curves", "view")
"""The fields of the screen that can be set in a saved file: for them it holds every answer."""
LEFT_OUT = {"share", "copy-link", "save-all", "new-noise", "random-sample", "open-gallery"}
LEFT_OUT |= {"open-drawing", "damage", "open-tour", "pin", "open-lesson"}
INSTEAD = {"requests": "saved-requests"}
OLD = (
    "If nothing appears, this browser is too old for this file: "
    "it needs Firefox 115, Chrome or Edge 105, Safari 16.4, or newer ones."
)
LATE = "#unanswered{animation:late 0s 3s backwards}@keyframes late{from{visibility:hidden}}"


def saved_page(
    title: str, sentence: str, begin: dict[str, Any], answers: dict[str, Any], recipe: dict[str, Any]
) -> str:
    """The file.

    Args:
        title: Of the page.
        sentence: What the file holds, shown in it and said where more is asked for.
        begin: What the explorer begins with.
        answers: By route, as saved-requests.js reads them.
        recipe: What the answers can be computed from again.

    Raises:
        RefusedError: It is too large; `saved_size` foresees nearly all of these.
    """
    text = file_text(title, sentence, begin, answers, recipe)
    size = len(text.encode())
    if size > MOST:
        raise RefusedError(
            f"This file would have {size / 1e6:.1f} MB; {MOST / 1e6:.0f} MB are allowed. Choose fewer runs or steps."
        )
    return text


def file_text(title: str, sentence: str, begin: dict[str, Any], answers: dict[str, Any], recipe: dict[str, Any]) -> str:
    """The same, of any size."""
    imports = as_script({"imports": {f"#{name}": address for name, address in scripts().items()}})
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    saved = {"sentence": translate(sentence), "free": FREE, "begin": translated(begin), "recipe": recipe}
    return f"""<!DOCTYPE html>
<html {language_attributes()}>
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="{policy(digest)}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{markup(translate(title))}</title>
    <style>{style_sheet()}{styles()}{LATE}</style>
    <script type="importmap">{imports}</script>
    <script type="application/json" id="glossary">{as_json()}</script>
    <script type="application/json" id="words">{browser_words()}</script>
    <script type="application/json" id="saved">{as_script(saved)}</script>
  </head>
  <body>
    <p id="unanswered" role="alert">{markup(translate(OLD))}</p>
    {markup(layout(sentence))}
    <noscript>{markup(translate(NO_SCRIPTS))}</noscript>
    <script type="application/gzip" id="answers">{packed(translated(answers))}</script>
    <script src="{address((modules.ASSETS / "vendor" / "plotly-cartesian.min.js").read_bytes())}"></script>
    <script type="module" src="{address(module("main"))}"></script>
  </body>
</html>
"""


def policy(digest: str) -> str:
    """The content security policy: no request, and no script but those of the file."""
    return (
        f"default-src 'none'; script-src data: 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def styles() -> str:
    """The style sheets of the pages, in their order."""
    return "".join(file.read_text("utf-8") for file in sorted((modules.ASSETS / "styles").glob("*.css")))


def module(name: str) -> bytes:
    """The text of a module."""
    return (modules.ASSETS / modules.FOLDER / f"{INSTEAD.get(name, name)}.js").read_bytes()


def scripts() -> dict[str, str]:
    """The address of every module that the explorer loads, by the name that others import it by."""
    sources: dict[str, str] = {}
    names = ["main"]
    while names:
        name = names.pop()
        if name not in sources and name in modules.addresses():
            content = module(name)
            sources[name] = address(content)
            names += re.findall(r'(?:from|import) "#([\w-]+)"', content.decode())
    return sources


def address(script: bytes) -> str:
    """A script as an address of its own."""
    return f"data:text/javascript;charset=utf-8;base64,{base64.b64encode(script).decode()}"


def as_script(value: Any) -> str:
    """JSON that may stand inside of a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def packed(value: Any) -> str:
    """JSON, compressed, in base64: the same bytes for the same value."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(gzip.compress(text.encode(), LEVEL, mtime=0)).decode()


def layout(sentence: str) -> Component:
    """The explorer's layout; above the settings stands what the file holds."""
    settings: Any = sidebar()
    settings.children.insert(0, html.P(sentence, className="holds note"))
    page = html.Div([first_minute(), settings, comparison(), views(), playback_bar()], className="explore")
    return translated(adapted(shell(page, "Explore", "./"), sentence))


def adapted(node: Any, sentence: str) -> Any:
    """A part of the layout: without what only Dash knows, what needs the server hidden or switched off."""
    if isinstance(node, list | tuple):
        parts = [adapted(each, sentence) for each in node]
        return [each for each in parts if each is not None]
    if not isinstance(node, Component):
        return node
    element: Any = node
    classes = str(getattr(element, "className", "")).split()
    leads_away = {"visiting", "language"} & set(classes)
    if element._namespace != "dash_html_components" or isinstance(element, html.Nav) or leads_away:
        return None
    if getattr(element, "id", "") in LEFT_OUT or "acts" in classes or getattr(element, "data-kind", "") in KINDS:
        element.hidden = True
    if getattr(element, "children", None) is not None:
        element.children = adapted(element.children, sentence)
    field = getattr(element, "data-field", None)
    return element if field is None or field in FREE else html.Fieldset(element, disabled=True, title=sentence)
