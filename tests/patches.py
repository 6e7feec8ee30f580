"""What a test puts in the place of something of the house: found in its source, without running it.

Of a MonkeyPatch or a mock the target has to be seen not to be of the house; anything else is found where it is seen to
change the house. A copy of a class, or an object that was made, is no part of it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PATCHING = ("setattr", "setitem", "delattr", "delitem")  # of a MonkeyPatch, whatever it is called
MOCKING = ("object", "dict", "multiple")  # of `patch`
CHANGING = ("update", "setdefault", "pop", "popitem", "clear", "append", "extend", "insert", "remove", "add", "discard")
OPENING = ("vars", "getattr")  # what they give is part of their first argument
IMPORTING = ("import_module", "__import__")
UNKNOWN = "?"  # where a value comes from that is no import
Names = dict[str, str]  # what a name stands for: a dotted path, or what is not known
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def house_of(root: Path) -> set[str]:
    """The packages and modules of a repository, as they are imported."""
    return {path.stem for path in root.glob("*.py")} | {path.parent.name for path in root.glob("*/*.py")}


def patches(source: str, house: set[str]) -> list[str]:
    """Where a source patches one of these packages: "line: code"."""
    finder = Finder(house)
    finder.read_all(ast.parse(source).body, [{}])
    return [f"{node.lineno}: {ast.unparse(node)}" for node in finder.found]


class Finder:
    """Reads scopes from outside to inside, since a function sees what its module gets later.

    Args:
        house: Names of packages.
    """

    def __init__(self, house: set[str]):
        self.house, self.found = house, list[ast.expr | ast.stmt]()
        self.later: list[tuple[Function, list[Names]]] = []

    def read_all(self, nodes: list[ast.stmt], scopes: list[Names]) -> None:
        """The statements of a module, then the functions in it."""
        for node in nodes:
            self.read(node, scopes)
        while self.later:
            function, outside = self.later.pop(0)
            body = [function.body] if isinstance(function, ast.Lambda) else function.body
            given = [each for each in ast.walk(function.args) if isinstance(each, ast.arg)]
            inside = [dict.fromkeys((each.arg for each in given), UNKNOWN), *outside]
            for node in body:
                self.read(node, inside)

    def read(self, node: ast.AST, scopes: list[Names]) -> None:
        """A node and what lies in it, but for the bodies of functions."""
        self.bind(node, scopes)
        if isinstance(node, Function):
            self.later.append((node, scopes))
            inner: list[ast.AST] = [node.args, *getattr(node, "decorator_list", [])]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            inner = [node.func.value, *node.args, *node.keywords]
        else:
            inner = list(ast.iter_child_nodes(node))
        for each in inner:
            self.read(each, [{}, *scopes] if isinstance(node, ast.ClassDef) else scopes)
        if isinstance(node, ast.expr | ast.stmt) and self.is_patch(node, scopes):
            self.found.append(node)

    def bind(self, node: ast.AST, scopes: list[Names]) -> None:
        """What names stand for from a node on."""
        names = scopes[0]
        if isinstance(node, ast.Import):
            for each in node.names:
                first = each.name.partition(".")[0]
                names[each.asname or first] = each.name if each.asname else first
        elif isinstance(node, ast.ImportFrom):
            base = "tests" if node.level else node.module
            names.update({each.asname or each.name: f"{base}.{each.name}" for each in node.names})
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = UNKNOWN
        else:
            for place, value in pairs_of(node):
                origin = self.origin(value, scopes) if value else UNKNOWN
                names.update({each.id: origin for each in flat([place]) if isinstance(each, ast.Name)})

    def is_patch(self, node: ast.expr | ast.stmt, scopes: list[Names]) -> bool:
        """Whether a node changes something of the house."""
        if isinstance(node, ast.Call):
            return self.is_patching(node, scopes)
        if isinstance(node, ast.Attribute):  # not called, but handed on: nobody sees what it is called with
            return node.attr in PATCHING
        places = [each for each in changed_by(node) if isinstance(each, ast.Attribute | ast.Subscript)]
        return any(self.is_ours(each, scopes) or is_class_of(each.value) for each in places)

    def is_patching(self, call: ast.Call, scopes: list[Names]) -> bool:
        """Whether a call changes something of the house, or may do so for all that can be seen."""
        *before, name = ast.unparse(call.func).split(".")
        given = [*call.args, *(each.value for each in call.keywords if each.arg in ("target", "dic", "in_dict"))]
        is_mocking = name == "patch" or ("patch" in before and name in MOCKING)
        if is_mocking or (before and name in PATCHING):
            return not given or self.is_ours_or_unknown(given, scopes)
        if name in ("setattr", "delattr", "__setattr__", "__delattr__") and given:
            return self.is_ours(given[0], scopes) or is_class_of(given[0])
        if name == "getattr":
            return any(isinstance(each, ast.Constant) and each.value in PATCHING for each in call.args[1:])
        is_changing = name in (*CHANGING, "__setitem__", "__delitem__") and isinstance(call.func, ast.Attribute)
        return is_changing and self.is_ours(call.func.value, scopes)

    def is_ours_or_unknown(self, given: list[ast.expr], scopes: list[Names]) -> bool:
        """Whether a target, a value or the path of one, is of the house or cannot be seen."""
        target = text_of(given[0]) or self.origin(given[0], scopes)
        if target == "sys.modules":
            target = text_of(given[-1]) or text_of(given[min(1, len(given) - 1)]) or UNKNOWN
        return target == UNKNOWN or self.is_of_house(target)

    def is_ours(self, node: ast.expr, scopes: list[Names]) -> bool:
        """Whether an expression stands for something of the house, or for what is reached through it."""
        return self.is_of_house(self.origin(node, scopes))

    def is_of_house(self, path: str) -> bool:
        """Whether a dotted path begins in the house."""
        return path.partition(".")[0] in self.house

    def origin(self, node: ast.expr, scopes: list[Names]) -> str:
        """The dotted path that an expression stands for, as far as it can be seen."""
        if isinstance(node, ast.Name):
            return next((names[node.id] for names in scopes if node.id in names), UNKNOWN)
        if isinstance(node, ast.Attribute):
            outside = self.origin(node.value, scopes)
            return outside if outside == UNKNOWN else f"{outside}.{node.attr}"
        if module_of(node):
            return module_of(node)
        origins = [self.origin(part, scopes) for part in parts_of(node)]
        ours = [each for each in origins if self.is_of_house(each)]
        return next(iter(ours or [each for each in origins if each == UNKNOWN] or origins), UNKNOWN)


def parts_of(node: ast.expr) -> list[ast.expr]:
    """What an expression may give, or take it from: of `a if c else b` both, of `vars(a)` and `a["b"]` a."""
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.NamedExpr | ast.Subscript):
        return [node.value]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return node.elts
    return node.args[:1] if isinstance(node, ast.Call) and ast.unparse(node.func) in OPENING else []


def module_of(node: ast.expr) -> str:
    """The module that is looked up under its name: `sys.modules["a.b"]`, `import_module("a.b")`; else empty."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "sys.modules":
        return text_of(node.slice)
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in IMPORTING and node.args:
        return text_of(node.args[0])
    return ""


def text_of(node: ast.expr) -> str:
    """A string that is written out; else empty."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_class_of(node: ast.expr) -> bool:
    """Whether an expression is the class of an object: `type(a)`, `a.__class__`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "type"


def pairs_of(node: ast.AST) -> list[tuple[ast.expr, ast.expr | None]]:
    """What a statement puts where: the place, and the value if it is written out."""
    if isinstance(node, ast.Assign):
        return [pair for target in node.targets for pair in unpacked(target, node.value)]
    if isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        return [(node.target, node.value)]
    if isinstance(node, ast.For | ast.AsyncFor):
        return [(node.target, node.iter)]
    if isinstance(node, ast.With | ast.AsyncWith):
        return [(each.optional_vars, None) for each in node.items if each.optional_vars]
    return []


def unpacked(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr | None]]:
    """The parts of `a, b = c, d`; one where they are not written out."""
    sides = (target, value)
    if all(isinstance(each, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in each.elts) for each in sides):
        return list(zip(target.elts, value.elts, strict=True))  # pyright: ignore[reportAttributeAccessIssue]
    return [(target, value)]


def changed_by(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement puts something into, or deletes."""
    return flat(node.targets if isinstance(node, ast.Delete) else [place for place, _ in pairs_of(node)])


def flat(places: list[ast.expr]) -> Iterator[ast.expr]:
    """The places in tuples of places."""
    for place in places:
        if isinstance(place, ast.Tuple | ast.List):
            yield from flat(place.elts)
        else:
            yield place.value if isinstance(place, ast.Starred) else place
