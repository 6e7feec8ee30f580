"""The browser half as ES modules: which files there are, under which names they import each other, and their addresses.

A module is imported as `#name`, in the browser by an import map, in tests and tools by package.json's `imports`. Its
address carries the hash of its content, so that a browser never runs modules of two versions together.
"""

import hashlib
import json
import re
from functools import cache
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"
FOLDER = "explorer"
TEXT = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"')
IMPORT = re.compile(r'^(?:import|} from|.* from) "#([\w-]+)";$', re.MULTILINE)


@cache
def addresses() -> dict[str, str]:
    """The address of every module below that of the pages, by its name."""
    files = sorted((ASSETS / FOLDER).glob("*.js"))
    return {
        file.stem: f"assets/{FOLDER}/{file.name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"
        for file in files
    }


@cache
def texts() -> tuple[str, ...]:
    """The English texts that the modules write: what stands in their calls of `_`, see words.js."""
    files = sorted((ASSETS / FOLDER).glob("*.js"))
    return tuple(dict.fromkeys(json.loads(f'"{text}"') for file in files for text in TEXT.findall(file.read_text())))


@cache
def imported(name: str) -> tuple[str, ...]:
    """A module and all that it imports, itself first."""
    names = [name]
    for one in names:  # which grows
        text = (ASSETS / FOLDER / f"{one}.js").read_text()
        names += [other for other in dict.fromkeys(IMPORT.findall(text)) if other not in names]
    return tuple(names)


def import_map(root: str) -> str:
    """The import map of pages below a path, as JSON."""
    imports = {f"#{name}": root + address for name, address in addresses().items()}
    return json.dumps({"imports": imports}, separators=(",", ":"))


def entry(name: str, root: str) -> str:
    """The script tag of the module that starts a page."""
    return f'<script type="module" src="{root}{addresses()[name]}"></script>'
