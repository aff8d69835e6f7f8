"""What is kept of one face from frame to frame."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edge_worker.items import VideoFrame
from edge_worker.rvp.gates import FaceGates, Gate
from edge_worker.rvp.likeness import Likeness, alike, likeness
from edge_worker.rvp.smoothing import OneEuro, OneEuroSettings
from engines.face import FaceMesh, FaceRegion
from engines.face.head import HeadPose, fit_pose, inter_ocular_px
from engines.face.region import region_of
from engines.face.topology import LOWER_LIP_INNER, UPPER_LIP_INNER

_SMOOTHING: Final = OneEuroSettings()
_LIVELY_PACE: Final = 0.3  # IOD/s, of the mouth: faster than landmarks of a still one jitter
_LIVELY_NS: Final = 1_000_000_000
_FACING: Final = 25.0  # degrees of yaw up to which a face is remembered by its look
_LOOK_NS: Final = 1_000_000_000
_LOOKS: Final = 4
_NEW_LOOK: Final = 0.9  # less alike than this to what is known: another look, worth keeping
_COAST_NS: Final = 200_000_000
_WATCHED_NS: Final = 4_000_000_000  # what hangs on a wall has not moved for so long
_STILL_PX: Final = 0.6
_STILL_SHARE: Final = 0.012  # of the IOD
_STILL_MOUTH: Final = 0.02  # IOD
_MOVED: Final = 3.0  # times what a still face may tremble: it lives
_SETTLED_NS: Final = 500_000_000  # landmarks of a face just found still drift


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face in one frame."""

    id: int
    """Stays with the person while in view, and over a gap of some seconds."""
    pts_ns: int
    mesh: FaceMesh
    """Smoothed landmarks."""
    pose: tuple[float, float, float]
    """Yaw, pitch, roll in degrees."""
    iod_px: float
    """Distance of the outer eye corners."""
    mouth_opening: float
    """Inner-lip gap in IOD, unsmoothed, whatever the head's pose."""
    gate: Gate
    """Why lips may not be rendered."""
    measured: bool = True
    """False where the face was not looked at in this frame: landmarks are carried on."""


class Person:
    """One face that is, or lately was, in view.

    Args:
        identity: of its tracks.
        region: where it was found.
        now_ns: when.
    """

    def __init__(self, identity: int, region: FaceRegion, now_ns: int) -> None:
        self.id = identity
        self.region = region
        self.in_view = True
        self.seen_ns = now_ns
        """When it was last looked at with success."""
        self.made_room = False
        """It is out of view because a newcomer has its place."""
        self.lively_until_ns = 0
        """The mouth has moved within the last second before this."""
        self._gates = FaceGates()
        self._smooth = OneEuro(_SMOOTHING)
        self._last: FaceTrack | None = None
        self._speed = np.zeros(3, np.float32)  # pixels per second
        self._looks: list[Likeness] = []
        self._looked_ns = 0
        self._rest = _Rest()
        self._moved = False

    @property
    def lifeless(self) -> bool:
        """It has not moved at all for seconds: a poster, a portrait, a doll, or somebody still."""
        return self._rest.since_ns is not None and (
            self.seen_ns - self._rest.since_ns > _WATCHED_NS
        )

    @property
    def never_moved(self) -> bool:
        """It is lifeless, and has been as long as it is known: nobody, as far as can be seen."""
        return self.lifeless and not self._moved

    def seen(self, mesh: FaceMesh, frame: VideoFrame) -> FaceTrack:
        """Take in new landmarks."""
        iod_px = inter_ocular_px(mesh.points)
        smooth = FaceMesh(self._smooth(mesh.points, frame.pts_ns, iod_px), mesh.score)
        pose = fit_pose(smooth.points)
        track = FaceTrack(
            id=self.id,
            pts_ns=frame.pts_ns,
            mesh=smooth,
            pose=pose.angles,
            iod_px=iod_px,
            mouth_opening=_opening(mesh, pose),
            gate=self._gates.judge(frame, smooth.points, pose),
        )
        self._notice_motion(track)
        self._notice_look(track, frame)
        self.region, self.seen_ns, self._last = region_of(mesh), frame.pts_ns, track
        return track

    def carried(self, frame: VideoFrame) -> FaceTrack | None:
        """The face where it should be now, without a look at it."""
        last = self._last
        if last is None:
            return None
        ahead_ns = min(frame.pts_ns - last.pts_ns, _COAST_NS)
        x, y, _ = (self._speed * np.float32(ahead_ns / 1e9)).tolist()
        gate = Gate.DEGRADED if frame.degraded else last.gate
        mesh = last.mesh.moved(x, y)
        return replace(last, pts_ns=frame.pts_ns, mesh=mesh, gate=gate, measured=False)

    def resembles(self, look: Likeness) -> float:
        """How much a face looks like this person, -1 to 1; -1 where that is not known."""
        return max((alike(known, look) for known in self._looks), default=-1.0)

    def like_itself(self, frame: VideoFrame) -> float:
        """How much what is followed looks like this person, -1 to 1."""
        return self.resembles(likeness(frame, self._last.mesh.points)) if self._last else -1.0

    def returns(self, region: FaceRegion) -> None:
        """Found again."""
        self.region, self.in_view, self.made_room = region, True, False
        self._last, self._speed = None, np.zeros(3, np.float32)
        self._rest = _Rest()

    def make_room(self) -> None:
        """Leave its place to a newcomer."""
        self.in_view, self.made_room = False, True

    def _notice_motion(self, track: FaceTrack) -> None:
        self._rest.note(track)
        self._moved = self._moved or self._rest.ended
        last = self._last
        if last is None:
            self.lively_until_ns = track.pts_ns + _LIVELY_NS
            return
        step_s = max(1e-3, (track.pts_ns - last.pts_ns) / 1e9)
        if abs(track.mouth_opening - last.mouth_opening) / step_s > _LIVELY_PACE:
            self.lively_until_ns = track.pts_ns + _LIVELY_NS
        moved = track.mesh.points.mean(0) - last.mesh.points.mean(0)
        self._speed = (moved / np.float32(step_s)).astype(np.float32)

    def _notice_look(self, track: FaceTrack, frame: VideoFrame) -> None:
        facing = abs(track.pose[0]) < _FACING and not frame.degraded
        if not facing or (self._looks and track.pts_ns - self._looked_ns < _LOOK_NS):
            return
        self._looked_ns = track.pts_ns
        look = likeness(frame, track.mesh.points)
        if len(self._looks) < _LOOKS and self.resembles(look) < _NEW_LOOK:
            self._looks.append(look)


class _Rest:
    """Since when a face has not moved."""

    def __init__(self) -> None:
        self.since_ns: int | None = None
        self.ended = False
        """It has moved, by far more than landmarks tremble, since they settled."""
        self._found_ns: int | None = None
        self._place = (0.0, 0.0)
        self._opening = 0.0
        self._home: tuple[tuple[float, float], float] | None = None

    def note(self, track: FaceTrack) -> None:
        x, y, _ = track.mesh.points.mean(0).tolist()
        if self.since_ns is None or self._away(track, (x, y), self._place, self._opening) > 1:
            self.since_ns, self._place = track.pts_ns, (x, y)
            self._opening = track.mouth_opening
        self._found_ns = track.pts_ns if self._found_ns is None else self._found_ns
        if self._home is not None:
            self.ended = self.ended or self._away(track, (x, y), *self._home) > _MOVED
        elif track.pts_ns - self._found_ns >= _SETTLED_NS:
            self._home = (x, y), track.mouth_opening

    @staticmethod
    def _away(
        track: FaceTrack, now: tuple[float, float], place: tuple[float, float], opening: float
    ) -> float:
        """How far it is from a place and an opening, in times of what a still face trembles."""
        limit = max(_STILL_PX, _STILL_SHARE * track.iod_px)
        mouth = abs(track.mouth_opening - opening) / _STILL_MOUTH
        return max(math.dist(now, place) / limit, mouth)


def _opening(mesh: FaceMesh, pose: HeadPose) -> float:
    gap = mesh.points[LOWER_LIP_INNER] - mesh.points[UPPER_LIP_INNER]
    x, y, _ = (gap @ pose.rotation).tolist()
    return math.hypot(x, y) / pose.scale
