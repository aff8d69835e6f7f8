# ruff: noqa: RUF001 - the IPA letters are meant
import numpy as np
import pytest

from engines.lipsync import MouthShape
from engines.lipsync.mouth_curve import LEAD_NS, MouthCurve, timed_visemes
from engines.lipsync.visemes import Viseme, viseme_of
from tests.unit.rvp.scenes import timings

ENGLISH = "həlˈoʊ, aɪ hæv ɐ pˈækɪdʒ fɔːɹ mˈɪstɚ bɹˈaʊn. kʊd juː plˈiːz ˈoʊpən ðə ɡˈeɪt"
PORTUGUESE = "olˈa, tɐ̃ɲʊ ˈumɐ ẽkomˈẽdɐ pˈaɾɐ ʊ sẽjˈoɾ bɾˈũ. pˈɔdʒɪ abɾˈiɾ ʊ portˈɐ̃ʊ̃ pʊɾ favˈoɾ"


def centre_of(curve_phones: str, viseme: Viseme) -> list[int]:
    return [
        (v.start_ns + v.end_ns) // 2
        for v in timed_visemes(timings(curve_phones))
        if v.viseme is viseme
    ]


@pytest.mark.parametrize("text", [ENGLISH, PORTUGUESE])
def test_every_phone_of_a_language_has_a_viseme(text: str) -> None:
    marks = set("ˈˌː ̃")
    unknown = {symbol for symbol in text if symbol not in marks and viseme_of(symbol) is None}
    assert unknown == set()


def test_stress_mark_gives_its_time_to_the_next_phone() -> None:
    first, second = timed_visemes(timings("eˈa"))
    assert (first.viseme, first.end_ns) == (Viseme.MID, 80_000_000)
    assert (second.viseme, second.start_ns) == (Viseme.OPEN, 80_000_000)


def test_length_mark_gives_its_time_to_the_previous_phone() -> None:
    (only,) = timed_visemes(timings("iː"))
    assert (only.start_ns, only.end_ns) == (0, 110_000_000)


def test_space_is_shared_by_its_neighbours_and_does_not_close_the_mouth() -> None:
    first, second = timed_visemes(timings("a a"))
    assert first.end_ns == second.start_ns == 95_000_000
    curve = MouthCurve(timings("a a"))
    assert min(curve.at(t).opening for t in range(80_000_000, 110_000_000, 5_000_000)) > 0.1


def test_punctuation_closes_the_mouth() -> None:
    curve = MouthCurve(timings("a....a"))
    assert curve.at(220_000_000).opening < 0.01


@pytest.mark.parametrize("rate", [15, 25, 30])
@pytest.mark.parametrize("text", [ENGLISH, PORTUGUESE])
def test_lips_meet_in_some_picture_of_every_p_b_m_whatever_the_phase(text: str, rate: int) -> None:
    curve = MouthCurve(timings(text))
    step = 1_000_000_000 // rate
    for middle in centre_of(text, Viseme.CLOSED):
        for phase in range(0, step, step // 7):
            first = (middle - 60_000_000 - phase) // step * step + phase
            times = [t for t in range(first, middle + 60_000_000, step) if t > middle - 60_000_000]
            assert min(curve.at(t).opening for t in times) < 0.03


def test_f_tucks_the_lower_lip_and_th_shows_the_tongue() -> None:
    text = "afaθa"
    curve = MouthCurve(timings(text))
    (lip_teeth,) = centre_of(text, Viseme.LIP_TEETH)
    (tongue_teeth,) = centre_of(text, Viseme.TONGUE_TEETH)
    assert curve.at(lip_teeth - LEAD_NS).tuck > 0.6
    assert curve.at(tongue_teeth - LEAD_NS).tongue > 0.4


def test_vowels_differ_in_opening_and_rounding() -> None:
    def shape(phone: str) -> MouthShape:
        return MouthCurve(timings(phone * 3)).at(120_000_000 - LEAD_NS)

    assert shape("a").opening > shape("e").opening > shape("i").opening
    assert shape("u").rounding > shape("o").rounding > shape("i").rounding
    assert shape("i").width > shape("a").width > shape("u").width


def test_lips_run_ahead_of_the_sound_by_the_lead() -> None:
    curve = MouthCurve(timings("papa"))
    times = np.arange(0, curve.end_ns, 1_000_000)
    openings = np.array([curve.at(int(t)).opening for t in times])
    second = (times > 60_000_000) & (times < 160_000_000)
    peak = times[second][openings[second].argmax()]
    assert peak == pytest.approx(120_000_000 - LEAD_NS, abs=15_000_000)


def test_mouth_is_closed_before_and_after_the_speech_and_without_phonemes() -> None:
    curve = MouthCurve(timings("a"))
    assert curve.at(-500_000_000) == MouthShape()
    assert curve.at(curve.end_ns + 500_000_000) == MouthShape()
    assert MouthCurve(()).at(0) == MouthShape()


def test_unknown_symbols_lengthen_the_phone_before_them() -> None:
    (only,) = timed_visemes(timings("a☃"))
    assert only.end_ns == 160_000_000
