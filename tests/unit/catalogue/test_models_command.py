import hashlib
import sys
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
    pinned = "as it first came; no hash to compare that with"
    assert result.output == f"loose: {pinned}: nobody published one\n"


def test_verify_when_a_file_is_damaged_then_fails_and_names_it(extra: Path, tmp_path: Path) -> None:
    run("pull", "free", "--catalogue", str(extra))
    (damaged,) = (tmp_path / "models").rglob("w.bin")
    damaged.write_bytes(b"WEIGHTS")
    result = run("verify", "free", "--catalogue", str(extra))
    assert result.exit_code == 1
    assert "WRONG: w.bin has SHA-256" in result.output


def test_list_says_how_each_model_is_checked(extra: Path) -> None:
    lines = run("list", "--catalogue", str(extra)).output.splitlines()
    checked = {line.split()[0]: line for line in lines if line.strip()}
    assert checked["free"].rstrip().endswith("SHA-256")
    assert checked["loose"].rstrip().endswith("as first fetched")
    assert checked["piper-ru-ru-denis"].rstrip().endswith("MD5, then as first fetched")


def test_route_when_a_pair_lacks_then_names_the_pivot_the_models_and_the_command(
    extra: Path,
) -> None:
    result = run("route", "de", "pt", "--catalogue", str(extra))
    assert result.exit_code == 0
    assert result.output.startswith("de to pt through en:\n")
    assert "  bergamot-de-en: MPL-2.0, 23 MB, not here\n" in result.output
    command = "polylip models pull bergamot-de-en"
    assert command in result.output


def test_route_when_a_licence_must_be_accepted_then_the_command_says_so(extra: Path) -> None:
    result = run("route", "en", "tr", "--catalogue", str(extra))
    assert "piper-tr-tr-dfki: CC-BY-NC-SA-4.0 (NON-COMMERCIAL)" in result.output
    assert result.output.rstrip().endswith("--accept-licence CC-BY-NC-SA-4.0")


def test_route_when_there_is_none_then_says_so(extra: Path) -> None:
    result = run("route", "fi", "tr", "--catalogue", str(extra))
    assert result.exit_code == 1
    assert "no model in the catalogue leads from fi to tr" in result.output


def test_pull_when_a_file_is_damaged_then_it_is_fetched_anew(extra: Path, tmp_path: Path) -> None:
    run("pull", "free", "--catalogue", str(extra))
    (damaged,) = (tmp_path / "models").rglob("w.bin")
    damaged.write_bytes(b"WEIGHTS")
    assert run("pull", "free", "--catalogue", str(extra)).exit_code == 0
    assert run("verify", "free", "--catalogue", str(extra)).output == "free: right\n"


@pytest.fixture
def unwritable(extra: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with a model that must be put together where nothing can be written."""
    package = tmp_path / "site" / "some_weights_pkg"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "part").write_bytes(CONTENT)
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    (tmp_path / "models").write_text("a file, so no folder")
    with extra.open("a") as text:
        text.write(
            '[joined]\ntask="vad"\nlicence="MIT"\norigin="x"\nunverified="a test"\n'
            '[[joined.sources]]\nkind="package"\npackage="some_weights_pkg"\ndistribution="x"\n'
            'files=[{name="w.bin",size=7,parts=["some_weights_pkg/part"]}]\n'
        )
    return extra


@pytest.mark.parametrize("arguments", [("list",), ("route", "de", "pt")])
def test_command_when_the_models_folder_cannot_be_written_then_says_so_and_shows_the_rest(
    arguments: tuple[str, ...], unwritable: Path
) -> None:
    result = run(*arguments, "--catalogue", str(unwritable))
    assert result.exit_code == 0
    assert "joined: " in result.output
    assert "cannot be written" in result.output
    assert "POLYLIP_MODELS can name another folder" in result.output
    assert "bergamot-de-en" in result.output
