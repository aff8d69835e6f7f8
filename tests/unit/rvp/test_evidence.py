import numpy as np

from edge_worker.rvp.evidence import LAGS_NS, STEP_NS, Curve, measure, odds

STEPS = 125
PAD = len(LAGS_NS) // 2


def syllables(seed: int, count: int) -> Curve:
    """Something between 0 and 1 that goes up and down some four times a second."""
    rough = np.random.default_rng(seed).normal(size=count + 6)
    smooth = np.convolve(rough, np.hanning(9)[1:-1], "valid")
    return np.asarray((smooth - smooth.min()) / np.ptp(smooth))


def over_lags(opening: Curve, level: Curve) -> float:
    """Evidence when any lag is as likely as another."""
    return float(np.log(np.exp(odds(measure(opening, level))).mean()))


def test_odds_when_the_mouth_makes_the_sound_then_they_are_high_where_the_lag_is() -> None:
    level = syllables(1, STEPS + 2 * PAD)
    for late in (-3, 0, 4):
        opening = 0.15 * level[PAD + late : PAD + late + STEPS]
        found = odds(measure(opening, level))
        assert LAGS_NS[int(found.argmax())] == late * STEP_NS
        assert found.max() > 4


def test_odds_when_the_mouth_says_something_else_then_they_are_low() -> None:
    level = syllables(1, STEPS + 2 * PAD)
    its_own = over_lags(0.15 * level[PAD : PAD + STEPS], level)
    others = [over_lags(0.15 * syllables(seed, STEPS), level) for seed in range(2, 42)]
    assert max(others) < its_own / 4
    assert np.mean([other < 2 for other in others]) >= 0.8


def test_odds_when_the_mouth_holds_still_then_jitter_is_no_evidence() -> None:
    level = syllables(1, STEPS + 2 * PAD)
    jitter = 0.001 * level[PAD : PAD + STEPS]
    assert odds(measure(0.02 + jitter, level)).max() < -1


def test_odds_when_the_mouth_opens_little_or_wide_then_they_are_high() -> None:
    level = syllables(1, STEPS + 2 * PAD)
    opening = level[PAD : PAD + STEPS]
    assert all(odds(measure(strength * opening, level)).max() > 4 for strength in (0.05, 0.3))


def test_odds_when_there_is_no_sound_then_nothing_is_correlated() -> None:
    rows = measure(0.15 * syllables(1, STEPS), np.zeros(STEPS + 2 * PAD))
    assert not rows[:, :2].any()
