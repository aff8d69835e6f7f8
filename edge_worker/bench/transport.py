"""What does MQTT add to a segment? From publishing it to its pictures and sound, decoded.

The publisher is a process of its own with one connection for each stream, as cameras have; the
reader has one connection for all and one thread of ingest for each stream, as a worker has. A
segment is published once it is complete, so its own length is not in the figures.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.mosquitto import Mosquitto
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.camera.capture import BEGINNING, Capture, CapturedSegment, PlaybackClock
from edge_worker.camera.opening import open_tracks
from edge_worker.camera.pacing import CaptureOrder
from edge_worker.camera.source import SourceAddress
from edge_worker.demo import SAMPLE
from edge_worker.ingest import Ingest, IngestProperties
from edge_worker.media.timestamps import ticks_to_ns
from edge_worker.transport import BrokerSettings, Message, MqttLink
from mqtt_schemas import SEGMENT_CONTENT_TYPE, Channel, MediaProperties, Topics

STREAMS = (1, 4, 10)
_MEASURE_S, _QUICK_S = 30.0, 3.0
_WARM_UP_S = 2.0
_LAST_S = 1.0
_CAPACITY = 128
_MS = 1e6

COLUMNS = (
    Column("streams", digits=0, help="Each 640x480 at 25 a second with sound, 120 ms a segment."),
    Column("segments", digits=0),
    Column("broker p50", "ms", help="From publishing to the reader's socket."),
    Column("broker p99", "ms"),
    Column("p50", "ms", help="From publishing to the last picture of the segment, decoded."),
    Column("p99", "ms"),
    Column("worst", "ms"),
    Column("lost", digits=0, help="Segments that did not come."),
)


@dataclass(slots=True)
class _Stream:
    """What has come of one stream."""

    ingest: Ingest
    thread: ThreadPoolExecutor
    broker_ns: list[int] = field(default_factory=list)
    decoded_ns: list[int] = field(default_factory=list)


def run(options: BenchOptions) -> BenchReport:
    """Publish and read; about two minutes.

    Raises:
        BenchFailedError: there is no mosquitto.
    """
    seconds = _QUICK_S if options.quick else _MEASURE_S
    rows: list[Row] = []
    for count in STREAMS[:1] if options.quick else STREAMS:
        if options.wants(str(count)):
            options.progress(f"{count} streams")
            with Mosquitto(options.folder) as broker:
                rows.append(asyncio.run(_measure(count, broker.settings, seconds)))
    if not rows:
        raise BenchFailedError(f"no such case; there are {', '.join(map(str, STREAMS))}")
    note = "Publisher, broker and reader share this machine, and its clock."
    return BenchReport("transport", "What MQTT adds to a segment", COLUMNS, tuple(rows), (note,))


async def _measure(count: int, broker: BrokerSettings, seconds: float) -> Row:
    topics = Topics()
    streams: dict[str, _Stream] = {}
    loop = asyncio.get_running_loop()

    async def take(message: Message) -> None:
        # As in a worker, nobody waits here: each stream has a thread that takes its turn.
        address = topics.parse(message.topic)
        if address is not None:
            loop.run_in_executor(
                streams[address.stream].thread, _decode, streams[address.stream], message
            )

    for number in range(count):
        stream = _stream(number)
        streams[stream] = _Stream(Ingest(stream), ThreadPoolExecutor(1))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as publisher:
        async with MqttLink(broker) as link:
            await link.wait_connected()
            await link.subscribe(topics.filter(Channel.IN_AV), take, media=True, capacity=_CAPACITY)
            publishing = loop.run_in_executor(publisher, publish, broker, tuple(streams), seconds)
            sent = await publishing
            await asyncio.sleep(_LAST_S)
    for one in streams.values():
        one.thread.shutdown()
    return _row(count, sent, list(streams.values()))


def _decode(stream: _Stream, message: Message) -> None:
    stated = MediaProperties.from_pairs(message.topic, message.user_properties)
    properties = IngestProperties(seq=stated.seq, epoch=stated.epoch, pts_ns=stated.pts_ns)
    stream.ingest.feed(message.payload, arrival_ns=message.received_ns, properties=properties)
    published_ns = stated.capture_ns or message.received_ns
    stream.broker_ns.append(message.received_ns - published_ns)
    stream.decoded_ns.append(time.time_ns() - published_ns)


def _row(count: int, sent: int, streams: Sequence[_Stream]) -> Row:
    skipped = round(_WARM_UP_S / 0.12)
    broker = [ns / _MS for one in streams for ns in one.broker_ns[skipped:]]
    decoded = [ns / _MS for one in streams for ns in one.decoded_ns[skipped:]]
    if not decoded:
        raise BenchFailedError("no segment came: look at the broker's log")
    return Row(
        {
            "streams": float(count),
            "segments": float(len(decoded)),
            "broker p50": float(np.percentile(broker, 50)),
            "broker p99": float(np.percentile(broker, 99)),
            "p50": float(np.percentile(decoded, 50)),
            "p99": float(np.percentile(decoded, 99)),
            "worst": max(decoded),
            "lost": float(sent - sum(len(one.decoded_ns) for one in streams)),
        }
    )


def _stream(number: int) -> str:
    return f"camera-{number}"


def publish(broker: BrokerSettings, streams: Sequence[str], seconds: float) -> int:
    """Publish the sample on every stream at its own speed; the time of publishing rides along.

    Args:
        broker: where.
        streams: ids.
        seconds: after the warm-up.

    Returns:
        How many segments were published.
    """
    segments = _segments(_WARM_UP_S + seconds)
    return asyncio.run(_publish_all(broker, streams, segments))


async def _publish_all(
    broker: BrokerSettings, streams: Sequence[str], segments: Sequence[CapturedSegment]
) -> int:
    async with AsyncExitStack() as links:
        connected = [await links.enter_async_context(MqttLink(broker)) for _ in streams]
        for link in connected:
            await link.wait_connected()
        began_ns = time.monotonic_ns()
        sent = await asyncio.gather(
            *(
                _publish(link, stream, segments, began_ns + number * 120_000_000 // len(streams))
                for number, (link, stream) in enumerate(zip(connected, streams, strict=True))
            )
        )
    return sum(sent)


async def _publish(
    link: MqttLink, stream: str, segments: Sequence[CapturedSegment], began_ns: int
) -> int:
    topic = Topics().in_av(stream)
    first_ns = segments[0].properties.pts_ns or 0
    sent = 0
    for segment in segments:
        due_ns = began_ns + (segment.properties.pts_ns or 0) - first_ns
        await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        stamped = replace(segment.properties, capture_ns=time.time_ns())
        sent += link.publish_media(
            topic,
            segment.data,
            user_properties=stamped.to_pairs(),
            content_type=SEGMENT_CONTENT_TYPE,
        )
    await link.flush()
    return sent


def _segments(seconds: float) -> list[CapturedSegment]:
    """The sample as its camera would cut it."""
    source, tracks = open_tracks(SourceAddress(str(SAMPLE / "visitor.mp4")))
    try:
        clock = PlaybackClock(ticks_to_ns(BEGINNING), time.time_ns())
        capture = Capture("sample", "h264", "aac", clock, tracks.origin)
        order = CaptureOrder(tracks.kinds)
        segments: list[CapturedSegment] = []
        for unit in tracks.units():
            for _, ready in order.add(unit):
                segments += capture.add(ready, 0)
            if segments and (segments[-1].properties.pts_ns or 0) > (
                ticks_to_ns(BEGINNING) + seconds * 1e9
            ):
                break
        return segments
    finally:
        source.close()
