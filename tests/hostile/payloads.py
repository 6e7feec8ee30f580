"""Questions as the three pages ask them, for every callback that there is, and what may be done to them."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dash import Dash
from hypothesis import strategies as st

SMALL = "d=digits&nz=2&model=digits-nz2-seed0&src=decoded&runs=10&T=5"
FIGURE = "model=digits-nz2-seed0&source=decoded&n_runs=10&n_steps=5"
ASKED = {"figure": "fig7b", "query": FIGURE, "turn": "0badcafe"}
MOVIE = {"figure": "movies", "query": FIGURE, "number": 1, "format": "gif", "plane": "landmark", "labels": "one"}
QUESTION = {"query": SMALL, "client": "tab", "sequence": 1}
POINT = {"x": 1, "y": 0.5, "customdata": 3, "curveNumber": 0, "pointNumber": 3}
SOME = [0.1, 0.2]
NAMED = dict.fromkeys(("run", "image", "undamaged", "ensemble"), SOME[:1])  # p, by route
NAMED |= {"runfilm": SOME, "film": SOME}
# What the pages send, by component and property; as the browser's network log has it.
VALUES: dict[str, Any] = {
    **{f"ask-{route}.data": QUESTION for route in ("settled", "sweep", "gallery")},
    **{f"ask-{route}.data": QUESTION | {"noises": noises} for route, noises in NAMED.items()},
    "ask-progress.data": {"client": "tab", "sequence": 1},
    "ask-job.data": {"action": "train", "dataset": "digits", "n_latent": 3},
    "tick.n_intervals": 3,
    "second.n_intervals": 3,
    "look.data": "light",
    "seen.data": ["[]", "[]", '"light"'],
    "train-dataset.data": "digits",
    "train-n_latent.value": "3",
    "train-epochs.value": "2",
    "train-seed.value": "0",
    "train-kept.value": "1",
    "train-seeds.data": "2",
    "doomed.data": "mine",
    "upload.contents": "data:application/octet-stream;base64,bm90aGluZw==",
    "upload.filename": "mine.safetensors",
    "asked.data": ASKED,
    "movie.data": MOVIE,
    "client.data": "0123456789abcdef",
    "sketched.data": ["0badcafe", 1],
    "drawn.selectedData": {"points": [POINT]},
    "drawn.clickData": {"points": [POINT]},
    "url.pathname": "/paper/fig7b",
    "url.search": "?model=digits-nz2-seed0",
    "choices.data": {
        **{"model": "digits-nz2-seed0", "label": "6", "noise_kind": "invert", "n_runs": "10"},
        **{"first": "digits-nz2-seed0", "second": "mine"},
    },
}
PATTERNS: dict[str, list[dict[str, Any]]] = {  # what a pattern stands for, by its keys
    "do": [{"do": "cancel", "key": "train-1"}, {"do": "discard", "key": "x.training"}],
    "unfold": [{"unfold": "digits-nz2-seed0"}],
    "delete": [{"delete": "mine"}],
    "set": [{"set": "mnist"}, {"set": "digits"}],
}


@dataclass(frozen=True)
class Callback:
    """A callback of one of the pages."""

    path: str
    output: str
    inputs: list[dict[str, Any]]
    state: list[dict[str, Any]]

    def body(self, pressed: int) -> dict[str, Any]:
        """What is posted when one of its inputs changes."""
        places = [dict(zip(("id", "property"), each.rsplit(".", 1), strict=True)) for each in names(self.output)]
        changed = self.inputs[pressed % len(self.inputs)]
        ids = PATTERNS.get(next(iter(json.loads(changed["id"]))), []) if changed["id"].startswith("{") else []
        name = json.dumps(ids[0], separators=(",", ":"), sort_keys=True) if ids else changed["id"]
        return {
            "output": self.output,
            "outputs": places if self.output.startswith("..") or not places else places[0],
            "inputs": [dependency(each) for each in self.inputs],
            "state": [dependency(each) for each in self.state],
            "changedPropIds": [f"{name}.{changed['property']}"],
        }


def names(output: str) -> list[str]:
    return [name for name in output.strip(".").split("...") if "." in name]


def dependency(known: dict[str, Any]) -> Any:
    """An input or a state with a value that a page sends."""
    if known["id"].startswith("{"):
        ids = PATTERNS.get(next(iter(json.loads(known["id"]))), [])
        return [{"id": each, "property": known["property"], "value": 1} for each in copy.deepcopy(ids)]
    value = copy.deepcopy(VALUES.get(f"{known['id']}.{known['property']}", 1))
    return {"id": known["id"], "property": known["property"], "value": value}


def callbacks(apps: list[Dash]) -> list[Callback]:
    """Every callback of every page that the server answers."""
    return [
        Callback(f"{app.config.requests_pathname_prefix}_dash-update-component", output, one["inputs"], one["state"])
        for app in apps
        for output, one in app.callback_map.items()
    ]


words = st.sampled_from(["", ".", "..", "../../etc/passwd", "__class__", "NaN", "\x00", "\ud800", "é" * 9, "x" * 5000])
numbers = st.sampled_from([0, -1, True, 2**63, 10**400, 1e308, float("nan"), float("inf"), -0.0, 1.5])
component = {"type": "Iframe", "namespace": "dash_html_components", "props": {"srcDoc": "<script>1</script>"}}
odd = st.sampled_from([None, [], {}, [[]], {"a": [1]}, {"": None}, component, [None] * 50, {"id": {"do": ["ALL"]}}])
junk = st.one_of(
    words, numbers, odd, st.text(max_size=12), st.lists(words | numbers | odd, max_size=3),
    st.lists(st.floats(-1, 2) | numbers, min_size=1, max_size=60), st.just([0.5] * 300),
    st.lists(st.dictionaries(st.text(max_size=4), odd, max_size=2), max_size=2),
)  # fmt: skip


def paths(tree: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every node of a tree of JSON."""
    if above:
        yield above
    if isinstance(tree, dict | list):
        for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
            yield from paths(tree[key], (*above, key))


def changed(tree: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> None:
    """Change a node of a tree; nothing where an earlier change has taken it away."""
    try:
        for key in path[:-1]:
            tree = tree[key]
        change(tree, path[-1])
    except (KeyError, IndexError, TypeError):
        return


def within_bounds(tree: Any, key: str = "") -> Any:
    """The same with small computations only: the last setting of a name in a query counts."""
    if isinstance(tree, dict):
        return {name: within_bounds(value, name) for name, value in tree.items()}
    if isinstance(tree, list):
        return [within_bounds(value) for value in tree]
    return f"{tree}&{SMALL}&{FIGURE}" if key == "query" and isinstance(tree, str) else tree


@st.composite
def hostile(draw: st.DrawFn, known: list[Callback]) -> tuple[str, dict[str, Any] | Any]:
    """Where something is posted, and what: a question of a page with up to four faults."""
    callback = draw(st.sampled_from(known))
    body = callback.body(draw(st.integers(0, 9)))
    for _ in range(draw(st.integers(0, 4))):
        ways = list(paths(body))
        inner = [way for way in ways if "value" in way] or ways  # values pass the first check and go deeper
        way = draw(st.sampled_from(inner if draw(st.integers(0, 3)) else ways))
        new, kind = draw(junk), draw(st.sampled_from(["put", "put", "put", "drop", "repeat", "wrap", "more"]))

        def change(tree: Any, key: Any, new: Any = new, kind: str = kind) -> None:
            if kind == "put":
                tree[key] = copy.deepcopy(new)
            elif kind == "drop":
                del tree[key]
            elif kind == "repeat" and isinstance(tree, list):
                tree.append(copy.deepcopy(tree[key]))
            elif kind == "wrap":
                tree[key] = [tree[key]]
            elif kind == "more" and isinstance(tree[key], str):
                tree[key] += str(new)[:50] if not isinstance(new, int) else "1"

        changed(body, way, change)
    return callback.path, within_bounds(body)
