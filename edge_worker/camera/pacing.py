"""A file at the speed of its camera: access units in the order and at the time of capture."""

import threading
import time
from collections import deque
from collections.abc import Iterable

from edge_worker.media.access_unit import AccessUnit, Kind
from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns

_MAX_AHEAD = 3 * TICKS_PER_SECOND
_MAX_FRAME = TICKS_PER_SECOND // 5


class CaptureOrder:
    """Brings the tracks of a file, which may lie seconds apart in it, into the order of capture.

    A camera can let go of a picture when it was taken, of a reordered one when the last picture
    that it depends on was, and of a frame of sound at its end. Access units come out in the order
    of that moment.

    Args:
        kinds: the tracks there are; one that stays silent for 3 s is not waited for.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._waiting: dict[Kind, deque[tuple[int, AccessUnit]]] = {k: deque() for k in kinds}
        self._newest: dict[Kind, int] = {}

    def add(self, unit: AccessUnit) -> list[tuple[int, AccessUnit]]:
        """Take the next access unit of its track.

        Returns:
            (when the camera had it, 90 kHz ticks; access unit) of each whose turn has come.
        """
        previous = self._newest.get(unit.kind, unit.pts)
        ready = max(unit.pts, previous)
        self._newest[unit.kind] = ready
        if unit.kind == "audio":
            ready += min(ready - previous, _MAX_FRAME)
        self._waiting[unit.kind].append((ready, unit))
        due: list[tuple[int, AccessUnit]] = []
        while self._certain():
            due.append(self._pop())
        return due

    def flush(self) -> list[tuple[int, AccessUnit]]:
        """The rest, at the end of the file."""
        due = []
        while any(self._waiting.values()):
            due.append(self._pop())
        return due

    def _certain(self) -> bool:
        """Nothing that is still to be read can have been captured before what is waiting."""
        lines = self._waiting.values()
        return all(lines) or any(line and line[-1][0] - line[0][0] > _MAX_AHEAD for line in lines)

    def _pop(self) -> tuple[int, AccessUnit]:
        line = min((line for line in self._waiting.values() if line), key=lambda line: line[0][0])
        return line.popleft()


class Pacer:
    """Holds a thread until a moment of the media clock has come.

    Args:
        origin: ticks that are now.
        stop: ends the waiting.
    """

    def __init__(self, origin: int, stop: threading.Event) -> None:
        self._origin = origin
        self._stop = stop
        self._start_ns = time.monotonic_ns()

    def wait(self, ticks: int) -> None:
        """Return when ``ticks`` has come, or when asked to stop."""
        left_ns = self._start_ns + ticks_to_ns(ticks - self._origin) - time.monotonic_ns()
        if left_ns > 0:
            self._stop.wait(left_ns / 1e9)
