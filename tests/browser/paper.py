"""Pages of the paper in a browser: opened, waited for, set."""

from tests.browser.tab import Tab

DRAWN = (
    "..drawn.figure...drawn-title.children...drawn-note.children...files.children...drawn-panel.hidden...drawn.style"
    "...message.children.."
)
"""The outputs of the callback that draws a figure, as Dash writes them."""
QUERY = "model=digits-nz10-seed0&n_runs=100"
SMALL = "model=digits-nz10-seed0&n_runs=20"


def paper(one: Tab, id: str = "fig7b", query: str = QUERY) -> Tab:
    """Open the page of a figure of the digits."""
    one.page.goto(f"{one.server}/paper/{id}?{query}")
    return drawn(one)


def drawn(one: Tab) -> Tab:
    """Wait until the figure is drawn that was asked for last."""
    one.page.wait_for_selector("#drawn .main-svg >> nth=0")
    one.page.wait_for_function("() => document.getElementById('cancel').disabled")
    one.frame()
    return one


def article(one: Tab, path: str = "") -> Tab:
    """Open the article and wait until all of its pictures are drawn."""
    one.page.goto(f"{one.server}/paper/{path}")
    one.page.wait_for_function(
        """() => { const all = [...document.querySelectorAll(".picture")];
          return all.length > 20 && all.every((place) => place.dataset.look); }"""
    )
    one.frame()
    return one


def choose(one: Tab, name: str, value: str) -> None:
    """Choose from a list, or put a slider somewhere."""
    control = one.page.locator(f"#paper-{name}")
    if control.evaluate("control => control.type") == "range":
        control.evaluate(
            """(control, value) => { control.value = value;
              for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true })); }""",
            value,
        )
    else:
        control.select_option(value)
