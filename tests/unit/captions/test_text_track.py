"""Captions in a film are what any player shows, and can be read back."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import pytest

from edge_worker.captions import Caption, Captions
from edge_worker.captions.text_track import add_text_tracks, read_text_tracks
from tests.unit.captions.conftest import VISIT, span


def film_with(captions: Captions, path: Path) -> Path:
    with av.open(str(path), "w") as film:
        video = film.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        add_text_tracks(film, captions)
        for _ in range(25):
            film.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        film.mux(video.encode(None))
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return film_with(VISIT, tmp_path / "film.mp4")


def test_tracks_when_read_again_say_the_same(film: Path) -> None:
    assert read_text_tracks(film) == VISIT


def test_tracks_when_shown_by_a_player_name_their_languages(film: Path) -> None:
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-of", "json", film],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    texts = [s for s in json.loads(shown)["streams"] if s["codec_type"] == "subtitle"]
    assert [s["codec_name"] for s in texts] == ["mov_text", "mov_text"]
    assert [s["tags"]["language"] for s in texts] == ["eng", "por"]


def test_tracks_when_a_player_reads_them_are_subtitles(film: Path) -> None:
    srt = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", film, "-map", "0:s:0", "-f", "srt", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "00:00:02,000 --> 00:00:04,000\nHello\n" in srt
    assert "Who is there?\n(voice off camera)" in srt


def test_tracks_when_the_film_is_copied_stay(film: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", film, "-map", "0", "-c", "copy", copy], check=True
    )
    assert read_text_tracks(copy) == VISIT


def test_tracks_when_the_film_has_none_are_none(film: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-sn", "-c", "copy", bare], check=True)
    assert read_text_tracks(bare) is None


def test_tracks_when_only_the_translation_is_left_tell_no_sources(
    film: Path, tmp_path: Path
) -> None:
    one = tmp_path / "one.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", film, "-map", "0:v", "-map", "0:s:0", "-c", "copy", one],
        check=True,
    )
    found = read_text_tracks(one)
    assert found is not None
    assert [(c.target_text, c.source) for c in found.entries] == [
        ("Hello", None),
        ("Who is there?", None),
    ]


def test_track_when_cues_overlap_ends_the_first_where_the_second_begins(tmp_path: Path) -> None:
    entries = (
        Caption("um", "a", span(0, 3), span(4, 5)),
        Caption("dois", "b", span(2, 4), span(5, 6)),
    )
    found = read_text_tracks(film_with(Captions("pt", "en", entries), tmp_path / "x.mp4"))
    assert found is not None
    assert found.entries == (replace(entries[0], source=span(0, 2)), entries[1])


def test_track_when_a_text_is_enormous_is_cut_at_a_whole_character(tmp_path: Path) -> None:
    long = Caption("x", "\u00e9" * 40_000, span(0, 1), span(0, 1))
    found = read_text_tracks(film_with(Captions("pt", "en", (long,)), tmp_path / "x.mp4"))
    assert found is not None
    assert found.entries[0].target_text == "\u00e9" * 30_000


def test_track_when_an_utterance_was_said_before_the_film_pairs_the_others_rightly(
    tmp_path: Path,
) -> None:
    entries = (
        Caption("um", "a", span(-3, -1), span(0, 1)),
        Caption("dois", "b", span(1, 2), span(2, 3)),
    )
    found = read_text_tracks(film_with(Captions("pt", "en", entries), tmp_path / "x.mp4"))
    assert found is not None
    assert found.entries == (replace(entries[0], source_text="", source=None), entries[1])


def test_track_when_a_source_text_is_empty_pairs_the_others_rightly(tmp_path: Path) -> None:
    entries = (
        Caption("", "a", span(0, 1), span(1, 2)),
        Caption("dois", "b", span(2, 3), span(3, 4)),
    )
    found = read_text_tracks(film_with(Captions("", "en", entries), tmp_path / "x.mp4"))
    assert found is not None
    assert found.entries == entries


def test_track_when_cues_begin_together_keeps_both(tmp_path: Path) -> None:
    entries = (
        Caption("um", "a", span(1, 2), span(3, 4)),
        Caption("dois", "b", span(1, 2), span(4, 5)),
    )
    found = read_text_tracks(film_with(Captions("pt", "en", entries), tmp_path / "x.mp4"))
    assert found is not None
    assert [(one.source_text, one.target_text) for one in found.entries] == [
        ("um", "a"),
        ("dois", "b"),
    ]


def test_track_when_nothing_was_said_is_there_and_empty(tmp_path: Path) -> None:
    nothing = Captions("pt", "en")
    assert read_text_tracks(film_with(nothing, tmp_path / "x.mp4")) == nothing
