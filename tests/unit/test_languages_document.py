"""docs/languages.md is what the catalogue says."""

import re
import subprocess
import sys
from pathlib import Path

from engines.catalogue import Catalogue, Task

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")


def test_languages_document_when_generated_again_is_the_file_in_the_repository() -> None:
    check = subprocess.run(
        [sys.executable, "script/languages_document.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_languages_document_when_read_says_of_every_model_how_it_is_checked() -> None:
    for model in Catalogue.load().models():
        if model.task in {Task.ASR, Task.MT, Task.TTS}:
            (row,) = [
                line for line in DOCUMENT.splitlines() if line.startswith(f"| `{model.id}` |")
            ]
            assert model.licence in row
            assert ("first download" in row or "MD5" in row) is bool(model.unverified)


def test_languages_document_when_nothing_of_a_language_was_run_then_it_says_so() -> None:
    rows = [line for line in DOCUMENT.splitlines() if "(`" in line and line.startswith("| ")]
    proven = {row.split("|")[1].strip(): row.rsplit("|", 2)[1].strip() for row in rows}
    assert len(proven) == 14
    unproven = {name for name, said in proven.items() if said == "no: not fetched here"}
    assert unproven == {
        f"{name} (`{tag}`)"
        for name, tag in (
            ("German", "de"), ("Polish", "pl"), ("Ukrainian", "uk"), ("Romanian", "ro"),
            ("Dutch", "nl"), ("Turkish", "tr"), ("Arabic", "ar"), ("Chinese", "zh"),
        )
    }  # fmt: skip


def test_languages_document_when_it_gives_a_figure_then_it_is_the_one_that_was_measured() -> None:
    measured = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
    figures = re.findall(r"(\d+\.\d %) of words wrong", DOCUMENT)
    assert len(figures) == 4
    assert all(figure in measured for figure in figures)
