"""Does the mouth move with the sound, and which comes first?

No trained model is involved: a talking mouth opens when the speech band gets loud. The opening
of the re-tracked mouth is correlated with that loudness over a range of shifts; where the
correlation peaks is the A/V offset, how high it peaks tells whether mouth and sound belong
together. Only moments of translated speech count: between them the speaker's own lips and voice
go together, whatever was rendered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_worker.span import Span, covered_ns, within
from edge_worker.verify.mouth import MouthTrack

Curve = NDArray[np.float64]

RATE = 100
"""Samples a second of the two curves."""
SEARCH = 30
"""Shifts tried on either side, in curve samples (300 ms)."""
WINDOW_NS = 10_000_000_000
HOP_NS = 2_000_000_000
MIN_SPEECH_SHARE = 0.5
MARGIN_NS = 100_000_000
"""The mouth opens a little before speech is heard and closes after it."""
BAND_HZ = (300.0, 3400.0)

_GRID_NS = 1_000_000_000 // RATE
_FRAME_S = 0.04
_FLOOR = 3e-3
"""Loudness below about -50 dB of full scale is silence: room noise must not be correlated."""


@dataclass(frozen=True, slots=True)
class SyncWindow:
    """What one stretch of the film showed."""

    start_ns: int
    offset_ms: float | None
    """> 0: sound later than picture (EBU R37); None where mouth and sound never go together."""
    r: float
    """Correlation at that offset; 0 without one."""


def loudness(sound: NDArray[np.float32], sample_rate: int) -> Curve:
    """Log RMS of the speech band, ``RATE`` values a second, value i centred on i / RATE."""
    size = round(_FRAME_S * sample_rate)
    hop = sample_rate // RATE
    padded = np.pad(sound.astype(np.float64), (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    frames = frames[: len(sound) // hop + 1]
    window = np.hanning(size)
    hertz = np.fft.rfftfreq(size, 1 / sample_rate)
    band = (hertz >= BAND_HZ[0]) & (hertz <= BAND_HZ[1])
    power = np.abs(np.fft.rfft(frames * window, axis=1)[:, band]) ** 2
    rms = np.sqrt(2 * power.sum(axis=1) / (window**2).sum() / size)
    return np.asarray(np.log10(rms + _FLOOR), np.float64)


def high_passed(curve: Curve) -> Curve:
    """The curve less its moving average over 1 s: posture and level go, syllables stay."""
    kernel = np.hanning(RATE + 2)[1:-1]
    kernel /= kernel.sum()
    padded = np.pad(curve, (RATE // 2, RATE - RATE // 2 - 1), mode="edge")
    return np.asarray(curve - np.convolve(padded, kernel, mode="valid"), np.float64)


def opening_curve(track: MouthTrack, length: int) -> Curve:
    """Mouth opening at ``RATE``; NaN more than 100 ms away from any frame with a face."""
    grid = np.arange(length) * _GRID_NS
    seen = np.isfinite(track.opening)
    times = track.times_ns[seen]
    if len(times) < 2:
        return np.full(length, np.nan)
    curve = np.interp(grid, times, track.opening[seen])
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    away = np.minimum(np.abs(grid - times[after - 1]), np.abs(grid - times[after]))
    return np.asarray(np.where(away <= 100_000_000, curve, np.nan), np.float64)


def offset_between(opening: Curve, level: Curve) -> tuple[float | None, float]:
    """A/V offset in ms and the correlation there, both curves at ``RATE`` and of equal length.

    The peak within +-300 ms is refined by a parabola through its neighbours. (None, 0) when there
    is no peak, as with a mouth that never moves: an offset of 0 would praise it.
    """
    correlations = np.array(
        [_correlation(opening, level, shift) for shift in range(-SEARCH, SEARCH + 1)]
    )
    peak = int(correlations.argmax())
    if correlations[peak] <= 0:
        return None, 0.0
    fraction = 0.0
    if 0 < peak < 2 * SEARCH:
        before, at, after = correlations[peak - 1 : peak + 2]
        bend = before - 2 * at + after
        fraction = 0.5 * (before - after) / bend if bend else 0.0
    return (peak - SEARCH + fraction) * 1000 / RATE, float(correlations[peak])


def _correlation(opening: Curve, level: Curve, shift: int) -> float:
    """Of the opening now with the loudness ``shift`` samples later."""
    length = len(opening)
    a = opening[max(0, -shift) : length - max(0, shift)]
    b = level[max(0, shift) : length - max(0, -shift)]
    known = np.isfinite(a)
    if known.sum() < RATE:
        return 0.0
    a, b = a[known], b[known]
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def sync_windows(
    track: MouthTrack, sound: NDArray[np.float32], sample_rate: int, speech: Sequence[Span]
) -> tuple[SyncWindow, ...]:
    """Judge each 10 s window, hop 2 s, of which at least half is ``speech``.

    Windows of which less than half of the speech shows a face are left out.
    """
    level = high_passed(loudness(sound, sample_rate))
    moving = _moving(track, len(level), speech)
    windows = []
    for start_ns in range(0, len(level) * _GRID_NS - WINDOW_NS + 1, HOP_NS):
        window = Span(start_ns, start_ns + WINDOW_NS)
        spoken_ns = covered_ns(window, speech)
        part = slice(window.start_ns // _GRID_NS, window.end_ns // _GRID_NS)
        seen_ns = int(np.isfinite(moving[part]).sum()) * _GRID_NS
        if spoken_ns < MIN_SPEECH_SHARE * WINDOW_NS or seen_ns < MIN_SPEECH_SHARE * spoken_ns:
            continue
        offset_ms, r = offset_between(moving[part], level[part])
        windows.append(SyncWindow(start_ns, offset_ms, r))
    return tuple(windows)


def _moving(track: MouthTrack, length: int, speech: Sequence[Span]) -> Curve:
    """The high-passed opening; NaN without a face, and without translated speech."""
    opening = opening_curve(track, length)
    known = np.isfinite(opening)
    filled = np.where(known, opening, np.nanmean(opening) if known.any() else 0.0)
    times_ns = np.arange(length, dtype=np.int64) * _GRID_NS
    known &= within(times_ns, speech, MARGIN_NS)
    return np.asarray(np.where(known, high_passed(filled), np.nan), np.float64)
