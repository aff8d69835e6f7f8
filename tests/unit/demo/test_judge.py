"""The judge as a whole, and what it may know."""

import ast
import subprocess
from pathlib import Path

import pytest

import edge_worker.demo.judge as judge_package
from edge_worker.demo.judge import Reference, RunRecord, SpokenUtterance, judge
from engines.face.mediapipe import MediaPipeFace
from tests.unit.demo.conftest import SECOND
from tests.unit.demo.test_words import Listener

ROOM = Path(judge_package.__file__).parent


def test_judge_knows_nothing_of_how_a_film_is_made() -> None:
    allowed = {"edge_worker.items", "edge_worker.demo.judge", "engines.face", "engines.asr"}
    imported = {
        node.module
        for file in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    ours = {m for m in imported if m.split(".")[0] in {"edge_worker", "engines", "mqtt_schemas"}}
    assert [m for m in ours if not any(f"{m}.".startswith(f"{a}.") for a in allowed)] == []


def test_judge_when_a_film_speaks_where_the_run_says_gives_every_figure(
    sample: Path, reference: Reference, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "13", "-i", sample / "visitor.mp4", "-c", "copy", clip],
        check=True,
    )
    sentences = [u for u in reference.utterances if u.span.end_ns < 13 * SECOND]
    said = tuple(
        SpokenUtterance(
            id=u.id,
            source=u.span,
            source_text=u.source_text,
            target_text=u.target_text,
            placed=u.span,
            first_publish_utc_ns=u.span.end_ns + SECOND,
        )
        for u in sentences
    )
    run = RunRecord(0, 0, said, rendered=tuple(u.source for u in said))
    judgement = judge(clip, run, reference, landmarker=MediaPipeFace(), recognizer=Listener())
    assert len(judgement.windows) == 2
    assert judgement.mouth_speech_r is not None
    assert judgement.mouth_speech_r > 0.35
    assert judgement.lip_coverage == 1
    assert judgement.output_wer == 1  # the listener always hears one word, the wrong one
    assert judgement.utterances_spoken == len(sentences)
    assert judgement.first_sound_s == pytest.approx(1)
    assert judgement.chrf is not None
    assert 0 < judgement.chrf < 60
