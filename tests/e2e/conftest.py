import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class DemoRun:
    """What ``polylip demo`` left behind."""

    folder: Path
    said: str
    returncode: int

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "report.json").read_text(encoding="utf-8")))


def run_demo(folder: Path, *arguments: str) -> DemoRun:
    ended = subprocess.run(
        [sys.executable, "-m", "edge_worker", "demo", "--output", folder, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return DemoRun(folder, ended.stdout + ended.stderr, ended.returncode)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The README's first command, once for all tests."""
    return run_demo(tmp_path_factory.mktemp("demo") / "demo-output")
