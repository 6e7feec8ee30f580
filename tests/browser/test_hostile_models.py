"""The page of models in a browser, while files of anyone's making are uploaded and lie in its folder."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from tests.browser.conftest import Open
from tests.browser.test_models_page import models

SCRIPT = "<script>parent.document.title = 'taken over'; parent.taken = true</script>"
IFRAME = {"type": "Iframe", "namespace": "dash_html_components", "props": {"srcDoc": SCRIPT}}
CARDS = {
    "iframe": json.dumps({"active_units": IFRAME}),
    "number": '{"active_units": 1' + "0" * 400 + "}",
    "object": '{"active_units": {"a": 1}}',
    "unknown": '{"active_units": {"type": "None", "namespace": "nobody", "props": {}}}',
}


@pytest.fixture
def hostile(root: Path, tmp_path: Path) -> dict[str, Path]:
    """A model of the digits with each of these cards."""
    shipped = root / "models" / "digits-nz2-seed0.safetensors"
    tensors: dict[str, torch.Tensor] = load_file(shipped)
    spec = '{"dataset": "digits", "n_latent": 2, "epochs": 1500}'
    files = {name: tmp_path / f"hostile-{name}.safetensors" for name in CARDS}
    for name, path in files.items():
        path.write_bytes(save(tensors, {"kind": "model", "spec": spec, "card": CARDS[name]}))
    return files


def test_no_file_takes_the_page_over(tab: Open, hostile: dict[str, Path], models_folder: Path):
    one = models(tab(None))
    rows = one.page.locator("#table tbody tr").count()
    for path in hostile.values():
        one.page.set_input_files("#upload input[type=file]", path)
        one.page.locator("#notices .notice", has_text=f"{path.name} is not a model of this program").wait_for()
        assert one.page.locator("#table tbody tr").count() == rows
    imported = models_folder / "imported"  # as if they had been there before
    imported.mkdir(parents=True, exist_ok=True)
    for name, path in hostile.items():
        (imported / path.name).write_bytes(path.read_bytes())
        bad = one.page.locator("#table tr.broken", has_text=f"hostile-{name}")
        bad.wait_for()
    one = models(tab(None))
    assert one.page.locator("#table tbody tr").count() == rows + len(hostile)
    assert one.page.locator("iframe").count() == 0
    assert one.page.evaluate("window.taken") is None
    assert "taken over" not in one.page.title()
    for name in hostile:
        bad = one.page.locator("#table tr.broken", has_text=f"hostile-{name}")
        assert "is not a model of this program" in bad.inner_text()
        one.page.once("dialog", lambda dialog: dialog.accept())
        bad.get_by_role("button", name="Delete").click()
        bad.wait_for(state="detached")
    assert list(imported.iterdir()) == []


def test_a_model_that_another_tab_deletes_is_refused_and_said(tab: Open, root: Path, models_folder: Path):
    models_folder.mkdir(parents=True, exist_ok=True)
    path = models_folder / "passing.safetensors"
    path.write_bytes((root / "models" / "digits-nz2-seed0.safetensors").read_bytes())
    one = tab("d=digits&nz=2&model=passing")
    before = one.strip()
    path.unlink()
    one.choose("label", "3")  # another p needs no server: its film is here
    one.page.wait_for_selector("#notices :text(\"There is no model 'passing' here\")")
    assert one.strip() == before
