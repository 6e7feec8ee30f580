"""What the pages beside the explorer ask for before their scripts run: by links in the head of the HTML.

::

    HTML --> modules, Dash's layout and callbacks, the first pictures of the article   (links: at once, side by side)
         --> plotly.js and Dash, which take longest --> page.js: all that it asks for is here

A browser hands what such a link brought to the first who asks for it. The explorer asks by itself (`startDash`).
"""

from collections.abc import Sequence

from dashboard import modules

MODULE = '<link rel="modulepreload" href="{href}">'
QUESTION = '<link rel="preload" as="fetch" crossorigin="anonymous" href="{href}">'

# A picture has the colours of the look, which may stand in the address: a script says which to ask for, as theme.js
# does later. Not where the address points to another place of the page, or to one figure.
PICTURES = """
if (/\\/paper\\/$/.test(location.pathname) && !location.hash) {
  const chosen = new URLSearchParams(location.search).get("theme");
  const own = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  for (const id of FIRST) {
    const look = ["dark", "light"].includes(chosen) ? chosen : own;
    const link = document.createElement("link"), href = `drawn/${id}.json?look=${look}`;
    document.head.append(Object.assign(link, { rel: "preload", as: "fetch", crossOrigin: "anonymous", href }));
  }
}
"""


def early(root: str, path: str, pictures: Sequence[str] = ()) -> str:
    """The links of a page.

    Args:
        root: Path of the explorer.
        path: Of the page below it.
        pictures: Of the article, those on its first screen.
    """
    names = modules.addresses()
    links = [MODULE.format(href=root + names[name]) for name in modules.imported("page")]
    links += [QUESTION.format(href=f"{root}{path}_dash-{name}") for name in ("layout", "dependencies")]
    script = f"<script>{PICTURES.replace('FIRST', str(list(pictures)))}</script>" if pictures else ""
    return "\n    ".join([*links, script])
