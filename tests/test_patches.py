"""Nothing of the house is replaced in a test: what a test wants to be otherwise, it hands in."""

from pathlib import Path

import pytest

from tests.patches import house_of, patches

HOUSE = {"core", "dashboard", "app", "tests"}
FOUND = {
    "an attribute of a module": "from core import train\ndef f(monkeypatch):\n    monkeypatch.setattr(train, 'A', 1)",
    "a method": "from dashboard.jobs import Jobs\ndef f(monkeypatch):\n    monkeypatch.setattr(Jobs, 'all', None)",
    "a method of a class in a module": "import core.stack\ndef f(mp):\n    mp.setattr(core.stack.Stack, 'check', None)",
    "a path in words": "def f(monkeypatch):\n    monkeypatch.setattr('core.train.TEST_BATCH', 7)",
    "by keyword": "from core import train\ndef f(mp):\n    mp.setattr(target=train, name='A', value=1)",
    "under another name": "import core.train as t\ndef f(monkeypatch):\n    monkeypatch.setattr(t, 'A', 1)",
    "through us": "from core import train\ndef f(monkeypatch):\n    monkeypatch.setattr(train.time, 'sleep', None)",
    "through us, in words": "def f(monkeypatch):\n    monkeypatch.setattr('core.train.time.sleep', None)",
    "what is not seen": "from core import data\ndef f(mp):\n    kind = data.kind('a')\n    mp.setattr(kind, 'A', 1)",
    "one of two": "import os\nfrom core import files\ndef f(mp):\n    mp.setattr(os if 1 else files, 'a', 1)",
    "each of several": "from core import data, train\ndef f(mp):\n    for each in (data, train):\n        each.A = 1",
    "a fixture": "def f(monkeypatch, jobs):\n    monkeypatch.setattr(jobs, 'settings', 1)",
    "deleted": "from core import train\ndef f(monkeypatch):\n    monkeypatch.delattr(train, 'A')",
    "an entry": "from core.zoo import ZOO\ndef f(monkeypatch):\n    monkeypatch.setitem(ZOO, 'a', 1)",
    "an entry of a module's table": "from core import data\ndef f(mp):\n    mp.setitem(data.FILES, 'a', 1)",
    "an entry deleted": "from core.zoo import ZOO\ndef f(monkeypatch):\n    monkeypatch.delitem(ZOO, 'a')",
    "a module in place of ours": "import sys\ndef f(mp):\n    mp.setitem(sys.modules, 'core.train', None)",
    "patch, as a name": "from core import train\ndef f(patch):\n    patch.setattr(train, 'A', 1)",
    "a MonkeyPatch of its own": "import pytest\nfrom core import train\npytest.MonkeyPatch().setattr(train, 'A', 1)",
    "in a context": "import pytest\nfrom core import train\nwith pytest.MonkeyPatch.context() as p:\n"
    "    p.setattr(train, 'A', 1)",
    "handed on": "from functools import partial\ndef f(monkeypatch):\n    put = monkeypatch.setattr\n    put('a', 1)",
    "asked for by name": "def f(monkeypatch):\n    getattr(monkeypatch, 'setattr')('core.train.A', 1)",
    "unittest": "from unittest.mock import patch\nwith patch('core.train.A', 1):\n    pass",
    "unittest, a decorator": "from unittest import mock\n@mock.patch('core.train.A')\ndef f():\n    pass",
    "unittest, an object": "from unittest import mock\nfrom core import train\nmock.patch.object(train, 'A', 1)",
    "unittest, a table": "from unittest.mock import patch\nfrom core.zoo import ZOO\npatch.dict(ZOO, a=1)",
    "pytest-mock": "def f(mocker):\n    mocker.patch('dashboard.jobs.PATIENCE', 1)",
    "plain": "from core import train\ntrain.TEST_BATCH = 7",
    "plain, in full": "import core.train\ncore.train.TEST_BATCH += 7",
    "plain, of a class": "from dashboard.jobs import Jobs\ndef f():\n    Jobs.all = None",
    "plain, several at once": "from core import train\ndef f():\n    a, (train.A, *train.B) = 1, (2, 3)",
    "plain, through us": "from core import train\ndef f():\n    train.time.sleep = None",
    "plain, under a local name": "from core import train\ndef f():\n    t = train\n    t.A = 1",
    "plain, under one of two local names": "from core import train\na, t = 1, train\nt.A = 1",
    "plain, in a lambda": "from core import train\nf = lambda: setattr(train, 'A', 1)",
    "plain, in a method": "from core import train\nclass A:\n    def f(self):\n        train.A = 1",
    "plain, before the import": "def f():\n    train.A = 1\nfrom core import train",
    "plain, a loop": "from core import train\nfor train.A in range(3):\n    pass",
    "plain, opened": "from core import train\nwith open('a') as train.A:\n    pass",
    "an entry, plain": "from core.zoo import ZOO\nZOO['a'] = 1",
    "an entry, of vars": "from core import train\nvars(train)['A'] = 1",
    "an entry, of a dict": "from core import train\ntrain.__dict__['A'] = 1",
    "an entry, updated": "from core.zoo import ZOO\ndef f():\n    ZOO.update(a=1)",
    "entries, cleared": "from core import data\ndata.FILES.clear()",
    "a module, plain": "import sys\nsys.modules['core.train'] = None",
    "a module that is looked up": "import sys\nsys.modules['core.train'].A = 1",
    "a module that is imported by name": "import importlib\nimportlib.import_module('core.train').A = 1",
    "an attribute of it": "from core import train\ngetattr(train, 'time').sleep = None",
    "plain, deleted": "from core import train\ndel train.A",
    "the builtin": "from core import train\nsetattr(train, 'A', 1)",
    "the builtin, deleting": "from core import train\ndelattr(train, 'A')",
    "by the type": "from dashboard.jobs import Jobs\ntype.__setattr__(Jobs, 'all', None)",
    "the class of an object": "def f(jobs):\n    type(jobs).all = None",
    "the class of an object, by its name": "def f(jobs):\n    jobs.__class__.all = None",
    "another test": "from .served import Watched\nWatched.most = 0",
}
LEFT_ALONE = {
    "the machine": "import os\ndef f(monkeypatch):\n    monkeypatch.setattr(os, 'fsync', None)",
    "the machine, in words": "def f(monkeypatch):\n    monkeypatch.setattr('os.fsync', None)",
    "one of two of the machine": "import os\nimport sys\ndef f(mp):\n    mp.setattr(os if 1 else sys, 'a', 1)",
    "another library": "import torch\ndef f(monkeypatch):\n    monkeypatch.setattr(torch.cpu, 'synchronize', None)",
    "the environment": "def f(mp, tmp_path):\n    mp.setenv('core', 'a')\n    mp.chdir(tmp_path)",
    "a mock": "from unittest.mock import MagicMock\ndef f(monkeypatch):\n    a = MagicMock()\n    a.b = 1",
    "a class of its own": "from dashboard.jobs import Jobs\nclass Still(Jobs):\n    n = 0\nStill.n = 1",
    "an object": "from dashboard.jobs import Jobs\ndef f():\n    jobs = Jobs()\n    jobs.running = None",
    "an argument of the same name": "import app\ndef f(app):\n    app.layout = None",
    "a local name": "from core import train\ndef f():\n    train = []\n    train.append(1)",
    "a copy": "from core.zoo import ZOO\ndef f():\n    zoo = dict(ZOO)\n    zoo['a'] = 1",
    "a list beside ours": "from core import train\nfound, real = [], train.A\nfound.append(1)",
    "words": "names = ['core', 'dashboard']\nnames.append('app')",
    "a request": "from tests.served import Site\ndef f():\n    Site('a').session.headers.update(a=1)",
}


def test_no_test_replaces_anything_of_the_house(root: Path):
    house, files = house_of(root), sorted((root / "tests").rglob("*.py"))
    assert {"core", "dashboard", "app", "serve", "benchmarks", "tests"} <= house
    assert len(files) > 100
    found = {str(file.relative_to(root)): patches(file.read_text(), house) for file in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("source", FOUND.values(), ids=list(FOUND))
def test_what_replaces_it_is_found(source: str):
    assert patches(source, HOUSE) != []


@pytest.mark.parametrize("source", LEFT_ALONE.values(), ids=list(LEFT_ALONE))
def test_what_is_replaced_elsewhere_is_left_alone(source: str):
    assert patches(source, HOUSE) == []
