import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.tts.spread import spread

RATE = 22_050
STRESS = "\N{MODIFIER LETTER VERTICAL LINE}"
LONG = "\N{MODIFIER LETTER TRIANGULAR COLON}"
OFFGLIDE = "\N{LATIN LETTER SMALL CAPITAL I}"


def tone(*, lead: float, voiced: float, tail: float) -> NDArray[np.float32]:
    sound = np.sin(np.arange(round(voiced * RATE)) * 0.2).astype(np.float32)
    return np.concatenate(
        (np.zeros(round(lead * RATE)), sound, np.zeros(round(tail * RATE))), dtype=np.float32
    )


def edges_ms(symbols: str, samples: NDArray[np.float32]) -> list[tuple[str, int]]:
    ends = np.cumsum([phoneme.samples for phoneme in spread(symbols, samples, RATE)])
    named = zip(spread(symbols, samples, RATE), ends, strict=True)
    return [(phoneme.symbol, round(int(end) / RATE * 1000)) for phoneme, end in named]


@given(
    st.lists(st.sampled_from(f"pasŋ ,.ʃm?{STRESS}{LONG}{OFFGLIDE}"), max_size=30),
    st.integers(0, 4_000),
    st.integers(0, 2_000),
)
def test_spread_lengths_always_add_up_to_the_sound(
    symbols: list[str], voiced: int, silent: int
) -> None:
    samples = np.concatenate((np.ones(voiced), np.zeros(silent)), dtype=np.float32)
    phonemes = spread(symbols, samples, RATE)
    assert sum(phoneme.samples for phoneme in phonemes) == len(samples)
    assert all(phoneme.samples > 0 for phoneme in phonemes)


def test_spread_when_silence_surrounds_the_speech_then_the_mouth_is_closed_there() -> None:
    found = edges_ms("ma", tone(lead=0.1, voiced=0.3, tail=0.2))
    assert [symbol for symbol, _ in found] == [".", "m", "a", "."]
    assert found[0][1] == pytest.approx(95, abs=3)
    assert found[-2][1] == pytest.approx(405, abs=3)


def test_spread_when_a_pause_is_inside_then_the_clauses_lie_around_it() -> None:
    sound = np.concatenate(
        (tone(lead=0, voiced=0.2, tail=0.15), tone(lead=0, voiced=0.4, tail=0)), dtype=np.float32
    )
    assert [symbol for symbol, _ in edges_ms("pa,mama", sound)] == ["p", "a", ".", *"mama"]
    assert edges_ms("pa,mama", sound)[1][1] == pytest.approx(205, abs=3)


def test_spread_when_the_sound_has_fewer_pauses_than_the_text_then_runs_through() -> None:
    found = edges_ms("pa,ma", tone(lead=0, voiced=0.4, tail=0))
    assert [symbol for symbol, _ in found] == ["p", "a", "m", "a"]


def test_spread_gives_a_stressed_vowel_more_than_a_plosive() -> None:
    spoken = spread(f"p{STRESS}atʊ", tone(lead=0, voiced=0.4, tail=0), RATE)
    lengths = {phoneme.symbol: phoneme.samples for phoneme in spoken}
    assert lengths[STRESS] + lengths["a"] > 2 * lengths["p"]


def test_spread_when_there_is_no_sound_then_one_silence() -> None:
    (only,) = spread("pa", np.zeros(100, np.float32), RATE)
    assert (only.symbol, only.samples) == (".", 100)
