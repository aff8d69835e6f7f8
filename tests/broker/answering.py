"""The worker's side of talkback, played by the tests: sound out, and reports of it back."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from edge_worker.camera import CameraOptions, run_camera
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.encode import SAMPLE_RATE, AudioEncoder
from edge_worker.media.mpegts import Muxer
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    Channel,
    MediaProperties,
    PlayedStatus,
    TalkbackCancel,
    TalkbackPlayed,
    Topics,
    decode,
    encode,
)
from tests.broker.conftest import Mosquitto
from tests.broker.watching import until

TOPICS = Topics()
START_NS = 1_000_000_000


def beep(seconds: float, hertz: float = 1000, level: float = 0.5) -> Samples:
    """A tone at 48 kHz."""
    moments = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def segments_of(samples: Samples) -> list[MediaSegment]:
    """Sound at 48 kHz as messages of 120 ms, AAC."""
    cutter, encoder = SegmentCutter(Muxer(None, "aac")), AudioEncoder()
    units = encoder.encode(AudioBlock("", START_NS, SAMPLE_RATE, samples)) + encoder.flush()
    return [*(segment for unit in units for segment in cutter.add(unit)), *cutter.flush()]


@dataclass
class Owner:
    """Publishes replies to a door, and hears what became of them."""

    link: MqttLink
    stream: str = "door"
    played: list[TalkbackPlayed] = field(default_factory=list)

    async def hear(self, message: Message) -> None:
        self.played.append(decode(TalkbackPlayed, message.topic, message.payload))

    def of(self, transaction: str) -> list[PlayedStatus]:
        """What was reported of a reply."""
        return [played.status for played in self.played if played.transaction == transaction]

    def detail(self, transaction: str) -> str:
        """Why it failed."""
        return next(p.detail for p in reversed(self.played) if p.transaction == transaction)

    async def over(self, transaction: str) -> list[PlayedStatus]:
        """The same, when it is over."""
        await until(
            lambda: bool({PlayedStatus.ENDED, PlayedStatus.FAILED} & {*self.of(transaction)})
        )
        return self.of(transaction)

    async def begun(self, transaction: str) -> None:
        await until(lambda: bool(self.of(transaction)))

    def publish(self, transaction: str, segment: MediaSegment, **others: object) -> None:
        properties = MediaProperties(
            seq=segment.seq, pts_ns=segment.pts_ns, transaction=transaction, epoch="e", last=False
        )
        self.link.publish_media(
            TOPICS.talkback_out(self.stream),
            segment.data,
            user_properties=replace(properties, **others).to_pairs(),  # type: ignore[arg-type]  # names of its fields
        )

    async def say(
        self, transaction: str, segments: Iterable[MediaSegment], *, ends: bool = True
    ) -> None:
        """Publish in real time."""
        line = list(segments)
        for segment in line:
            self.publish(transaction, segment, last=ends and segment is line[-1])
            await asyncio.sleep(segment.duration_ns / 1e9)

    def cancel(self, transaction: str) -> None:
        topic = TOPICS.talkback_cancel(self.stream)
        self.link.publish(
            topic, encode(TalkbackCancel(stream=self.stream, transaction=transaction), topic)
        )


@asynccontextmanager
async def owner(mosquitto: Mosquitto, stream: str = "door") -> AsyncIterator[Owner]:
    """Somebody who answers at a door."""
    async with mosquitto.link() as link:
        await link.wait_connected()
        someone = Owner(link, stream)
        topic = TOPICS.build(Channel.TALKBACK_PLAYED, stream=stream)
        await link.subscribe(topic, someone.hear, qos=1)
        yield someone


@asynccontextmanager
async def filming(options: CameraOptions) -> AsyncIterator[asyncio.Task[None]]:
    """A camera that runs meanwhile."""
    running = asyncio.create_task(run_camera(options))
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
