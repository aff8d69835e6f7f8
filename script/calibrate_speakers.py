"""Fit how much each measurement says for a mouth being the one that speaks.

Mouths that make a sound (the sample visitor's, tracked; a synthetic voice's, by its phonemes) are
set against mouths that do not: the same people saying something else, a real man talking without a
sound, chewing, yawning, smiling, holding still. Amplitude, jitter, picture rate, lag, timing and
noise are varied at random, and spans are cut short. Weights are fitted by logistic regression, the
lag being summed over; half of the sentences are kept out and judge the result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.bench.company.cast import FPS, Doing, gesture, man_openings
from edge_worker.bench.company.lines import (
    AROUND_S,
    RATE,
    Line,
    filmed_lines,
    sample_film,
    spoken_lines,
)
from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.rvp.evidence import CALIBRATED, LAGS_NS, Weights
from edge_worker.rvp.loudness import Loudness
from edge_worker.rvp.mouth import Mouth
from edge_worker.rvp.tracker import Tracker
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync.mouth_curve import MouthCurve

Floats = NDArray[np.float64]
Opening = Callable[[Floats], Floats]
"""Inner-lip gap in IOD at moments in seconds."""

FITTED_ON: Final = ("u00", "u09", "u10", "j0", "j1", "j2", "j3", "j4")
CASES: Final = 5000
SPREAD_S: Final = 0.08  # of the lag between sound and picture
NOISES_DB: Final = (None, 20.0, 10.0, 5.0)
DAMPING: Final = 1e-3
STEPS: Final = 2500
SILENCE_S: Final = 1.5
_PEAK_S: Final = {Doing.YAWN: 9.0, Doing.SMILE: 11.25}


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A sentence with the mouth that says it; seconds from the start of its sound."""

    line: Line
    opening: Opening
    heard: tuple[Loudness, ...]
    """One for each of ``NOISES_DB``."""


def main() -> None:
    """Fit, judge and print."""
    takes = [*visitor(), *synthetic()]
    fitted = [take for take in takes if take.line.name.startswith(FITTED_ON)]
    kept = [take for take in takes if take not in fitted]
    measured, speaks, _ = cases(fitted, seed=1)
    weights = fit(measured, speaks)
    print("Weights(" + ", ".join(f"{value:.2f}" for value in weights) + ")")
    before = np.array([getattr(CALIBRATED, name) for name in Weights.__slots__])
    for title, values in (("fitted now", weights), ("in the code", before)):
        judge(title, values, *cases(kept, seed=2))


def judge(title: str, weights: Floats, measured: Floats, speaks: Floats, kinds: list[str]) -> None:
    """Print how often the evidence points the right way, and whether it is as sure as it may be."""
    found = evidence(measured, weights)[0]
    right = (found > 0) == (speaks > 0)
    loss = np.logaddexp(0, np.where(speaks > 0, -found, found)).mean()
    print(f"{title}: {right.mean():.1%} right, log loss {loss:.3f}")
    named = np.array(kinds)
    for kind in sorted(set(kinds)):
        print(f"  {kind:10} {right[named == kind].mean():6.1%} of {(named == kind).sum()}")
    for low, high in ((-99, -2), (-2, 0), (0, 2), (2, 99)):
        here = (found > low) & (found <= high)
        print(f"  evidence {low:4} to {high:3}: {speaks[here].mean():6.1%} spoke, of {here.sum()}")


def fit(measured: Floats, speaks: Floats) -> Floats:
    """Weights that make the labels likeliest (Adam)."""
    weights = np.array([1.0, 0.5, 0.0, -2.0])
    slow, square = np.zeros(4), np.zeros(4)
    damped = np.array([0, 0, 1, 0])
    for step in range(1, STEPS + 1):
        found, lags = evidence(measured, weights)
        wrong = 1 / (1 + np.exp(-found)) - speaks
        slope = (wrong[:, None] * (lags[:, :, None] * measured).sum(1)).mean(0)
        slope += DAMPING * damped * weights
        slow = 0.9 * slow + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        weights -= 0.03 * slow / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.99**step)) + 1e-9)
    return weights


def evidence(measured: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Logarithm of the likelihood ratio of each case, and the share of each lag in it."""
    lag = np.exp(-0.5 * (np.array(LAGS_NS) / (SPREAD_S * 1e9)) ** 2)
    each = measured @ weights + np.log(lag / lag.sum())
    highest = each.max(1, keepdims=True)
    shares = np.exp(each - highest)
    total = shares.sum(1, keepdims=True)
    return (highest + np.log(total))[:, 0], shares / total


def cases(takes: list[Take], seed: int) -> tuple[Floats, Floats, list[str]]:
    """Measurements, whether that mouth spoke, and what it did; half of them spoke."""
    random = np.random.default_rng(seed)
    rows: list[Floats] = []
    speaks: list[float] = []
    kinds: list[str] = []
    while len(rows) < CASES:
        take = takes[random.integers(len(takes))]
        kind, opening = mouth(take, takes, random)
        row = seen(take, opening, random, talks=kind in {"speaks", "other"})
        if row is not None:
            rows.append(row)
            speaks.append(float(kind == "speaks"))
            kinds.append(kind)
    return np.array(rows), np.array(speaks), kinds


def mouth(take: Take, takes: list[Take], random: np.random.Generator) -> tuple[str, Opening]:
    """A mouth to be seen while ``take`` is heard."""
    if random.random() < 0.5:
        return "speaks", take.opening
    doing = (Doing.CHEW, Doing.YAWN, Doing.SMILE, Doing.LISTEN, Doing.MOUTH, None, None)
    kind = doing[random.integers(len(doing))]
    shift = random.uniform(-3, 3)
    if kind is None:
        other = [one for one in takes if one is not take]
        chosen = other[random.integers(len(other))]
        room = chosen.line.length_s
        return "other", lambda t: chosen.opening((t + shift) % room)
    if kind is Doing.MOUTH:
        man = np.array([*man_openings(), *man_openings()[::-1]])
        times = np.arange(len(man)) / FPS
        return kind, lambda t: np.interp((t + shift + 10) % times[-1], times, man)
    pace, rest = random.uniform(0.7, 1.3), random.uniform(0, 0.06)
    # A yawn or a smile comes while somebody speaks, or it would be told too easily.
    begin_s = _PEAK_S.get(kind, 9.0) - take.line.length_s / 2 + shift / 4

    def opening(t: Floats) -> Floats:
        return np.array([rest + gesture(kind, begin_s + x * pace).opening for x in t])

    return kind, opening


def seen(
    take: Take, opening: Opening, random: np.random.Generator, *, talks: bool
) -> Floats | None:
    """What is measured of a mouth during a take, or the beginning of it, under some conditions."""
    begin_s, end_s = take.line.voiced_s[0][0], take.line.voiced_s[-1][1]
    if random.random() < 0.3:
        end_s = min(end_s, begin_s + random.uniform(0.6, 1.5))
    rate = random.choice([25, 12.5, 25 / 3, 6.25], p=[0.6, 0.2, 0.1, 0.1])
    late_s = float(np.clip(random.normal(0, SPREAD_S), -0.2, 0.2))
    until_s = end_s + random.uniform(0.2, 0.7)
    times = np.arange(begin_s - 0.8 + random.uniform(0, 0.04), until_s, 1 / rate)
    shaken = np.convolve(random.normal(size=len(times) + 8), np.hanning(9) / 4, "valid")
    uneven_s = 0.03 * shaken * (talks and random.random() < 0.5)
    strength = random.uniform(0.3, 1.2) if talks else random.uniform(0.7, 1.2)
    jitter = random.normal(0, random.uniform(0.002, 0.01), len(times))
    openings = np.maximum(0, strength * opening(times + late_s + uneven_s) + jitter)
    lips = Mouth()
    for t, value in zip(times, openings, strict=True):
        lips.note(round((t + SILENCE_S) * 1e9), float(value))
    heard = take.heard[random.choice(len(NOISES_DB), p=[0.5, 0.2, 0.2, 0.1])]
    return lips.measured(heard, *(round((s + SILENCE_S) * 1e9) for s in (begin_s, end_s)))


def visitor() -> list[Take]:
    """The sample visitor's sentences, her mouth as it is tracked."""
    tracker = Tracker(MediaPipeFace())
    times, openings = [], []
    with av.open(str(sample_film())) as film:
        for frame in film.decode(video=0):
            picture = frame.to_ndarray(format="bgr24")
            planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
            faces = tracker.track(VideoFrame("e", round((frame.time or 0) * 1e9), planes)).faces
            times.append(frame.time or 0.0)
            openings.append(faces[0].mouth_opening)

    def film_opening(begin_s: float) -> Opening:
        return lambda t: np.interp(t + begin_s, times, openings)

    return [
        Take(line, film_opening(line.filmed_s or 0.0), heard(line))
        for line in filmed_lines().values()
    ]


def synthetic() -> list[Take]:
    """A synthetic voice's sentences, the mouth as the renderer would move it."""

    def curve_opening(line: Line) -> Opening:
        curve = MouthCurve(line.phonemes)
        return lambda t: np.array([curve.at(round((x - AROUND_S) * 1e9)).opening for x in t])

    return [Take(line, curve_opening(line), heard(line)) for line in spoken_lines().values()]


def heard(line: Line) -> tuple[Loudness, ...]:
    """The sentence between two silences, in more and more noise."""
    silence = np.zeros(round(SILENCE_S * RATE), np.float32)
    sound = np.concatenate([silence, line.samples, silence])
    loud = float(np.sqrt(np.square(line.samples[np.abs(line.samples) > 0.01]).mean()))
    found = []
    for noise_db in NOISES_DB:
        level = 1e-4 if noise_db is None else loud * 10 ** (-noise_db / 20)
        noise = level * np.random.default_rng(3).normal(size=len(sound))
        loudness = Loudness(30_000_000_000)
        loudness.hear(AudioBlock("e", 0, RATE, (sound + noise).astype(np.float32)))
        found.append(loudness)
    return tuple(found)


main()
