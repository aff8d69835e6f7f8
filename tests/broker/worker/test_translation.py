"""What is dubbed and what is not: languages, single words, and sound that is no speech."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.resample import Resampler
from mqtt_schemas import UtteranceMessage, Verdict
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import CLIP_START_NS, RATE, SECOND_NS, play, sound_of, sounding
from tests.broker.worker.house import Heard, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]

SPEECH = Path(__file__).parents[2] / "data" / "speech_pt"
_PAUSE = np.zeros(int(1.3 * RATE), np.float32)
Sentence = tuple[int, int, str]
"""Start and end on the media clock, and the language."""


def english(engines: EngineSet, text: str) -> Samples:
    """A sentence in the English voice, 48 kHz."""
    said = list(engines.synthesizer.engine.synthesize(text, language="en"))
    resampler = Resampler(RATE)
    samples = np.concatenate([one.samples for one in said])
    blocks = [
        *resampler.process(AudioBlock("", 0, said[0].sample_rate, samples)),
        *resampler.flush(),
    ]
    return np.concatenate([block.samples for block in blocks]) * np.float32(0.5)


def portuguese(clip: str, start_s: float, end_s: float) -> Samples:
    """A sentence of the corpus, 48 kHz."""
    return sound_of(SPEECH / f"{clip}.flac", start_s, end_s - start_s)


def conversation(*said: tuple[str, Samples]) -> tuple[Samples, list[Sentence]]:
    """The sentences one after the other, with pauses, and where each of them is."""
    pieces, places, at = [_PAUSE], list[Sentence](), len(_PAUSE)
    for language, samples in said:
        first, last = (CLIP_START_NS + n * SECOND_NS // RATE for n in (at, at + len(samples)))
        places.append((first, last, language))
        pieces += [samples, _PAUSE]
        at += len(samples) + len(_PAUSE)
    return np.concatenate(pieces), places


def language_at(places: list[Sentence], utterance: UtteranceMessage) -> str:
    """In which language the sentence was really spoken."""
    middle = (utterance.start_ns + utterance.end_ns) // 2
    return next(
        language
        for first, last, language in places
        if first - SECOND_NS // 2 <= middle <= last + SECOND_NS // 2
    )


async def test_two_languages_when_they_alternate_then_only_the_foreign_one_is_dubbed(
    mosquitto: Mosquitto, engines: EngineSet, folder: Path
) -> None:
    sound, places = conversation(
        ("pt", portuguese("u01", 2.85, 7.2)),
        ("en", english(engines, "I am sorry, I did not understand what you said.")),
        ("pt", portuguese("u04", 0.45, 3.3)),
    )
    words, said = conversation(
        ("en", english(engines, "Yes.")),
        ("pt", portuguese("u11", 0.45, 2.5)),
        ("en", english(engines, "Okay.")),
    )
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await asyncio.gather(
            play(house.link, "long", sounding(folder, sound)),
            play(house.link, "short", sounding(folder, words)),
        )
        await house.finished("long", utterances=3)
        await house.finished("short", utterances=2)
    for stream, truth in (("long", places), ("short", said)):
        for one in house[stream].final():
            spoken_in = language_at(truth, one)
            assert (one.verdict is Verdict.DUB) == (spoken_in == "pt"), one
            assert one.source_text
        dubbed = {language_at(truth, one) for one in house[stream].spoken()}
        assert dubbed == {"pt"}
    verdicts = {one.verdict for one in house["long"].final()}
    assert verdicts == {Verdict.DUB, Verdict.SAME_LANGUAGE}


async def test_sound_when_nobody_speaks_then_nothing_is_dubbed(
    mosquitto: Mosquitto, engines: EngineSet, folder: Path
) -> None:
    rng = np.random.default_rng(3)
    seconds = 7
    sounds = {
        "silence": np.zeros(seconds * RATE, np.float32),
        "noise": (0.1 * rng.normal(size=seconds * RATE)).astype(np.float32),
        "music": _music(seconds),
    }
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await asyncio.gather(
            *(play(house.link, name, sounding(folder, sound)) for name, sound in sounds.items())
        )
        played_ns = (seconds - 1) * SECOND_NS
        await house.until(lambda: min(_come_out(house[name]) for name in sounds) > played_ns)
    for name in sounds:
        assert not [one for one in house[name].final() if one.verdict is Verdict.DUB]
        assert {one.ai_modified for one in house[name].properties()} == {False}


def _come_out(heard: Heard) -> int:
    """How much of what was sent has come out again."""
    stamps = [one.pts_ns or 0 for one in heard.properties()]
    return max(stamps, default=CLIP_START_NS) - CLIP_START_NS


def _music(seconds: float) -> Samples:
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
