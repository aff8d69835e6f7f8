import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

from edge_worker.atp.synthesizer import SynthesizerStage, synced
from edge_worker.items import SyncedSpeech, Utterance, Verdict
from edge_worker.lending import Lent
from engines.catalogue import Catalogue
from engines.tts import Phoneme, Speech, Synthesizer
from engines.tts.piper import PiperSynthesizer
from tests.unit.atp_speak.material import RATE, Recording, utterance

SOURCE_RATE = 22_050
SPOKEN = utterance(target_text="The door is open.")


def sentence(*, lead: float = 0.1, voiced: float = 0.5, tail: float = 0.3) -> Speech:
    """Silence, a tone, silence; one phoneme each."""
    lengths = [round(part * SOURCE_RATE) for part in (lead, voiced, tail)]
    tone = 0.8 * np.sin(2 * np.pi * 200 * np.arange(lengths[1]) / SOURCE_RATE)
    samples = np.concatenate((np.zeros(lengths[0]), tone, np.zeros(lengths[2])), dtype=np.float32)
    symbols = zip("^a.", lengths, strict=True)
    return Speech(SOURCE_RATE, samples, tuple(Phoneme(symbol, n) for symbol, n in symbols))


@contextmanager
def lent(
    sentences: Sequence[Speech], *, capacity: int = 64
) -> Iterator[tuple[Lent[Synthesizer], Recording]]:
    recording = Recording(sentences)
    engine: Lent[Synthesizer] = Lent("tts", recording, capacity=capacity)
    try:
        yield engine, recording
    finally:
        engine.close()


async def spoken(sentences: Sequence[Speech], item: Utterance = SPOKEN) -> SyncedSpeech | Utterance:
    with lent(sentences) as (engine, _):
        (out,) = await SynthesizerStage(engine).process(item)
        return out


def dbfs(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples)))))


async def test_process_gives_speech_at_48_khz_with_the_utterance() -> None:
    out = await spoken([sentence()])
    assert isinstance(out, SyncedSpeech)
    assert (out.sample_rate, out.utterance) == (RATE, SPOKEN)
    assert out.samples.dtype == np.float32


def test_synced_starts_with_the_first_sound_and_ends_with_the_last() -> None:
    out = synced(SPOKEN, [sentence(lead=0.4, voiced=0.5, tail=0.6)])
    loud = np.flatnonzero(np.abs(out.samples) > 0.01)
    assert loud[0] <= 0.010 * RATE
    assert len(out.samples) - loud[-1] <= 0.040 * RATE


def test_synced_keeps_each_phoneme_at_its_sound() -> None:
    out = synced(SPOKEN, [sentence(lead=0.4, voiced=0.5, tail=0.6)])
    (vowel,) = (phoneme for phoneme in out.phonemes if phoneme.symbol == "a")
    loud = np.flatnonzero(np.abs(out.samples) > 0.01) / RATE * 1e9
    assert vowel.start_ns == pytest.approx(loud[0], abs=3e6)
    assert vowel.end_ns == pytest.approx(loud[-1], abs=3e6)


def test_synced_phonemes_touch_and_fill_the_speech_exactly() -> None:
    out = synced(SPOKEN, [sentence(), sentence(voiced=0.33), sentence(lead=0.0, tail=0.0)])
    assert out.phonemes[0].start_ns == 0
    assert all(a.end_ns == b.start_ns for a, b in pairwise(out.phonemes))
    assert all(phoneme.start_ns < phoneme.end_ns for phoneme in out.phonemes)
    assert out.phonemes[-1].end_ns == out.duration_ns


def test_synced_closes_the_mouth_between_sentences() -> None:
    out = synced(SPOKEN, [sentence(), sentence()])
    between = [phoneme for phoneme in out.phonemes if phoneme.symbol == "."]
    assert max(pause.end_ns - pause.start_ns for pause in between) == 180_000_000
    loud = np.flatnonzero(np.abs(out.samples) > 0.01)
    assert np.diff(loud).max() / RATE == pytest.approx(0.18 + 0.035, abs=0.01)


@pytest.mark.parametrize("gain", [0.02, 0.3, 1.2])
def test_synced_sets_the_loudness_whatever_the_voice_gave(gain: float) -> None:
    given = sentence()
    quiet = Speech(SOURCE_RATE, given.samples * np.float32(gain), given.phonemes)
    out = synced(SPOKEN, [quiet], rms_dbfs=-20)
    tone = out.samples[RATE // 10 : RATE * 4 // 10]
    assert dbfs(tone) == pytest.approx(-20, abs=0.5)


def test_synced_when_a_peak_would_clip_then_it_is_limited_and_the_rest_is_not() -> None:
    given = sentence(lead=0.0, voiced=1.0, tail=0.0)
    samples = given.samples * np.float32(0.05)
    samples[11_000] = 1.0
    out = synced(SPOKEN, [Speech(SOURCE_RATE, samples, given.phonemes)], rms_dbfs=-12)
    assert np.abs(out.samples).max() <= 10 ** (-1 / 20) + 1e-6
    assert dbfs(out.samples[RATE // 10 : RATE * 4 // 10]) == pytest.approx(-12, abs=1.5)


async def test_process_when_nothing_sounds_then_the_utterance_failed() -> None:
    for silence in ([], [Speech(RATE, np.zeros(4_800, np.float32), (Phoneme(".", 4_800),))]):
        out = await spoken(silence)
        assert isinstance(out, Utterance)
        assert (out.verdict, out.reason) == (Verdict.FAILED, "there is nothing to say")


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.DUB])
async def test_process_when_it_is_not_to_be_dubbed_then_passes_as_it_is(verdict: Verdict) -> None:
    item = utterance(verdict=verdict)
    assert await spoken([sentence()], item) is item


async def test_process_when_no_voice_speaks_the_language_then_failed_with_the_reason() -> None:
    out = await spoken([sentence()], utterance(target_text="こんにちは", target_language="ja"))
    assert isinstance(out, Utterance)
    assert (out.verdict, out.reason) == (Verdict.FAILED, "no voice speaks ja")


async def test_process_when_the_engine_fails_then_failed_and_the_text_is_kept() -> None:
    broken = Speech(0, np.ones(10, np.float32), (Phoneme("a", 10),))
    out = await spoken([broken])
    assert isinstance(out, Utterance)
    assert out.verdict is Verdict.FAILED
    assert out.target_text == SPOKEN.target_text


async def test_process_when_the_text_has_no_end_then_failed_and_no_more_of_it_is_spoken() -> None:
    asked = 0

    def endless() -> Iterator[Speech]:
        nonlocal asked
        while True:
            asked += 1
            yield sentence(voiced=1.0)

    with lent([]) as (engine, recording):
        recording.synthesize = lambda *_, **__: endless()  # type: ignore[method-assign] # a translator in a loop
        (out,) = await SynthesizerStage(engine).process(SPOKEN)
    assert isinstance(out, Utterance)
    assert out.verdict is Verdict.FAILED
    assert "more than 7 s of speech for 1 s" in out.reason
    assert asked == 6


async def test_process_when_the_engine_is_busy_then_overload() -> None:
    with lent([sentence()], capacity=0) as (engine, _):
        stage = SynthesizerStage(engine)
        outs = await asyncio.gather(*(stage.process(SPOKEN) for _ in range(2)))
    assert isinstance(outs[0][0], SyncedSpeech)
    assert isinstance(outs[1][0], Utterance)
    assert outs[1][0].verdict is Verdict.OVERLOAD


async def test_process_when_the_chosen_voice_is_of_another_language_then_the_default_speaks() -> (
    None
):
    with lent([sentence()]) as (engine, recording):
        stage = SynthesizerStage(engine, voice="amy", speed=1.1)
        await stage.process(SPOKEN)
        stage.voice = "faber"
        await stage.process(SPOKEN)
    assert recording.asked == [
        ("The door is open.", "en", "amy", 1.1),
        ("The door is open.", "en", None, 1.1),
    ]


@pytest.mark.models
async def test_process_with_a_real_voice_starts_at_once_and_knows_its_phonemes() -> None:
    model = Catalogue.load().locate("piper-en-us-joe")
    assert model is not None
    engine: Lent[Synthesizer] = Lent(
        "tts", PiperSynthesizer(model, voice="joe", noise=0.0, length_noise=0.0)
    )
    try:
        (out,) = await SynthesizerStage(engine).process(SPOKEN)
    finally:
        engine.close()
    assert isinstance(out, SyncedSpeech)
    assert np.flatnonzero(np.abs(out.samples) > 0.01)[0] < 0.03 * RATE
    assert {"ð", "d", "ɹ", "p", "n"} <= {phoneme.symbol for phoneme in out.phonemes}
    assert out.phonemes[-1].end_ns == out.duration_ns
