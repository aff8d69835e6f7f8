"""When lips may not be rendered: too small, turned away, covered, too dark."""

from collections import deque
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import VideoFrame
from edge_worker.rvp.lower_face import Look, LowerFace, box_of, look_of
from edge_worker.rvp.mouth_signs import mouth_signs
from edge_worker.rvp.picture import FacePlanes
from engines.face.head import HeadPose, inter_ocular_px

_Floats = NDArray[np.float32]

MIN_IOD_PX: Final = 25.0
_YAW_FULL: Final = 18.0
_YAW_NONE: Final = 22.0  # estimated; the true angle is larger
_MIN_LUMA: Final = 17.5  # above black: 8 % of the range
_KNOWN_LOOKS: Final = 10  # after so many of a bare face, every second frame is enough while open
_SIGNS_AT_FIRST: Final = 3  # looks at a bare mouth before it is believed
_SIGNS_NS: Final = 600_000_000  # within which they must come
_RELEARN_NS: Final = 2_500_000_000  # a mouth that is bare so long, and still strange, has changed
_RELEARN_SHARE: Final = 0.85


class Gate(StrEnum):
    """Why a face's lips may not be rendered."""

    OPEN = "open"
    """They may."""
    NO_FACE = "no_face"
    SMALL = "small"
    PROFILE = "profile"
    OCCLUDED = "occluded"
    DARK = "dark"
    DEGRADED = "degraded"
    """The decoder was guessing this picture."""
    OFF_CAMERA = "off_camera"
    """Nobody in the picture speaks this utterance."""
    FAILED = "failed"
    """The lip engine raised an error."""


def yaw_allowance(yaw_degrees: float) -> float:
    """1 for a face that looks this way, falling to 0 where it turns into profile."""
    return max(0.0, min(1.0, (_YAW_NONE - abs(yaw_degrees)) / (_YAW_NONE - _YAW_FULL)))


class FaceGates:
    """Judges one person: believes a bare mouth when it sees one, then knows it from what covers it.

    A face whose mouth was covered from the first moment is therefore never rendered, and what is
    put before a known one is noticed by its looks alone.
    """

    def __init__(self) -> None:
        self._known: LowerFace | None = None
        self._known_looks = 0
        self._signs = _Signs()
        self._colourful: bool | None = None
        self._last = Gate.OCCLUDED
        self._judged = 0

    def judge(self, frame: VideoFrame, points: _Floats, pose: HeadPose) -> Gate:
        """The first reason not to render a face with landmarks (468, 3), or ``Gate.OPEN``.

        Its colours are looked at in every second frame while nothing is in the way.
        """
        iod_px = inter_ocular_px(points)
        if frame.degraded:
            return Gate.DEGRADED
        if iod_px < MIN_IOD_PX:
            return Gate.SMALL
        if yaw_allowance(pose.angles[0]) == 0.0:
            return Gate.PROFILE
        self._judged += 1
        if self._last is Gate.OPEN and self._known_looks > _KNOWN_LOOKS and self._judged % 2:
            return Gate.OPEN
        self._last = self._look(frame, points, iod_px)
        return self._last

    def _look(self, frame: VideoFrame, points: _Floats, iod_px: float) -> Gate:
        """Dark, covered or open."""
        box = box_of(points, iod_px, frame.width, frame.height)
        if box.empty:
            return Gate.OCCLUDED
        face = FacePlanes.of(frame.planes, box, iod_px)
        look = look_of(face, points)
        if look.skin_luma < _MIN_LUMA:
            return Gate.DARK
        if look.colourful is not self._colourful:
            # A camera that turns to infrared or back shows another face: meet it anew.
            self._colourful, self._known = look.colourful, None
        known = self._known
        comparison = known.compared(look) if known else None
        # Nothing is before a face that is clearly itself: its mouth need not be looked at.
        clear = comparison is not None and comparison.clear
        bare = clear or mouth_signs(face, points, look, iod_px).bare
        self._signs.note(frame.pts_ns, bare=bare)
        # What came before an open mouth hides it at once; a tilt or a lamp leaves it to be seen.
        drifts = comparison is not None and comparison.doubtful and self._last is Gate.OPEN
        if known and comparison and (clear or (bare and drifts)):
            known.learn(look, comparison)
            self._known_looks += 1
            self._signs.strange_since_ns = None
            return Gate.OPEN
        return Gate.OPEN if self._is_believed(look, frame.pts_ns) else Gate.OCCLUDED

    def _is_believed(self, look: Look, now_ns: int) -> bool:
        """Whether a strange face shows a bare mouth for long enough; it is the known one then."""
        if self._known is None:
            bare = self._signs.bare_lately()
        else:
            bare = self._signs.bare_though_strange(now_ns)
        if bare:
            # A new face, other light, a beard shaved off between two visits.
            self._known, self._known_looks = LowerFace(look), 1
            self._signs.strange_since_ns = None
        return bare


class _Signs:
    """When the mouth was lately looked at, and whether it was bare."""

    def __init__(self) -> None:
        self.strange_since_ns: int | None = None
        self._looks: deque[tuple[int, bool]] = deque()

    def note(self, now_ns: int, *, bare: bool) -> None:
        """Take in one look."""
        self._looks.append((now_ns, bare))
        while self._looks[0][0] < now_ns - _RELEARN_NS:
            self._looks.popleft()

    def bare_lately(self) -> bool:
        """Whether the mouth is bare, and not for the first time within the last moments."""
        now_ns, bare_now = self._looks[-1]
        lately = [bare for at_ns, bare in self._looks if at_ns > now_ns - _SIGNS_NS]
        return bare_now and sum(lately) >= max(_SIGNS_AT_FIRST, len(lately) / 2)

    def bare_though_strange(self, now_ns: int) -> bool:
        """Whether a face that looks like something else has long shown a bare mouth."""
        if self.strange_since_ns is None:
            self.strange_since_ns = now_ns
        if now_ns - self.strange_since_ns < _RELEARN_NS:
            return False
        return sum(bare for _, bare in self._looks) >= _RELEARN_SHARE * len(self._looks)
