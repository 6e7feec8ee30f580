"""What is looked at: the models that are unfolded in the table, and the two that are compared.

::

    Look ----> its row unfolds at once with the places of all that comes (models.js)
          `--> the view comes (set_props), and the button says so;  once more: it folds again
    lists ---> choices --> compared
    pictures of both are fetched by the browser (pictures.py); stages are those that are computed already (bands.py)
"""

from contextlib import suppress
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, callback_context, html, no_update, set_props
from dash.exceptions import PreventUpdate

from core.library import Entry
from core.schema import RefusedError
from dashboard.controls import attributes
from dashboard.experiments import Experiments
from dashboard.pages.models.bands import bands_of
from dashboard.pages.models.comparison import ASKED, CHOOSE, compared
from dashboard.pages.models.pictures import ROWS, Pictures
from dashboard.pages.models.pressed import pressed
from dashboard.pages.models.skeleton import skeleton
from dashboard.pages.models.table import unfolded
from dashboard.pages.models.views import model_view
from dashboard.requests import answered
from dashboard.theme import theme_of
from dashboard.translation import translated

MOST = 50  # models that are unfolded at once
UNFOLDED = State({"unfold": ALL}, "aria-expanded")
"""What the buttons say: no store, which an answer to an earlier press would set back."""


class Looking:
    """Callbacks of what is looked at.

    Args:
        experiments: What models are opened and decoded with.
        explorer: The address of the explorer.
    """

    def __init__(self, experiments: Experiments, explorer: str):
        self.library, self.session, self.explorer = experiments.library, experiments.session, explorer
        self.pictures = Pictures(experiments)

    def register(self, app: Dash) -> None:
        """Connect the callbacks and the pictures."""
        self.pictures.register(app.server, app.config.routes_pathname_prefix)
        app.callback(
            Output("unfolded", "data"),
            Input({"unfold": ALL}, "n_clicks"),
            [State("look", "data"), UNFOLDED],
            prevent_initial_call=True,
        )(self.unfold)
        app.callback(
            Output("compared", "children"),
            [Input("choices", "data"), Input("look", "data")],
            prevent_initial_call=True,
        )(self.compare)
        app.clientside_callback(
            ClientsideFunction("latent", "listModels"),
            Output("listed", "data"),
            Input("usable", "data"),
        )

    @answered
    def unfold(self, clicks: object, look: object, _: object) -> Any:
        """Show what a model is like below its row, or hide it again."""
        id = pressed("unfold")
        if not id:
            return no_update
        is_open = id in unfolded_ids()
        try:
            content = self.skeleton(self.library.entry(id)) if is_open else self.view(id, look)
        except RefusedError:
            set_props({"view": id}, {"hidden": True})  # the browser has unfolded it already
            raise
        set_props({"view": id}, {"hidden": is_open, "children": translated(unfolded(content))})
        set_props({"unfold": id}, attributes(aria_expanded=str(not is_open).lower()))
        return id

    @answered
    def compare(self, choices: object, look: object) -> Any:
        """Two models beside each other, once two are chosen."""
        if not isinstance(choices, dict):
            raise PreventUpdate
        ids = [choices.get(name) for name in ASKED]
        if not all(isinstance(id, str) and id for id in ids):
            return html.P(CHOOSE, className="note")
        a, b = (self.library.entry(str(id)) for id in ids)
        rows, others = self.pictures.rows(a.id), self.pictures.rows(b.id)
        both = [row for row in rows if row in others]
        alike = "originals" in both and self.pictures.are_alike(a.id, b.id)
        bands = bands_of(a.id, self.session), bands_of(b.id, self.session)
        return compared((a, b), both, bands, self.explorer, theme_of(look), alike=alike)

    def view(self, id: str, look: object) -> html.Div:
        """What a model is like.

        Raises:
            StoreError: There is no such model, or it cannot be used.
        """
        entry = self.library.entry(id)
        bands = bands_of(id, self.session)
        return model_view(entry, self.pictures.rows(id), bands, self.explorer, theme_of(look))

    def skeleton(self, entry: Entry) -> html.Div:
        """What stands in place of its view until that is there; the model is not opened for it."""
        is_shown = self.session.source(entry.spec.dataset) == "original"
        return skeleton(entry, [row for row in ROWS if row != "originals" or is_shown])

    def views(self, look: object) -> dict[str, html.Div]:
        """The same of all that are unfolded, but those that cannot be opened any more."""
        shown = {}
        for id in unfolded_ids():
            with suppress(RefusedError):
                shown[id] = self.view(id, look)
        return shown


def unfolded_ids() -> list[str]:
    """The models whose buttons say that they are unfolded; anyone can say anything."""
    of_patterns = [each for state in callback_context.states_list if isinstance(state, list) for each in state]
    ids = [each["id"].get("unfold") for each in of_patterns if each.get("value") == "true"]
    return [id for id in ids if isinstance(id, str)][:MOST]
