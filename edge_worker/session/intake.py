"""The ingest thread's work: one message becomes tracked pictures and sound at 48 kHz."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_worker.ingest import Ingest, IngestProperties, IngestResult
from edge_worker.ingest_notes import IngestNote
from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.clock import ClockAnchor
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.media.resample import Resampler
from edge_worker.rvp.tracker import TrackedFrame, Tracker
from edge_worker.transport import Message
from mqtt_schemas import (
    SEGMENT_CONTENT_TYPE,
    MediaProperties,
    check_media,
)


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What came out of one message."""

    pictures: list[TrackedFrame] = field(default_factory=list)
    blocks: list[AudioBlock] = field(default_factory=list)
    notes: list[IngestNote] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    """What the face tracker failed with; its pictures pass without faces."""
    track_ns: list[tuple[int, int]] = field(default_factory=list)
    """Thread CPU time of tracking, by the picture's media time."""
    decode_ns: int = 0
    """Thread CPU time of demuxing and decoding the message."""
    epoch: str = ""
    """The epoch in force after it; an item may still belong to the one before."""
    tracked: bool = True
    """Whether faces were looked for."""


class Intake:
    """Demuxes, decodes and tracks one stream; used from one thread.

    Args:
        stream: id, for messages.
        new_tracker: makes what finds the faces; called in that thread, when first needed. None:
            pictures are not even decoded.

    Attributes:
        tracking: whether faces are looked for; may be set at any time.
        watched: tracks to look at in every picture; may be set at any time.
        resting: nobody speaks, and nothing is being spoken; may be set at any time.
    """

    def __init__(self, stream: str, new_tracker: Callable[[], Tracker] | None) -> None:
        self.ingest = Ingest(stream, pictures=new_tracker is not None)
        self.tracking = new_tracker is not None
        self.watched: frozenset[int] = frozenset()
        self.resting = False
        self._new_tracker = new_tracker
        self._tracker: Tracker | None = None
        self._resampler = Resampler(SAMPLE_RATE)

    def anchor(self, anchor: ClockAnchor) -> None:
        """Take a clock anchor of the camera."""
        self.ingest.clock.anchor(anchor)

    def take(self, message: Message) -> Taken:
        """Take one message of ``in/av``.

        Raises:
            MessageRefused: empty, too large, of another content type, or with nonsense beside it.
        """
        check_media(message.topic, message.payload, message.content_type, SEGMENT_CONTENT_TYPE)
        stated = MediaProperties.from_pairs(message.topic, message.user_properties)
        properties = IngestProperties(seq=stated.seq, epoch=stated.epoch, pts_ns=stated.pts_ns)
        began_ns = time.thread_time_ns()
        result = self.ingest.feed(
            message.payload, arrival_ns=message.received_ns, properties=properties
        )
        return self._taken(result, time.thread_time_ns() - began_ns)

    def poll(self, now_ns: int) -> Taken:
        """Take up messages that waited long enough for those before them."""
        return self._taken(self.ingest.poll(now_ns), 0)

    def _taken(self, result: IngestResult, decode_ns: int) -> Taken:
        pictures: list[TrackedFrame] = []
        faults: list[Exception] = []
        costs: list[tuple[int, int]] = []
        tracking = self.tracking and self._new_tracker is not None
        for frame in result.frames:
            if not tracking:
                pictures.append(TrackedFrame(frame, ()))
                continue
            before_ns = time.thread_time_ns()
            try:
                pictures.append(self._track(frame))
            except Exception as error:  # noqa: BLE001 - no engine's fault may cost a picture
                faults.append(error)
                pictures.append(TrackedFrame(frame, ()))
            costs.append((frame.pts_ns, time.thread_time_ns() - before_ns))
        blocks = [out for block in result.blocks for out in self._resampler.process(block)]
        return Taken(
            pictures=pictures,
            blocks=blocks,
            notes=result.notes,
            faults=faults,
            track_ns=costs,
            decode_ns=decode_ns,
            epoch=result.epoch,
            tracked=tracking,
        )

    def _track(self, frame: VideoFrame) -> TrackedFrame:
        if self._new_tracker is None:
            return TrackedFrame(frame, ())
        if self._tracker is None:
            self._tracker = self._new_tracker()
        self._tracker.watched, self._tracker.resting = self.watched, self.resting
        return self._tracker.track(frame)
