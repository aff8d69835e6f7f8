import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_worker.cli.models import command
from tests.unit.catalogue.mirror import Mirror, running_mirror

CONTENT = b"weights"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        running.files = {"/w.bin": CONTENT}
        yield running


@pytest.fixture
def extra(tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POLYLIP_MODELS", str(tmp_path / "models"))
    path = tmp_path / "extra.toml"
    digest = hashlib.sha256(CONTENT).hexdigest()
    path.write_text(
        '[free]\ntask="vad"\nlicence="MIT"\norigin="https://example.org/free"\n'
        f'[[free.sources]]\nkind="url"\nurl="{mirror.address}"\n'
        f'files=[{{name="w.bin",size=7,sha256="{digest}"}}]\n'
        '[loose]\ntask="vad"\nlicence="CC-BY-NC-4.0"\norigin="https://example.org/loose"\n'
        'non_commercial=true\nunverified="nobody published one"\n'
        f'[[loose.sources]]\nkind="url"\nurl="{mirror.address}"\nfiles=[{{name="w.bin"}}]\n'
    )
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, env={"COLUMNS": "200"})


def test_list_shows_licences_and_marks_non_commercial_ones(extra: Path) -> None:
    result = run("list", "--task", "vad", "--catalogue", str(extra))
    assert result.exit_code == 0
    assert "CC-BY-NC-4.0 (NON-COMMERCIAL)" in result.output
    assert "silero-vad" in result.output
    assert "whisper-base" not in result.output


def test_pull_when_free_then_shows_the_licence_and_the_place(extra: Path, tmp_path: Path) -> None:
    result = run("pull", "free", "--catalogue", str(extra))
    assert result.exit_code == 0
    assert "free: MIT, 0 MB, https://example.org/free" in result.output
    assert str(tmp_path / "models") in result.output


def test_pull_when_non_commercial_then_needs_the_licence_named(extra: Path) -> None:
    refused = run("pull", "loose", "--catalogue", str(extra))
    assert refused.exit_code == 1
    assert "forbids commercial use" in refused.output
    taken = run("pull", "loose", "--accept-licence", "CC-BY-NC-4.0", "--catalogue", str(extra))
    assert taken.exit_code == 0


def test_pull_when_one_fails_then_the_others_are_still_fetched(extra: Path) -> None:
    result = run("pull", "nothing", "free", "--catalogue", str(extra))
    assert result.exit_code == 1
    assert run("verify", "free", "--catalogue", str(extra)).output == "free: right\n"


def test_verify_when_hashes_are_unknown_then_prints_the_reason(extra: Path) -> None:
    run("pull", "loose", "--accept-licence", "CC-BY-NC-4.0", "--catalogue", str(extra))
    result = run("verify", "loose", "--catalogue", str(extra))
    assert result.output == "loose: sizes right, hash unknown: nobody published one\n"


def test_verify_when_a_file_is_damaged_then_fails_and_names_it(extra: Path, tmp_path: Path) -> None:
    run("pull", "free", "--catalogue", str(extra))
    (damaged,) = (tmp_path / "models").rglob("w.bin")
    damaged.write_bytes(b"WEIGHTS")
    result = run("verify", "free", "--catalogue", str(extra))
    assert result.exit_code == 1
    assert "WRONG: w.bin has SHA-256" in result.output
