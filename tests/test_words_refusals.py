"""Every sentence that a refusal carries to a page has its Japanese, and takes it at every door.

The sentences are read from the source: what is given to an exception of core.schema.RefusedError's family, to `notify`,
to a list of notes, or to a text/plain answer. Every place in them gets a sample value.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import app
from core.computations import BusyError, Computations
from core.file_header import refuse_constant
from core.model_card import ClassifierCard, ModelCard, SeriesCard
from core.schema import SpecError, checked
from core.settings import Settings
from core.specs import ClassifierSpec, EnsembleSpec, ModelSpec, SeriesSpec
from core.zoo import trained_anew
from dashboard.controls import ScreenState
from dashboard.hosting import Hosting
from dashboard.languages import ENGLISH, SENTENCES, Words, catalogues
from dashboard.roles import ACTING
from tests.idle_jobs import StillJobs
from tests.served import NEVER, Browser, sentences
from tests.test_models import Hand
from tests.test_own_image import drawn, moving, png

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = "7"
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

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
class Said:
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


def harvest() -> tuple[list[Said], set[str], list[str]]:
    """Sentences, what was passed on, and what could not be read."""
    said: list[Said] = []
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
                    said += [Said(place, "The default, 7, is used."), Said(place, "The default is used.")]
                elif texts is None:
                    unread.append(f"{place}: {source}")
                else:
                    said += [Said(place, text) for text in texts]
    return said, passed, unread


def fits(words: Words, text: str) -> bool:
    """Whether there is an entry for a sentence none of whose values holds the end of another."""
    found = ([text[place] for place in template.places(text)] for template in words.templates)
    return text in words.entries or any(values and not any(map(SENTENCES.search, values)) for values in found)


def missing(words: Words) -> list[str]:
    """Sentences without an entry, as a whole or one by one."""
    said = sorted({(each.place, each.text) for each in harvest()[0]})
    return [
        f"{place}: {part}"
        for place, text in said
        if not fits(words, text)
        for part in SENTENCES.split(text)
        if not fits(words, part)
    ]


LANGUAGES = sorted(set(catalogues()) - {ENGLISH})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_its_translation(language: str):
    assert missing(catalogues()[language]) == []


def test_an_entry_that_is_taken_away_is_missed():
    entries = catalogues()["ja"].entries
    for english in ("Reload the page.", "{kind} has no setting {name}.", "The default, {value}, is used."):
        assert missing(Words({key: text for key, text in entries.items() if key != english})), english


def test_all_that_is_said_is_read():
    said, passed, unread = harvest()
    assert unread == []
    assert passed == set(PASSED_ON)
    assert len(said) > 200


def test_what_reaches_no_page_is_there():
    assert all((ROOT / place).exists() for place in OFF_PAGES)


def test_no_translation_leaves_the_sentence_english():
    words = catalogues()["ja"]
    for each in harvest()[0]:
        translated = words(each.text)
        assert JAPANESE.search(translated), each
        assert not SENTENCES.search(translated), translated


BAD = {"p": "9", "nz": "many", "d": "letters", "T": "1.5", "own": "?", "a": "%3F", "model": "A B", "v": "7"}


@pytest.mark.parametrize(("key", "value"), BAD.items(), ids=list(BAD))
def test_a_note_of_a_link_is_translated_sentence_by_sentence(key: str, value: str):
    _, notes = ScreenState.from_query(f"{key}={value}")
    assert len(notes) == 1
    translated = catalogues()["ja"](notes[0])
    assert "must" not in translated
    assert "default" not in translated
    assert translated.count("。") >= 2


def test_the_names_of_links_stay_in_a_note():
    _, notes = ScreenState.from_query("T=1.5")
    translated = "n_stepsは5から200までの整数でなければならず、'1.5'は使えません。既定値の60を使います。"
    assert [catalogues()["ja"](note) for note in notes] == [translated]


WHAT_A_MODEL_IS = (
    "A model is a safetensors file with the metadata 'spec' and 'card', as `python -m core train` writes it."
)


def reasons() -> list[str]:
    """Why the header of a file is none of a model's, for every field that it has and every way to be wrong."""
    found = [raised(refuse_constant, "NaN")]
    for kind in (ModelSpec, SeriesSpec, ClassifierSpec, ModelCard, ClassifierCard):
        checks = [checked(item).check for item in fields(kind)]
        found += [raised(check, item.name, object()) for check, item in zip(checks, fields(kind), strict=True)]
    found += [raised(ModelSpec.from_dict, {"colour": 1}), raised(EnsembleSpec.from_dict, {})]
    found.append(raised(SeriesSpec.from_dict, {"kept": [5, 1]}))
    shown = {"image_shape": (8, 8), "label_names": ("0",)}
    found += [raised(partial(ModelCard.read, given, **shown)) for given in (3, {"image_shape": [1, 1]})]
    return [*found, raised(partial(SeriesCard.read, 3, **shown))]


def raised(function: Any, *given: Any) -> str:
    with pytest.raises(SpecError) as error:
        function(*given)
    return str(error.value)


def test_the_reason_why_a_file_is_no_model_is_translated_within_the_sentence():
    words = catalogues()["ja"]
    for reason in reasons():
        inside = reason.rstrip(".")
        assert all(fits(words, sentence) for sentence in SENTENCES.split(reason)), reason
        assert fits(words, inside), inside
        whole = words(f"7 is not a model of this program ({inside}). {WHAT_A_MODEL_IS}")
        assert whole.startswith(f"7はこのプログラムのモデルではありません（{words(inside)}）。モデルとは"), whole


@pytest.fixture
def http(settings: Settings, write_model: Any) -> FlaskClient:
    write_model(settings.models / "mine.safetensors")
    write_model(settings.models / "mine-too.safetensors")
    (settings.models / "broken.safetensors").write_bytes(b"no model")
    hosting = Hosting(access="visitor", token="a-token-for-this-test", presenter_token="another-for-presenters")
    client = app.create_apps(hosting, StillJobs(settings))[0].server.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ja"
    return client


def in_japanese(said: list[str]) -> bool:
    """Whether something is said, in Japanese alone."""
    return bool(said) and all(JAPANESE.search(sentence) and not SENTENCES.search(sentence) for sentence in said)


def as_operator(http: FlaskClient) -> FlaskClient:
    assert http.get("/?operator=a-token-for-this-test").status_code == 303
    return http


def test_a_page_that_opens_with_a_bad_link_says_so_in_japanese(http: FlaskClient):
    query = "d=digits&nz=2&src=decoded&p=9"
    notes = Browser(http).ask("settled", query)["settled"]["data"]["notes"]
    assert "0から1まで" in notes[0]
    assert any("broken.safetensors" in note for note in notes)
    assert in_japanese(notes)


def test_a_question_with_a_bad_setting_is_refused_in_japanese(http: FlaskClient):
    assert in_japanese(sentences(Browser(http).post("ask-run", {"query": "p=9", "client": "tab", "sequence": 1})))
    assert in_japanese(sentences(Browser(http).post("ask-run", "nothing")))


def test_who_finds_the_server_busy_reads_so_in_japanese(settings: Settings, write_model: Any):
    class Full(Computations):
        def wait_for(self, *_: Any, **__: Any) -> Any:
            raise BusyError(12)

    write_model(settings.models / "mine.safetensors")
    client = app.create_app(settings, computations=Full(calm=NEVER)).server.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ja"
    said = catalogues()["ja"]("The server is busy: 12 before you.")
    reply = Browser(client).post("ask-ensemble", Browser(client).question("d=digits&nz=2&src=decoded&runs=10&T=5"))
    assert reply.get_json()["sideUpdate"]["busy"]["data"]["text"] == said
    picture = client.post("/own-image/mnist", data=png(drawn()))
    assert (picture.status_code, picture.text) == (503, said)


def test_a_visitor_is_refused_in_japanese(http: FlaskClient):
    refused = [catalogues()["ja"](ACTING)]
    assert sentences(Hand(http).post("train", 1, state=("digits", "3", "2", "0"))) == refused
    assert sentences(Browser(http).post("ask-job", {"action": "train", "dataset": "digits", "n_latent": 3})) == refused
    assert in_japanese(refused)


def test_an_upload_is_refused_in_japanese(http: FlaskClient):
    hand = Hand(as_operator(http))
    for content in ("data:x;base64,bm90aGluZw==", "data:x;base64,?", 3):
        assert in_japanese(sentences(hand.post("upload", content, state=("new.safetensors",))))


PLAIN: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "a picture that moves": ("POST", "/own-image/mnist", {"data": moving()}, 400),
    "a picture that is too large": ("POST", "/own-image/mnist", {"data": bytes(10_000_002)}, 413),
    "a file of a bad link": ("GET", "/saved.html?p=9", {}, 400),
    "the size of it": ("GET", "/saved-size.json?p=9", {}, 400),
    "numbers of a bad link": ("GET", "/paper/data/fig2.csv?noise=9", {}, 400),
    "a model that is gone": ("GET", "/models/pictures/gone/concepts.png", {}, 404),
    "a lesson that is gone": ("GET", "/lessons/AAAAAA", {}, 404),
    "a lesson of a visitor": ("POST", "/lessons", {"json": {"lesson": "x"}}, 403),
    "a code of another address": ("GET", "/lesson-qr.svg?link=http://evil.example/", {}, 400),
    "another name": ("GET", "/", {"headers": {"Host": "evil.example"}}, 421),
    "another page": ("POST", "/lessons", {"headers": {"Origin": "http://evil.example"}}, 403),
    "another operator": ("GET", "/?operator=wrong", {}, 403),
    "no question": ("POST", "/_dash-update-component", {"json": {"output": "none"}}, 400),
    "no file": ("GET", "/_dash-component-suites/dash/none.js", {}, 404),
}


@pytest.mark.parametrize(("method", "path", "more", "status"), PLAIN.values(), ids=list(PLAIN))
def test_a_refused_address_answers_in_japanese(
    http: FlaskClient, method: str, path: str, more: dict[str, Any], status: int
):
    response = http.open(path, method=method, **more)
    assert (response.status_code, response.mimetype) == (status, "text/plain"), response.get_data(as_text=True)[:200]
    said = response.get_data(as_text=True)
    assert in_japanese([said]), said
    assert response.content_length == len(response.data)


def test_who_reads_english_is_refused_in_english(http: FlaskClient):
    english = http.post("/lessons", json={"lesson": "x"}, headers={"Accept-Language": "en"})
    assert english.get_data(as_text=True).startswith("Lessons are led by the presenter")
