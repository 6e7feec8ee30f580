"""The browser's types of what is sent, assets/explorer/types.d.ts, are those of dashboard/payloads.py.

tsc itself compares them: of every TypedDict it is asked whether the interface of the same name has the same keys, and
whether each key is as optional and has the same type.
"""

import json
import re
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import pytest

from dashboard import payloads
from dashboard.controls import ScreenState
from tests.node import ROOT, TSC, run_node

TYPES = ROOT / "assets" / "explorer" / "types.d.ts"
DATACLASSES = {ScreenState: "State"}  # a dictionary of their fields has an interface of its own
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null", Any: "unknown"}
SAME = """\
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;
"""


class Inner(TypedDict):
    """Of the example."""

    name: str


class Example(TypedDict):
    """What payloads are made of."""

    text: str
    count: int
    share: float
    is_flat: bool
    runner_up: str | None
    rows: list[list[float]]
    pair: tuple[str, int]
    by_name: dict[str, Inner]
    stage: Literal["I", "II"]
    anything: Any
    inner: Inner
    settings: Annotated[dict[str, Any], ScreenState]
    mean: NotRequired[Inner]


INTERFACES = """\
export interface Inner { name: string }
export interface State { v: string }
export interface Example {
  text: string; count: number; share: number; is_flat: boolean; runner_up: string | null; rows: number[][];
  pair: [string, number]; by_name: Record<string, Inner>; stage: "I" | "II"; anything: unknown; inner: Inner;
  settings: State; mean?: Inner;
}
"""


INNER = ["Inner", "Inner.name"]
EXAMPLES = {"Example": Example, "Inner": Inner}


def typescript(hint: Any) -> str:
    """A Python type as the browser has it; a TypedDict is the interface of its name.

    Raises:
        TypeError: JSON has nothing of this type.
    """
    origin, given = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin is NotRequired:
        return typescript(given[0])
    if origin is Annotated:
        return f"Browser.{DATACLASSES[given[1]]}"
    if is_typeddict(hint):
        return f"Browser.{hint.__name__}"
    if origin is Literal:
        return " | ".join(json.dumps(value) for value in given)
    if origin in (Union, UnionType):
        return " | ".join(typescript(part) for part in given)
    if origin is list:
        return f"Array<{typescript(given[0])}>"
    if origin is tuple and Ellipsis not in given:
        return f"[{', '.join(typescript(part) for part in given)}]"
    if origin is dict and given[0] is str:
        return f"Record<string, {typescript(given[1])}>"
    raise TypeError(f"JSON has no {hint}.")


def statements(name: str, payload: Any) -> dict[str, str]:
    """What has to hold of the interface of a TypedDict or a dataclass, by what it is about: its keys, then each."""
    interface, hints = f"Browser.{name}", get_type_hints(payload, include_extras=True)
    optional = getattr(payload, "__optional_keys__", ())
    keys = " | ".join(f'"{key}"' for key in hints)
    found = {name: f"Same<keyof {interface}, {keys}>"}
    for key, hint in hints.items():
        wanted = f"{{ {key}{'?' if key in optional else ''}: {typescript(hint)} }}"
        found[f"{name}.{key}"] = f'Same<Pick<{interface}, "{key}">, {wanted}>'
    return found


def differences(named: dict[str, Any], types: Path, folder: Path) -> list[str]:
    """What of the payloads, by their names in the browser, its types have otherwise, or not at all."""
    wanted = {about: text for each in named.items() for about, text in statements(*each).items()}
    program = folder / "same.ts"
    lines = [f"export type _{i} = Holds<{text}>;\n" for i, text in enumerate(wanted.values())]
    program.write_text(f'import type * as Browser from "{types.as_posix()}";\n{SAME}{"".join(lines)}', "utf-8")
    done = run_node(TSC, "--ignoreConfig", "--strict", "--noEmit", "--pretty", "false", str(program))
    found = {int(line) for line in re.findall(r"^\S*same\.ts\((\d+),", done.stdout, re.MULTILINE)}
    first = 1 + len(f"_\n{SAME}".splitlines())
    assert bool(found) == bool(done.returncode), done.stdout
    assert min(found, default=first) >= first, done.stdout
    return [about for i, about in enumerate(wanted) if first + i in found]


def test_the_same_types_are_the_same(tmp_path: Path):
    types = tmp_path / "types.d.ts"
    types.write_text(INTERFACES, "utf-8")
    assert differences(EXAMPLES, types, tmp_path) == []


@pytest.mark.parametrize(
    ("here", "there", "about"),
    [
        ("count: number", "count: string", ["Example.count"]),
        ("count: number", "count: any", ["Example.count"]),
        ("count: number", "count?: number", ["Example.count"]),
        ("count: number; ", "", ["Example", "Example.count"]),
        ("count: number", "counts: number", ["Example", "Example.count"]),
        ("count: number", "count: number; more: number", ["Example"]),
        ("mean?: Inner", "mean: Inner", ["Example.mean"]),
        ("string | null", "string", ["Example.runner_up"]),
        ("number[][]", "number[]", ["Example.rows"]),
        ("[string, number]", "[number, string]", ["Example.pair"]),
        ("Record<string, Inner>", "Record<string, string>", ["Example.by_name"]),
        ('"I" | "II"', '"I"', ["Example.stage"]),
        ("anything: unknown", "anything: string", ["Example.anything"]),
        ("inner: Inner", "inner: Example", ["Example.inner"]),
        ("settings: State", "settings: Record<string, unknown>", ["Example.settings"]),
        (
            "interface Inner {",
            "interface Other {",
            ["Example.by_name", "Example.inner", "Example.mean", "Inner", "Inner.name"],
        ),
    ],
)
def test_what_differs_is_named(tmp_path: Path, here: str, there: str, about: list[str]):
    types = tmp_path / "types.d.ts"
    assert here in INTERFACES
    types.write_text(INTERFACES.replace(here, there), "utf-8")
    assert sorted(differences(EXAMPLES, types, tmp_path)) == about


@pytest.mark.parametrize("hint", [set[str], dict[int, str], tuple[int, ...], bytes])
def test_what_json_does_not_have_is_refused(hint: Any):
    with pytest.raises(TypeError, match="JSON has no"):
        typescript(hint)


def test_the_browser_has_the_types_of_all_payloads(tmp_path: Path):
    sent = {name: each for name, each in vars(payloads).items() if is_typeddict(each)}
    assert len(sent) > 4
    assert differences(sent, TYPES, tmp_path) == []


def test_the_browser_has_the_state_of_the_screen(tmp_path: Path):
    assert differences({name: each for each, name in DATACLASSES.items()}, TYPES, tmp_path) == []
