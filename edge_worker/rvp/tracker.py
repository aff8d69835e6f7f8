"""Follows the faces of one stream: landmarks, head pose and whether lips may be rendered."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from edge_worker.items import VideoFrame
from edge_worker.rvp.attention import looked_at
from edge_worker.rvp.likeness import likeness
from edge_worker.rvp.person import FaceTrack, Person
from edge_worker.rvp.picture import Box, to_bgr
from engines.face import FaceLandmarker, FaceMesh, FaceRegion
from engines.face.region import region_of

__all__ = ["MAX_FACES", "FaceTrack", "TrackedFrame", "Tracker"]

MAX_FACES: Final = 3
_MIN_SCORE: Final = 0.5
_SEARCH_NS: Final = 1_000_000_000  # between looks for more faces while one is followed
_SEARCH_LOST_NS: Final = 120_000_000  # while there is none, or one was lost lately
_SEARCH_RESTING_NS: Final = 480_000_000  # while there is none and nobody speaks
_LOST_LATELY_NS: Final = 2_000_000_000
_SAME_PLACE: Final = 0.6  # centre distance over half the size: the same face
_DOUBLE: Final = 0.3
_NEAR_NS: Final = 2_000_000_000  # how long a face is expected back where it was lost
_REMEMBERED_NS: Final = 20_000_000_000  # how long it is known by its look
_ALIKE: Final = 0.7
_NO_FACE_NS: Final = 2_000_000_000  # how long what is no face after all is not looked at again


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """A frame with its faces."""

    frame: VideoFrame
    faces: tuple[FaceTrack, ...]
    """Largest first, at most ``MAX_FACES``."""


@dataclass(frozen=True, slots=True)
class _NoFace:
    """A place that looked like a face and is none."""

    region: FaceRegion
    until_ns: int


class Tracker:
    """Detects once, then crops from the previous landmarks; looks for more faces now and then.

    Of several faces only some are looked at in each frame (``attention``); the others are carried
    on. Frames come in order, from one thread.

    Attributes:
        watched: ids of the faces whose lips are or soon will be rendered: looked at in every
            frame. May be set from any thread.
        resting: nobody speaks, and nothing is being spoken: faces are looked at, and looked for,
            less often. Likewise.
    """

    def __init__(self, landmarker: FaceLandmarker) -> None:
        self.watched: Collection[int] = ()
        self.resting = False
        self._landmarker = landmarker
        self._people: list[Person] = []
        self._no_faces: list[_NoFace] = []
        self._epoch = ""
        self._next_id = 1
        self._searched_ns: int | None = None
        self._lost_ns: int | None = None

    def track(self, frame: VideoFrame) -> TrackedFrame:
        """Find the faces of ``frame``."""
        if frame.epoch != self._epoch:
            self._epoch, self._people, self._no_faces = frame.epoch, [], []
            self._searched_ns = self._lost_ns = None
        here = self._in_view()
        due = looked_at(here, self.watched, frame.pts_ns, resting=self.resting)
        faces = [self._follow(one, frame) if one in due else one.carried(frame) for one in here]
        self._part_doubles(frame)
        self._forget(frame.pts_ns)
        faces += self._search(frame)
        visible = {person.id for person in self._in_view()}
        found = [face for face in faces if face is not None and face.id in visible]
        found.sort(key=lambda face: -face.iod_px)
        return TrackedFrame(frame, tuple(found))

    def _in_view(self) -> list[Person]:
        return [person for person in self._people if person.in_view]

    def _follow(self, person: Person, frame: VideoFrame) -> FaceTrack | None:
        mesh = self._mesh(person.region, frame)
        if mesh is not None:
            return person.seen(mesh, frame)
        person.in_view = False
        self._lost_ns = frame.pts_ns
        return None

    def _mesh(self, region: FaceRegion, frame: VideoFrame) -> FaceMesh | None:
        """Landmarks of the face within ``region``; None if there is none."""
        # Only what lies around the face is converted, so that it stays in the cache.
        box = Box.around_region(region).even(frame.width, frame.height)
        if box.empty:
            return None
        near = replace(region, x=region.x - box.left, y=region.y - box.top)
        mesh = self._landmarker.mesh(to_bgr(frame.planes, box), near).moved(box.left, box.top)
        return mesh if _plausible(mesh, frame) else None

    # --- newcomers

    def _search(self, frame: VideoFrame) -> list[FaceTrack]:
        if not self._search_is_due(frame.pts_ns):
            return []
        self._no_faces = [one for one in self._no_faces if one.until_ns > frame.pts_ns]
        found: list[FaceTrack] = []
        for region in self._landmarker.detect(to_bgr(frame.planes)):
            known = [person.region for person in self._in_view()]
            known += [one.region for one in self._no_faces]
            if any(_same_place(place, region) for place in known):
                continue
            mesh = self._mesh(region, frame)
            if mesh is None:
                self._no_faces.append(_NoFace(region, frame.pts_ns + _NO_FACE_NS))
            elif any(_same_place(place, region_of(mesh)) for place in known):
                continue
            elif self._has_room(mesh, frame):
                found.append(self._welcome(mesh, frame))
        return found

    def _search_is_due(self, now_ns: int) -> bool:
        """Often while nobody is there or somebody was just lost, else once a second.

        Where nobody has been for long, and nobody speaks, twice a second will do.
        """
        here = self._in_view()
        lost = self._lost_ns is not None and now_ns - self._lost_ns < _LOST_LATELY_NS
        often = not here or (lost and len(here) < MAX_FACES)
        often_ns = _SEARCH_RESTING_NS if self.resting and not lost else _SEARCH_LOST_NS
        wait_ns = often_ns if often else _SEARCH_NS
        if self._searched_ns is not None and now_ns - self._searched_ns < wait_ns:
            return False
        self._searched_ns = now_ns
        return True

    def _has_room(self, mesh: FaceMesh, frame: VideoFrame) -> bool:
        """Whether there is a place; what hangs on the wall makes room for a newcomer.

        It takes a free place again at any time, but makes nobody else leave for some seconds.
        """
        here = self._in_view()
        if len(here) < MAX_FACES:
            return True
        posters = [one for one in here if one.never_moved and one.id not in self.watched]
        if not posters or self._made_room(mesh, frame):
            return False
        min(posters, key=lambda one: one.region.size).make_room()
        return True

    def _made_room(self, mesh: FaceMesh, frame: VideoFrame) -> bool:
        """Whether this is what made room lately: in that place, and of that look if known."""
        region, look = region_of(mesh), likeness(frame, mesh.points)
        return any(
            one.made_room
            and _same_place(one.region, region)
            and (one.resembles(look) > _ALIKE or frame.pts_ns - one.seen_ns < _NEAR_NS)
            for one in self._people
        )

    def _welcome(self, mesh: FaceMesh, frame: VideoFrame) -> FaceTrack:
        """Somebody who was lost, by place or by look; else somebody new."""
        region, now_ns = region_of(mesh), frame.pts_ns
        person = self._known(mesh, frame)
        if person is None:
            person = Person(self._next_id, region, now_ns)
            self._next_id += 1
            self._people.append(person)
        person.returns(region)
        return person.seen(mesh, frame)

    def _known(self, mesh: FaceMesh, frame: VideoFrame) -> Person | None:
        lost = [person for person in self._people if not person.in_view]
        look = likeness(frame, mesh.points)
        alike = max(lost, key=lambda person: person.resembles(look), default=None)
        if alike is not None and alike.resembles(look) > _ALIKE:
            return alike
        region = region_of(mesh)
        near = (
            person
            for person in lost
            if frame.pts_ns - person.seen_ns < _NEAR_NS and _same_place(person.region, region)
        )
        return next(near, None)

    # --- farewells

    def _part_doubles(self, frame: VideoFrame) -> None:
        """Of two tracks that slid onto one face the one that looks less like itself is lost."""
        here = self._in_view()
        for i, one in enumerate(here):
            for other in here[i + 1 :]:
                if one.in_view and other.in_view and _same_place(one.region, other.region, _DOUBLE):
                    hidden = min(one, other, key=lambda p: p.like_itself(frame))
                    hidden.in_view = False
                    self._lost_ns = frame.pts_ns

    def _forget(self, now_ns: int) -> None:
        self._people = [
            person
            for person in self._people
            if person.in_view or now_ns - person.seen_ns < _REMEMBERED_NS
        ]


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
