"""The judge as a whole, and what it may know."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_worker.captions import Caption, Captions
from edge_worker.captions.webvtt import write_webvtt
from edge_worker.span import Span
from edge_worker.verify import Subject, captions_of, judging, verify
from edge_worker.verify.mouth import MouthTrack, Seen
from edge_worker.verify.reference import Reference
from engines.face.mediapipe import MediaPipeFace
from tests.unit.verify.conftest import SECOND, Listener, as_if_translated

MAKERS = ("edge_worker.rvp", "edge_worker.timeline", "engines.lipsync", "edge_worker.session")


def test_judge_when_loaded_has_not_loaded_whatever_makes_films() -> None:
    program = "import sys, edge_worker.cli.verify; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = done.stdout.split()
    assert "edge_worker.verify.judging" in loaded
    assert [name for name in loaded if name.startswith(MAKERS)] == []


@pytest.mark.models
def test_judge_when_a_film_speaks_where_its_captions_say_gives_every_figure_of_both_eyes(
    clip: Path, reference: Reference
) -> None:
    captions = as_if_translated(reference, 13)
    spoken = replace(reference, target_language="pt")
    subject = Subject(clip, captions, spoken, with_controls=True)
    found = verify(subject, landmarker=MediaPipeFace(), recognizer=Listener("pt"))
    for mouth in found.mouths:
        assert len(mouth.windows) == 2, mouth.method
        assert mouth.speech_r is not None
        assert mouth.speech_r > 0.35, mouth.method
        assert mouth.closure.seen > 5
        assert mouth.closure.by_chance is not None
    assert found.words.error_rate == 1  # the listener always hears one word, the wrong one
    assert found.words.sentences_spoken == len(captions.entries)
    assert found.words.chrf is not None
    assert 0 < found.words.chrf < 60
    assert found.counts.pictures == 13 * 25
    assert [control.name[:14] for control in found.controls] == [
        "sound moved by",
        "sound moved by",
        "foreign sound:",
    ]
    assert all(reading.told for control in found.controls for reading in control.readings)


def test_judge_when_pictures_carry_no_marks_says_so_instead_of_guessing(
    short: Path, reference: Reference
) -> None:
    found = verify(Subject(short, as_if_translated(reference, 5)), landmarker=MediaPipeFace())
    assert found.lip_coverage is None
    assert "encoded again" in found.untold["lip_coverage"]
    assert found.figures()["lip_coverage"] is None
    assert found.untold["output_wer"] == "no recognizer was given"
    assert "no human translation" in found.untold["chrf"]


def test_judge_when_there_are_no_captions_says_which_figures_are_missing(
    short: Path,
) -> None:
    assert captions_of(short) is None
    found = verify(Subject(short, None), landmarker=MediaPipeFace())
    missing = {"av_offset_ms", "mouth_speech_r", "bilabial_closure_rate", "lip_coverage"}
    assert missing | {"output_wer", "chrf"} <= found.untold.keys()
    assert "no captions" in found.untold["av_offset_ms"]
    assert found.counts.pictures == 5 * 25


def test_judge_when_every_voice_is_off_camera_judges_no_lips_but_counts_coverage(
    short: Path, reference: Reference
) -> None:
    captions = as_if_translated(reference, 5)
    unseen = replace(
        captions, entries=tuple(replace(one, off_camera=True) for one in captions.entries)
    )
    found = verify(Subject(short, unseen), landmarker=MediaPipeFace())
    assert found.mouths[0].windows == ()
    assert found.untold["av_offset_ms"] == "every voice was judged off camera"
    assert found.counts.off_camera == found.counts.spoken == len(captions.entries)
    assert found.counts.pictures_wanted > 0
    assert found.judged_share == 0
    assert found.mouths[0].closure.seen == 0
    assert found.everyone[0].closure.seen > 0


def test_judge_when_captions_lie_beyond_the_film_leaves_their_words_out(
    short: Path, reference: Reference
) -> None:
    captions = as_if_translated(reference, 5)
    beyond = replace(captions.entries[0], spoken=Span(90 * SECOND, 91 * SECOND))
    listener = Listener("pt")
    found = verify(
        Subject(short, replace(captions, entries=(*captions.entries, beyond))),
        landmarker=MediaPipeFace(),
        recognizer=listener,
    )
    assert 0 not in listener.lengths
    assert len(listener.lengths) == len(captions.entries)
    assert found.words.heard[-1] == ""
    assert found.untold["some words"].startswith("1 of 2 spoken captions lie beyond")


def test_coverage_when_only_the_second_eye_sees_a_face_counts_the_picture() -> None:
    times_ns = np.arange(0, SECOND, 40_000_000)
    blind, seeing = np.full(25, np.nan), np.full(25, 0.1)
    seen = Seen(
        times_ns,
        tuple(MouthTrack(times_ns, opening) for opening in (blind, seeing)),
        marked=np.ones(25, bool),
        lips=np.arange(25) < 5,
    )
    spoken = (Caption("um", "a", None, Span(0, SECOND)),)
    counts, coverage = judging._coverage(seen, Captions("pt", "en", spoken))
    assert counts.pictures_wanted == 25
    assert coverage == 0.2


def test_judge_when_the_language_has_no_phones_here_says_so(
    short: Path, reference: Reference
) -> None:
    captions = replace(as_if_translated(reference, 5), target_language="tlh")
    found = verify(Subject(short, captions), landmarker=MediaPipeFace())
    assert "tlh" in found.untold["bilabial_closure_rate"]


def test_captions_when_they_lie_beside_the_film_are_found(tmp_path: Path, clip: Path) -> None:
    film = tmp_path / "film.mp4"
    film.symlink_to(clip)
    assert captions_of(film) is None
    film.with_suffix(".vtt").write_text(write_webvtt(Captions("pt", "en")), encoding="utf-8")
    assert captions_of(film) == Captions("pt", "en")


def test_captions_when_the_file_given_is_none_are_refused_by_name(
    tmp_path: Path, clip: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello", encoding="utf-8")
    with pytest.raises(ValueError, match=r"notes\.txt: not a WebVTT file"):
        captions_of(clip, notes)


def test_film_when_it_has_no_sound_is_refused_by_name(tmp_path: Path, clip: Path) -> None:
    silent = tmp_path / "silent.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "1", "-i", clip, "-an", "-c", "copy", silent], check=True
    )
    with pytest.raises(ValueError, match=r"silent\.mp4: no audio track"):
        verify(Subject(silent, None), landmarker=MediaPipeFace())


def test_span_when_shifted_keeps_its_length() -> None:
    assert Span(SECOND, 3 * SECOND).shifted(-SECOND) == Span(0, 2 * SECOND)
