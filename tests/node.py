"""Node for tests: the one of requirements-dev.txt, with the packages of package-lock.json."""

import subprocess
import sysconfig
from pathlib import Path

from tests.served import required

ROOT = Path(__file__).resolve().parent.parent
TSC = "node_modules/typescript/bin/tsc"


def run_node(program: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program of this project in node; skips where node is not installed."""
    node = Path(sysconfig.get_path("scripts"), "node")
    are_here = node.exists() and (ROOT / program).exists()
    with required(str(node) if are_here else None, "node (`make install-dev` brings it)") as found:
        command = [found, program, *arguments]
        return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, encoding="utf-8")
