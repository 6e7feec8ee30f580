"""The numbers behind a panel of the explorer, as files: the same bytes that the page gives."""

import argparse
from typing import Any

from core.commands.console import compute_as_served, progress_bar
from core.commands.runs import inference_spec
from core.panel_data import file_stem, panel_data, panel_recipe
from core.paper.results import arrays_of
from core.result_files import as_json, as_npz
from core.session import Session
from core.specs import InferenceSpec
from core.tables import tables_of


def run_export(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    """Write CSV, NPZ and the recipe of a panel."""
    compute_as_served()
    spec = inference_spec(args, session, InferenceSpec)
    with progress_bar(args.panel) as report:
        result = panel_data(args.panel, spec, session, progress=report)
        report(1.0, "done")
    recipe = panel_recipe(args.panel, spec, session)
    stem = args.output / file_stem(args.panel, spec)
    args.output.mkdir(parents=True, exist_ok=True)
    contents = {
        "csv": tables_of(result)[0].to_csv().encode(),
        "npz": as_npz(arrays_of(result), recipe),
        "json": as_json(recipe).encode(),
    }
    written = [stem.with_name(f"{stem.name}.{kind}") for kind in contents]
    for path, content in zip(written, contents.values(), strict=True):
        path.write_bytes(content)
    return recipe | {"files": [str(path) for path in written]}
