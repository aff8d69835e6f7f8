"""docs/configuration.md is what the settings say, on every machine."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from edge_worker.config import WorkerSettings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "configuration.md"


def rows() -> list[list[str]]:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in lines
        if line.startswith("| `")
    ]


def test_configuration_document_when_generated_again_is_the_file_in_the_repository() -> None:
    check = subprocess.run(
        [sys.executable, "script/configuration_document.py", "--check"],
        cwd=ROOT,
        env=os.environ | {"POLYLIP_WORKER": "another"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_configuration_document_when_read_lists_every_setting_with_a_description() -> None:
    parts = WorkerSettings.model_json_schema()["$defs"].values()
    sections = [part["properties"] for part in parts if "properties" in part]
    named = {row[0].strip("`") for row in rows()}
    assert named == {"worker", "roles", "share_speech"}.union(*sections)
    assert all(row[4] for row in rows())


def test_configuration_document_when_its_variables_are_set_they_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = {row[3].strip("`"): re.fullmatch(r'`"?(.*?)"?`', row[2]) for row in rows()}
    for variable, default in written.items():
        if default is not None:
            monkeypatch.setenv(variable, default[1])
    monkeypatch.setenv("POLYLIP_WORKER", "attic")
    settings = load_settings(None, {})
    assert settings.worker == "attic"
    assert settings.mqtt == WorkerSettings().mqtt
    assert settings.model_fields_set >= {"worker", "mqtt", "defaults", "engines", "limits"}


def test_configuration_document_when_its_example_is_loaded_it_is_valid(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    file = tmp_path / "polylip.toml"
    file.write_text(example[1], encoding="utf-8")
    settings = load_settings(file, {})
    assert settings.worker == tomllib.loads(example[1])["worker"]
    assert settings.settings_of("door").source_language == "pt"
