"""What the page of the paper asks, over HTTP."""

from typing import Any

from core.paper.shipped import shipped_figure
from core.session import Session
from core.settings import Settings
from core.specs import FigureSpec

DRAWN = ["drawn.figure", "drawn-title.children", "drawn-note.children", "files.children", "drawn-panel.hidden"]
DRAWN += ["drawn.style", "message.children"]
PROGRESS = ["far.children", "sketch.figure", "sketch.style", "sketched.data"]
NOTHING_SKETCHED = {"asked.data": None, "look.data": "light", "sketched.data": None}


def post(http: Any, outputs: list[str], inputs: dict[str, Any], state: dict[str, Any], changed: str) -> Any:
    places = [dict(zip(("id", "property"), each.rsplit(".", 1), strict=True)) for each in outputs]

    def given(values: dict[str, Any]) -> list[Any]:
        """Of all that a pattern matches there is nothing."""
        plain = {k: dict(zip(("id", "property"), k.rsplit(".", 1), strict=True)) for k in values}
        return [[] if k.startswith("{") else plain[k] | {"value": v} for k, v in values.items()]

    body = {
        "output": f"..{'...'.join(outputs)}.." if len(outputs) > 1 else outputs[0],
        "outputs": places if len(outputs) > 1 else places[0],
        "inputs": given(inputs),
        "state": given(state),
        "changedPropIds": [changed],
    }
    response = http.post("/paper/_dash-update-component", json=body)
    assert response.status_code in (200, 204), response.get_data(as_text=True)
    return response


def ask_for(http: Any, asked: object, client: object = "a", look: str = "light", changed: str = "asked.data") -> Any:
    return post(http, DRAWN, {"asked.data": asked, "look.data": look}, {"client.data": client}, changed)


def cancel(http: Any, client: str, asked: object) -> Any:
    """What the button Cancel asks."""
    return post(
        http, ["ended.data"], {"cancel.n_clicks": 1}, {"client.data": client, "asked.data": asked}, "cancel.n_clicks"
    )


def draw(http: Any, name: str, spec: FigureSpec, **options: Any) -> dict[str, Any]:
    response = ask_for(http, {"figure": name, "query": spec.to_query(), "turn": "t1"}, **options)
    answer = response.get_json()
    assert answer["sideUpdate"]["ended"]["data"] == "t1"
    assert "notice" not in answer["sideUpdate"], answer["sideUpdate"]
    return answer["response"]


def select(http: Any, spec: FigureSpec, selected: object) -> Any:
    """What happens when a line is drawn around points of the branches."""
    asked = {"figure": "suppB", "query": spec.to_query(), "turn": "t1"}
    return navigate(http, "drawn.selectedData", asked=asked, selected=selected)


def navigate(
    http: Any, changed: str, *, path: object = "/paper/", search: object = "", choices: object = None, **more: object
) -> Any:
    """What happens when the page is opened, a setting is chosen, or a line is drawn."""
    inputs = {"url.pathname": path, "choices.data": choices, "drawn.selectedData": more.get("selected")}
    return post(http, ["asked.data"], inputs, {"url.search": search, "asked.data": more.get("asked")}, changed)


def asked_by(answer: Any) -> tuple[str, FigureSpec]:
    """The figure and its settings that the page asks for then."""
    asked = answer.get_json()["response"]["asked"]["data"]
    return asked["figure"], FigureSpec.from_query(asked["query"])[0]


def shipped_spec(settings: Settings, id: str) -> FigureSpec:
    """The settings of a shipped figure."""
    found = shipped_figure(id, Session.open(settings))
    assert found
    return found.spec
