"""Follows the faces of one stream: landmarks, head pose and whether lips may be rendered."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edge_worker.items import VideoFrame
from edge_worker.rvp.gates import FaceGates, Gate
from edge_worker.rvp.picture import Box, to_bgr
from edge_worker.rvp.smoothing import OneEuro, OneEuroSettings
from engines.face import FaceLandmarker, FaceMesh, FaceRegion
from engines.face.head import HeadPose, fit_pose, inter_ocular_px
from engines.face.region import region_of
from engines.face.topology import LOWER_LIP_INNER, UPPER_LIP_INNER

MAX_FACES: Final = 3
_MIN_SCORE: Final = 0.5
_SEARCH_NS: Final = 1_000_000_000  # between looks for more faces while one is followed
_SEARCH_EMPTY_NS: Final = 120_000_000  # between looks while there is none
_REMEMBERED_NS: Final = 2_000_000_000  # how long a lost face keeps its id
_SAME_PLACE: Final = 0.6  # centre distance over size: the same face
_SMOOTHING: Final = OneEuroSettings()


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face in one frame."""

    id: int
    """Stays with the person while in view, and over a gap of two seconds."""
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


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """A frame with its faces."""

    frame: VideoFrame
    faces: tuple[FaceTrack, ...]
    """Largest first, at most ``MAX_FACES``."""


class Tracker:
    """Detects once, then crops from the previous landmarks; looks for more faces now and then.

    Frames come in order, from one thread.
    """

    def __init__(self, landmarker: FaceLandmarker) -> None:
        self._landmarker = landmarker
        self._people: list[_Person] = []
        self._epoch = ""
        self._next_id = 1
        self._next_search_ns = 0

    def track(self, frame: VideoFrame) -> TrackedFrame:
        """Find the faces of ``frame``."""
        if frame.epoch != self._epoch:
            self._epoch, self._people, self._next_search_ns = frame.epoch, [], frame.pts_ns
        faces = [self._follow(person, frame) for person in self._in_view()]
        self._part_doubles()
        faces += self._search(frame)
        self._forget(frame.pts_ns)
        visible = {person.id for person in self._in_view()}
        found = [face for face in faces if face is not None and face.id in visible]
        found.sort(key=lambda face: -face.iod_px)
        return TrackedFrame(frame, tuple(found[:MAX_FACES]))

    def _in_view(self) -> list["_Person"]:
        return [person for person in self._people if person.in_view]

    def _follow(self, person: "_Person", frame: VideoFrame) -> FaceTrack | None:
        # Only what lies around the face is converted, so that it stays in the cache.
        region = person.region
        box = Box.around_region(region).even(frame.width, frame.height)
        if not box.empty:
            picture = to_bgr(frame.planes, box)
            near = replace(region, x=region.x - box.left, y=region.y - box.top)
            mesh = self._landmarker.mesh(picture, near).moved(box.left, box.top)
            if _plausible(mesh, frame):
                return person.seen(mesh, frame)
        person.in_view = False
        self._next_search_ns = frame.pts_ns
        return None

    def _search(self, frame: VideoFrame) -> list[FaceTrack | None]:
        here = self._in_view()
        if frame.pts_ns < self._next_search_ns or len(here) >= MAX_FACES:
            return []
        self._next_search_ns = frame.pts_ns + (_SEARCH_NS if here else _SEARCH_EMPTY_NS)
        found: list[FaceTrack | None] = []
        for region in self._landmarker.detect(to_bgr(frame.planes)):
            in_view = self._in_view()
            if len(in_view) >= MAX_FACES:
                break
            if any(_same_place(person.region, region) for person in in_view):
                continue
            found.append(self._follow(self._person_at(region), frame))
        return found

    def _person_at(self, region: FaceRegion) -> "_Person":
        """The lost person that was last seen here, or somebody new."""
        for person in self._people:
            if not person.in_view and _same_place(person.region, region):
                person.region, person.in_view = region, True
                return person
        person = _Person(self._next_id, region)
        self._next_id += 1
        self._people.append(person)
        return person

    def _part_doubles(self) -> None:
        """Two tracks that slid onto one face: the younger one ends."""
        kept: list[_Person] = []
        for person in self._in_view():
            if any(_same_place(older.region, person.region, 0.3) for older in kept):
                self._people.remove(person)
            else:
                kept.append(person)

    def _forget(self, now_ns: int) -> None:
        self._people = [
            person
            for person in self._people
            if person.in_view or now_ns - person.seen_ns < _REMEMBERED_NS
        ]


class _Person:
    """What is kept of one face from frame to frame."""

    def __init__(self, identity: int, region: FaceRegion) -> None:
        self.id = identity
        self.region = region
        self.in_view = True
        self.seen_ns = 0
        self._gates = FaceGates()
        self._smooth = OneEuro(_SMOOTHING)

    def seen(self, mesh: FaceMesh, frame: VideoFrame) -> FaceTrack:
        """Take in new landmarks."""
        self.region = region_of(mesh)
        self.seen_ns = frame.pts_ns
        iod_px = inter_ocular_px(mesh.points)
        smooth = FaceMesh(self._smooth(mesh.points, frame.pts_ns, iod_px), mesh.score)
        pose = fit_pose(smooth.points)
        opening = _opening(mesh, pose)
        gate = self._gates.judge(frame, smooth.points, pose)
        return FaceTrack(self.id, frame.pts_ns, smooth, pose.angles, iod_px, opening, gate)


def _opening(mesh: FaceMesh, pose: HeadPose) -> float:
    gap = mesh.points[LOWER_LIP_INNER] - mesh.points[UPPER_LIP_INNER]
    x, y, _ = (gap @ pose.rotation).tolist()
    return math.hypot(x, y) / pose.scale


def _plausible(mesh: FaceMesh, frame: VideoFrame) -> bool:
    """True while the mesh is a face whose middle lies in the picture."""
    # One landmark that is not finite makes the mean so, and no comparison with it holds.
    x, y, z = np.add.reduce(mesh.points, 0).tolist()
    count = len(mesh.points)
    within = 0 <= x < frame.width * count and 0 <= y < frame.height * count
    return mesh.score >= _MIN_SCORE and within and math.isfinite(z)


def _same_place(one: FaceRegion, other: FaceRegion, within: float = _SAME_PLACE) -> bool:
    distance = math.hypot(one.x - other.x, one.y - other.y)
    return distance < within * min(one.size, other.size) * 0.5
