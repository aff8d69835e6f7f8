"""Phones are found in the sound where the synthesizer says that it spoke them."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.verify.acoustics import SAMPLE_RATE
from edge_worker.verify.alignment import Utterance, bilabials, misfit
from edge_worker.verify.phones import BILABIALS, PAUSE, PhonesUnknownError, accents_of, phones_of
from engines.catalogue import Catalogue
from engines.tts.piper import PiperSynthesizer
from tests.unit.verify.conftest import SECOND, Visitor

TEXTS = (
    "Good morning, I have a package for the apartment.",
    "Could you come down, please?",
    "My dog ran away about an hour ago, it is small and brown.",
    "Your son forgot his backpack in the school bus.",
    "I must leave the umbrella with the doorman.",
    "Please call the firemen, somebody needs help.",
    "I am the nurse who takes care of your mother.",
    "Because of the traffic I am a bit late.",
    "It smells of gas, everybody should leave the building.",
    "The plumber will be back tomorrow between seven and eight.",
)
_PAD_NS = SECOND // 4
_DUCKED = 10 ** (-15 / 20)
"""How loud the original is below the translation."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    utterances: tuple[Utterance, ...]
    bilabials_ns: tuple[int, ...]
    """Middle of each P, B and M, as the synthesizer tells."""


@pytest.fixture(scope="module")
def spoken(visitor: Visitor) -> Spoken:
    """Sentences of the English voice, with the visitor's Portuguese below them as in a film."""
    model = Catalogue.load().fetch("piper-en-us-joe")
    tts = PiperSynthesizer(model, voice="joe", noise=0, length_noise=0)
    below = np.random.default_rng(0)
    utterances: list[Utterance] = []
    truths: list[int] = []
    for number, text in enumerate(TEXTS):
        begin_ns = number * 60 * SECOND
        (speech,) = tts.synthesize(text, language="en")
        starts = np.cumsum([0, *(phoneme.samples for phoneme in speech.phonemes)])
        truths += [
            begin_ns + _PAD_NS + round((start + phone.samples / 2) / speech.sample_rate * SECOND)
            for start, phone in zip(starts, speech.phonemes, strict=False)
            if phone.symbol in BILABIALS
        ]
        sound = np.pad(_at_16_khz(speech.samples, speech.sample_rate), SAMPLE_RATE // 4)
        first = int(below.integers(0, len(visitor.sound) - len(sound)))
        level = _rms(sound) / _rms(visitor.sound) * _DUCKED
        mixed = sound + level * visitor.sound[first : first + len(sound)]
        utterances.append(Utterance(phones_of(text, "en-us"), mixed.astype(np.float32), begin_ns))
    return Spoken(tuple(utterances), tuple(truths))


def _at_16_khz(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    at = np.arange(len(samples) * SAMPLE_RATE // rate) * rate / SAMPLE_RATE
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def _rms(sound: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(sound**2)))


@pytest.mark.models
def test_bilabials_when_heard_are_where_the_synthesizer_spoke_them(spoken: Spoken) -> None:
    """Of those whose time is certain: half within 25 ms, 95 % within 60 ms."""
    found = bilabials(spoken.utterances)
    assert found.unsure <= 0.1 * len(spoken.bilabials_ns)
    assert len(found.times_ns) + found.unsure == len(spoken.bilabials_ns)
    truth = np.array(spoken.bilabials_ns)
    errors_ms = [np.abs(truth - time_ns).min() / 1e6 for time_ns in found.times_ns]
    assert np.median(errors_ms) < 25
    assert np.percentile(errors_ms, 95) < 60


@pytest.mark.models
def test_misfit_when_texts_are_read_in_the_accent_of_the_voice_is_least(spoken: Spoken) -> None:
    """*apartment* has an r in American English, which fills the time before its t."""
    american, british = (
        [
            replace(one, phones=phones_of(text, accent))
            for text, one in zip(TEXTS, spoken.utterances, strict=True)
        ]
        for accent in accents_of("en")
    )
    assert misfit(american) < misfit(british)


def test_accents_when_a_language_has_one_are_itself() -> None:
    assert accents_of("en") == ("en-us", "en-gb")
    assert accents_of("en-gb") == ("en-gb",)
    assert accents_of("de") == ("de",)


def test_bilabials_when_nothing_was_said_are_none() -> None:
    assert bilabials([]).times_ns == ()
    silence = np.zeros(SAMPLE_RATE, np.float32)
    assert bilabials([Utterance(phones_of("", "en"), silence, 0)]).times_ns == ()


def test_bilabials_when_the_sound_is_shorter_than_the_words_are_left_out() -> None:
    phones = phones_of("A very long sentence by people whom nobody ever met before.", "en")
    found = bilabials([Utterance(phones, np.zeros(800, np.float32), 0)])
    assert (found.times_ns, found.unsure) == ((), 0)


@pytest.mark.parametrize(
    ("text", "language", "bilabials"), [("Bom p\u00e3o", "pt", "bp"), ("Mein Baum", "de", "mbm")]
)
def test_phones_when_a_language_is_spoken_have_its_bilabials(
    text: str, language: str, bilabials: str
) -> None:
    phones = phones_of(text, language)
    assert "".join(p.symbol for p in phones if p.symbol in BILABIALS) == bilabials
    assert sum(p.symbol == PAUSE for p in phones) == 3


def test_phones_when_nobody_speaks_the_language_are_refused() -> None:
    with pytest.raises(PhonesUnknownError, match="xx"):
        phones_of("hello", "xx")
