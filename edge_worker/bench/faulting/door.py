"""A camera that plays a film as its segments, and can be spoilt while it does."""

import asyncio
import random
import secrets
import time
from collections.abc import Sequence

from edge_worker.bench.faulting.spoils import Sent, Spoil, untouched
from edge_worker.media.segments import MediaSegment
from edge_worker.transport import MqttLink
from mqtt_schemas import (
    ClockAnchor,
    ClockSource,
    MediaProperties,
    StreamInfo,
    StreamStatus,
    Topics,
    encode,
)


class Door:
    """One stream.

    Args:
        link: to the broker.
        stream: id.
        chance: of what happens to segments.
    """

    def __init__(self, link: MqttLink, stream: str, chance: random.Random) -> None:
        self.spoil: Spoil = untouched
        self.since_s = time.monotonic()
        """When the fault in force began."""
        self.pace = 1.0
        """Its clock against ours: 1.0002 runs 200 ppm fast."""
        self._link = link
        self._stream = stream
        self._chance = chance
        self._topics = Topics()
        self._epoch = secrets.token_hex(8)
        self._misdated = False
        self._later: set[asyncio.Task[None]] = set()

    def begin(self, *, spoil: Spoil) -> None:
        """A fault begins."""
        self.spoil, self.since_s = spoil, time.monotonic()

    def declare(self) -> None:
        """Say that it is there."""
        topic = self._topics.stream_info(self._stream)
        info = StreamInfo(stream=self._stream, name=self._stream, language="pt")
        self._link.publish(topic, encode(info, topic), qos=1, retain=True)
        self.say(StreamStatus.ONLINE)

    def say(self, status: StreamStatus) -> None:
        """Say how it is."""
        topic = self._topics.stream_status(self._stream)
        self._link.publish(topic, status.value, qos=1, retain=True)

    def restart(self) -> None:
        """Its clock begins anew."""
        self._epoch = secrets.token_hex(8)

    def forget(self) -> None:
        """Take the stream back: its info, and what the broker keeps of it."""
        for topic in (
            self._topics.stream_info(self._stream),
            self._topics.stream_status(self._stream),
            self._topics.stream_clock(self._stream),
        ):
            self._link.publish(topic, b"", qos=1, retain=True)

    async def play(self, segments: Sequence[MediaSegment]) -> None:
        """Send a film at its own pace."""
        began_s, began_utc_ns = time.monotonic(), time.time_ns()
        first_ns = segments[0].pts_ns
        self._anchor(first_ns, began_utc_ns)
        for segment in segments:
            media_s = (segment.pts_ns + segment.duration_ns - first_ns) / 1e9
            await asyncio.sleep(max(0.0, began_s + media_s / self.pace - time.monotonic()))
            captured_ns = began_utc_ns + round((segment.pts_ns - first_ns) / self.pace)
            for sent in self.spoil(self._chance, time.monotonic() - self.since_s):
                self._send(segment, sent, captured_ns)

    def _send(self, segment: MediaSegment, sent: Sent, captured_ns: int) -> None:
        if sent.clock_ns or self._misdated:
            self._misdated = bool(sent.clock_ns)
            self._anchor(segment.pts_ns, captured_ns + sent.clock_ns)
        properties = MediaProperties(
            seq=segment.seq,
            pts_ns=segment.pts_ns,
            epoch=self._epoch,
            capture_ns=captured_ns + sent.clock_ns,
        )

        def publish() -> None:
            self._link.publish_media(
                self._topics.in_av(self._stream),
                segment.data,
                user_properties=properties.to_pairs(),
            )

        if not sent.delay_s:
            publish()
            return

        async def later() -> None:
            await asyncio.sleep(sent.delay_s)
            publish()

        task = asyncio.create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _anchor(self, pts_ns: int, utc_ns: int) -> None:
        topic = self._topics.stream_clock(self._stream)
        anchor = ClockAnchor(
            stream=self._stream,
            epoch=self._epoch,
            pts_ns=pts_ns,
            utc_ns=utc_ns,
            source=ClockSource.NTP,
        )
        self._link.publish(topic, encode(anchor, topic), qos=1, retain=True)
