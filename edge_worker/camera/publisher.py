"""What the camera side tells the broker: info, status and clock, retained; and the segments."""

import logging

from edge_worker.camera.capture import CapturedSegment
from edge_worker.transport import MqttLink, Will
from mqtt_schemas import (
    SEGMENT_CONTENT_TYPE,
    ClockAnchor,
    MessageRefused,
    StreamInfo,
    StreamStatus,
    Topics,
    check_media,
    encode,
)

_log = logging.getLogger(__name__)


def offline_will(topics: Topics, stream: str) -> Will:
    """What the broker says when this side is gone without a word."""
    return Will(topics.stream_status(stream), StreamStatus.OFFLINE.encode())


class Publisher:
    """Keeps a stream's retained state true over every reconnection, and sends its segments.

    Args:
        link: the connection; the publisher announces itself on each of its connections.
        topics: where to publish.
        info: what the stream is.
    """

    def __init__(self, link: MqttLink, topics: Topics, info: StreamInfo) -> None:
        self.segments = 0
        """Sent or at least in line to be sent."""
        self.refused = 0
        """Too large for the contract."""
        self._link = link
        self._topics = topics
        self._info = info
        self._status = StreamStatus.ONLINE
        self._anchor: ClockAnchor | None = None
        link.on_connect(self._announce)

    def online(self, info: StreamInfo) -> None:
        """The source is there, or there again."""
        self._info = info
        self._status = StreamStatus.ONLINE
        self._tell()

    def offline(self) -> None:
        """The source is gone, or over."""
        self._status = StreamStatus.OFFLINE
        self._tell_status()

    def segment(self, captured: CapturedSegment) -> None:
        """Publish a segment, before it the clock if it is due; never waits."""
        if captured.anchor is not None:
            self._anchor = captured.anchor
            self._tell_clock()
        topic = self._topics.in_av(self._info.stream)
        try:
            check_media(topic, captured.data, SEGMENT_CONTENT_TYPE, SEGMENT_CONTENT_TYPE)
        except MessageRefused as error:
            self.refused += 1
            if self.refused == 1:
                _log.warning("%s: left out; lower the camera's bit rate", error)
            return
        self.segments += self._link.publish_media(
            topic,
            captured.data,
            user_properties=captured.properties.to_pairs(),
            content_type=SEGMENT_CONTENT_TYPE,
        )

    async def _announce(self) -> None:
        self._tell()
        self._tell_clock()

    def _tell(self) -> None:
        topic = self._topics.stream_info(self._info.stream)
        self._link.publish(topic, encode(self._info, topic), retain=True)
        self._tell_status()

    def _tell_status(self) -> None:
        topic = self._topics.stream_status(self._info.stream)
        self._link.publish(topic, self._status, retain=True)

    def _tell_clock(self) -> None:
        if self._anchor is not None:
            topic = self._topics.stream_clock(self._info.stream)
            self._link.publish(topic, encode(self._anchor, topic), retain=True)
