"""The ingest thread's work: one message becomes tracked pictures and sound at 48 kHz."""

import time
from dataclasses import dataclass, field

from edge_worker.ingest import Ingest, IngestNote, IngestProperties, IngestResult
from edge_worker.items import AudioBlock
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


class Intake:
    """Demuxes, decodes and tracks one stream; used from one thread.

    Args:
        stream: id, for messages.
        tracker: finds the faces.
    """

    def __init__(self, stream: str, tracker: Tracker) -> None:
        self.ingest = Ingest(stream)
        self._tracker = tracker
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
        properties = IngestProperties(
            seq=stated.seq,
            epoch=stated.epoch,
            pts_ns=stated.pts_ns,
            capture_ns=stated.capture_ns,
        )
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
        for frame in result.frames:
            before_ns = time.thread_time_ns()
            try:
                pictures.append(self._tracker.track(frame))
            except Exception as error:  # noqa: BLE001 - no engine's fault may cost a picture
                faults.append(error)
                pictures.append(TrackedFrame(frame, ()))
            costs.append((frame.pts_ns, time.thread_time_ns() - before_ns))
        blocks = [out for block in result.blocks for out in self._resampler.process(block)]
        return Taken(pictures, blocks, result.notes, faults, costs, decode_ns)
