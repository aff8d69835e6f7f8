"""The media clock: where on UTC a moment of a stream lies, from anchors or from arrivals.

A camera that knows the time states anchors. For any other, messages arrive late but never early:
the lowest arrival of each 2 s, fitted by a line over 120 s, follows the camera's clock.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ClockSource = Literal["ntp", "arrival"]

_WINDOW_NS = 120_000_000_000
_BUCKET_NS = 2_000_000_000
_MIN_FIT_NS = 20_000_000_000
_MIN_ANCHORS = 4
_STEP_NS = 100_000_000
_STALL_NS = 2_000_000_000
_TRUSTED_NS = 5_000_000_000
"""A stated time further from the arrivals than this comes from a clock that was never set."""
_MAX_POINTS = 256
_MAX_SKEW = 1e-3
_FLOOR_PERCENTILE = 10


class ClockUnsetError(Exception):
    """Neither an anchor nor an arrival of this epoch has been seen."""


@dataclass(frozen=True, slots=True)
class ClockAnchor:
    """A moment of the stream and when it was captured."""

    epoch: str
    pts_ns: int
    utc_ns: int
    source: ClockSource


@dataclass(frozen=True, slots=True)
class _Line:
    """utc = utc_ns + (pts - pts_ns) * (1 + skew)."""

    pts_ns: int
    utc_ns: int
    skew: float = 0.0

    def utc_of(self, pts_ns: int) -> int:
        elapsed = pts_ns - self.pts_ns
        return self.utc_ns + elapsed + round(elapsed * self.skew)

    def pts_of(self, utc_ns: int) -> int:
        elapsed = utc_ns - self.utc_ns
        return self.pts_ns + elapsed - round(elapsed * self.skew / (1 + self.skew))


class MediaClock:
    """Maps one stream's media time to UTC and back; anchors outrank arrivals.

    One thread feeds it; ``utc_of`` and ``pts_of`` may be asked from any.

    Args:
        epoch: that ``pts_ns`` counts in.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.source: ClockSource | None = None
        self._line: _Line | None = None
        self._points: deque[tuple[int, int]] = deque(maxlen=_MAX_POINTS)
        self._bucket: tuple[int, int, int] | None = None
        self._arrival: tuple[int, int] | None = None
        self._elsewhere: ClockAnchor | None = None

    def restart(self, epoch: str) -> None:
        """Begin another epoch; an anchor that was ahead of its media counts now."""
        self.epoch = epoch
        self.source = None
        self._arrival = None
        self._forget()
        if self._elsewhere is not None and self._elsewhere.epoch == epoch:
            self.anchor(self._elsewhere)

    def anchor(self, anchor: ClockAnchor) -> None:
        """Take a stated anchor; one of another epoch is kept until that epoch begins.

        One that contradicts the arrivals by more than 5 s is left out.
        """
        if anchor.epoch != self.epoch:
            self._elsewhere = anchor
            return
        if anchor.source == "arrival":
            if self.source != "ntp":
                self.arrived(anchor.pts_ns, anchor.utc_ns)
            return
        if self._contradicted(anchor):
            return
        if self.source != "ntp" or self._off_by(anchor.pts_ns, anchor.utc_ns) > _STEP_NS:
            self._forget()
        self.source = "ntp"
        self._points.append((anchor.pts_ns, anchor.utc_ns - anchor.pts_ns))
        self._drop_old(anchor.pts_ns)
        self._line = self._through_anchors()

    def arrived(self, pts_ns: int, arrival_ns: int) -> None:
        """Take the arrival (UTC) of a message whose newest access unit is at ``pts_ns``."""
        self._arrival = (pts_ns, arrival_ns)
        if self.source == "ntp":
            if self._off_by(pts_ns, arrival_ns) <= _TRUSTED_NS:
                return
            self._forget()
        self.source = "arrival"
        if self._line is not None:
            early_ns = self._line.utc_of(pts_ns) - arrival_ns
            if early_ns > _STEP_NS or early_ns < -_STALL_NS:
                self._forget()  # one of the two clocks was set anew
        delay = arrival_ns - pts_ns
        number = pts_ns // _BUCKET_NS
        if self._bucket is None or self._bucket[0] != number:
            self._close_bucket()
            self._bucket = (number, pts_ns, delay)
        elif delay < self._bucket[2]:
            self._bucket = (number, pts_ns, delay)
        if self._line is None or not self._points:
            self._line = _Line(self._bucket[1], self._bucket[1] + self._bucket[2])

    def utc_of(self, pts_ns: int) -> int:
        """UTC of a moment of the stream.

        Raises:
            ClockUnsetError: nothing is known of this epoch yet.
        """
        return self._known().utc_of(pts_ns)

    def pts_of(self, utc_ns: int) -> int:
        """Media time at a moment of UTC.

        Raises:
            ClockUnsetError: nothing is known of this epoch yet.
        """
        return self._known().pts_of(utc_ns)

    def _known(self) -> _Line:
        if self._line is None:
            raise ClockUnsetError(f"no clock anchor and no arrival in epoch {self.epoch} yet")
        return self._line

    def _forget(self) -> None:
        self._line = None
        self._points.clear()
        self._bucket = None

    def _off_by(self, pts_ns: int, utc_ns: int) -> int:
        return abs(self._line.utc_of(pts_ns) - utc_ns) if self._line else 0

    def _contradicted(self, anchor: ClockAnchor) -> bool:
        if self._arrival is None:
            return False
        pts_ns, arrival_ns = self._arrival
        return abs(arrival_ns - pts_ns - (anchor.utc_ns - anchor.pts_ns)) > _TRUSTED_NS

    def _drop_old(self, newest_ns: int) -> None:
        while self._points and newest_ns - self._points[0][0] > _WINDOW_NS:
            self._points.popleft()

    def _through_anchors(self) -> _Line:
        pts, offsets = self._relative()
        span = float(pts[-1] - pts[0])
        if len(pts) >= _MIN_ANCHORS and span >= _MIN_FIT_NS:
            return self._absolute(*_fit(pts, offsets))
        return self._absolute(float(offsets.mean()), 0.0)

    def _close_bucket(self) -> None:
        """Fit the line anew when a bucket is full."""
        if self._bucket is None:
            return
        self._points.append(self._bucket[1:])
        self._drop_old(self._bucket[1])
        pts, delays = self._relative()
        if pts[-1] - pts[0] < _MIN_FIT_NS:
            self._line = self._absolute(float(delays.min()), 0.0)
            return
        level, slope = _fit(pts, delays)
        residuals = delays - (slope * pts + level)
        floor = level + float(np.percentile(residuals, _FLOOR_PERCENTILE))
        self._line = self._absolute(floor, slope)

    def _relative(self) -> tuple[Floats, Floats]:
        """Points seen from the newest one, so that floats hold them exactly enough."""
        origin_pts, origin_offset = self._points[-1]
        pts = np.array([p - origin_pts for p, _ in self._points], np.float64)
        offsets = np.array([o - origin_offset for _, o in self._points], np.float64)
        return pts, offsets

    def _absolute(self, level: float, slope: float) -> _Line:
        pts, offset = self._points[-1]
        skew = min(max(slope, -_MAX_SKEW), _MAX_SKEW)
        return _Line(pts, pts + offset + round(level), skew)


def _fit(x: Floats, y: Floats) -> tuple[float, float]:
    """Level at x = 0 and slope of the line of least squares."""
    from_mean = x - x.mean()
    slope = float((from_mean * (y - y.mean())).sum() / (from_mean * from_mean).sum())
    return float(y.mean() - slope * x.mean()), slope
