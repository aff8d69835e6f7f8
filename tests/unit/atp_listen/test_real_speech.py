"""The whole listening part with its real engines on real sound."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.atp.hearing import Hearing
from edge_worker.atp.recognizer import SpeechRecognizer
from edge_worker.atp.segmenter import Segmenter
from edge_worker.items import SpeechSpan, Utterance, Verdict
from edge_worker.lending import Lent
from engines.asr import Recognizer
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.turn import TurnDetector
from engines.turn.smart_turn import SmartTurn
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector
from mqtt_schemas import AUTO_LANGUAGE

from .fakes import RATE, SECOND, Sound, blocks, listen_through, spans

pytestmark = pytest.mark.models

CLIPS = Path(__file__).parents[2] / "data" / "speech_pt"
META = {clip["id"]: clip for clip in json.loads((CLIPS / "meta.json").read_text())}


@pytest.fixture(scope="module")
def whisper() -> WhisperRecognizer:
    folder = Catalogue.load().locate("whisper-base")
    if folder is None:
        pytest.skip("whisper-base is not on this machine")
    return WhisperRecognizer(folder, threads=2)


@pytest.fixture
def recognizer(whisper: WhisperRecognizer) -> Iterator[Lent[Recognizer]]:
    lent: Lent[Recognizer] = Lent("asr", whisper)
    yield lent
    lent.close()


@pytest.fixture
def turn() -> Iterator[Lent[TurnDetector]]:
    lent: Lent[TurnDetector] = Lent("turn", SmartTurn())
    yield lent
    lent.close()


def _clip(name: str) -> Sound:
    with av.open(str(CLIPS / f"{name}.flac")) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32) / np.float32(32768)


def _music(seconds: float) -> Sound:
    """A tune: three-voice chords with harmonics, a new one every 400 ms."""
    rng = np.random.default_rng(7)
    at = np.arange(int(0.4 * RATE)) / RATE
    envelope = np.minimum(1, at / 0.02) * np.exp(-2 * at)
    chords = []
    for _ in range(int(seconds / 0.4)):
        notes = 220 * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 12], 3) / 12)
        tones = [np.sin(2 * np.pi * note * k * at) / k for note in notes for k in (1, 2, 3, 4)]
        chords.append(0.08 * envelope * np.sum(tones, axis=0))
    return np.concatenate(chords).astype(np.float32)


async def _understood(
    sound: Sound,
    turn: Lent[TurnDetector],
    recognizer: Lent[Recognizer],
    *,
    source: str = "pt",
    rate: int = RATE,
) -> tuple[list[SpeechSpan], list[Utterance]]:
    hearing = Hearing(recognizer, lambda: (source, "en"))
    segmenter = Segmenter(GatedDetector(SileroDetector()), turn, hearing)
    stage = SpeechRecognizer(hearing, lambda: frozenset({("pt", "en")}), lambda: (source, "en"))
    found = spans(await listen_through(segmenter, blocks(sound, rate=rate, size=rate // 50)))
    utterances = [utterance for span in found for utterance in await stage.process(span)]
    return found, utterances


@pytest.mark.parametrize("source", ["pt", AUTO_LANGUAGE])
async def test_a_visitor_is_cut_at_his_sentences_and_understood(
    source: str, turn: Lent[TurnDetector], recognizer: Lent[Recognizer]
) -> None:
    found, utterances = await _understood(_clip("u01"), turn, recognizer, source=source)
    ends = [span.end_ns / SECOND for span in found]
    for sentence in META["u01"]["sents"]:
        assert any(abs(end - sentence["end"]) < 0.3 for end in ends)
    text = " ".join(utterance.source_text for utterance in utterances).lower()
    assert all(word in text for word in ("encanador", "vazamento", "terceiro andar", "portão"))
    assert {utterance.source_language for utterance in utterances} == {"pt"}
    assert {utterance.verdict for utterance in utterances} == {Verdict.DUB}
    assert all(span.hypothesis is not None for span in found)


async def test_a_telephone_line_at_8_khz_is_understood(
    turn: Lent[TurnDetector], recognizer: Lent[Recognizer]
) -> None:
    narrow = np.ascontiguousarray(_clip("u04")[::2])
    _, utterances = await _understood(narrow, turn, recognizer, rate=8000)
    text = " ".join(utterance.source_text for utterance in utterances).lower()
    assert "vizinho" in text
    assert "cartas" in text


@pytest.mark.parametrize("what", ["silence", "hiss", "white noise", "music", "hum"])
async def test_sound_without_speech_says_nothing(
    what: str, turn: Lent[TurnDetector], recognizer: Lent[Recognizer]
) -> None:
    rng = np.random.default_rng(3)
    seconds = 20
    sounds: dict[str, NDArray[Any]] = {
        "silence": np.zeros(seconds * RATE),
        "hiss": 1e-3 * rng.normal(size=seconds * RATE),
        "white noise": 0.1 * rng.normal(size=seconds * RATE),
        "music": _music(seconds),
        "hum": 0.2 * np.sin(2 * np.pi * 50 * np.arange(seconds * RATE) / RATE),
    }
    for source in ("pt", AUTO_LANGUAGE):
        _, utterances = await _understood(
            sounds[what].astype(np.float32), turn, recognizer, source=source
        )
        assert utterances == []


async def test_speech_over_noise_is_still_cut_and_understood(
    turn: Lent[TurnDetector], recognizer: Lent[Recognizer]
) -> None:
    clean = _clip("u11")
    rng = np.random.default_rng(5)
    noise = rng.normal(size=len(clean)) * np.sqrt(np.mean(np.square(clean))) / 10 ** (15 / 20)
    found, utterances = await _understood((clean + noise).astype(np.float32), turn, recognizer)
    assert found[-1].end_ns / SECOND == pytest.approx(META["u11"]["sents"][-1]["end"], abs=0.3)
    text = " ".join(utterance.source_text for utterance in utterances).lower()
    assert "internet" in text
    assert "horário" in text
