"""Recognition and speech by the very servers that a Home Assistant user runs."""

import logging
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.atp.hearing import Hearing
from edge_worker.atp.synthesizer import synced
from edge_worker.items import AudioBlock, Utterance
from edge_worker.lending import Lent
from edge_worker.media.resample import Resampler
from engines import EngineUnavailableError
from engines.asr import SAMPLE_RATE, Recognizer, UnknownLanguageError
from engines.asr.wyoming import ASSUMED_CONFIDENCE, WyomingRecognizer
from engines.catalogue import Catalogue
from engines.tts import Speech
from engines.tts.piper import PiperSynthesizer
from engines.tts.wyoming import WyomingSynthesizer
from mqtt_schemas import AUTO_LANGUAGE

from .wyoming_servers import WyomingProgram, piper_server, running, whisper_server

pytestmark = pytest.mark.models

CLIPS = Path(__file__).parents[1] / "data" / "speech_pt"
SENTENCES = (
    "The postman left a brown paper bag on my bench.",
    "Will you be back before the bakery closes?",
    "Pamela bought some plums, pears and a pumpkin.",
)
VOICE = "en_US-joe-medium"
PATIENCE_S = 120.0
"""A loaded machine may take its time; that it does is no failure here."""
_log = logging.getLogger(__name__)


def _model(name: str) -> Path:
    found = Catalogue.load().locate(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WyomingProgram]:
    with running(whisper_server(_model("whisper-base"), tmp_path_factory.mktemp("ear"))) as server:
        yield server


@pytest.fixture(scope="module")
def voice() -> Path:
    return _model("piper-en-us-joe")


@pytest.fixture(scope="module")
def piper(voice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WyomingProgram]:
    with running(piper_server(voice, tmp_path_factory.mktemp("mouth"))) as server:
        yield server


@pytest.fixture(scope="module")
def portuguese() -> NDArray[np.float32]:
    with av.open(str(CLIPS / "u01.flac")) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames).astype(np.float32) / np.float32(32768)
    return samples[int(0.3 * SAMPLE_RATE) : int(2.4 * SAMPLE_RATE)]


def _at_16k(speech: Speech) -> NDArray[np.float32]:
    resampler = Resampler(SAMPLE_RATE)
    block = AudioBlock("", 0, speech.sample_rate, speech.samples)
    pieces = [*resampler.process(block), *resampler.flush()]
    return np.concatenate([piece.samples for piece in pieces])


def _closures(speech: Speech) -> list[float]:
    """Middles of P, B and M in ms."""
    ends = list(accumulate(one.samples for one in speech.phonemes))
    return [
        (end - one.samples / 2) / speech.sample_rate * 1000
        for one, end in zip(speech.phonemes, ends, strict=True)
        if one.symbol in {"p", "b", "m"}
    ]


def test_whisper_server_when_the_language_is_set_then_its_words(
    whisper: WyomingProgram, portuguese: NDArray[np.float32]
) -> None:
    ear = WyomingRecognizer(whisper.uri, timeout_s=PATIENCE_S)
    assert {"pt", "en", "ar", "zh", "uk"} <= ear.languages
    heard = ear.transcribe(portuguese, language="pt-BR")
    assert "encanador" in heard.text.lower()
    assert (heard.language, heard.confidence) == ("pt", ASSUMED_CONFIDENCE)


async def test_whisper_server_when_the_language_is_auto_then_says_what_to_set(
    whisper: WyomingProgram, portuguese: NDArray[np.float32]
) -> None:
    lent: Lent[Recognizer] = Lent("asr", WyomingRecognizer(whisper.uri, timeout_s=PATIENCE_S))
    sound = AudioBlock("e", 0, SAMPLE_RATE, portuguese)
    try:
        with pytest.raises(UnknownLanguageError, match="set the stream's source_language"):
            await Hearing(lent, lambda: (AUTO_LANGUAGE, "en")).hear(
                sound, voiced_ns=2 * 10**9, within_ns=10**10
            )
    finally:
        lent.close()


def test_piper_server_speaks_what_the_whisper_server_understands(
    piper: WyomingProgram, whisper: WyomingProgram
) -> None:
    mouth = WyomingSynthesizer(piper.uri, voices=[VOICE], timeout_s=PATIENCE_S)
    (speech,) = mouth.synthesize("The parcel is at the door.", language="en")
    heard = WyomingRecognizer(whisper.uri, timeout_s=PATIENCE_S).transcribe(
        _at_16k(speech), language="en"
    )
    assert heard.text.lower() == "the parcel is at the door."


def test_piper_server_offers_more_voices_than_are_there_so_the_preferred_come_first(
    piper: WyomingProgram,
) -> None:
    every = WyomingSynthesizer(piper.uri, timeout_s=PATIENCE_S).voices
    assert {"ar", "de", "es", "fr", "it", "nl", "pl", "pt", "ro", "ru", "tr", "uk", "zh"} <= set(
        every
    )
    chosen = WyomingSynthesizer(piper.uri, voices=[VOICE], timeout_s=PATIENCE_S)
    assert chosen.voices == {"en": (VOICE,)}


def test_piper_servers_lips_are_near_the_voices_own_alignment(
    piper: WyomingProgram, voice: Path
) -> None:
    own = PiperSynthesizer(voice, voice="joe", noise=0.0, length_noise=0.0)
    served = WyomingSynthesizer(piper.uri, voices=[VOICE], timeout_s=PATIENCE_S)
    errors: list[float] = []
    for text in SENTENCES:
        (theirs,), (ours,) = (list(one.synthesize(text, language="en")) for one in (served, own))
        assert len(theirs.samples) == pytest.approx(len(ours.samples), rel=0.02)
        found, truth = _closures(theirs), _closures(ours)
        assert len(found) == len(truth)
        errors += [abs(here - there) for here, there in zip(found, truth, strict=True)]
    _log.info("P, B, M: median %.0f ms, 90%% %.0f ms", *np.quantile(errors, (0.5, 0.9)))
    assert np.median(errors) < 35
    assert np.quantile(errors, 0.9) < 80


def test_piper_server_when_killed_and_started_again_then_fails_clearly_and_recovers(
    voice: Path, tmp_path: Path
) -> None:
    with running(piper_server(voice, tmp_path)) as server:
        mouth = WyomingSynthesizer(server.uri, voices=[VOICE], timeout_s=PATIENCE_S)
        assert list(mouth.synthesize("Hello.", language="en"))
        server.stop()
        with pytest.raises(EngineUnavailableError, match=rf"{server.uri} cannot be reached"):
            list(mouth.synthesize("Hello.", language="en"))
        server.start()
        (speech,) = mouth.synthesize("Hello.", language="en")
    assert {one.symbol for one in speech.phonemes} & {"h", "l"}
    utterance = Utterance(
        id="u", epoch="e", start_ns=0, end_ns=10**9, source_language="pt", source_text="Olá.",
        confidence=0.8, target_language="en",
    )  # fmt: skip
    assert len(synced(utterance, [speech]).phonemes) > 3
