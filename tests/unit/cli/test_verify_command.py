"""``polylip verify`` tells people and programs the same."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_worker.captions import Caption, Captions
from edge_worker.captions.webvtt import write_webvtt
from edge_worker.cli import main
from edge_worker.span import Span
from engines import EngineUnavailableError

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def film(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the visitor, with captions beside them."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "2", "-i", sample / "visitor.mp4", "-c", "copy", path],
        check=True,
    )
    said = Span(SECOND, 2 * SECOND)
    captions = Captions("pt", "en", (Caption("bom dia", "good morning", said, said),))
    path.with_suffix(".vtt").write_text(write_webvtt(captions), encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


@pytest.mark.models
def test_verify_when_a_film_is_judged_writes_its_figures(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    done = run(film, "--json", out)
    assert done.exit_code == 0, done.output
    assert "landmark mesh" in done.output
    assert "outline points" in done.output
    assert "cannot tell lip_coverage: no picture says" in done.output
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["utterances_spoken"] == 1
    assert figures["frames_out"] == 50
    assert figures["av_offset_ms_median"] is None
    assert figures["output_wer"] is not None
    assert figures["details"]["untold"].keys() >= {"lip_coverage", "chrf", "av_offset_ms"}


def test_verify_when_the_file_is_no_film_says_so_in_one_sentence(tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("hello", encoding="utf-8")
    done = run(notes)
    assert done.exit_code == 1
    assert "notes.mp4" in done.output
    assert "Traceback" not in done.output


def test_verify_when_the_captions_are_none_names_them(film: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello", encoding="utf-8")
    done = run(film, "--captions", notes)
    assert done.exit_code == 1
    assert "notes.txt: not a WebVTT file" in done.output


def test_verify_when_the_reference_lacks_a_field_names_it(film: Path, tmp_path: Path) -> None:
    reference = tmp_path / "reference.json"
    reference.write_text("{}", encoding="utf-8")
    done = run(film, "--reference", reference)
    assert done.exit_code == 1
    assert "source_language" in done.output


def test_verify_when_the_recognizer_is_missing_measures_the_rest(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> Path:
        raise EngineUnavailableError("whisper-base cannot be had")

    monkeypatch.setattr("engines.catalogue.Catalogue.fetch", nowhere)
    done = run(film)
    assert done.exit_code == 0, done.output
    assert "cannot tell output_wer: whisper-base cannot be had" in done.output
    assert "outline points" in done.output


def test_verify_when_figures_cannot_be_written_says_so_before_the_work(
    film: Path, tmp_path: Path
) -> None:
    done = run(film, "--json", tmp_path / "nowhere" / "figures.json")
    assert done.exit_code == 2
    assert "cannot be written" in done.output
