import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.catalogue import Catalogue
from engines.tts import Phoneme, Speech
from engines.tts.alignment import aligned, is_phone
from engines.tts.piper import PiperSynthesizer
from engines.tts.sounds import kind_of
from engines.tts.spread import spread

_log = logging.getLogger(__name__)

RATE = 22_050
STRESS = "\N{MODIFIER LETTER VERTICAL LINE}"
LONG = "\N{MODIFIER LETTER TRIANGULAR COLON}"

# None of these taught the table of sounds.
UNSEEN = (
    "The postman left a brown paper bag on my bench.",
    "Will you be back before the bakery closes?",
    "Our lamp is broken, so please bring a torch.",
    "Pamela bought some plums, pears and a pumpkin.",
)


def noise(seconds: float, level: float) -> NDArray[np.float32]:
    sound = np.random.default_rng(0).normal(size=round(seconds * RATE))
    return (level * sound).astype(np.float32)


def hum(seconds: float) -> NDArray[np.float32]:
    """Something like an open vowel."""
    t = np.arange(round(seconds * RATE)) / RATE
    parts = [np.sin(2 * np.pi * 120 * k * t) / (1 + abs(k - 6)) for k in range(1, 30)]
    return np.asarray(0.1 * np.sum(parts, 0), np.float32)


def phones(phonemes: tuple[Phoneme, ...]) -> list[tuple[str, float, float]]:
    """(phone, start, end) in ms; half of a transition and all of a stress mark join the phone."""
    found: list[tuple[str, float, float]] = []
    at, since = 0.0, 0.0
    for phoneme in phonemes:
        start, at = at, at + phoneme.samples / RATE * 1000
        if is_phone(phoneme.symbol):
            found.append((phoneme.symbol, since, at))
        if phoneme.symbol == " ":
            since = (start + at) / 2
        elif phoneme.symbol != STRESS:
            since = at
    return found


@pytest.fixture(scope="module")
def spoken() -> list[Speech]:
    model = Catalogue.load().fetch("piper-en-us-joe")
    voice = PiperSynthesizer(model, voice="joe", noise=0.0, length_noise=0.0)
    return [speech for text in UNSEEN for speech in voice.synthesize(text, language="en")]


@pytest.mark.models
def test_aligned_when_compared_with_a_voices_own_alignment_then_twice_as_near_as_spreading(
    spoken: list[Speech],
) -> None:
    errors: dict[str, list[float]] = {"aligned": [], "spread": []}
    closures: list[float] = []
    for speech in spoken:
        symbols = [one.symbol for one in speech.phonemes if one.symbol not in {"^", "$"}]
        truth = phones(speech.phonemes)
        for name, timed in (("aligned", aligned), ("spread", spread)):
            found = phones(timed(symbols, speech.samples, RATE))
            assert [one[0] for one in found] == [one[0] for one in truth]
            pairs = list(zip(found, truth, strict=True))
            errors[name] += [ours[1] - true[1] for ours, true in pairs]
            if name == "aligned":
                closures += [
                    abs(sum(ours[1:]) - sum(true[1:])) / 2
                    for ours, true in pairs
                    if ours[0] in "pbm"
                ]
    medians = {name: float(np.median(np.abs(all_))) for name, all_ in errors.items()}
    for name, off in errors.items():
        ninth = np.quantile(np.abs(off), 0.9)
        _log.info(
            "%s: starts %.0f ms off (90%%: %.0f), %+.0f on the whole; closures %.0f",
            name, medians[name], ninth, np.median(off), np.median(closures),
        )  # fmt: skip
    assert medians["aligned"] < 25
    assert medians["spread"] > 1.5 * medians["aligned"]
    assert np.median(closures) < 30


@pytest.mark.models
def test_aligned_when_the_text_is_another_then_it_fits_worse(spoken: list[Speech]) -> None:
    first, second = spoken[0], spoken[1]
    symbols = [one.symbol for one in second.phonemes if one.symbol not in {"^", "$"}]
    found = [start for _, start, _ in phones(aligned(symbols, first.samples, RATE))]
    truth = [start for _, start, _ in phones(first.phonemes)]
    nearest = [min(abs(start - true) for start in found) for true in truth]
    own = [one.symbol for one in first.phonemes if one.symbol not in {"^", "$"}]
    right = [start for _, start, _ in phones(aligned(own, first.samples, RATE))]
    own_nearest = [min(abs(start - true) for start in right) for true in truth]
    assert np.mean(own_nearest) < np.mean(nearest)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(f"pasŋ ,.ʃm?{STRESS}{LONG}"), max_size=30),
    st.integers(0, 12_000),
    st.integers(0, 6_000),
)
def test_aligned_lengths_always_add_up_to_the_sound(
    symbols: list[str], voiced: int, silent: int
) -> None:
    samples = np.concatenate((np.full(voiced, 0.5), np.zeros(silent))).astype(np.float32)
    phonemes = aligned(symbols, samples, RATE)
    assert sum(one.samples for one in phonemes) == len(samples)
    assert all(one.samples > 0 for one in phonemes)


def test_aligned_finds_the_hiss_and_the_vowel_where_they_are() -> None:
    sound = np.concatenate((noise(0.15, 0.05), hum(0.2), np.zeros(2000, np.float32)))
    found = {symbol: (start, end) for symbol, start, end in phones(aligned("sa", sound, RATE))}
    assert found["s"][1] == pytest.approx(150, abs=25)
    assert found["a"][1] == pytest.approx(350, abs=25)


@pytest.mark.parametrize(("gap_s", "symbol"), [(0.3, "."), (0.05, " ")])
def test_aligned_when_words_are_apart_then_only_a_long_silence_closes_the_mouth(
    gap_s: float, symbol: str
) -> None:
    gap = np.zeros(round(gap_s * RATE), np.float32)
    phonemes = aligned("a a", np.concatenate((hum(0.2), gap, hum(0.2))), RATE)
    (between,) = [one for one in phonemes[1:-1] if not is_phone(one.symbol)]
    assert between.symbol == symbol
    assert between.samples / RATE == pytest.approx(gap_s, abs=0.03)


@pytest.mark.parametrize(
    ("symbols", "seconds", "rate"),
    [("papapapapapapa", 0.05, RATE), ("", 0.3, RATE), ("pa", 20.0, RATE), ("pa", 0.4, 8_000)],
)
def test_aligned_when_sound_and_phones_do_not_belong_together_then_still_adds_up(
    symbols: str, seconds: float, rate: int
) -> None:
    samples = noise(seconds, 0.1)
    assert sum(one.samples for one in aligned(symbols, samples, rate)) == len(samples)


def test_aligned_when_there_is_no_sound_then_one_silence() -> None:
    assert aligned("pa", np.zeros(8_000, np.float32), RATE) == (Phoneme(".", 8_000),)


def test_kind_of_an_unknown_phone_is_a_neutral_vowel() -> None:
    assert kind_of("\N{LATIN LETTER BILABIAL CLICK}") == kind_of("ə")
