"""Owns the speaker's mouth while translated speech is audible, and only then."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import PlacedSpeech, Planes, VideoFrame
from edge_worker.rvp.gates import Gate, yaw_allowance
from edge_worker.rvp.picture import Box, to_bgr, with_patch
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from engines.face import Picture
from engines.lipsync import LipCue, LipEngine, LipPatch, LipSession, MouthShape
from engines.lipsync.mouth_curve import LEAD_NS, MouthCurve

_FADE_NS: Final = 140_000_000  # three to four frames at 25 a second
_PREROLL_NS: Final = _FADE_NS + LEAD_NS + 40_000_000
"""The mouth is all ours a picture before the lips move, or a P at the very beginning stays open."""
_FORGOTTEN_NS: Final = 10_000_000_000  # a person this long out of view is learned anew
_CURVES: Final = 4  # speeches whose curves are kept
_SOUND_RATE: Final = 16_000
_SOUND_NS: Final = 200_000_000


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFrame:
    """A frame as it will be shown."""

    frame: VideoFrame
    """Carries the very same planes object as the source if nothing was altered."""
    altered: bool
    gate: str
    """A ``Gate``: ``open``, or why the speaker's lips were left alone."""


@dataclass(slots=True)
class _Person:
    """An engine's knowledge of one track, and how far its mouth is ours."""

    session: LipSession
    amount: float = 0.0
    shape: MouthShape = field(default_factory=MouthShape)
    seen_ns: int = 0


class Lips:
    """Renders translated speech into the lips of whoever speaks.

    Frames come in order, from one thread. An error of the engine passes the frame through, is
    counted in ``failures`` and told in ``last_failure``.
    """

    def __init__(self, engine: LipEngine) -> None:
        self.failures = 0
        self.last_failure = ""
        self._engine = engine
        self._epoch = ""
        self._people: dict[int, _Person] = {}
        self._curves: tuple[tuple[PlacedSpeech, MouthCurve], ...] = ()
        self._last_ns: int | None = None

    def prepare(self, placed: PlacedSpeech) -> None:
        """Work out how the mouth will move, so that no frame waits for it; from any thread."""
        self._curve(placed)

    def render(
        self,
        tracked: TrackedFrame,
        placed: PlacedSpeech | None,
        speaker: int | None,
        at_ns: int,
    ) -> RenderedFrame:
        """Draw the mouth for media time ``at_ns``.

        Args:
            tracked: the frame and its faces.
            placed: the speech that is audible at ``at_ns`` or comes next, if any.
            speaker: the track that speaks it; None for a voice off camera.
            at_ns: the media time at which this frame is shown.
        """
        if tracked.frame.epoch != self._epoch:
            self._epoch = tracked.frame.epoch
            self._people.clear()
            self._last_ns = None
        step = 1.0 if self._last_ns is None else abs(at_ns - self._last_ns) / _FADE_NS
        self._last_ns = at_ns
        heard = placed if placed and _audible(placed, at_ns) else None
        planes = tracked.frame.planes
        for face in tracked.faces:
            person = self._person(face, at_ns)
            speech = heard if face.id == speaker and face.gate is Gate.OPEN else None
            cue = self._cue(person, face, speech, at_ns, step)
            planes = self._drawn(person, tracked.frame, face, cue, planes)
        self._forget(at_ns)
        altered = planes is not tracked.frame.planes
        frame = replace(tracked.frame, planes=planes) if altered else tracked.frame
        return RenderedFrame(frame, altered, _gate(tracked, speaker) if heard else Gate.OPEN)

    def _person(self, face: FaceTrack, at_ns: int) -> _Person:
        person = self._people.get(face.id)
        if person is None:
            person = self._people[face.id] = _Person(self._engine.open())
        person.seen_ns = at_ns
        return person

    def _cue(
        self, person: _Person, face: FaceTrack, speech: PlacedSpeech | None, at_ns: int, step: float
    ) -> LipCue:
        """The mouth moves towards the speech, or fades back to the person's own."""
        aim = yaw_allowance(face.pose[0]) if speech else 0.0
        person.amount += max(-step, min(step, aim - person.amount))
        if speech is None:
            return LipCue(person.shape, person.amount)
        person.shape = self._curve(speech).at(at_ns - speech.start_ns)
        sound = _sound(speech, at_ns) if self._engine.driven_by_sound else None
        return LipCue(person.shape, person.amount, sound)

    def _curve(self, placed: PlacedSpeech) -> MouthCurve:
        for known, curve in self._curves:
            if known is placed:
                return curve
        curve = MouthCurve(placed.speech.phonemes)
        # One assignment: another thread sees the curves before or after it.
        self._curves = (*self._curves[-(_CURVES - 1) :], (placed, curve))
        return curve

    def _drawn(
        self, person: _Person, frame: VideoFrame, face: FaceTrack, cue: LipCue, planes: Planes
    ) -> Planes:
        """``planes`` with this face's mouth drawn; the very same if it stays as it is."""
        open_gate = face.gate is Gate.OPEN
        box = Box.around_face(face.mesh).even(frame.width, frame.height)
        if box.empty or not (open_gate or cue.amount > 0):
            return planes
        try:
            # The engine sees the face as a picture of its own, from the untouched frame.
            picture = to_bgr(frame.planes, box)
            mesh = face.mesh.moved(-box.left, -box.top)
            if open_gate and face.measured:
                person.session.observe(picture, mesh)
            patch = person.session.render(picture, mesh, cue) if cue.amount > 0 else None
        except Exception as error:  # noqa: BLE001 - no engine's fault may cost a frame
            self.failures += 1
            self.last_failure = f"lip engine failed at {face.pts_ns} ns: {error!r}"
            person.amount = 0.0
            return planes
        return planes if patch is None else _with(planes, picture, box, patch)

    def _forget(self, now_ns: int) -> None:
        gone = [i for i, p in self._people.items() if now_ns - p.seen_ns > _FORGOTTEN_NS]
        for identity in gone:
            del self._people[identity]


def _audible(placed: PlacedSpeech, at_ns: int) -> bool:
    return placed.start_ns - _PREROLL_NS <= at_ns < placed.end_ns


def _gate(tracked: TrackedFrame, speaker: int | None) -> Gate:
    """Why the speaker's lips are left alone in this frame, or ``Gate.OPEN``."""
    if tracked.frame.degraded:
        return Gate.DEGRADED
    if speaker is None:
        return Gate.OFF_CAMERA
    for face in tracked.faces:
        if face.id == speaker:
            return face.gate
    return Gate.NO_FACE


def _with(planes: Planes, face: Picture, place: Box, patch: LipPatch) -> Planes:
    """Planes whose patch was redrawn; everything outside stays bit-identical.

    ``face`` is the untouched picture inside ``place``, in which the patch has its place.
    """
    height, width = patch.picture.shape[:2]
    tight = Box(patch.x, patch.y, patch.x + width, patch.y + height)
    inner = tight.even(place.right - place.left, place.bottom - place.top)
    region = face[inner.top : inner.bottom, inner.left : inner.right].copy()
    down, across = tight.top - inner.top, tight.left - inner.left
    region[down : down + height, across : across + width] = patch.picture
    return with_patch(planes, region, inner.moved(place.left, place.top))


def _sound(placed: PlacedSpeech, at_ns: int) -> NDArray[np.float32]:
    """Speech around ``at_ns``, 16 kHz, shape (3200,), silence beyond its ends."""
    speech = placed.speech
    count = _SOUND_RATE * _SOUND_NS // 1_000_000_000
    offset_ns = at_ns - placed.start_ns - _SOUND_NS // 2
    times = offset_ns / 1e9 + np.arange(count) / _SOUND_RATE
    places = times * speech.sample_rate
    first = max(0, int(places[0]) - 1)
    near = speech.samples[first : max(first, int(places[-1]) + 2)]
    if len(near) == 0:
        return np.zeros(count, np.float32)
    heard = np.interp(places - first, np.arange(len(near)), near, left=0, right=0)
    return heard.astype(np.float32)
