"""Which face speaks: the one whose mouth moves with the sound."""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import AudioBlock
from edge_worker.rvp.tracker import TrackedFrame

_Floats = NDArray[np.float64]

_KEPT_NS: Final = 30_000_000_000
_MARGIN_NS: Final = 200_000_000  # lips begin before the voice and close after it
_MIN_FRAMES: Final = 5
_MIN_SEEN: Final = 0.4  # of the span
# IOD; spread of the opening (5th to 95th percentile). Landmarks of a still face jitter below the
# first; above the second, and moving fast enough, it is more than a smile or a swallow.
_STILL: Final = 0.028
_LIVELY: Final = 0.045
_LIVELY_PACE: Final = 0.15  # IOD/s
_MIN_CORRELATION: Final = 0.3
_LAGS_NS: Final = range(-200_000_000, 240_000_001, 40_000_000)
_LEVEL_NS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class _Sight:
    pts_ns: int
    opening: float


@dataclass(frozen=True, slots=True)
class _Level:
    pts_ns: int
    log_power: float


class SpeakerChoice:
    """Keeps half a minute of mouths and sound and says whose voice an utterance was."""

    def __init__(self) -> None:
        self._epoch = ""
        self._mouths: dict[int, deque[_Sight]] = {}
        self._levels: deque[_Level] = deque()

    def observe(self, tracked: TrackedFrame) -> None:
        """Take in the mouths of one frame."""
        self._begin(tracked.frame.epoch)
        now_ns = tracked.frame.pts_ns
        for face in tracked.faces:
            sights = self._mouths.setdefault(face.id, deque())
            sights.append(_Sight(now_ns, face.mouth_opening))
        for identity, sights in list(self._mouths.items()):
            while sights and sights[0].pts_ns < now_ns - _KEPT_NS:
                sights.popleft()
            if not sights:
                del self._mouths[identity]

    def hear(self, block: AudioBlock) -> None:
        """Take in a stretch of source sound."""
        self._begin(block.epoch)
        step = max(1, block.sample_rate * _LEVEL_NS // 1_000_000_000)
        whole = len(block.samples) // step * step
        if whole:
            power = np.square(block.samples[:whole].reshape(-1, step)).mean(1)
            for i, value in enumerate(np.log10(power + 1e-7)):
                self._levels.append(_Level(block.pts_ns + i * _LEVEL_NS, float(value)))
        while self._levels and self._levels[0].pts_ns < block.end_ns - _KEPT_NS:
            self._levels.popleft()

    def choose(self, epoch: str, start_ns: int, end_ns: int) -> int | None:
        """The track whose mouth moved with the sound from ``start_ns`` to ``end_ns``.

        None means that nobody in the picture spoke: the voice was off camera.
        """
        if epoch != self._epoch:
            return None
        from_ns, to_ns = start_ns - _MARGIN_NS, end_ns + _MARGIN_NS
        level = self._level_between(from_ns, to_ns)
        best: tuple[float, int] | None = None
        for identity, sights in self._mouths.items():
            seen = [sight for sight in sights if from_ns <= sight.pts_ns <= to_ns]
            score = _score(seen, level, to_ns - from_ns)
            if score is not None and (best is None or score > best[0]):
                best = (score, identity)
        return None if best is None else best[1]

    def _begin(self, epoch: str) -> None:
        if epoch != self._epoch:
            self._epoch = epoch
            self._mouths.clear()
            self._levels.clear()

    def _level_between(self, from_ns: int, to_ns: int) -> tuple[_Floats, _Floats]:
        margin = max(abs(_LAGS_NS[0]), abs(_LAGS_NS[-1]))
        heard = [v for v in self._levels if from_ns - margin <= v.pts_ns <= to_ns + margin]
        times = np.array([v.pts_ns for v in heard], float)
        return times, np.array([v.log_power for v in heard], float)


def _score(seen: list[_Sight], level: tuple[_Floats, _Floats], span_ns: int) -> float | None:
    """How much this mouth spoke; None if it did not."""
    if len(seen) < _MIN_FRAMES or seen[-1].pts_ns - seen[0].pts_ns < _MIN_SEEN * span_ns:
        return None
    times = np.array([sight.pts_ns for sight in seen], float)
    opening = np.array([sight.opening for sight in seen])
    smooth = np.convolve(np.pad(opening, 1, "edge"), np.full(3, 1 / 3), "valid")
    spread = float(np.subtract(*np.percentile(smooth, [95, 5])))
    if spread < _STILL:
        return None
    pace = float(np.abs(np.diff(smooth)).sum()) / ((times[-1] - times[0]) / 1e9)
    together = _correlation(times, smooth, level)
    lively = spread > _LIVELY and pace > _LIVELY_PACE
    return spread * (0.5 + together) if lively or together > _MIN_CORRELATION else None


def _correlation(times: _Floats, opening: _Floats, level: tuple[_Floats, _Floats]) -> float:
    """Best correlation of mouth opening and sound level over the lags at which lips may run."""
    heard_at, loudness = level
    if len(heard_at) < _MIN_FRAMES or np.std(opening) < 1e-6:
        return 0.0
    best = 0.0
    for lag in _LAGS_NS:
        there = np.interp(times + lag, heard_at, loudness)
        if np.std(there) > 1e-6:
            best = max(best, float(np.corrcoef(opening, there)[0, 1]))
    return best
