"""The sentences of refusals, read from the source.

What is given to an exception of core.schema.RefusedError's family, to `notify`, to a list of notes, or to a text/plain
answer. Every place in them gets a sample value.
"""

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.zoo import trained_anew

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = "7"

OFF_PAGES = {
    "core/commands/": "the command line alone",
    "core/experiments/grid.py": "`python -m core grid` alone reads grids of trainings",
    "core/settings.py": "read at start, by whoever starts the program",
    "dashboard/cache.py": "read at start, by whoever starts the program",
    "dashboard/commands.py": "the command line alone",
    "dashboard/files.py": "recipes that the command line reads",
    "dashboard/hosting.py": "read at start, by whoever starts the program",
}
"""Files whose refusals reach no page, and why."""
PASSED_ON = {
    "str(error)": "the sentence of another refusal",
    "notes[0]": "a note of `Spec.from_query`, harvested there",
    "notes[0].split(' The default')[0]": "the same without its second sentence",
    "entry.problem": "the sentence of another refusal",
    "outcome": "the sentence of another refusal, from a worker",
    "*notes": "notes of `Spec.from_query`",
    "len(self._queue())": "the number that BusyError makes its sentence of",
    "f\"{' '.join(problems)}{here}\"": "sentences of other refusals; the one behind them is in SAMPLES",
}
"""What is given on as it is, and what that is."""
WITH_AN_ERROR = "f\"{error} The default{(f', {default},' if 0 < len(default) < 40 else '')} is used.\""
SAMPLES = {
    "remedy": ["at most 7 runs or T = 7", "at most 7 runs", "T = 7", "both fewer runs and fewer steps"],
    "role": ["operator", "presenter"],
    "why.reason": ["The images of 7 are not under 7: 7 fetches them."],
    "trained_anew(entry.id, 'this link was made')": [trained_anew(SAMPLE, "this link was made")],
    "' or '.join(LABELS)": ["one or all"],
}
"""Values of places that need an entry of their own."""


@dataclass(frozen=True)
class Refusal:
    """A sentence, or several, with sample values.

    Args:
        place: File and line.
        text: In English.
    """

    place: str
    text: str


class Module:
    """A source file: the texts that its names stand for, as far as they can be read off.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path):
        self.name = str(path.relative_to(ROOT))
        self.tree = ast.parse(path.read_text())
        self.constants: dict[str, ast.expr] = {}
        self.imported: dict[str, tuple[str, str]] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
            if isinstance(node, ast.ImportFrom) and node.module:
                self.imported |= {each.asname or each.name: (node.module, each.name) for each in node.names}

    def calls(self) -> Iterator[tuple[ast.Call, dict[str, list[ast.expr]]]]:
        """Every call, with what is assigned to each name of the function around it."""
        functions = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]
        seen: set[ast.AST] = set()
        for function in reversed(functions):  # inner ones first
            local: dict[str, list[ast.expr]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    local.setdefault(node.targets[0].id, []).append(node.value)
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and node not in seen:
                    seen.add(node)
                    yield node, local

    def texts(self, node: ast.expr, local: dict[str, list[ast.expr]]) -> list[str] | None:
        """All texts that an expression can be; None where that cannot be read off."""
        source = ast.unparse(node)
        if source in SAMPLES:
            return SAMPLES[source]
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return self._product([self._part(part, local) for part in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = self.texts(left, local), self.texts(right, local)
                return self._product([each or [SAMPLE] for each in both]) if any(both) else None
            case ast.IfExp(body=first, orelse=second) | ast.BoolOp(op=ast.Or(), values=[first, second]):
                both = self.texts(first, local), self.texts(second, local)
                return [text for each in both for text in each or [SAMPLE]] if any(both) else None
            case ast.Subscript(value=ast.Name(id=name)):
                table = self._constant(name)
                values = table[0].values if table and isinstance(table[0], ast.Dict) else []
                found = [table[1].texts(value, {}) for value in values] if table else []
                return [text for each in found for text in each or []] or None
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="format"), keywords=given):
                return self._formatted(name, given, local)
            case ast.Name(id=name) if name in local:
                found = [self.texts(value, local) for value in local[name] if name not in names_in(value)]
                return [text for each in found for text in each or []] or None
            case ast.Name(id=name):
                constant = self._constant(name)
                return constant[1].texts(constant[0], {}) if constant else None
        return None

    def _part(self, part: ast.expr, local: dict[str, list[ast.expr]]) -> list[str]:
        value = part.value if isinstance(part, ast.FormattedValue) else part
        return (self.texts(value, local) if isinstance(value, ast.expr) else None) or [SAMPLE]

    def _formatted(self, name: str, given: list[ast.keyword], local: dict[str, list[ast.expr]]) -> list[str] | None:
        constant = self._constant(name)
        patterns = constant[1].texts(constant[0], {}) if constant else None
        values = [self.texts(each.value, local) or [SAMPLE] for each in given]
        names = [str(each.arg) for each in given]
        filled = [dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*values)]
        return [pattern.format(**each) for pattern in patterns for each in filled] if patterns else None

    def _constant(self, name: str) -> tuple[ast.expr, "Module"] | None:
        if name in self.constants:
            return self.constants[name], self
        module, original = self.imported.get(name, ("", ""))
        path = ROOT / f"{module.replace('.', '/')}.py"
        if not module or not path.is_file():
            return None
        other = module_of(path)
        return (other.constants[original], other) if original in other.constants else None

    @staticmethod
    def _product(parts: list[list[str]]) -> list[str]:
        return ["".join(chosen) for chosen in itertools.product(*parts)]


def names_in(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


@cache
def module_of(path: Path) -> Module:
    return Module(path)


@cache
def modules() -> tuple[Module, ...]:
    """Of core and dashboard, without those that reach no page."""
    paths = sorted(path for folder in ("core", "dashboard") for path in (ROOT / folder).rglob("*.py"))
    found = map(module_of, paths)
    return tuple(module for module in found if not module.name.startswith(tuple(OFF_PAGES)))


@cache
def refusals() -> frozenset[str]:
    """The names of the exceptions whose message is shown to anyone."""
    names = {"RefusedError", "LeftError"}
    classes = [node for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    while more := {c.name for c in classes if {ast.unparse(b) for b in c.bases} & names} - names:
        names |= more
    return frozenset(names)


def given_by(call: ast.Call) -> list[ast.expr]:
    """What a call says to somebody in front of a page."""
    name = ast.unparse(call.func)
    last = name.rpartition(".")[2]
    plain = [each for each in call.keywords if each.arg == "mimetype" and "text/plain" in ast.unparse(each.value)]
    is_note = name in ("notes.append", "problems.append")
    is_own = name == "super().__init__" and isinstance((call.args or [None])[0], ast.JoinedStr)
    if last in refusals() or is_note or is_own or (last == "Response" and plain):
        return call.args[:1]
    return call.args if name == "notify" else []


def harvest() -> tuple[list[Refusal], set[str], list[str]]:
    """Sentences, what was passed on, and what could not be read."""
    sentences: list[Refusal] = []
    passed: set[str] = set()
    unread: list[str] = []
    for module in modules():
        for call, local in module.calls():
            for node in given_by(call):
                source, place = ast.unparse(node), f"{module.name}:{call.lineno}"
                texts = module.texts(node, local) if source not in PASSED_ON else []
                if source in PASSED_ON:
                    passed.add(source)
                elif source == WITH_AN_ERROR:
                    sentences += [Refusal(place, "The default, 7, is used."), Refusal(place, "The default is used.")]
                elif texts is None:
                    unread.append(f"{place}: {source}")
                else:
                    sentences += [Refusal(place, text) for text in texts]
    return sentences, passed, unread
